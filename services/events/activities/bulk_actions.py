"""Many activities approved at once: each by the step of one alone, with its own result."""

from sqlmodel.ext.asyncio.session import AsyncSession

from services.events.activities import actions, queries
from services.events.activities.models import Activity
from services.events.activities.rules import ActivityState
from services.events.activities.shapes import spoken
from services.events.activities.together_schemas import (
    ApprovedRow,
    BulkApproveIn,
    BulkApproveOut,
    RowIn,
)
from services.kit.access import Caller
from services.kit.answers import problem_body
from services.kit.problems import Conflict, FieldError, Problem, broken, slug_of
from services.kit.versions import require_version


class NothingApproved(Conflict):
    """All or nothing was asked for, and a row could not be approved; each is named."""


async def approve_all(db: AsyncSession, caller: Caller, given: BulkApproveIn) -> BulkApproveOut:
    """Approve the rows that can be, each in a savepoint; or all of them, or none (`all_or_none`).

    Raises NothingApproved for the latter.
    """
    ids = [row.id for row in given.items]
    for number, one in enumerate(ids):
        if one in ids[:number]:
            raise broken(f"/items/{number}/id", "named-twice")
    found: dict[int, Problem | Activity] = {}
    # By id, whatever the order asked for: two such requests wait for each other, once.
    for number in sorted(range(len(ids)), key=lambda number: ids[number]):
        try:
            async with db.begin_nested():
                found[number] = await _approve(db, caller, given.items[number])
        except Problem as problem:
            found[number] = problem
    refused = {number: one for number, one in found.items() if isinstance(one, Problem)}
    if given.all_or_none and refused:
        raise NothingApproved(
            count=len(refused),
            errors=tuple(
                FieldError(f"/items/{number}", slug_of(type(refused[number])))
                for number in sorted(refused)
            ),
        )
    return BulkApproveOut(
        items=[_result(row, found[number]) for number, row in enumerate(given.items)],
        approved=len(found) - len(refused),
        refused=len(refused),
    )


async def _approve(db: AsyncSession, caller: Caller, given: RowIn) -> Activity:
    row = await queries.activity(db, caller, given.id, lock=True)
    again = row.state is ActivityState.APPROVED and row.approved_by == caller.known()
    if again and row.version == given.version + 1:
        # The answer to the first time was lost on the way: it is as they wanted it.
        return row
    require_version(row.version, given.version)
    return await actions.approve(db, caller, given.id)


def _result(row: RowIn, found: Problem | Activity) -> ApprovedRow:
    if isinstance(found, Problem):
        body, _ = problem_body(found, spoken())
        return ApprovedRow(id=row.id, version=None, problem=body)
    return ApprovedRow(id=row.id, version=found.version, problem=None)
