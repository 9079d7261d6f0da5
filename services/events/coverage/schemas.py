"""Wire shapes of coverage and equity."""

from datetime import date

from pydantic import BaseModel

from services.events.activities.rules import Form
from services.events.coverage.rules import Area
from services.events.reporting.schemas import AttendanceOut, UnknownOut
from services.events.stations.rules import Sector
from services.kit.divisions import Tier


class DivisionOut(BaseModel):
    """What is counted; a former code answers too, and says where its records belong today."""

    code: str
    name: str
    tier: Tier
    abolished_on: date | None
    today: list[str]


class HavesOut(BaseModel):
    """What a division itself has, as far as it is recorded."""

    institution: bool
    people: bool
    lead_department: bool
    responsible_unit: bool
    venue: bool | None
    """A 科普活动场所 in the county; null for other tiers, where none is asked for."""


class TierOut(BaseModel):
    """How many divisions of one tier have each. Null: nothing is recorded there (see `unknown`)."""

    tier: Tier
    divisions: int
    institution: int | None
    people: int | None
    lead_department: int | None
    responsible_unit: int | None
    all_four: int | None
    venue: int | None
    """Counties with at least one 科普活动场所; null for other tiers."""


class CountedOut(BaseModel):
    haves: HavesOut | None
    """Null while nothing is recorded at the division itself."""
    tiers: list[TierOut]
    """The tiers below it, from the top."""


class ChildOut(CountedOut):
    code: str
    name: str
    tier: Tier


class CoverageOut(CountedOut):
    """Who has the four haves, at any division and below it."""

    division: DivisionOut
    sector: Sector | None
    """Only stations and posts of this sector (条); null is all."""
    as_of: date | None
    """The day that posts and stations were last counted for; null before the first count."""
    children: list[ChildOut]
    unknown: list[UnknownOut]


class SectorOut(BaseModel):
    sector: Sector
    name: str
    haves: HavesOut | None
    tiers: list[TierOut]


class SectorsOut(BaseModel):
    """The same by sector (条) beside the territory (块)."""

    division: DivisionOut
    as_of: date | None
    items: list[SectorOut]
    next: None = None
    unknown: list[UnknownOut]


class PlaceOut(BaseModel):
    code: str
    name: str


class LackingOut(BaseModel):
    """A division that has no record of what was asked for."""

    code: str
    name: str
    tier: Tier
    kind: str
    parent: PlaceOut | None


class VillagesOut(BaseModel):
    """Villages in which nothing was held in the time asked for."""

    villages: int
    without_activity: int
    without_lecture: int
    without_caravan_visit: int | None = None


class HeldOut(BaseModel):
    """What was held, and who came; activities are counted once in each line."""

    activities: int
    occurrences: int
    """These add up over places; activities held in several do not."""
    occurrences_with_attendance: int
    attendance: AttendanceOut | None
    """Null while occurrences are there and no attendance is known."""


class PopulationOut(BaseModel):
    """People, and who counted them."""

    people: int
    year: int
    source: str


class CountyOut(HeldOut):
    """What was held in a county."""

    code: str
    name: str
    villages: int
    villages_without_activity: int
    population: PopulationOut | None
    occurrences_per_10000_people: float | None


class LanguageOut(HeldOut):
    language: str | None
    """Null: the activity does not say. One in two languages stands in both lines."""


class AreaOut(HeldOut):
    area: Area


class FormOut(HeldOut):
    form: Form


class EquityOut(BaseModel):
    """How evenly a time's activities lie over villages, counties, languages and kinds of place."""

    division: DivisionOut
    months: int
    first: date
    last: date
    villages: VillagesOut
    counties: list[CountyOut]
    languages: list[LanguageOut]
    areas: list[AreaOut]
    forms: list[FormOut]
    population: PopulationOut | None
    occurrences_per_10000_people: float | None
    gini: float | None
    """Of occurrences per head over the counties: 0 even, towards 1 one has all."""
    unknown: list[UnknownOut]


class UntouchedOut(BaseModel):
    """A village where nothing of the kind was held in the time asked for."""

    code: str
    name: str
    kind: str
    township: PlaceOut | None
    last_held_on: date | None
    """The last time before it; null when the platform knows of none."""
