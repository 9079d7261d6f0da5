"""Tables of credit checks: what was asked, what was answered, what was done about it, the list."""

from datetime import date, datetime
from uuid import UUID

from sqlmodel import Field, SQLModel

from services.kit.columns import code_column, enum_column, now_column, time_column
from services.kit.ids import uuid7
from services.venues.credit.rules import (
    CheckState,
    RemedyKind,
    RemedyState,
    Result,
    Standing,
    Waiting,
)


class Check(SQLModel, table=True):
    """A question about the host of an application, until it is answered."""

    __tablename__ = "credit_checks"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    application_id: UUID = Field(foreign_key="applications.id")
    stage_key: str
    uscc: str | None = None
    name: str
    division_code: str = Field(sa_column=code_column())
    """Where the authority sits that asks: its list answers."""
    recorded_code: str = Field(sa_column=code_column())
    state: CheckState = Field(default=CheckState.WAITING, sa_column=enum_column(CheckState))
    reason: Waiting | None = Field(
        default=Waiting.QUEUED, sa_column=enum_column(Waiting, nullable=True)
    )
    """Why it waits."""
    tries: int = 0
    requested_by: UUID | None = None
    """None: the stage asked."""
    requested_at: datetime = Field(sa_column=time_column())
    next_try_at: datetime = Field(sa_column=time_column())
    tried_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
    closed_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
    version: int = 1


class Answer(SQLModel, table=True):
    """What was answered, as a document that this installation signed. Never changed."""

    __tablename__ = "credit_answers"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    check_id: UUID = Field(foreign_key="credit_checks.id")
    application_id: UUID = Field(foreign_key="applications.id")
    result: Result = Field(sa_column=enum_column(Result))
    answered_at: datetime = Field(sa_column=time_column())
    document: str
    """Canonical JSON (snapshots.py); `signature` is over its bytes."""
    signature: str
    key_id: str
    provider_document: str | None = None
    """A remote provider's answer, letter for letter, with its own signature."""
    provider_signature: str | None = None


class Remedy(SQLModel, table=True):
    """A repair, or an appeal, after a red line."""

    __tablename__ = "credit_remedies"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    application_id: UUID = Field(foreign_key="applications.id")
    answer_id: UUID = Field(foreign_key="credit_answers.id")
    """The red line that it is about."""
    kind: RemedyKind = Field(sa_column=enum_column(RemedyKind))
    state: RemedyState = Field(sa_column=enum_column(RemedyState))
    grounds: str
    document: str | None = None
    """The paper that proves a repair."""
    outcome: str | None = None
    recorded_by: UUID
    recorded_at: datetime = Field(sa_column=time_column())
    decided_by: UUID | None = None
    decided_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
    version: int = 1


class RedLine(SQLModel, table=True):
    """A line of the imported list."""

    __tablename__ = "red_lines"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    uscc: str | None = None
    name: str
    """As it is compared (rules.plain_name)."""
    standing: Standing = Field(sa_column=enum_column(Standing))
    grounds: str | None = None
    imposed_by: str | None = None
    listed_on: date
    until_on: date | None = None
    """The last day; None: until it is lifted."""
    lifted_on: date | None = None
    lift_document: str | None = None
    confirmed_at: datetime = Field(sa_column=time_column())
    """When an import last held it."""
    division_code: str = Field(sa_column=code_column())
    recorded_code: str = Field(sa_column=code_column())
    version: int = 1
    created_by: UUID
    created_at: datetime = Field(sa_column=now_column())
