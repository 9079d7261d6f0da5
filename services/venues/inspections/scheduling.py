"""What the clock asks for: checks that are due, terms whose calendar became known, what is over.

Rows are made before they are due, so that what nobody did is seen as overdue, and not forgotten.
"""

from datetime import UTC, date, datetime

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.db import run
from services.kit.schedules import Schedule
from services.kit.workdays import day_of
from services.venues.applications.trail import PLATFORM
from services.venues.honours.models import Honour
from services.venues.honours.rules import HonourState
from services.venues.inspections.making import check
from services.venues.inspections.models import Inspection, Rectification
from services.venues.inspections.rectifying import close_gone, set_term
from services.venues.inspections.rules import LIFECYCLE, TO_DO, InspectionKind

BATCH = 100
HONOUR_GONE = "荣誉已撤销、届满或被取代"
"""Why a check is called off by the clock."""
AHEAD_DAYS = 60
"""An evaluation is asked for so many days before its cycle is over."""

# The rule that an honour is inspected by: the one it was named under, or the newest published.
_RULED = """SELECT h.id, h.issued_on, h.venue_id, v.id AS version_id,
        v.definition -> 'inspection' AS rule
    FROM honours h
    LEFT JOIN applications a ON a.id = h.application_id
    JOIN LATERAL (SELECT p.id, p.definition FROM programme_versions p
        WHERE p.id = a.version_id OR (a.id IS NULL AND p.programme_id = h.programme_id
            AND p.state = 'published') ORDER BY p.number DESC LIMIT 1) v ON true
    WHERE h.state IN ('valid', 'provisional') AND h.programme_id IS NOT NULL
        AND h.issued_on IS NOT NULL"""
_ANNUAL = text(
    f"""SELECT r.id, r.version_id, CAST(:due AS date) AS due_on FROM ({_RULED}) r
    WHERE COALESCE((r.rule ->> 'annual')::boolean, true) AND r.issued_on < :first
        AND NOT EXISTS (SELECT FROM inspections i WHERE i.honour_id = r.id AND i.kind = 'annual'
            AND (i.due_on >= :first OR i.state IN ('due', 'planned')))
    ORDER BY r.id LIMIT {BATCH}"""
)
_EVALUATIONS = text(
    f"""SELECT * FROM (
        SELECT r.id, r.version_id, (COALESCE((SELECT max(i.held_on) FROM inspections i
                WHERE i.honour_id = r.id AND i.kind = 'evaluation' AND i.result IS NOT NULL),
            r.issued_on) + make_interval(months => (r.rule ->> 'cycle_months')::int))::date
            AS due_on
        FROM ({_RULED}) r WHERE r.rule ->> 'cycle_months' IS NOT NULL) e
    WHERE e.due_on <= CAST(:today AS date) + {AHEAD_DAYS}
        AND NOT EXISTS (SELECT FROM inspections i WHERE i.honour_id = e.id
            AND i.kind = 'evaluation' AND i.state IN ('due', 'planned'))
    ORDER BY e.id LIMIT {BATCH}"""
)


async def ask_for_due(db: AsyncSession, today: date, now: datetime) -> int:
    """Annual checks of this year, and evaluations whose cycle is nearly over."""
    first, last = date(today.year, 1, 1), date(today.year, 12, 31)
    asked = 0
    for kind, statement, values in (
        (InspectionKind.ANNUAL, _ANNUAL, {"first": first, "due": last}),
        (InspectionKind.EVALUATION, _EVALUATIONS, {"today": today}),
    ):
        due = (await run(db, statement, values)).all()
        rows = select(Honour).where(col(Honour.id).in_([row.id for row in due]))
        honours = {row.id: row for row in (await db.exec(rows)).all()}
        for one in due:
            honour = honours[one.id]
            db.add(check(honour, one.version_id, kind, one.due_on, PLATFORM, now))
        asked += len(due)
    await db.flush()
    return asked


async def call_off_gone(db: AsyncSession) -> int:
    """With the honour gone, nothing is left to look at: checks of it that nobody has made."""
    gone = (HonourState.REVOKED, HonourState.EXPIRED, HonourState.RENEWED, HonourState.UPGRADED)
    statement = (
        select(Inspection)
        .join(Honour, col(Honour.id) == col(Inspection.honour_id))
        .where(col(Inspection.state).in_(sorted(TO_DO)), col(Honour.state).in_(gone))
        .limit(BATCH)
        .with_for_update(of=Inspection, skip_locked=True)
    )
    rows = (await db.exec(statement)).all()
    for row in rows:
        row.state, row.cancel_reason = LIFECYCLE.next("cancel", row.state), HONOUR_GONE
        row.version += 1
    await db.flush()
    return len(rows)


async def settle_terms(db: AsyncSession) -> int:
    """Give their last day to terms whose year has become known."""
    open_terms = select(Rectification).where(
        col(Rectification.due_open), col(Rectification.closed_at).is_(None)
    )
    rows = (await db.exec(open_terms.limit(BATCH).with_for_update())).all()
    for row in rows:
        set_term(row)
    await db.flush()
    return sum(not row.due_open for row in rows)


async def _turn(db: AsyncSession) -> int:
    now = datetime.now(UTC)
    asked = await ask_for_due(db, day_of(now), now)
    over = await close_gone(db) + await call_off_gone(db)
    return asked + await settle_terms(db) + over


SCHEDULE = Schedule("due_inspections", 600, _turn)
