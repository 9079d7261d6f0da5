"""Every list of an app, asked at three sizes: the same statements, and few rows read for a page."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import asyncpg
from fastapi import FastAPI

from services.kit.access import SERVICE
from tests.support.apps import Running
from tests.support.queries import Said, counted

SIZES = (1, 3, 10_000)
LIMIT = 100
MOST_READ = 2_000
"""Rows of a table read for a page: some for each item, and never all."""

Ask = Callable[[str], Awaitable[Any]]
"""A GET of this target by somebody; answers the response."""


def page(size: int) -> int:
    """How many items a page shows of so many rows."""
    return min(size, LIMIT)


def paths(app: FastAPI) -> set[str]:
    """The paths of all GET operations that answer `{"items", "next"}`, from the app's document."""
    document = app.openapi()
    schemas = document["components"]["schemas"]

    def is_list(operation: dict[str, Any]) -> bool:
        content = operation["responses"].get("200", {}).get("content", {})
        schema = content.get("application/json", {}).get("schema", {})
        name = schema.get("$ref", "").rpartition("/")[2]
        return {"items", "next"} <= set(schemas.get(name, {}).get("properties", ()))

    return {
        path
        for path, operations in document["paths"].items()
        if "get" in operations and is_list(operations["get"])
    }


@dataclass(frozen=True)
class Listed:
    """A list: its path in the document, as it is asked for, by whom, what is shown of N rows."""

    path: str
    who: str
    query: str = ""
    at: str = ""
    """What stands in the path from the first brace to the last."""
    shown: Callable[[int], int] = page
    pages: bool = True
    """Takes a limit; what is whole (a series) takes none."""
    once: frozenset[str] = frozenset()
    """Tables that it may read whole, once a page."""

    @property
    def target(self) -> str:
        query = "&".join(part for part in (f"limit={LIMIT}" * self.pages, self.query) if part)
        start, brace, rest = self.path.partition("{")
        path = f"{start}{self.at}{rest.rpartition('}')[2]}" if brace else start
        return f"{path}?{query}" if query else path

    @property
    def name(self) -> str:
        return f"{self.who}: {self.target}"


async def look(
    running: Running,
    superuser: str,
    lists: tuple[Listed, ...],
    grow: dict[str, str],
    asks: dict[str, Ask],
) -> tuple[dict[str, Any], dict[str, Any], dict[str, set[str]]]:
    """(wanted, found, tables read too much of) by list: statements and items at each size.

    `grow` are INSERTs of the rows number $1 to $2.
    """
    wanted: dict[str, Any] = {one.name: {} for one in lists}
    found: dict[str, Any] = {one.name: {} for one in lists}
    much: dict[str, set[str]] = {}
    before = 0
    for size in SIZES:
        await _fill(superuser, grow, before + 1, size)
        before = size
        for one in lists:
            answer = await asks[one.who](one.target)  # so that callers are remembered
            async with counted(running) as statements:
                answer = await asks[one.who](one.target)
            if answer.status_code != 200:
                found[one.name][size] = (answer.status_code, answer.text)
                continue
            found[one.name][size] = (len(statements), len(answer.json()["items"]))
            first = found[one.name][SIZES[0]][0]
            wanted[one.name][size] = (first, one.shown(size))
            if size == SIZES[-1]:
                much[one.name] = await _read_much(running, statements, one.once)
    return wanted, found, {name: tables for name, tables in much.items() if tables}


async def _fill(superuser: str, grow: dict[str, str], first: int, last: int) -> None:
    connection = await asyncpg.connect(superuser)
    try:
        # Keys and triggers would take most of the time; the rows fit each other as they are.
        await connection.execute("SET session_replication_role = replica")
        for name, statement in grow.items():
            try:
                await connection.execute(statement, first, last)
            except asyncpg.PostgresError as error:
                error.add_note(name)
                raise
        await connection.execute("ANALYZE")
    finally:
        await connection.close()


async def _read_much(running: Running, statements: list[Said], once: frozenset[str]) -> set[str]:
    """Tables of which PostgreSQL reads row after row, though it is told that this is dear.

    Left to itself it reads a table of this size from end to end where it wants a hundred rows of
    it by their keys, and is right; that an index serves them is what counts when it grows.
    """
    read: dict[str, int] = {}
    async with running.kit.database.transaction(SERVICE) as db:
        driver = db.info["driver"]
        await driver.execute("SET LOCAL enable_seqscan = off")
        for said in statements:
            explain = f"EXPLAIN (ANALYZE, TIMING off, FORMAT JSON) {said}"
            plan = await driver.fetchval(explain, *said.values)
            for node in _nodes(plan[0]["Plan"]):
                if table := node.get("Relation Name"):
                    read[table] = max(read.get(table, 0), _rows_read(node))
    return {
        table
        for table, rows in read.items()
        if rows > (SIZES[-1] + MOST_READ if table in once else MOST_READ)
    }


def _rows_read(node: dict[str, Any]) -> int:
    one = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
    return int(one * node["Actual Loops"])


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for below in node.get("Plans", ()):
        yield from _nodes(below)
