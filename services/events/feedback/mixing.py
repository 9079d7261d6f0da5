"""The night's work on the box: whole groups are released, the rest is shaken and waits.

Each turn takes one activity with answers of an earlier day. It is the only reader of the box.
"""

import secrets
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.events.activities.models import Activity
from services.events.activities.queries import one_around
from services.events.activities.rules import day_of
from services.events.facts import FeedbackReleased
from services.events.feedback.models import BoxedAnswer, FeedbackComment, FeedbackResult
from services.events.feedback.rules import OPEN_DAYS, Answer, Group, day, released
from services.kit.db import run
from services.kit.facts import record
from services.kit.schedules import Schedule
from services.kit.settings import suite
from services.kit.vault import Vault

NEXT = text("SELECT activity_id FROM feedback_box WHERE given_on < :today LIMIT 1")
TAKE = text(
    """DELETE FROM feedback_box
    WHERE activity_id = :activity_id AND (given_on IS NULL OR given_on < :today)
    RETURNING sealed"""
)
ADD = text(
    """INSERT INTO feedback_results AS r (activity_id, answers, satisfied, released_on, version)
    VALUES (:activity_id, :answers, :satisfied, :today, 1)
    ON CONFLICT (activity_id) DO UPDATE SET answers = r.answers + excluded.answers,
        satisfied = r.satisfied + excluded.satisfied, released_on = excluded.released_on,
        version = r.version + 1"""
)
# A week more than the time for feedback, so that a last answer has had its night.
_OVER = """NOT EXISTS (SELECT FROM occurrences o
    WHERE o.activity_id = f.activity_id AND o.ends_at > :limit)"""
FORGET = (
    text(f"DELETE FROM feedback_box f WHERE {_OVER}"),
    text(f"DELETE FROM feedback_rights f WHERE {_OVER}"),
)


async def mix(db: AsyncSession, vault: Vault, today: date) -> int:
    """One activity's answers of the days before `today`; how many activities that was (0, 1)."""
    activity_id = (await run(db, NEXT, {"today": today})).scalar()
    if activity_id is None:
        return 0
    values = {"activity_id": activity_id, "today": today}
    taken = (await run(db, TAKE, values)).scalars().all()
    answers = [Answer.of(vault.open(sealed, "feedback.answer")) for sealed in taken]
    secrets.SystemRandom().shuffle(answers)
    group = released(answers)
    if group is None:
        _put_back(db, vault, activity_id, answers)
    else:
        await _release(db, vault, activity_id, answers, group, today)
    await db.flush()
    return 1


def _put_back(db: AsyncSession, vault: Vault, activity_id: UUID, answers: Sequence[Answer]) -> None:
    # New ids, new ciphertext, no day: nothing ties a row to the one that it was.
    db.add_all(
        BoxedAnswer(activity_id=activity_id, sealed=vault.seal(answer.text(), "feedback.answer"))
        for answer in answers
    )


async def _release(
    db: AsyncSession,
    vault: Vault,
    activity_id: UUID,
    answers: Sequence[Answer],
    group: Group,
    today: date,
) -> None:
    await run(
        db,
        ADD,
        {
            "activity_id": activity_id,
            "answers": group.answers,
            "satisfied": group.satisfied,
            "today": today,
        },
    )
    activity = await db.get_one(Activity, activity_id)
    db.add_all(
        FeedbackComment(
            activity_id=activity_id,
            division_code=activity.division_code,
            sealed=vault.seal(answer.comment, "feedback.comment"),
        )
        for answer in answers
        if answer.comment is not None
    )
    await tell(db, activity)


async def tell(db: AsyncSession, activity: Activity) -> None:
    """Record what is released about an activity, for the hosts that hold it now."""
    result = await db.get(FeedbackResult, activity.id, populate_existing=True)
    if result is None:
        return
    around = await one_around(db, activity)
    await record(
        db,
        FeedbackReleased(
            hosts=around.counted_hosts,
            day=day_of(around.times),
            answers=result.answers,
            satisfied=result.satisfied,
        ),
        subject=activity.id,
        division=activity.division_code,
        version=result.version,
    )


async def hosts_changed(db: AsyncSession, activity: Activity) -> None:
    """The same numbers, counted for other hosts."""
    result = await db.get(FeedbackResult, activity.id)
    if result is not None:
        result.version += 1
        await db.flush()
        await tell(db, activity)


async def forget(db: AsyncSession, now: datetime) -> int:
    """Let go of rights and answers once the time for feedback is over; answers how many went."""
    limit = {"limit": now - timedelta(days=OPEN_DAYS + 7)}
    return sum([(await run(db, statement, limit)).rowcount for statement in FORGET])


async def _mix(db: AsyncSession) -> int:
    return await mix(db, Vault(suite().keys), day(datetime.now(UTC)))


async def _forget(db: AsyncSession) -> int:
    return await forget(db, datetime.now(UTC))


SCHEDULES = (
    Schedule("mix-feedback", 600, _mix),
    Schedule("forget-feedback", 3600, _forget),
)
