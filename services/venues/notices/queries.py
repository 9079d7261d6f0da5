"""Reads of notices: the public page and list as PostgreSQL writes them, and rows that are held."""

from functools import cache
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.db import run
from services.kit.divisions import upper
from services.kit.hot import HotList, HotRow
from services.kit.problems import Missing
from services.venues.notices.models import Entry, Notice
from services.venues.notices.rules import EntryState, NoticeState

_MAX_AGE = 10
_LINE = """n.id, n.title, n.authority, n.honour, n.programme_id, p.key AS programme,
    n.division_code, n.state, n.first_on, shown.last_on, shown.names, n.opened_at"""
_FROM = """FROM notices n JOIN programmes p ON p.id = n.programme_id
    CROSS JOIN LATERAL (
        SELECT count(*) AS names,
            CASE WHEN bool_and(e.last_on IS NOT NULL OR e.state <> 'open') THEN max(e.last_on) END
                AS last_on,
            bool_or(e.state = 'open' AND e.last_on IS NULL AND e.open_objections = 0) AS due_open,
            json_agg(json_build_object('id', e.id, 'number', a.number, 'name', e.name,
                'host_name', e.host_name, 'category', e.category, 'state', e.state,
                'last_on', e.last_on,
                'due_open', e.state = 'open' AND e.last_on IS NULL AND e.open_objections = 0,
                'suspended', e.state = 'open' AND e.open_objections > 0,
                'suspensions', e.suspensions) ORDER BY e.position) AS entries
        FROM notice_entries e LEFT JOIN applications a ON a.id = e.application_id
        WHERE e.notice_id = n.id) shown"""
_PAGE = f"""SELECT {_LINE}, n.basis, n.offices, n.working_days, n.first_day_counts, shown.due_open,
    n.withdrawn_reason, n.closed_at, n.version, '/api/v1/notices/' || n.id || '/page' AS page,
    shown.entries {_FROM}"""

PAGE = HotRow(f"{_PAGE} WHERE n.id = $1", max_age=_MAX_AGE)
_PAGE_NOW = text(f"SELECT row_to_json(rows)::text FROM ({_PAGE} WHERE n.id = :id) rows")
_LAST = UUID(int=2**128 - 1)


@cache
def _notices(*conditions: str) -> HotList:
    where = " AND ".join(["n.id < $2::uuid", *conditions])
    return HotList(
        f"SELECT {_LINE} {_FROM} WHERE {where} ORDER BY n.id DESC LIMIT $1 + 1",
        key=("id",),
        max_age=_MAX_AGE,
    )


def notices(
    after: UUID | None, division: str | None, state: NoticeState | None, programme: UUID | None
) -> tuple[HotList, tuple[Any, ...]]:
    """The list, the latest first, and the values for its statement behind the limit."""
    values: list[Any] = [after or _LAST]
    conditions = []
    if division is not None:
        at = len(values) + 2
        conditions.append(f"n.division_code >= ${at} AND n.division_code < ${at + 1}")
        values += [division, upper(division)]
    if state is not None:
        conditions.append(f"n.state = ${len(values) + 2}")
        values.append(state.value)
    if programme is not None:
        conditions.append(f"n.programme_id = ${len(values) + 2}::uuid")
        values.append(programme)
    return _notices(*conditions), tuple(values)


async def page_now(db: AsyncSession, notice_id: UUID) -> dict[str, Any]:
    """The public page as this transaction sees it."""
    found = (await run(db, _PAGE_NOW, {"id": notice_id})).scalar_one()
    page: dict[str, Any] = orjson.loads(found)
    return page


async def held(db: AsyncSession, notice_id: UUID, *, share: bool = False) -> Notice:
    """A notice, held until the transaction ends: always before its objections and entries.

    `share`: others may hold it likewise; whoever closes it waits.
    """
    statement = select(Notice).where(Notice.id == notice_id)
    statement = statement.with_for_update(read=share, key_share=not share)
    found = (await db.exec(statement.execution_options(populate_existing=True))).first()
    if found is None:
        raise Missing()
    return found


async def entries(db: AsyncSession, notice_id: UUID, *, lock: bool = False) -> list[Entry]:
    """The names of a notice, in order; `lock`: held, as they are now."""
    statement = select(Entry).where(Entry.notice_id == notice_id).order_by(col(Entry.position))
    if lock:
        statement = statement.with_for_update(key_share=True)
    statement = statement.execution_options(populate_existing=True)
    return list((await db.exec(statement)).all())


async def newest_entry(db: AsyncSession, run_id: UUID) -> Entry | None:
    """The entry of a run that counts: one that was not taken back, or else the last."""
    statement = (
        select(Entry)
        .where(Entry.run_id == run_id)
        .order_by(
            col(Entry.state).in_([EntryState.WITHDRAWN, EntryState.ENDED]), col(Entry.id).desc()
        )
        .limit(1)
        .execution_options(populate_existing=True)
    )
    return (await db.exec(statement)).first()
