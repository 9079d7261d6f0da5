"""Grants follow a division that changes: rewritten in one transaction, and put on record.

A token signed before keeps its old codes for at most a minute; services understand them as today's
(kit/recoding.py). So nobody loses what they may do while both sides change, and nobody gains more
than the division that follows theirs.
"""

from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.identity.audit import note
from services.kit.db import run
from services.kit.recoding import Changed, Follows, following

FOLLOWS = (
    Follows("grants", exactly=True),
    Follows("accounts", column="home_code", exactly=True),
)

_WHERE = text(
    """SELECT division_code AS old, today_exactly(division_code) AS new FROM grants
    WHERE today_exactly(division_code) <> division_code
    UNION SELECT home_code, today_exactly(home_code) FROM accounts
    WHERE today_exactly(home_code) <> home_code ORDER BY 1"""
)
_MOVING = text("SELECT id FROM grants WHERE division_code = :old ORDER BY id FOR UPDATE")
_HOMES = text("UPDATE accounts SET home_code = :new WHERE home_code = :old RETURNING id")
# Of two posts that became one, held by one person for some of the same days: one remains, for all
# the days of both.
_SAME = text(
    """SELECT m.id, array_agg(k.id) AS same,
        LEAST(m.from_day, min(k.from_day)) AS from_day,
        CASE WHEN m.until_day IS NULL OR bool_or(k.until_day IS NULL) THEN NULL
            ELSE GREATEST(m.until_day, max(k.until_day)) END AS until_day
    FROM grants m JOIN grants k ON k.account_id = m.account_id AND k.role = m.role
        AND k.division_code = :new AND k.ended_at IS NULL AND k.deputy_for IS NULL
        AND daterange(k.from_day, k.until_day, '[]') && daterange(m.from_day, m.until_day, '[]')
    WHERE m.id = :id AND m.ended_at IS NULL AND m.deputy_for IS NULL
    GROUP BY m.id"""
)
_OVERLAP = text(
    """SELECT DISTINCT m.id FROM grants m JOIN grants k ON k.account_id = m.account_id
        AND k.role = m.role AND k.division_code = :new
        AND k.ended_at IS NULL AND k.deputy_for IS NULL
        AND daterange(k.from_day, k.until_day, '[]') && daterange(m.from_day, m.until_day, '[]')
    WHERE m.division_code = :old AND m.ended_at IS NULL AND m.deputy_for IS NULL ORDER BY m.id"""
)
_END_SAME = text("UPDATE grants SET ended_at = now() WHERE id = ANY (:same)")
_DEPUTIES = text("UPDATE grants SET deputy_for = :id WHERE deputy_for = ANY (:same)")
_MOVE = text("UPDATE grants SET division_code = :new WHERE id = :id")
_MOVE_REST = text("UPDATE grants SET division_code = :new WHERE division_code = :old")
_DAYS = text("UPDATE grants SET from_day = :from_day, until_day = :until_day WHERE id = :id")


async def rewrite(db: AsyncSession, changed: list[Changed]) -> None:
    """Move the grants and homes at codes that were given up; an audit entry for each such code."""
    orders = {body.code: body.change_id for body in changed}
    entries = []
    for row in (await run(db, _WHERE)).all():
        old, new = row.old, row.new
        moved = list((await run(db, _MOVING, {"old": old})).scalars())
        joined = 0
        overlap = (await run(db, _OVERLAP, {"old": old, "new": new})).scalars().all()
        for grant_id in overlap:
            joined += await _join(db, grant_id, new)
        await run(db, _MOVE_REST, {"old": old, "new": new})
        homes = (await run(db, _HOMES, {"old": old, "new": new})).rowcount
        entries.append((old, new, moved, joined, homes))
    for old, new, moved, joined, homes in entries:
        await note(
            db,
            "division_recoded",
            actor=None,
            subject=old,
            division=new,
            grants=moved,
            joined=joined,
            homes=homes,
            order=orders.get(old),
        )


async def _join(db: AsyncSession, grant_id: UUID, new: str) -> int:
    same = (await run(db, _SAME, {"id": grant_id, "new": new})).one()
    values = {"id": grant_id, "same": same.same, "new": new}
    await run(db, _END_SAME, values)
    await run(db, _DEPUTIES, values)
    await run(db, _DAYS, {**values, "from_day": same.from_day, "until_day": same.until_day})
    await run(db, _MOVE, values)
    return len(same.same)


CONSUMER = following(FOLLOWS, first=rewrite)
