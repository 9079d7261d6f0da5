"""What people do with activities: draft, edit, and the steps of the lifecycle."""

from uuid import UUID

from sqlalchemy import delete, func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.events.activities import pictures, places, queries
from services.events.activities.crowds import plan_still_enough
from services.events.activities.models import Activity, Host, Occurrence
from services.events.activities.occurrence_actions import end, enter, may_change
from services.events.activities.pointers import beneath
from services.events.activities.queries import Around
from services.events.activities.rules import (
    LIFECYCLE,
    RUNNING,
    ActivityState,
    HostRole,
    OccurrenceState,
    is_over,
    needs_until_over,
    pointer_exists,
)
from services.events.activities.schemas import ActivityIn, ActivityPatch, SendBackIn
from services.events.activities.shapes import PLAN, TEXTS, draft_shape, now, standing
from services.events.activities.telling import tell, told
from services.events.facts import (
    ActivityApproved,
    ActivityCancelled,
    ActivityCompleted,
    ActivityPublished,
    ActivityReturned,
    ActivitySubmitted,
)
from services.kit.access import Caller, P
from services.kit.db import run
from services.kit.problems import BrokenRule, FieldError
from services.kit.versions import require_version
from services.kit.workflow import WrongState


async def draft(db: AsyncSession, caller: Caller, given: ActivityIn) -> tuple[Activity, bool]:
    """Draft an activity; the one there is (and False) when this client already sent it."""
    caller.require(P.ACTIVITY_EDIT, at=given.division_code)
    if given.client_id is not None and (found := await _drafted(db, caller, given.client_id)):
        return found, False
    if unknown := await queries.unknown_divisions(db, {"/division_code": given.division_code}):
        raise BrokenRule(errors=tuple(unknown))
    row = Activity(
        **given.model_dump(exclude={"occurrences"}),
        recorded_code=given.division_code,
        created_by=caller.known(),
    )
    db.add(row)
    await db.flush()
    db.add(lead_of(row))
    for number, occurrence in enumerate(given.occurrences):
        with beneath(f"/occurrences/{number}"):
            await enter(db, row, occurrence)
    await db.flush()
    return row, True


def lead_of(row: Activity) -> Host:
    """The lead among the hosts: it has accepted by drafting."""
    return Host(
        activity_id=row.id,
        division_code=row.division_code,
        recorded_code=row.recorded_code,
        role=HostRole.LEAD,
        accepted_at=now(),
    )


async def _drafted(db: AsyncSession, caller: Caller, client_id: UUID) -> Activity | None:
    # The same draft arriving twice at once waits here for the first one's commit.
    key = f"activity {caller.known()} {client_id}"
    await run(db, select(func.pg_advisory_xact_lock(func.hashtextextended(key, 0))))
    found = await db.exec(
        select(Activity).where(
            Activity.client_id == client_id, Activity.created_by == caller.known()
        )
    )
    return found.first()


async def edit(
    db: AsyncSession, caller: Caller, activity_id: UUID, given: ActivityPatch, version: int
) -> Activity:
    """Change what is given: anything of a draft, the texts of what is public.

    The safety plan is added or replaced until it is over, and not taken from a crowd.
    """
    row = await queries.activity(db, caller, activity_id, lock=True)
    changes = given.model_dump(exclude_unset=True)
    if changes.keys() == {PLAN}:
        caller.require(P.ACTIVITY_EDIT, at=row.division_code)
        caller.require(needs_until_over("edit", row.state), at=row.division_code)
    else:
        may_change(caller, row, "edit")
    if row.version == version + 1 and all(getattr(row, name) == to for name, to in changes.items()):
        return row  # the same edit again: its answer was lost on the way
    require_version(row.version, version)
    if row.state in RUNNING:
        errors = [
            FieldError(f"/{name}", "fixed-after-publication")
            for name in changes.keys() - {*TEXTS, PLAN}
        ]
        if not changes.get("title", row.title):
            errors.append(FieldError("/title", "title-needed"))
        if errors:
            raise BrokenRule(errors=tuple(sorted(errors, key=lambda error: error.pointer)))
    for name, value in changes.items():
        setattr(row, name, value)
    if PLAN in changes:
        await plan_still_enough(db, row)
    row.version += 1
    await db.flush()
    return row


async def discard(db: AsyncSession, caller: Caller, activity_id: UUID) -> None:
    """Delete a draft, with its occurrences and hosts. Drafts only: the rest is kept."""
    row = await queries.activity(db, caller, activity_id, lock=True)
    caller.require(P.ACTIVITY_EDIT, at=row.division_code)
    if row.state is not ActivityState.DRAFT:
        raise WrongState(action="delete", state=row.state.value)
    around = await queries.one_around(db, row)
    await pictures.discarded(db, row)
    await places.close_places(db, [one.id for one in around.times])
    for table in (Occurrence, Host):
        await run(db, delete(table).where(col(table.activity_id) == row.id))
    await run(db, delete(Activity).where(col(Activity.id) == row.id))


async def _step(
    db: AsyncSession, caller: Caller, activity_id: UUID, action: str
) -> tuple[Activity, Around]:
    """One row of the lifecycle: who may, from where, on which condition, to where."""
    row = await queries.activity(db, caller, activity_id, lock=True)
    for need in LIFECYCLE.steps[action].needs:
        caller.require(P(need), at=row.division_code)
    around = await queries.one_around(db, row)
    row.state = LIFECYCLE.next(action, row.state, standing=standing(row, around))
    row.version += 1
    return row, around


async def move(db: AsyncSession, caller: Caller, activity_id: UUID, action: str) -> Activity:
    """A step that tells nobody outside: withdraw, begin, archive."""
    row, _ = await _step(db, caller, activity_id, action)
    return row


async def submit(db: AsyncSession, caller: Caller, activity_id: UUID) -> Activity:
    """Hand it in for approval; what it was sent back for is answered by that."""
    row, _ = await _step(db, caller, activity_id, "submit")
    row.submitted_by, row.returned = caller.known(), None
    await tell(db, ActivitySubmitted(), row)
    return row


async def send_back(
    db: AsyncSession, caller: Caller, activity_id: UUID, given: SendBackIn
) -> Activity:
    """Return it with a reason and the fields concerned, which must exist in what was drafted."""
    row, around = await _step(db, caller, activity_id, "send_back")
    shape = draft_shape(caller, row, around)
    unknown = [
        FieldError(f"/fields/{number}/pointer", "unknown-pointer", (("given", field.pointer),))
        for number, field in enumerate(given.fields)
        if not pointer_exists(field.pointer, shape)
    ]
    if unknown:
        raise BrokenRule(errors=tuple(unknown))
    row.returned = {
        **given.model_dump(),
        "by": str(caller.known()),
        "at": now().isoformat(),
    }
    row.approved_by = None
    await tell(db, ActivityReturned(recipient=row.submitted_by or row.created_by), row)
    return row


async def approve(db: AsyncSession, caller: Caller, activity_id: UUID) -> Activity:
    """Approve it as it was submitted."""
    row, _ = await _step(db, caller, activity_id, "approve")
    row.approved_by = caller.known()
    await tell(db, ActivityApproved(recipient=row.submitted_by or row.created_by), row)
    return row


async def publish(db: AsyncSession, caller: Caller, activity_id: UUID) -> Activity:
    """Let the public see it and register."""
    row, around = await _step(db, caller, activity_id, "publish")
    row.published_at = now()
    await tell(db, told(ActivityPublished, row, around), row)
    return row


async def complete(db: AsyncSession, caller: Caller, activity_id: UUID) -> Activity:
    """It has been held: its occurrences are over."""
    row, around = await _step(db, caller, activity_id, "complete")
    for one in around.times:
        if one.state is OccurrenceState.SCHEDULED:
            end(one, OccurrenceState.COMPLETED)
    await tell(db, told(ActivityCompleted, row, around), row)
    return row


async def cancel(db: AsyncSession, caller: Caller, activity_id: UUID, reason: str) -> Activity:
    """Call it off: every occurrence that is not over, and everybody registered for one."""
    row, around = await _step(db, caller, activity_id, "cancel")
    row.cancel_reason = reason
    # Before its occurrences are cancelled: the day that it was counted at.
    fact = told(ActivityCancelled, row, around)
    ended = [one for one in around.times if not is_over(one, now())]
    for one in ended:
        end(one, OccurrenceState.CANCELLED, reason)
    await db.flush()
    for one in ended:
        await places.occurrence_cancelled(db, row, one, "activity_cancelled")
    await tell(db, fact, row)
    return row
