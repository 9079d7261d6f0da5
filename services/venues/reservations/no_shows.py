"""Who does not come: places go to others, too many are a penalty, and a penalty is appealed."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import Caller, P
from services.kit.db import run
from services.kit.facts import Fact, record, record_all
from services.kit.ids import uuid7
from services.kit.problems import Forbidden
from services.kit.schedules import Schedule
from services.kit.vault import Vault
from services.venues.facts import (
    PenaltyAppealed,
    PenaltyImposed,
    PenaltyLifted,
    PenaltyUpheld,
    ReservationMissed,
)
from services.venues.opening.rules import today
from services.venues.reservations import queries
from services.venues.reservations.actions import note_opening
from services.venues.reservations.days import count
from services.venues.reservations.models import Penalty
from services.venues.reservations.queries import may_of
from services.venues.reservations.rules import (
    PENALTY_LIFECYCLE,
    PenaltyState,
    is_penalised,
)
from services.venues.reservations.schemas import AppealOpened
from services.venues.reservations.waiting import about, lock, serve

BATCH = 200

OVERDUE = text(
    "SELECT venue_id, day FROM reservations WHERE state = 'confirmed' AND held_until <= :now"
    " ORDER BY held_until LIMIT 1"
)
MISS = text(
    f"""WITH gone AS (
        SELECT id FROM reservations WHERE venue_id = :venue_id AND day = :day
            AND state = 'confirmed' AND held_until <= :now
        ORDER BY id LIMIT {BATCH} FOR NO KEY UPDATE)
    UPDATE reservations r SET state = 'no_show', version = r.version + 1
    FROM gone, venues v WHERE r.id = gone.id AND v.id = r.venue_id
    RETURNING r.id, COALESCE(r.account_id, r.proxy_by) AS recipient, r.venue_id, v.name AS venue,
        r.starts_at, r.division_code, r.version, r.party_size, r.starts, r.ends"""
)
UNCOUNTED = text(
    """SELECT venue_id, day FROM reservations
    WHERE state = 'no_show' AND counted IS NULL AND day < :today LIMIT 1"""
)
# Where nobody at all was checked in, nobody stood at the door: those who came are not punished.
COUNT_NO_SHOWS = text(
    """UPDATE reservations SET counted = EXISTS (SELECT FROM reservations came
        WHERE came.venue_id = :venue_id AND came.day = :day AND came.state = 'arrived')
    WHERE venue_id = :venue_id AND day = :day AND state = 'no_show' AND counted IS NULL
    RETURNING account_id, counted"""
)
RULE = text(
    """SELECT s.no_shows, s.no_show_days, s.penalty_days, v.name AS venue, v.division_code
    FROM reservation_settings s JOIN venues v ON v.id = s.venue_id WHERE s.venue_id = :venue_id"""
)
# Since their last penalty: what was punished, or forgiven, is not counted again.
NO_SHOWS = text(
    """SELECT r.account_id, count(*) AS no_shows FROM reservations r
    WHERE r.account_id = ANY(CAST(:accounts AS uuid[])) AND r.venue_id = :venue_id
        AND r.state = 'no_show' AND r.counted AND r.starts_at > :since
        AND r.starts_at > COALESCE((SELECT max(p.from_at) FROM penalties p
            WHERE p.account_id = r.account_id AND p.venue_id = r.venue_id), '-infinity')
    GROUP BY r.account_id ORDER BY r.account_id"""
)


async def release(db: AsyncSession, venue_id: UUID, day: date, now: datetime) -> int:
    """Give the places of those who did not come to others; answers how many parties."""
    await lock(db, venue_id, day)
    gone = (await run(db, MISS, {"venue_id": venue_id, "day": day, "now": now})).all()
    await count(db, venue_id, day, [(row.starts, row.ends, -row.party_size, 0) for row in gone])
    told: list[tuple[Fact, UUID | str, str, int]] = [
        (ReservationMissed(**about(row)), row.id, row.division_code, row.version) for row in gone
    ]
    await record_all(db, told)
    await serve(db, venue_id, day, now)
    return len(gone)


async def release_next(db: AsyncSession) -> int:
    """One turn of the schedule: the day whose party has been waited for longest."""
    now = datetime.now(UTC)
    due = (await run(db, OVERDUE, {"now": now})).first()
    return 0 if due is None else await release(db, due.venue_id, due.day, now)


async def punish(db: AsyncSession, venue_id: UUID, day: date, now: datetime) -> int:
    """Count the no-shows of a day that is over; answers how many reservations were settled."""
    # Like every change of the day: held, so that two turns do not punish twice.
    await lock(db, venue_id, day)
    settled = (await run(db, COUNT_NO_SHOWS, {"venue_id": venue_id, "day": day})).all()
    accounts = sorted({row.account_id for row in settled if row.counted and row.account_id})
    rule = (await run(db, RULE, {"venue_id": venue_id})).first()
    if accounts and rule is not None and rule.penalty_days:
        since = now - timedelta(days=rule.no_show_days)
        values = {"accounts": accounts, "venue_id": venue_id, "since": since}
        for row in (await run(db, NO_SHOWS, values)).all():
            if is_penalised(row.no_shows, rule.no_shows):
                await _impose(db, venue_id, rule, row, now)
    return len(settled)


async def _impose(db: AsyncSession, venue_id: UUID, rule: Any, row: Any, now: datetime) -> None:
    penalty = Penalty(
        id=uuid7(),
        venue_id=venue_id,
        division_code=rule.division_code,
        recorded_code=rule.division_code,
        account_id=row.account_id,
        no_shows=row.no_shows,
        from_at=now,
        until_at=now + timedelta(days=rule.penalty_days),
        state=PenaltyState.STANDING,
    )
    db.add(penalty)
    await db.flush()
    await _tell(db, PenaltyImposed, penalty, rule.venue)


async def punish_next(db: AsyncSession) -> int:
    """One turn of the schedule: a day that is over and has no-shows that are not counted."""
    now = datetime.now(UTC)
    due = (await run(db, UNCOUNTED, {"today": today(now)})).first()
    return 0 if due is None else await punish(db, due.venue_id, due.day, now)


SCHEDULES = (
    Schedule("release-no-shows", every_s=15, turn=release_next),
    Schedule("count-no-shows", every_s=300, turn=punish_next),
)


async def _tell(db: AsyncSession, kind: Any, row: Penalty, venue: str) -> None:
    fact = kind(recipient=row.account_id, venue_id=row.venue_id, venue=venue, until_at=row.until_at)
    await record(db, fact, subject=row.id, division=row.division_code, version=row.version)


async def _step(
    db: AsyncSession, caller: Caller, penalty_id: UUID, action: str
) -> tuple[Penalty, str]:
    row, venue = await queries.penalty(db, caller, penalty_id, lock=True)
    may = may_of(caller, row, is_represented=False)
    if not any(may(need) for need in PENALTY_LIFECYCLE.steps[action].needs):
        raise Forbidden(permission=P.RESERVATION_MANAGE.value, division=row.division_code)
    row.state = PENALTY_LIFECYCLE.next(action, row.state)
    row.version += 1
    return row, venue


async def appeal(
    db: AsyncSession, caller: Caller, vault: Vault, penalty_id: UUID, words: str, now: datetime
) -> None:
    """Ask for a penalty to be lifted, once; it holds until staff have decided."""
    row, venue = await _step(db, caller, penalty_id, "appeal")
    row.appeal_sealed, row.appealed_at = vault.seal(words, "penalties.appeal"), now
    await db.flush()
    await _tell(db, PenaltyAppealed, row, venue)


async def decide(
    db: AsyncSession, caller: Caller, penalty_id: UUID, action: str, reason: str, now: datetime
) -> None:
    """`lift` or `uphold`: staff of the division, not the venue itself."""
    row, venue = await _step(db, caller, penalty_id, action)
    row.decided_by, row.decided_at, row.decision_reason = caller.known(), now, reason
    await db.flush()
    await _tell(db, PenaltyLifted if action == "lift" else PenaltyUpheld, row, venue)


async def open_appeal(
    db: AsyncSession, caller: Caller, vault: Vault, penalty_id: UUID, purpose: str
) -> AppealOpened:
    """What the person says, for themselves and a holder of PERSONAL_OPEN; written down."""
    row, _ = await queries.penalty(db, caller, penalty_id)
    if not caller.is_(row.account_id):
        caller.require(P.PERSONAL_OPEN, at=row.division_code)
    opening_id = await note_opening(db, caller, f"penalties/{row.id}", "penalties.appeal", purpose)
    sealed = row.appeal_sealed
    words = vault.open(sealed, "penalties.appeal") if sealed else ""
    return AppealOpened(penalty_id=row.id, opening_id=opening_id, text=words)
