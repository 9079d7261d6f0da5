"""Until when a roster is edited, and how its list changes: pure, no I/O."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Generic, TypeVar
from uuid import UUID

from services.events.registrations.rules import LOCAL, local
from services.kit.problems import BrokenRule, Conflict, FieldError, broken

CUT_OFF = timedelta(hours=24)
"""Before the start: the host prints the list and counts the seats on a bus by it."""

C = TypeVar("C")


class RosterClosed(Conflict):
    """The list is fixed: whoever registered it asks the host."""


class NoRoster(Conflict):
    """The registration is a party, but not a class roster."""


def cut_off(starts_at: datetime) -> datetime:
    """Until when whoever registered a roster may edit it."""
    return starts_at - CUT_OFF


def require_editable(now: datetime, starts_at: datetime, *, staff: bool) -> None:
    """Raise RosterClosed after the cut-off. Staff edit until it begins, as any registration."""
    if not staff and now >= cut_off(starts_at):
        raise RosterClosed(until=local(cut_off(starts_at)))


def require_consented(consents: Sequence[date | None], now: datetime) -> None:
    """Raise BrokenRule for a guardian's consent of a day that has not come."""
    today = now.astimezone(LOCAL).date()
    errors = tuple(
        FieldError(f"/party/{index}/guardian/consented_on", "consent-ahead")
        for index, day in enumerate(consents)
        if day is not None and day > today
    )
    if errors:
        raise BrokenRule(errors=errors)


@dataclass(frozen=True)
class Edited(Generic[C]):
    """What an edited list asks for: who is written over with whom, and who leaves."""

    written: list[tuple[UUID, int, C]]
    """The member, the index in the edited list, and who they are now."""
    leaving: list[UUID]


def edited(members: Sequence[UUID], lines: Sequence[tuple[UUID | None, C | None]]) -> Edited[C]:
    """How `members` become `lines`: (member, None) stays, (member, who) is corrected, and
    (None, who) is somebody new, who takes the place of one that is left out.

    Raises BrokenRule for a stranger, for one named twice, and for more people than places.
    """
    named = [member for member, _ in lines if member is not None]
    if len(set(named)) < len(named) or set(named) - set(members):
        raise broken("/party", "unknown-member")
    left_out = [member for member in members if member not in named]
    new = [(index, who) for index, (member, who) in enumerate(lines) if member is None and who]
    if len(new) > len(left_out):
        raise broken("/party", "roster-grown", places=len(members))
    written = [
        (member, index, who)
        for index, (member, who) in enumerate(lines)
        if member is not None and who is not None
    ]
    written += [(member, index, who) for member, (index, who) in zip(left_out, new, strict=False)]
    return Edited(written, left_out[len(new) :])
