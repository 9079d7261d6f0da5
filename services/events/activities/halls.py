"""What a venue says of the hall that an occurrence asked for, kept beside the occurrence."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.db import run
from services.kit.facts import Envelope
from services.kit.inbox import Consumer, Reads

# Of another hall or another time it would be late news: what is asked for now has its own answer.
SAID = text(
    """UPDATE occurrences SET hall_hold = :said
    WHERE id = :occurrence_id AND hall_id = :hall_id AND starts_at = :starts_at
        AND ends_at = :ends_at AND hall_hold IS DISTINCT FROM :said"""
)


class _Hold(BaseModel):
    occurrence_id: UUID
    hall_id: UUID
    starts_at: datetime
    ends_at: datetime


def _keep(said: str) -> Callable[[AsyncSession, Envelope, _Hold], Awaitable[None]]:
    async def keep(db: AsyncSession, _: Envelope, body: _Hold) -> None:
        await run(db, SAID, {"said": said, **body.model_dump()})

    return keep


CONSUMER = Consumer(
    "halls",
    {
        f"venues.hold_{said}.v1": Reads(_Hold, _keep(said))
        for said in ("confirmed", "refused", "released")
    },
)
