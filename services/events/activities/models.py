"""Tables of activities: the activity, its hosts, its occurrences."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Column
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TEXT
from sqlmodel import Field, SQLModel

from services.events.activities.rules import ActivityState, Form, HostRole, OccurrenceState
from services.kit.columns import code_column, enum_column, now_column, time_column
from services.kit.ids import uuid7


class Activity(SQLModel, table=True):
    __tablename__ = "activities"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    client_id: UUID | None = None
    """The id that an offline client gave its draft; unique per creator."""
    division_code: str = Field(sa_column=code_column())
    """The lead host on today's map."""
    recorded_code: str = Field(sa_column=code_column())
    """The lead host on the map of the day it was drafted."""
    campaign_id: UUID | None = None
    series_id: UUID | None = None
    is_umbrella: bool = False
    """Other activities may stand under it (one level: CHECK and a foreign key hold it)."""
    umbrella_id: UUID | None = None
    title: str
    summary: str = ""
    translations: dict[str, dict[str, str]] = Field(
        default_factory=dict, sa_column=Column(JSONB, nullable=False, server_default="{}")
    )
    """Language tag → {title, summary}; zh-CN is in the columns."""
    form: Form = Field(sa_column=enum_column(Form))
    audiences: list[str] = Field(
        default_factory=list, sa_column=Column(ARRAY(TEXT), nullable=False, server_default="{}")
    )
    languages: list[str] = Field(
        default_factory=list, sa_column=Column(ARRAY(TEXT), nullable=False, server_default="{}")
    )
    expected_headcount: int | None = None
    safety_plan: str | None = None
    pictures: list[dict[str, object]] = Field(
        default_factory=list, sa_column=Column(JSONB, nullable=False, server_default="[]")
    )
    """In order: {file, alt, width, height}; see pictures_rules.py."""
    state: ActivityState = Field(default=ActivityState.DRAFT, sa_column=enum_column(ActivityState))
    returned: dict[str, object] | None = Field(default=None, sa_column=Column(JSONB))
    """Why it came back: {reason, fields: [{pointer, reason}], by, at}; null once resubmitted."""
    cancel_reason: str | None = None
    version: int = 1
    created_by: UUID
    submitted_by: UUID | None = None
    approved_by: UUID | None = None
    created_at: datetime = Field(sa_column=now_column())
    published_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))


class Host(SQLModel, table=True):
    """A division that holds the activity: one leads; a co-host counts once it has accepted."""

    __tablename__ = "activity_hosts"

    activity_id: UUID = Field(primary_key=True, foreign_key="activities.id")
    division_code: str = Field(sa_column=code_column(primary_key=True))
    recorded_code: str = Field(sa_column=code_column())
    absorbed: list[str] = Field(
        default_factory=list, sa_column=Column(ARRAY(TEXT), nullable=False, server_default="{}")
    )
    """The recorded codes of hosts whose divisions became one with this one."""
    role: HostRole = Field(sa_column=enum_column(HostRole))
    accepted_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))


class KnownVenue(SQLModel, table=True):
    """What a venue is called; see venue_names.py."""

    __tablename__ = "known_venues"

    id: UUID = Field(primary_key=True)
    name: str | None = None
    has_closed: bool
    version: int


class KnownHall(SQLModel, table=True):
    """What a hall of a venue is called."""

    __tablename__ = "known_halls"

    id: UUID = Field(primary_key=True)
    name: str
    version: int


class Occurrence(SQLModel, table=True):
    """One time and place of an activity (场次)."""

    __tablename__ = "occurrences"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    activity_id: UUID = Field(foreign_key="activities.id")
    division_code: str = Field(sa_column=code_column())
    """Where it takes place; may differ from the host."""
    recorded_code: str = Field(sa_column=code_column())
    place: str | None = None
    venue_id: UUID | None = None
    hall_id: UUID | None = None
    """A hall of that venue, which it holds for the occurrence once it is public."""
    hall_hold: str | None = None
    """What the venue said of it: confirmed, refused, released; null until it has answered."""
    longitude: float | None = None
    latitude: float | None = None
    online_url: str | None = None
    starts_at: datetime = Field(sa_column=time_column())
    ends_at: datetime = Field(sa_column=time_column())
    state: OccurrenceState = Field(
        default=OccurrenceState.SCHEDULED, sa_column=enum_column(OccurrenceState)
    )
    sequence: int = 0
    """iCalendar SEQUENCE: grows with every change of time, place or state."""
    registration_opens_at: datetime | None = Field(
        default=None, sa_column=time_column(nullable=True)
    )
    registration_closes_at: datetime | None = Field(
        default=None, sa_column=time_column(nullable=True)
    )
    list_rule: str = "strict"
    """How the waiting list is served: `strict` (nobody passes) or `greedy` (first that fits)."""
    offer_minutes: int = 120
    cancel_reason: str | None = None
    verified: int = 0
    """People checked in: kept here so that the fact of a check-in carries a total and a version."""
    version: int = 1
