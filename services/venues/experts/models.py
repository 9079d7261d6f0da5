"""Tables of the pool: institutions, experts, their agreements, and what ties them to others."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Column
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlmodel import Field, SQLModel

from services.kit.columns import code_column, enum_column, now_column, time_column
from services.kit.ids import uuid7
from services.venues.experts.pool.rules import ExpertKind, ExpertState, ExpertSubkind, Link


def _texts() -> "Column[list[str]]":
    return Column(ARRAY(TEXT), nullable=False)


class Institution(SQLModel, table=True):
    """Whom experts work for. Public knowledge: no row about people."""

    __tablename__ = "institutions"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    division_code: str = Field(sa_column=code_column())
    """Whose office keeps the row."""
    recorded_code: str = Field(sa_column=code_column())
    name: str
    former_names: list[str] = Field(default_factory=list, sa_column=_texts())
    name_keys: list[str] = Field(default_factory=list, sa_column=_texts())
    """Of today's name, then of the former ones (rules.name_key)."""
    uscc: str | None = None
    parent_id: UUID | None = Field(default=None, foreign_key="institutions.id")
    link: Link | None = Field(default=None, sa_column=enum_column(Link, nullable=True))
    version: int = 1
    created_by: UUID
    created_at: datetime = Field(sa_column=now_column())


class Expert(SQLModel, table=True):
    __tablename__ = "experts"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    division_code: str = Field(sa_column=code_column())
    """Where the expert is at home; a panel is drawn from at and below the division that draws."""
    recorded_code: str = Field(sa_column=code_column())
    account_id: UUID | None = None
    """Whose it is, once they have accepted an invitation under an account."""
    name_sealed: bytes
    name_masked: str
    name_index: bytes | None = None
    phone_sealed: bytes | None = None
    phone_masked: str | None = None
    phone_index: bytes | None = None
    payee_sealed: bytes | None = None
    """The account that fees are paid to."""
    payee_masked: str | None = None
    kind: ExpertKind = Field(sa_column=enum_column(ExpertKind))
    subkind: ExpertSubkind | None = Field(
        default=None, sa_column=enum_column(ExpertSubkind, nullable=True)
    )
    fields: list[str] = Field(sa_column=_texts())
    """Keys of fields as programmes name them in their panels."""
    tags: list[str] = Field(default_factory=list, sa_column=_texts())
    languages: list[str] = Field(default_factory=list, sa_column=_texts())
    title: str | None = None
    employer_id: UUID = Field(foreign_key="institutions.id")
    most_reviews_a_year: int | None = None
    rest_days: int = 0
    """Days that they want between one panel and the next."""
    state: ExpertState = Field(default=ExpertState.STANDING, sa_column=enum_column(ExpertState))
    entered_on: date
    entry_reason: str
    left_on: date | None = None
    state_reason: str | None = None
    """Why they were suspended, or left."""
    version: int = 1
    created_by: UUID
    created_at: datetime = Field(sa_column=now_column())


class Agreement(SQLModel, table=True):
    """An expert's word for a year: to keep the rules, and to be named once a panel is done."""

    __tablename__ = "expert_agreements"

    expert_id: UUID = Field(primary_key=True, foreign_key="experts.id")
    year: int = Field(primary_key=True)
    agreed_at: datetime = Field(sa_column=time_column())
    recorded_by: UUID


class TieKind(StrEnum):
    """Why somebody may not judge; the first is written by the platform when an employer changes."""

    AFFILIATION = "affiliation"  # 曾任职
    CO_AUTHOR = "co_author"  # 合作著述
    KINSHIP = "kinship"  # 亲属
    ADVISORY = "advisory"  # 顾问、兼职
    INTEREST = "interest"  # 股权等利益
    OTHER = "other"


class Tie(SQLModel, table=True):
    """What ties an expert to an institution, a person or one application: a conflict until lifted.

    `set_for`: the division in whose name staff set it; who does not hold EXPERT_MANAGE there
    cannot lift it. None: the expert declared it themselves.
    """

    __tablename__ = "expert_ties"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    expert_id: UUID = Field(foreign_key="experts.id")
    account_id: UUID | None = None
    division_code: str = Field(sa_column=code_column())
    recorded_code: str = Field(sa_column=code_column())
    kind: TieKind = Field(sa_column=enum_column(TieKind))
    institution_id: UUID | None = Field(default=None, foreign_key="institutions.id")
    application_id: UUID | None = Field(default=None, foreign_key="applications.id")
    person_sealed: bytes | None = None
    person_masked: str | None = None
    person_index: bytes | None = None
    from_on: date | None = None
    until_on: date | None = None
    set_for: str | None = Field(default=None, sa_column=code_column(nullable=True))
    set_by: UUID
    set_at: datetime = Field(sa_column=time_column())
    lifted_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
    lifted_by: UUID | None = None
    lift_reason: str | None = None


class ApplicationPerson(SQLModel, table=True):
    """Who stands behind an application: whoever is tied to them has a conflict with it."""

    __tablename__ = "application_people"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    application_id: UUID = Field(foreign_key="applications.id")
    applicant: UUID
    division_code: str = Field(sa_column=code_column())
    recorded_code: str = Field(sa_column=code_column())
    name_sealed: bytes
    name_masked: str
    name_index: bytes
    duty: str | None = None
