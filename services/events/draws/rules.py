"""Lifecycle of a draw, its times, and how parties become entries: pure, no I/O."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from services.events.registrations.rules import local
from services.kit.access import P
from services.kit.draw_report import Entry
from services.kit.draws import salted
from services.kit.problems import BrokenRule, Conflict, FieldError
from services.kit.workflow import Needs, Workflow


class DrawState(StrEnum):
    OPEN = "open"
    FROZEN = "frozen"
    DRAWN = "drawn"
    VOID = "void"


class DrawUnderWay(Conflict):
    """The occurrence has a draw that is neither made nor voided."""


class PlacesGivenOut(Conflict):
    """Places are offered or waited for by first come: who stands in that line keeps their turn."""


class SourceNotDue(Conflict):
    """The value of the source is entered after its time, and not before the pool is frozen."""


class PlacesChanged(Conflict):
    """There are fewer places than the freeze promised."""


class NothingToDraw(Conflict):
    """The occurrence is not one that takes people, or is being postponed."""


S = DrawState
_NOBODY: set[Needs] = set()  # the clock does it: no person chooses the moment

LIFECYCLE: Workflow[DrawState] = Workflow(
    "draw",
    # action   from               to        needs
    ("freeze", S.OPEN, S.FROZEN, _NOBODY),
    ("draw", S.FROZEN, S.DRAWN, P.ACTIVITY_RUN),
    ("void", {S.OPEN, S.FROZEN}, S.VOID, P.ACTIVITY_RUN),
)


def require_times(
    now: datetime, closes_at: datetime, starts_at: datetime, source_at: datetime | None
) -> None:
    """Raise BrokenRule unless now < closes_at < source_at < starts_at."""
    errors = []
    if not now < closes_at < starts_at:
        errors.append(FieldError("/closes_at", "draw-window"))
    if source_at is not None and not closes_at < source_at < starts_at:
        errors.append(FieldError("/source/at", "source-time"))
    if errors:
        raise BrokenRule(errors=tuple(errors))


def require_due(now: datetime, state: DrawState, source_at: datetime | None) -> None:
    """Raise SourceNotDue unless the pool is frozen and the source has spoken."""
    if state is DrawState.OPEN or source_at is None or now < source_at:
        raise SourceNotDue(at=local(source_at) if source_at else "—")


@dataclass(frozen=True)
class Party:
    """A registration that stands in the draw."""

    id: UUID
    pool: str
    size: int
    account_id: UUID | None
    phones: tuple[bytes, ...]
    """Blind indexes: equal ones are the same phone."""


def slip_of(salt: bytes, registration_id: UUID) -> str:
    """The id under which a registration stands in the pool."""
    return salted(salt, str(registration_id))


def entries(
    salt: bytes, parties: Sequence[Party], winners: Iterable[UUID], *, families: bool
) -> list[Entry]:
    """The pool: with families, parties that share a phone bear the same label."""
    late = set(winners)
    family = _families(salt, parties) if families else {}
    return [
        Entry(
            id=slip_of(salt, party.id),
            strata=(party.pool,),
            size=party.size,
            after=int(party.account_id in late),
            family=family.get(party.id),
        )
        for party in parties
    ]


def _families(salt: bytes, parties: Sequence[Party]) -> Mapping[UUID, str]:
    """A label for each party that shares a phone with another, directly or through others."""
    above = {party.id: party.id for party in parties}

    def top(one: UUID) -> UUID:
        while above[one] != one:
            one = above[one]
        return one

    first: dict[bytes, UUID] = {}
    for party in parties:
        for phone in party.phones:
            one, other = sorted((top(first.setdefault(phone, party.id)), top(party.id)))
            above[other] = one
    tops = {party.id: top(party.id) for party in parties}
    sizes: dict[UUID, int] = {}
    for one in tops.values():
        sizes[one] = sizes.get(one, 0) + 1
    return {party: salted(salt, f"family {one}") for party, one in tops.items() if sizes[one] > 1}
