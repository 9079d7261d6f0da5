"""Tables of second factors and recovery codes. Both stand behind a wall: one's own."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, LargeBinary
from sqlmodel import Field, SQLModel

from services.kit.columns import time_column

SECRET, RECOVERY = "second_factors.secret", "recovery_codes.code"
"""The vault's names of the sealed secret and of the codes' index."""


class SecondFactor(SQLModel, table=True):
    """One a person; it counts once a first code has confirmed it."""

    __tablename__ = "second_factors"

    account_id: UUID = Field(primary_key=True, foreign_key="accounts.id")
    secret_sealed: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    last_step: int = 0
    """The step of the last code that was taken: it and all before it are refused."""
    confirmed_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))


class RecoveryCode(SQLModel, table=True):
    """For the day when the phone is lost: works once; only its keyed digest is kept."""

    __tablename__ = "recovery_codes"

    account_id: UUID = Field(primary_key=True, foreign_key="accounts.id")
    code_index: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    used_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
