"""What becomes of a seat, in the trail of its application: by its slip, never by its expert.

Staff who read the trail may be near the applicant. They learn the place of the panel, and the slip
under which it stands in the public report; whose slip it is, everybody learns once identities are
opened. What an expert says in their own words stays on the seat, for those who keep the panel.
"""

from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import SERVICE, Caller, Kind
from services.venues.applications.models import Application
from services.venues.applications.trail import decide
from services.venues.experts.invitations.models import Seat

TOLD = {
    "accept": "invitation_accepted",
    "decline": "invitation_declined",
    "conflict": "expert_conflict",
    "lapse": "invitation_lapsed",
    "release": "seat_released",
    "close": "invitation_closed",
}
"""Step of a seat → action in the trail."""


def place(seat: Seat) -> str:
    """A seat as the public report has it: stratum, order, the beginning of its slip."""
    return f"{seat.stratum} 第{seat.rank}位 {seat.slip[:8]}"


def speaker(caller: Caller) -> Caller:
    """Who stands in the trail: staff as themselves; experts, the clock and whoever holds a link as
    the platform, for an account would open who the expert is."""
    return caller if caller.kind is Kind.STAFF else SERVICE


async def tell(
    db: AsyncSession,
    application: Application,
    seat: Seat,
    action: str,
    why: str,
    caller: Caller,
) -> None:
    """A line of the trail about a seat.

    Each with its own moment: what follows from an answer is read after it.
    """
    who = speaker(caller)
    await decide(
        db,
        application=application,
        action=action,
        caller=who,
        stage_key=seat.stage_key,
        reason=f"{place(seat)}：{why}",
        acted_for=seat.division_code if who.kind is Kind.STAFF else None,
    )
