"""What a venue says of the hall that an occurrence asked for, kept beside the occurrence."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.events.activities.rules import RUNNING
from services.events.facts import HallLost
from services.kit.db import run
from services.kit.facts import Envelope, record
from services.kit.inbox import Consumer, Reads

# Of another hall or another time it would be late news: what is asked for now has its own answer.
SAID = text(
    """UPDATE occurrences o SET hall_hold = :said FROM activities a
    WHERE o.id = :occurrence_id AND o.hall_id = :hall_id AND o.starts_at = :starts_at
        AND o.ends_at = :ends_at AND o.hall_hold IS DISTINCT FROM :said AND a.id = o.activity_id
    RETURNING a.id AS activity_id, a.division_code, a.version,
        COALESCE(a.submitted_by, a.created_by) AS recipient,
        o.state = 'scheduled' AND o.ends_at > now() AND a.state = ANY(:running) AS is_on"""
)
_RUNNING = [state.value for state in RUNNING]


class _Hold(BaseModel):
    occurrence_id: UUID
    hall_id: UUID
    starts_at: datetime
    ends_at: datetime
    cause: str | None = None


def _keep(said: str) -> Callable[[AsyncSession, Envelope, _Hold], Awaitable[None]]:
    async def keep(db: AsyncSession, _: Envelope, body: _Hold) -> None:
        values = body.model_dump(exclude={"cause"})
        found = (await run(db, SAID, {"said": said, "running": _RUNNING, **values})).first()
        if found is None or said == "confirmed" or not found.is_on:
            return
        # It is to be held, and has no hall: whoever handed it in finds another, or another day.
        fact = HallLost(
            recipient=found.recipient,
            occurrence_id=body.occurrence_id,
            starts_at=body.starts_at,
            cause=body.cause or said,
        )
        about = {"division": found.division_code, "version": found.version}
        await record(db, fact, subject=found.activity_id, **about)

    return keep


CONSUMER = Consumer(
    "halls",
    {
        f"venues.hold_{said}.v1": Reads(_Hold, _keep(said))
        for said in ("confirmed", "refused", "released")
    },
)
