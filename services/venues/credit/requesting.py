"""A check is asked for: by the stage that needs one, by staff, or after a remedy."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.db import after_commit
from services.venues.applications.models import Application
from services.venues.credit.models import Check
from services.venues.credit.rules import CheckState, Waiting
from services.venues.programmes.definition import Definition


class Loop:
    """The loop of this process that asks (asking.py), as far as questions know of it."""

    wake: Callable[[], None] = staticmethod(lambda: None)


loop = Loop()


async def request(
    db: AsyncSession,
    application: Application,
    rule: Definition,
    stage_key: str,
    now: datetime,
    by: UUID | None = None,
) -> Check:
    """A check that waits; the one that waits already is asked again at once.

    The application's row is held, so there is one.
    """
    check = await waiting(db, application.id)
    host = (application.host_uscc, application.host_name)
    if check is None:
        check = Check(
            application_id=application.id,
            stage_key=stage_key,
            uscc=host[0],
            name=host[1],
            division_code=rule.division,
            recorded_code=rule.division,
            requested_by=by,
            requested_at=now,
            next_try_at=now,
        )
        db.add(check)
    else:
        check.stage_key, check.requested_by, check.next_try_at = stage_key, by, now
        if (check.uscc, check.name) != host:
            # Corrected meanwhile: the question is another one.
            check.uscc, check.name = host
            check.reason, check.tries = Waiting.QUEUED, 0
        check.version += 1
    await db.flush()
    after_commit(db, loop.wake)
    return check


async def waiting(db: AsyncSession, application_id: UUID) -> Check | None:
    """The check of an application that has no answer yet."""
    statement = (
        select(Check)
        .where(Check.application_id == application_id, Check.state == CheckState.WAITING)
        .order_by(col(Check.id))
        .with_for_update(key_share=True)
    )
    return (await db.exec(statement)).first()
