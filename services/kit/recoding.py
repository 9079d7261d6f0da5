"""Divisions that change: codes that were given up, who followed them, and the rows that follow.

`recodings` says for each code that was given up which code has its place today, through every
change. Rows follow by a trigger: whatever is written at an old code stands at its successor, so no
writer, however late, leaves a row behind. In memory (`Codes`) the same list makes requests and
callers speak of today's codes at the door.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson
from pydantic import BaseModel
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import SERVICE, Caller, Grant
from services.kit.db import run
from services.kit.divisions import covers, lineage, topmost
from services.kit.facts import Envelope
from services.kit.inbox import Consumer, Reads
from services.kit.logs import log
from services.kit.outages import INTERRUPTIONS

if TYPE_CHECKING:
    from services.kit.app import Kit

REFRESH_S = 1.0
"""Every process knows a change at most this long after its announcement."""

_CODE = 'varchar(12) COLLATE "C"'
RECODINGS = (
    f"""CREATE TABLE recodings (
        old_code {_CODE} PRIMARY KEY,
        new_code {_CODE} NOT NULL,
        whole boolean NOT NULL,
        active boolean NOT NULL,
        at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT recodings_elsewhere CHECK (old_code <> new_code))""",
    "CREATE INDEX recodings_new ON recodings (new_code)",
    # Where a row at `code` belongs: with the successor of the nearest division that was given up.
    """CREATE FUNCTION today_at(code text) RETURNS text LANGUAGE sql STABLE
    RETURN COALESCE((SELECT r.new_code FROM recodings r
        WHERE r.old_code = ANY (ARRAY[code, left(code, 9), left(code, 6), left(code, 4)])
            AND r.active
        ORDER BY length(r.old_code) DESC LIMIT 1), code)""",
    # For whoever learns of the change code by code: the county's fact must not take the village.
    """CREATE FUNCTION today_exactly(code text) RETURNS text LANGUAGE sql STABLE
    RETURN COALESCE((SELECT r.new_code FROM recodings r
        WHERE r.old_code = code AND r.active), code)""",
)


@dataclass(frozen=True)
class Follows:
    """A table whose rows stand at a division and follow it; `recorded` keeps where they were made.

    `key` leads through the table in batches: an indexed column that a change does not touch.
    `exactly`: rows go only with their own code, not with that of a division above; so must grants,
    which would reach further there.
    """

    table: str
    key: str = "id"
    column: str = "division_code"
    recorded: str = "recorded_code"
    exactly: bool = False

    @property
    def today(self) -> str:
        """Where a row stands today, as SQL."""
        return f"{'today_exactly' if self.exactly else 'today_at'}({self.column})"


def follow(follows: Follows) -> list[str]:
    """For a migration: the statements by which a table's rows follow their divisions.

    The recorded column is made where there is none, and filled by the trigger where a writer says
    nothing of it.
    """
    table, column, recorded = follows.table, follows.column, follows.recorded
    exactly = "_exactly" if follows.exactly else ""
    function = f"follow_{column}_and_{recorded}{exactly}"
    return [
        f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS {recorded} {_CODE}",
        # A wall stands before the owner too.
        "SELECT set_config('kepu.kind', 'service', true)",
        f"UPDATE {table} SET {recorded} = {column} WHERE {recorded} IS NULL",
        f"""CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN
            IF NEW.{recorded} IS NULL THEN NEW.{recorded} := NEW.{column}; END IF;
            NEW.{column} := {follows.today.replace("(", "(NEW.")};
            RETURN NEW;
        END $$""",
        f"""CREATE TRIGGER {table}_follow BEFORE INSERT OR UPDATE OF {column} ON {table}
        FOR EACH ROW EXECUTE FUNCTION {function}()""",
    ]


class Codes:
    """The recodings in memory: today's code for an old one, and callers as of today."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}
        self._today: dict[str, str] = {}
        self._before: tuple[tuple[str, str], ...] = ()
        self._widened: dict[Caller, Caller] = {}

    def learn(self, rows: Iterable[tuple[str, str, bool, bool]]) -> None:
        """Take the recodings as they stand: (old, new, whole, active)."""
        found = list(rows)
        self._known = {old: new for old, new, *_ in found}
        self._today = {old: new for old, new, _, active in found if active}
        self._before = tuple((old, new) for old, new, is_whole, _ in found if is_whole)
        self._widened = {}

    def today(self, code: str) -> str:
        """Today's code for an old one; itself when it was not given up."""
        return self._today.get(code, code)

    def widen(self, caller: Caller) -> Caller:
        """The caller with today's codes, and with the old ones that stand whole below them.

        So a token signed before a change works after it, one signed after it reaches the rows that
        have not moved yet, and records that never move (the audit chain) stay within reach. An old
        code means nothing else, ever: none is given out again.
        """
        if not self._known or not caller.grants:
            return caller
        found = self._widened.get(caller)
        if found is None:
            if len(self._widened) > 10_000:
                self._widened.clear()
            found = self._widened[caller] = replace(
                caller, grants=tuple(dict.fromkeys(self._grants(caller)))
            )
        return found

    def _grants(self, caller: Caller) -> Iterable[Grant]:
        for grant in caller.grants:
            # Exactly: what follows the division above would reach further than this grant does.
            here = self._known.get(grant.division, grant.division)
            yield replace(grant, division=here)
            if self.today(grant.division) == grant.division:
                yield grant
            before = (old for old, new in self._before if covers(here, new))
            for old in topmost(frozenset(old for old in before if not covers(here, old))):
                yield replace(grant, division=old)


_READ = text("SELECT old_code, new_code, whole, active FROM recodings ORDER BY old_code")
_MARK = text("SELECT count(*), max(at) FROM recodings")


async def learn_codes(kit: "Kit") -> None:
    """Keep `kit.codes` as the table is, until cancelled."""
    known: Any = None
    while True:
        try:
            async with kit.database.transaction(SERVICE) as db:
                mark = tuple((await run(db, _MARK)).one())
                if mark != known:
                    kit.codes.learn(tuple(row) for row in (await run(db, _READ)).all())
                    known = mark
        except INTERRUPTIONS as error:
            log.debug("codes_interrupted", error=repr(error)[:200])
        await asyncio.sleep(REFRESH_S)


_CLOSE = text(
    """WITH given AS (SELECT * FROM json_to_recordset(CAST(:rows AS json))
        AS g (old_code text, new_code text))
    UPDATE recodings r SET new_code = g.new_code, at = clock_timestamp()
    FROM given g WHERE r.new_code = g.old_code AND r.old_code <> g.new_code"""
)
_ADD = text(
    """INSERT INTO recodings (old_code, new_code, whole, active, at)
    SELECT old_code, new_code, true, :active, clock_timestamp()
    FROM json_to_recordset(CAST(:rows AS json)) AS g (old_code text, new_code text)
    WHERE old_code <> new_code
    ON CONFLICT (old_code) DO UPDATE SET new_code = excluded.new_code, active = excluded.active,
        at = excluded.at
        WHERE (recodings.new_code, recodings.active) <> (excluded.new_code, excluded.active)"""
)
# Did everything at or below a code go to, or below, its successor?
_WHOLE = text(
    """UPDATE recodings r SET whole = now.whole, at = clock_timestamp()
    FROM (SELECT old_code, NOT EXISTS (SELECT FROM recodings below
            WHERE starts_with(below.old_code, above.old_code)
                AND NOT starts_with(below.new_code, above.new_code)) AS whole
        FROM recodings above WHERE old_code = ANY (CAST(:above AS text[]))) now
    WHERE r.old_code = now.old_code AND r.whole <> now.whole"""
)


async def announce(db: AsyncSession, codes: Mapping[str, str], *, active: bool) -> None:
    """Say what follows these codes.

    Until it is `active` only callers know of it: their grants reach both places. From then on what
    is written at an old code stands at its successor.
    """
    rows = [{"old_code": old, "new_code": new} for old, new in codes.items()]
    given = {"rows": orjson.dumps(rows).decode()}
    if active:
        await run(db, _CLOSE, given)
    await run(db, _ADD, {**given, "active": active})
    await run(db, _WHOLE, {"above": sorted({above for old in codes for above in lineage(old)})})


class Changed(BaseModel):
    """What a follower reads of a changed division."""

    code: str
    takes: str | None = None
    change_id: UUID | None = None


First = Callable[[AsyncSession, list[Changed]], Awaitable[None]]


def following(follows: tuple[Follows, ...], first: First | None = None) -> Consumer:
    """The consumer by which another service's rows follow; `first` does what a row cannot alone."""

    async def fold(db: AsyncSession, facts: list[tuple[Envelope, Any]]) -> None:
        changed = [body for _, body in facts if body.takes is not None]
        if not changed:
            return
        await announce(db, {body.code: body.takes for body in changed}, active=True)
        if first is not None:
            await first(db, changed)
        for each in follows:
            changes = f"{each.column} = {each.column} WHERE {each.today} <> {each.column}"
            await run(db, text(f"UPDATE {each.table} SET {changes}"))

    return Consumer("divisions", {"events.division_changed.v1": Reads(Changed)}, fold=fold)
