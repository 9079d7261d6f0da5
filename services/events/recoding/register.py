"""What an order makes of the register: divisions that begin, end, or bear another name."""

from collections.abc import Iterable
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.events.facts import DivisionChanged
from services.events.recoding.models import Change
from services.events.recoding.rules import Plan, Register, Standing
from services.kit.db import run
from services.kit.divisions import lineage
from services.kit.facts import record_all

_READ = text(
    """SELECT code, name, short_name, tier, kind, official, abolished_on IS NOT NULL AS abolished
    FROM divisions WHERE code = ANY (:above)
        OR EXISTS (SELECT FROM unnest(CAST(:tops AS text[])) top WHERE starts_with(code, top))
    ORDER BY code"""
)
# Between two editions, in the order of their names: after the one that shows the old division.
_EDITION = "(SELECT max(edition) FROM editions) || '+' || CAST(CAST(:day AS date) AS text)"
_FOUND = text(
    f"""INSERT INTO divisions (code, name, short_name, tier, kind, parent_code, official, edition,
        longitude, latitude, point_source)
    SELECT g.code, g.name, g.short_name, g.tier, g.kind,
        (SELECT max(p.code) FROM unnest(g.above) p (code)
            WHERE p.code IN (SELECT code FROM divisions WHERE abolished_on IS NULL)
                OR p.code = ANY (CAST(:founded AS text[]))),
        g.official, {_EDITION}, was.longitude, was.latitude, was.point_source
    FROM json_to_recordset(CAST(:rows AS json)) AS g (code text, name text, short_name text,
        tier text, kind text, official boolean, above text[], was text)
    LEFT JOIN divisions was ON was.code = g.was
    ORDER BY g.code"""
)
_ABOLISH = text(
    """UPDATE divisions d SET abolished_after = NULL, abolished_on = :day, precision = 'day',
        successors = g.successors, today = g.successors
    FROM json_to_recordset(CAST(:rows AS json)) AS g (code text, successors text[])
    WHERE d.code = g.code"""
)
# Those that were abolished before and followed by one of these are followed by its successors now.
_FOLLOWED = text(
    """UPDATE divisions d SET
        successors = ARRAY(SELECT DISTINCT today_at(s) FROM unnest(d.successors) s ORDER BY 1),
        today = ARRAY(SELECT DISTINCT today_at(s) FROM unnest(d.today) s ORDER BY 1)
    WHERE d.abolished_on IS NOT NULL AND d.today && CAST(:codes AS text[])
        AND NOT d.code = ANY (CAST(:codes AS text[]))"""
)
_SUCCEED = text(
    f"""INSERT INTO successions (code, edition, successor_code, name, successor_name, kind,
        effective_on, precision, reused, basis, note)
    SELECT g.code, {_EDITION}, g.successor, was.name, COALESCE(follows.name, ''), :kind, :day,
        'day', false, :document, ''
    FROM json_to_recordset(CAST(:rows AS json)) AS g (code text, successor text)
    JOIN divisions was ON was.code = g.code
    LEFT JOIN divisions follows ON follows.code = g.successor"""
)
_RENAME = text(
    f"""WITH g AS (SELECT * FROM json_to_recordset(CAST(:rows AS json))
        AS g (code text, name text, short_name text, kind text)),
    before AS (
        INSERT INTO former_names (code, edition, old_name, new_name, only_spelling, doubtful)
        SELECT d.code, {_EDITION}, d.name, g.name, false, false
        FROM divisions d JOIN g USING (code))
    UPDATE divisions d SET name = g.name, short_name = COALESCE(g.short_name, g.name),
        kind = COALESCE(g.kind, d.kind)
    FROM g WHERE d.code = g.code"""
)
_OURS = text(
    """INSERT INTO ordered_divisions (code, change_id, founded)
    SELECT code, :id, code = ANY (CAST(:founded AS text[]))
    FROM unnest(CAST(:codes AS text[])) code ON CONFLICT DO NOTHING"""
)


async def read(db: AsyncSession, codes: Iterable[str]) -> Register:
    """Everything at or below these codes, and what is above them."""
    tops = set(codes)
    values = {"tops": sorted(tops), "above": sorted({a for c in tops for a in lineage(c)})}
    rows = (await run(db, _READ, values)).all()
    return {row.code: Standing(**row._mapping) for row in rows}


async def founded_by(db: AsyncSession, change: UUID) -> set[str]:
    """The divisions that began with an order."""
    statement = text("SELECT code FROM ordered_divisions WHERE change_id = :id AND founded")
    return set((await run(db, statement, {"id": change})).scalars())


async def found(db: AsyncSession, change: Change, plan: Plan) -> None:
    """Let the new divisions begin. The old ones stand beside them until `end`."""
    was = {new: old for old, new in plan.codes.items()}
    rows = [
        {
            **{name: getattr(one, name) for name in _FOUNDED},
            "above": lineage(one.code)[:-1],
            "was": was.get(one.code),
        }
        for one in plan.founded.values()
    ]
    values = {"founded": sorted(plan.founded)}
    await run(db, _FOUND, {**_rows(rows), **values, "day": change.effective_on})
    touched = sorted({*plan.codes, *plan.founded, *plan.renamed})
    await run(db, _OURS, {**values, "id": change.id, "codes": touched})


async def end(db: AsyncSession, change: Change, plan: Plan) -> None:
    """Let the old divisions end, with a fact for each, and give the renamed their names."""
    ended = [{"code": old, "successors": plan.successors(old)} for old in plan.codes]
    steps = [{"code": each["code"], "successor": to} for each in ended for to in each["successors"]]
    named = [
        {"code": code, "name": line.name, "short_name": line.short_name, "kind": line.kind}
        for code, line in plan.renamed.items()
    ]
    day = {"day": change.effective_on}
    said = {"kind": change.kind.value, "document": change.document}
    await run(db, _ABOLISH, {**_rows(ended), **day})
    await run(db, _FOLLOWED, {"codes": sorted(plan.codes)})
    await run(db, _SUCCEED, {**_rows(steps), **said, **day})
    if named:
        await run(db, _RENAME, {**_rows(named), **day})
    deepest_first = sorted(plan.codes, key=lambda old: (-len(old), old))
    await record_all(db, [_told(change, plan, old) for old in deepest_first])


def _told(change: Change, plan: Plan, old: str) -> tuple[DivisionChanged, str, str, int]:
    fact = DivisionChanged(
        code=old,
        successors=plan.successors(old),
        kind=change.kind.value,
        takes=plan.codes[old],
        change_id=change.id,
    )
    return fact, old, old, change.effective_on.toordinal()


_FOUNDED = ("code", "name", "short_name", "tier", "kind", "official")


def _rows(rows: object) -> dict[str, str]:
    return {"rows": orjson.dumps(rows).decode()}
