"""HTTP for activities taken together: under an umbrella, called off with it, approved in bulk."""

from uuid import UUID

from fastapi import Response

from services.events.activities import bulk_actions, queries, umbrella_actions
from services.events.activities.models import Activity
from services.events.activities.schemas import ActivityOut
from services.events.activities.shapes import answer, spoken
from services.events.activities.together_schemas import (
    BulkApproveIn,
    BulkApproveOut,
    CancelIn,
    UmbrellaIn,
)
from services.kit.access import Caller
from services.kit.db import Db
from services.kit.identity import CallerDep
from services.kit.routing import Router

router = Router(prefix="/activities", tags=["activities"])


async def _answer(db: Db, caller: Caller, row: Activity, response: Response) -> ActivityOut:
    return answer(caller, row, await queries.one_around(db, row), response)


@router.post("/bulk-approve")
async def approve_activities(
    db: Db, caller: CallerDep, given: BulkApproveIn, response: Response
) -> BulkApproveOut:
    """Approve up to 100 as they were read; each row answers for itself, or all or none."""
    response.headers["Content-Language"] = spoken()
    return await bulk_actions.approve_all(db, caller, given)


@router.post("/{activity_id}/attach")
async def attach_activity(
    db: Db, caller: CallerDep, activity_id: UUID, given: UmbrellaIn, response: Response
) -> ActivityOut:
    """Put it under an umbrella of a division at or above its own."""
    row = await umbrella_actions.attach(db, caller, activity_id, given.umbrella_id)
    return await _answer(db, caller, row, response)


@router.post("/{activity_id}/detach")
async def detach_activity(
    db: Db, caller: CallerDep, activity_id: UUID, response: Response
) -> ActivityOut:
    """Take it out from under its umbrella."""
    row = await umbrella_actions.detach(db, caller, activity_id)
    return await _answer(db, caller, row, response)


@router.post("/{activity_id}/cancel")
async def cancel_activity(
    db: Db, caller: CallerDep, activity_id: UUID, given: CancelIn, response: Response
) -> ActivityOut:
    """Call it off, with every occurrence that is not over and everybody registered for one.

    An umbrella with children: `children` says whether they are kept or called off with it.
    """
    row = await umbrella_actions.cancel(db, caller, activity_id, given)
    return await _answer(db, caller, row, response)
