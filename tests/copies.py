"""Copies of a template for tests: emptied and used again, while nobody touched their schema.

Making and dropping a database for every test was half of what the tests took.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import asyncpg

if TYPE_CHECKING:
    from tests.engines import TestCluster

# Whatever a test could have altered: tables and their walls, columns, constraints, triggers.
_SHAPE = """
SELECT md5(string_agg(what, '|' ORDER BY what)) FROM (
    SELECT format('%s %s %s %s', oid::regclass, relkind, relrowsecurity, relforcerowsecurity)
        AS what FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind <> 'i'
    UNION ALL SELECT format('%s %s', indexrelid::regclass, indisvalid) FROM pg_index
        WHERE indrelid > 16383
    UNION ALL SELECT format('%s %s %s', polrelid::regclass, polname, polqual) FROM pg_policy
    UNION ALL SELECT format('%s %s %s %s %s', attrelid::regclass, attname, atttypid, attnotnull,
        atthasdef) FROM pg_attribute WHERE attrelid > 16383 AND attnum > 0
    UNION ALL SELECT format('%s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
        FROM pg_constraint WHERE conrelid > 16383
    UNION ALL SELECT format('%s %s %s', tgrelid::regclass, tgname, tgenabled) FROM pg_trigger
        WHERE NOT tgisinternal
    UNION ALL SELECT format('%s %s', oid::regprocedure, md5(prosrc)) FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace AND prosrc IS NOT NULL
    UNION ALL SELECT format('%s %s', oid::regclass, relacl) FROM pg_class
        WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT format('%s %s', setdatabase > 0, setconfig) FROM pg_db_role_setting
) shapes
"""
_FILLED = """
SELECT COALESCE(array_agg(quote_ident(relname) ORDER BY relname), '{}') FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'alembic_version'
    AND pg_relation_size(oid) > 0
"""
# A row that was changed or added has a newer xmin, one that was removed is missed in the count.
_ROWS = "SELECT '{0}' || count(*) || ' ' || max(xmin::text::bigint) FROM {0}"


@dataclass(frozen=True)
class Look:
    """What a database looks like: its schema, the tables with rows, and the template's own rows."""

    shape: str
    filled: frozenset[str]
    rows: str


class Copies:
    """The databases of one worker."""

    def __init__(self, cluster: "TestCluster") -> None:
        self._cluster = cluster
        self._free: dict[str, list[str]] = {}
        self._templates: dict[str, Look] = {}

    async def take(self, service: str, template: str) -> str:
        """An unused copy of `template`; answers its name."""
        if template not in self._templates:
            self._templates[template] = await self._look(template)
        free = self._free.setdefault(template, [])
        if free:
            return free.pop()
        return await self._cluster.create_database(service, template=template)

    async def give_back(self, template: str, name: str) -> None:
        """Empty it for the next test, or drop it when it is no copy any more."""
        wanted = self._templates[template]
        found = await self._look(name, wanted.filled)
        if found.shape != wanted.shape or found.rows != wanted.rows:
            await self._cluster.drop_database(name)
            return
        filled = ", ".join(found.filled - wanted.filled)
        if filled:
            connection = await asyncpg.connect(self._cluster.dsn(name))
            try:
                await connection.execute(f"TRUNCATE {filled} RESTART IDENTITY CASCADE")
            finally:
                await connection.close()
        self._free[template].append(name)

    async def _look(self, name: str, kept: frozenset[str] | None = None) -> Look:
        connection = await asyncpg.connect(self._cluster.dsn(name))
        try:
            shape = await connection.fetchval(_SHAPE)
            filled = frozenset(await connection.fetchval(_FILLED))
            counts = " UNION ALL ".join(map(_ROWS.format, sorted(filled if kept is None else kept)))
            rows = await connection.fetch(counts) if counts else []
            return Look(shape, filled, str([row[0] for row in rows]))
        finally:
            await connection.close()
