"""Tables of honours: what was named, by whom, until when, and the certificates of it."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Column
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from services.kit.columns import code_column, enum_column, now_column, time_column
from services.kit.ids import uuid7
from services.venues.honours.rules import HonourState as HonourState


class Honour(SQLModel, table=True):
    """A venue or a division may hold several: the honour expires, not the venue."""

    __tablename__ = "honours"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    number: str | None = None
    application_id: UUID | None = Field(default=None, foreign_key="applications.id", unique=True)
    """None for one that was named before this platform, or elsewhere."""
    programme_id: UUID | None = Field(default=None, foreign_key="programmes.id")
    venue_id: UUID | None = Field(default=None, foreign_key="venues.id")
    subject_code: str | None = Field(default=None, sa_column=code_column(nullable=True))
    division_code: str = Field(sa_column=code_column())
    recorded_code: str = Field(sa_column=code_column())
    title: str
    titles: dict[str, str] = Field(
        default_factory=dict, sa_column=Column(JSONB, nullable=False, server_default="{}")
    )
    """The title by language, as the programme has it; empty for one named elsewhere."""
    issuer: str
    co_issuers: str = ""
    """The others who issue it, one a line."""
    level: str | None = None
    """national, provincial, prefecture, county: whose honour it is."""
    host_name: str | None = None
    host_uscc: str | None = None
    issued_on: date | None = None
    valid_until: date | None = None
    """The last day; None: no term is known."""
    state: HonourState = Field(default=HonourState.VALID, sa_column=enum_column(HonourState))
    state_since: datetime = Field(sa_column=now_column())
    state_reason: str | None = None
    """Why it is in this state; public."""
    provisional_until: date | None = None
    """The last day of the creation period; None: there was none, or it was confirmed."""
    plaque_returned_on: date | None = None
    certificate_returned_on: date | None = None
    """After a revocation: when the things on the wall came back."""
    followed_by: UUID | None = None
    source: str | None = None
    """The public page that an honour named elsewhere is known from."""
    period: str | None = None
    """When it was named, as that page says, where no day is known."""
    version: int = 1
    created_by: UUID
    created_at: datetime = Field(sa_column=now_column())


class Certificate(SQLModel, table=True):
    """A certificate as it was given out: its words never change, another edition is another row."""

    __tablename__ = "certificates"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    honour_id: UUID = Field(foreign_key="honours.id")
    edition: int
    """1 on naming; the next after a change of host."""
    holder: str
    """The venue, or what represents the division, as it was called then."""
    host_name: str | None = None
    host_uscc: str | None = None
    issued_on: date
    list_number: int
    list_index: int
    """Its bit in the status lists of this number, drawn by chance."""
    made_at: datetime = Field(sa_column=now_column())
    withdrawn_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
    """Given back for another edition, or because the honour was revoked."""
