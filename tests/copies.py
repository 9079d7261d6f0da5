"""Copies of a template for tests: emptied and used again, while nobody touched their schema.

Making and dropping a database for every test was half of what the tests took.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import asyncpg

if TYPE_CHECKING:
    from tests.engines import TestCluster

# Whatever a test could have altered: a changed row of a catalog has a newer xmin, a dropped one is
# missed in the count. What TRUNCATE and ANALYZE touch (pg_class) is compared by what matters of it.
_SHAPE = " || ' ' || ".join(
    [
        *(
            f"(SELECT count(*) || ' ' || COALESCE(max(xmin::text::bigint), 0) FROM {catalog})"
            for catalog in (
                "pg_attribute WHERE attrelid > 16383",
                "pg_attrdef",
                "pg_constraint",
                "pg_policy",
                "pg_trigger",
                "pg_rewrite",
                "pg_type",
                "pg_proc",
                "pg_namespace",
                "pg_statistic_ext",
            )
        ),
        "(SELECT md5(string_agg(format('%s %s %s %s %s', oid, relname, relrowsecurity,"
        " relforcerowsecurity, relacl), '|' ORDER BY oid)) FROM pg_class WHERE oid > 16383)",
        "(SELECT COALESCE(max(xmin::text::bigint), 0) FROM pg_db_role_setting)",
    ]
)
_SHAPE = f"SELECT {_SHAPE}"
_FILLED = """
SELECT COALESCE(array_agg(quote_ident(relname) ORDER BY relname), '{}') FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'alembic_version'
    AND pg_relation_size(oid) > 0
"""
# Truncating makes new files for a table, its indexes and all that refers to it: 40 ms a test. The
# few rows of most tests are deleted, past triggers and references; what has grown is truncated.
_SMALL_BYTES = 65_536
_LARGE = "SELECT relname FROM pg_class WHERE relname = ANY ($1) AND pg_relation_size(oid) > $2"
_RESTART = "SELECT setval(seqrelid::regclass, seqstart, false) FROM pg_sequence"
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
            connection = await asyncpg.connect(self._cluster.dsn(template))
            try:
                self._templates[template] = await _look(connection)
            finally:
                await connection.close()
        free = self._free.setdefault(template, [])
        if free:
            return free.pop()
        return await self._cluster.create_database(service, template=template)

    async def give_back(self, template: str, name: str) -> None:
        """Empty it for the next test, or drop it when it is no copy any more."""
        wanted = self._templates[template]
        connection = await asyncpg.connect(self._cluster.dsn(name))
        try:
            found = await _look(connection, wanted.filled)
            untouched = (found.shape, found.rows) == (wanted.shape, wanted.rows)
            if untouched:
                await _empty(connection, found.filled - wanted.filled)
        finally:
            await connection.close()
        if untouched:
            self._free[template].append(name)
        else:
            await self._cluster.drop_database(name)


async def _empty(connection: Any, filled: frozenset[str]) -> None:
    names = [name.strip('"') for name in filled]
    large = [row[0] for row in await connection.fetch(_LARGE, names, _SMALL_BYTES)]
    if large:
        await connection.execute(f"TRUNCATE {', '.join(filled)} CASCADE")
    else:
        deletions = "; ".join(f"DELETE FROM {name}" for name in sorted(filled))
        await connection.execute(f"SET session_replication_role = replica; {deletions}")
    await connection.execute(_RESTART)


async def _look(connection: Any, kept: frozenset[str] | None = None) -> Look:
    shape = await connection.fetchval(_SHAPE)
    filled = frozenset(await connection.fetchval(_FILLED))
    counts = " UNION ALL ".join(map(_ROWS.format, sorted(filled if kept is None else kept)))
    rows = await connection.fetch(counts) if counts else []
    return Look(shape, filled, str([row[0] for row in rows]))
