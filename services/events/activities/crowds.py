"""A crowd has a safety plan: also one that an activity becomes after it was handed in."""

from sqlmodel.ext.asyncio.session import AsyncSession

from services.events.activities.models import Activity
from services.events.activities.queries import one_around
from services.events.activities.rules import EDITABLE, require_plan
from services.events.activities.shapes import standing


async def plan_still_enough(db: AsyncSession, row: Activity) -> None:
    """Raise Incomplete when a change has made it a crowd without a safety plan. Its row is held.

    What is still drafted may lack one: `submit` asks.
    """
    if row.state not in EDITABLE:
        await db.flush()
        require_plan(standing(row, await one_around(db, row)))
