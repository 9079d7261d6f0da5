"""Wire shapes of accounts and sessions."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from gateway.factors.schemas import FactorCode
from gateway.identity.rules import PHONE, USERNAME, AccountKind, AccountState, SessionKind
from services.kit.access import P, Role
from services.kit.divisions import DivisionCode

Phone = Annotated[str, StringConstraints(strip_whitespace=True, pattern=PHONE)]
Username = Annotated[str, StringConstraints(strip_whitespace=True, to_lower=True, pattern=USERNAME)]
Password = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=200)]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class CodeIn(_In):
    """The phone that a code is wanted for."""

    phone: Phone


class CodeSent(BaseModel):
    """Always the same, whether anybody has an account with this phone or not."""

    expires_in_s: int
    again_in_s: int


class SignIn(_In):
    """`phone` and `code`, or `username` and `password`."""

    phone: Phone | None = None
    code: Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")] | None = None
    username: Annotated[str, StringConstraints(max_length=40, to_lower=True)] | None = None
    password: Password | None = None
    factor: FactorCode | None = None
    """Six digits of the second factor, or a recovery code; 401 `factor-code-needed` asks for it."""
    cookie: bool = False
    """For pages of ours: the token travels in an HttpOnly cookie and is not in the answer."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        by_code = (self.phone is not None, self.code is not None)
        by_password = (self.username is not None, self.password is not None)
        if (by_code, by_password) not in (
            ((True, True), (False, False)),
            ((False, False), (True, True)),
        ):
            raise PydanticCustomError("sign-in-way", "phone and code, or username and password")
        return self


class AccountOut(BaseModel):
    """An account as those who look after it see it: name and phone are masked."""

    id: UUID
    kind: AccountKind
    state: AccountState
    username: str | None
    name: str | None
    phone: str | None
    home_code: str | None
    password_temporary: bool
    version: int
    created_at: datetime
    signed_in_at: datetime | None
    allowed_actions: list[str]


class SignedIn(BaseModel):
    """`token` goes into `Authorization: Bearer …`; it is absent when a cookie carries it."""

    token: str | None = None
    session_id: UUID
    account: AccountOut
    expires_at: datetime


class SessionOut(BaseModel):
    id: UUID
    kind: SessionKind
    device: str
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    current: bool


class HeldGrant(BaseModel):
    """A role at a division, valid today."""

    id: UUID
    role: Role
    division_code: str
    until_day: date | None
    deputy: bool


class FactorState(BaseModel):
    """`needed_by`: the last day on which the posts are theirs without one; null: never needed."""

    enrolled: bool
    needed_by: date | None


class MeOut(BaseModel):
    """My account, my grants valid today, and what they allow: permission → topmost divisions."""

    account: AccountOut
    grants: list[HeldGrant]
    permissions: dict[P, list[str]]
    password_change_needed: bool
    messages: bool
    """Whether messages are wanted."""
    second_factor: FactorState


class MePatch(_In):
    """What one corrects oneself, each field alone or both; null takes the name away."""

    name: Name | None = None
    messages: bool | None = None
    """Whether messages are wanted; null leaves that as it is."""


class PasswordIn(_In):
    current: Password
    new: Password


class AccountIn(_In):
    """A member of staff. The answer carries a first password, which they have to change."""

    username: Username
    name: Name
    phone: Phone | None = None
    home_code: DivisionCode


class AccountMade(BaseModel):
    """The account and its password, said once and to nobody again."""

    account: AccountOut
    password: str


class ReasonIn(_In):
    reason: Reason


class Opened(BaseModel):
    """Personal fields in full; that they were opened, by whom and why, is on record."""

    name: str | None
    phone: str | None
