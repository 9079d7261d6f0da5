"""What stands against closing a venue, and how much is called off at a time."""

from dataclasses import dataclass
from datetime import date

from services.kit.problems import Conflict, broken

BATCH = 200
"""Parties, or holds of halls, that one transaction of the clock calls off."""
AT_ONCE = 2 * BATCH
"""What the closing itself calls off; what is more follows within seconds."""


class VenueStillExpected(Conflict):
    """People have reserved, or a hall is held: closing has to say that it calls them off."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What was to be in a venue from now on."""

    parties: int
    people: int
    holds: int
    last: date | None

    def require_called_off(self, reason: str | None, *, call_off: bool) -> None:
        """Raise VenueStillExpected, or BrokenRule without a reason to tell people."""
        if not self.parties and not self.holds:
            return
        if not call_off:
            raise VenueStillExpected(
                parties=self.parties, people=self.people, holds=self.holds, last=str(self.last)
            )
        if reason is None:
            raise broken("/reason", "closing-reason-needed")
