"""Lifecycle of a panel's draw, and who stands in its pool: pure, no I/O."""

from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from services.kit.access import P
from services.kit.draw_report import Entry, Stratum
from services.kit.draws import salted
from services.kit.problems import Conflict, broken
from services.kit.workdays import SHANGHAI
from services.kit.workflow import Needs, Workflow
from services.venues.applications.rules import FINAL, ApplicationState
from services.venues.experts.conflicts.rules import AFFILIATION_YEARS
from services.venues.programmes.definition import Panel, PanelStratum

SOONEST, LATEST = timedelta(minutes=1), timedelta(days=60)
"""From the promise to the source's time."""
FIRST_CLASS = 3
"""Who has judged least this year is drawn first, out of so many times the places there are. Out of
fewer one could guess the panel; out of everybody the work of the year would fall by chance alone.
"""


class DrawState(StrEnum):
    FROZEN = "frozen"
    DRAWN = "drawn"
    VOID = "void"


class NoPanelNow(Conflict):
    """The application does not stand in a stage that experts review."""


class PanelDrawUnderWay(Conflict):
    """A draw for this application waits for its source."""


class PanelComplete(Conflict):
    """Every place of the panel is taken or asked for."""


class PoolTooSmall(Conflict):
    """Fewer may stand in the draw than a stratum needs; nothing was frozen."""


class SourceNotDue(Conflict):
    """The value of the source is entered after its time."""


class ScoringNotOver(Conflict):
    """Who sits on the panel is told once the application has left the stage."""


S = DrawState
_CLOCK: set[Needs] = {P.EXPERT_MANAGE}

LIFECYCLE: Workflow[DrawState] = Workflow(
    "panel_draw",
    # action    from       to        needs
    ("draw", S.FROZEN, S.DRAWN, P.EXPERT_MANAGE),
    ("void", S.FROZEN, S.VOID, P.EXPERT_MANAGE),
    ("disclose", S.DRAWN, S.DRAWN, _CLOCK),
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """An expert who stands in the pool, with what decides whether they stand in this draw."""

    id: UUID
    fields: Sequence[str]
    agreed: bool
    reviews: int
    last: datetime | None
    most: int | None
    rest_days: int
    asked: bool
    """Was drawn for this application before."""


class LeftOut(StrEnum):
    """Why an expert of the fields asked for does not stand in a draw; published as figures."""

    CONFLICT = "conflict"
    ASKED = "asked"
    AGREEMENT = "agreement"
    WORKLOAD = "workload"
    REST = "rest"


@dataclass(frozen=True, slots=True)
class Stands:
    """An expert who stands in a draw, with the strata and the reviews of the year."""

    id: UUID
    strata: tuple[str, ...]
    reviews: int


def eligible(
    candidates: Iterable[Candidate],
    conflicted: Container[UUID],
    wanted: Container[str],
    most_a_year: int | None,
    now: datetime,
) -> tuple[list[Stands], dict[str, int]]:
    """Who stands in the draw, and how many do not, by why.

    Whoever may not judge is left out before anything else is looked at.
    """
    standing: list[Stands] = []
    out: Counter[str] = Counter()
    for each in candidates:
        strata = tuple(sorted({field for field in each.fields if field in wanted}))
        if not strata:
            continue
        if each.id in conflicted:
            out[LeftOut.CONFLICT] += 1
        elif each.asked:
            out[LeftOut.ASKED] += 1
        elif not each.agreed:
            out[LeftOut.AGREEMENT] += 1
        elif is_busy(each.reviews, each.most, most_a_year):
            out[LeftOut.WORKLOAD] += 1
        elif each.last is not None and now < each.last + timedelta(days=each.rest_days):
            out[LeftOut.REST] += 1
        else:
            standing.append(Stands(each.id, strata, each.reviews))
    return standing, {str(why): count for why, count in sorted(out.items())}


def is_busy(reviews: int, most: int | None, most_a_year: int | None) -> bool:
    """Has an expert as many reviews this year as they themselves, or the programme, allow?"""
    limits = [limit for limit in (most, most_a_year) if limit is not None]
    return bool(limits) and reviews >= min(limits)


def year_of(now: datetime) -> int:
    """The year there."""
    return now.astimezone(SHANGHAI).year


def began(now: datetime) -> datetime:
    """When the year there began."""
    return datetime(year_of(now), 1, 1, tzinfo=SHANGHAI)


def levels(strata: Iterable[Stratum], standing: Iterable[Stands]) -> dict[str, int]:
    """Stratum → the most reviews of the year with which an expert stands in its first class: the
    fewest with which that class is FIRST_CLASS times its places, or everybody."""
    found: dict[str, list[int]] = {}
    for each in standing:
        for name in each.strata:
            found.setdefault(name, []).append(each.reviews)
    return {
        each.name: sorted(found[each.name])[
            min(FIRST_CLASS * (each.quota + each.alternates), len(found[each.name])) - 1
        ]
        for each in strata
        if each.name in found
    }


def entries(salt: bytes, strata: Iterable[Stratum], standing: Sequence[Stands]) -> list[Entry]:
    """The pool under salted ids; whoever has judged more this year is ranked after the others."""
    most = levels(strata, standing)
    return [
        # Every value is our own: checking 160,000 of them again costs a second.
        Entry.model_construct(
            id=salted(salt, str(each.id)),
            strata=each.strata,
            size=1,
            after=int(all(each.reviews > most[name] for name in each.strata)),
            family=None,
        )
        for each in standing
    ]


def terms(panel: Panel, year: int, answer_days: int) -> dict[str, int]:
    """What the commitment says of who stands in the pool; 0: no limit but the experts' own."""
    return {
        "agreement_of_year": year,
        "most_reviews_a_year": panel.most_reviews_a_year or 0,
        "affiliation_counts_years": AFFILIATION_YEARS,
        "answer_days": answer_days,
        "first_class_times_places": FIRST_CLASS,
    }


def needed(strata: Iterable[PanelStratum], taken: Mapping[str, int]) -> tuple[Stratum, ...]:
    """The strata with places that nobody holds; PanelComplete when there is none."""
    found = tuple(
        Stratum(name=each.field, quota=missing, alternates=each.alternates)
        for each in strata
        if (missing := each.quota - taken.get(each.field, 0)) > 0
    )
    if not found:
        raise PanelComplete()
    return found


def require_enough(strata: Iterable[Stratum], standing: Iterable[Stands]) -> None:
    """Raise PoolTooSmall when a stratum could never be filled."""
    there = Counter(name for each in standing for name in each.strata)
    for each in strata:
        if there[each.name] < each.quota:
            raise PoolTooSmall(stratum=each.name, needed=each.quota, there=there[each.name])


def require_time(now: datetime, source_at: datetime) -> None:
    """Raise BrokenRule unless the source speaks later, and in a time that one can wait for."""
    if not now + SOONEST <= source_at <= now + LATEST:
        raise broken("/source/at", "panel-source-time", days=LATEST.days)


def is_over(state: ApplicationState, stage_key: str | None, drawn_for: str) -> bool:
    """Has the application left the stage that a panel was drawn for?"""
    return state in FINAL or stage_key != drawn_for
