"""Under an umbrella and out of it; and what becomes of the children when it is called off."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.events.activities import actions, queries
from services.events.activities.models import Activity
from services.events.activities.occurrence_actions import may_change
from services.events.activities.rules import LIFECYCLE
from services.events.activities.shapes import membership
from services.events.activities.together_schemas import CancelIn
from services.events.activities.umbrella_rules import (
    MEMBERSHIP,
    MOST_CANCELLED,
    AfterCancelling,
    SayWhatOfChildren,
    TooManyChildren,
    may_attach,
)
from services.kit.access import Caller
from services.kit.problems import FieldError


async def attach(
    db: AsyncSession, caller: Caller, activity_id: UUID, umbrella_id: UUID
) -> Activity:
    """Put it under an umbrella of a division at or above its own; said twice, it is done once."""
    # The umbrella before the child, as cancelling does: who joins is in time to be called off too.
    statement = select(Activity).where(Activity.id == umbrella_id, queries.visible(caller))
    umbrella = (await db.exec(statement.with_for_update(read=True))).first()
    row = await _changing(db, caller, activity_id, "attach")
    may_attach(row, umbrella)
    if row.umbrella_id != umbrella_id:
        row.umbrella_id = umbrella_id
        row.version += 1
        await db.flush()
    return row


async def detach(db: AsyncSession, caller: Caller, activity_id: UUID) -> Activity:
    """Take it out: by whoever edits it, at its own division or at the umbrella's above it."""
    row = await _changing(db, caller, activity_id, "detach")
    row.umbrella_id = None
    row.version += 1
    await db.flush()
    return row


async def _changing(db: AsyncSession, caller: Caller, activity_id: UUID, action: str) -> Activity:
    row = await queries.activity(db, caller, activity_id, lock=True)
    may_change(caller, row, action)
    MEMBERSHIP.next(action, membership(row))
    return row


async def cancel(db: AsyncSession, caller: Caller, activity_id: UUID, given: CancelIn) -> Activity:
    """Call an activity off; an umbrella with or without its children, as is said.

    Raises SayWhatOfChildren when an umbrella has children to be called off and nothing is said,
    TooManyChildren when they are too many for one request: call some off first, or keep them.
    """
    row = await actions.cancel(db, caller, activity_id, given.reason)
    children = await _cancellable(db, row)
    if children and given.children is None:
        values = (("children", len(children)),)
        raise SayWhatOfChildren(errors=(FieldError("/children", "say-what-of-them", values),))
    if given.children is AfterCancelling.CANCEL:
        if len(children) > MOST_CANCELLED:
            raise TooManyChildren(most=MOST_CANCELLED)
        for child in children:
            await actions.cancel(db, caller, child, given.reason)
    return row


async def _cancellable(db: AsyncSession, row: Activity) -> Sequence[UUID]:
    """The children that can be called off, one more than may be at once. Drafts are not public."""
    if not row.is_umbrella:
        return []
    statement = (
        select(Activity.id)
        .where(
            Activity.umbrella_id == row.id,
            col(Activity.state).in_(LIFECYCLE.steps["cancel"].sources),
        )
        .order_by(col(Activity.id))
        .limit(MOST_CANCELLED + 1)
    )
    return (await db.exec(statement)).all()
