"""Tables of accounts, sessions, sign-in codes and throttles."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, LargeBinary
from sqlmodel import Field, SQLModel

from gateway.identity.rules import AccountKind, AccountState, SessionKind, now
from services.kit.columns import code_column, enum_column, now_column, time_column
from services.kit.ids import uuid7

NAME, PHONE = "accounts.name", "accounts.phone"
"""The vault's names of the sealed fields."""


class Account(SQLModel, table=True):
    """Somebody who can sign in. Behind a wall: oneself, and administrators at the home division."""

    __tablename__ = "accounts"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    kind: AccountKind = Field(sa_column=enum_column(AccountKind))
    state: AccountState = Field(default=AccountState.ACTIVE, sa_column=enum_column(AccountState))
    username: str | None = None
    """Staff only. Citizens sign in with a phone number and a code."""
    home_code: str | None = Field(default=None, sa_column=code_column(nullable=True))
    """Where a member of staff belongs; whose administrators look after the account."""
    recorded_code: str | None = Field(default=None, sa_column=code_column(nullable=True))
    name_sealed: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    phone_sealed: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    phone_index: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    password_hash: str | None = None
    password_temporary: bool = False
    """Known to somebody else too: until it is changed, the account may do nothing else."""
    messages_off: bool = False
    """They want no messages: none is written for them."""
    version: int = 1
    created_by: UUID | None = None
    created_at: datetime = Field(default_factory=now, sa_column=now_column())
    signed_in_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))


class Session(SQLModel, table=True):
    """A token that was given out; only its hash is kept. Behind a wall: one's own."""

    __tablename__ = "sessions"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    account_id: UUID
    kind: SessionKind = Field(sa_column=enum_column(SessionKind))
    token_hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    device: str
    created_at: datetime = Field(default_factory=now, sa_column=now_column())
    expires_at: datetime = Field(sa_column=time_column())
    last_used_at: datetime = Field(default_factory=now, sa_column=now_column())
    revoked_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
    factor_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
    """When the second factor was given in it last."""


class SignInCode(SQLModel, table=True):
    """A code that was sent to a phone; neither is kept readable."""

    __tablename__ = "sign_in_codes"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    phone_index: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    code_index: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    expires_at: datetime = Field(sa_column=time_column())
    tries: int = 0
    used_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))


class ThrottleCount(SQLModel, table=True):
    """How often something was tried; `key` is a keyed digest: it tells no name and no address."""

    __tablename__ = "throttles"

    key: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    tries: int
    began_at: datetime = Field(sa_column=time_column())
    blocked_until: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
