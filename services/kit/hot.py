"""Hot public reads: one statement whose answer PostgreSQL writes as JSON, passed through untouched.

    UPCOMING = HotList(
        '''SELECT o.id, o.starts_at, a.title FROM … WHERE o.division_code >= $2 …
           AND (o.starts_at, o.id) > ($4, $5) ORDER BY o.starts_at, o.id LIMIT $1 + 1''',
        key=("starts_at", "id"),
    )

Only for rows that are public: these connections speak as nobody, so row-level security shows them
nothing else. About ten times faster than objects and a response model (docs/decisions/0004).
"""

from hashlib import blake2b
from typing import Any

import orjson
from fastapi import Request, Response

from services.kit.db import Database
from services.kit.pages import cursor_of


def tagged(body: bytes, request: Request, max_age: int) -> Response:
    """A public answer in JSON with a strong ETag and a time to live, or 304."""
    tag = f'"{blake2b(body, digest_size=12).hexdigest()}"'
    headers = {
        "ETag": tag,
        "Cache-Control": f"public, max-age={max_age}",
        "Vary": "Accept-Language",
    }
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type="application/json")


class HotList:
    """A keyset list. The statement ends in `LIMIT $1 + 1`; `key` names its cursor's columns."""

    def __init__(self, statement: str, *, key: tuple[str, ...], max_age: int = 10) -> None:
        self.statement = statement
        columns = ", ".join(f"rows.{name}" for name in key)
        numbered = (
            f"SELECT rows AS item, json_build_array({columns}) AS key, row_number() OVER () AS n"
            f" FROM ({statement}) rows"
        )
        self._sql = (
            "SELECT COALESCE(json_agg(page.item) FILTER (WHERE page.n <= $1), '[]')::text AS items,"
            " (array_agg(page.key) FILTER (WHERE page.n = $1))[1]::text AS last, count(*) AS n"
            f" FROM ({numbered}) page"
        )
        self._max_age = max_age

    async def answer(
        self, request: Request, database: Database, limit: int, *values: Any
    ) -> Response:
        """`{"items": […], "next": …}` with a strong ETag, or 304."""
        pool = await database.hot()
        async with pool.acquire() as connection:
            row: Any = await connection.fetchrow(self._sql, limit, *values)
        cursor = cursor_of(*orjson.loads(row["last"])) if row["n"] > limit else None
        following = f'"{cursor}"' if cursor else "null"
        response = tagged(
            f'{{"items":{row["items"]},"next":{following}}}'.encode(), request, self._max_age
        )
        if cursor:
            response.headers["Link"] = f'<?cursor={cursor}&limit={limit}>; rel="next"'
        return response


class HotRow:
    """One public row: the statement answers it, or nothing."""

    def __init__(self, statement: str, *, max_age: int = 10) -> None:
        self._sql = f"SELECT row_to_json(rows)::text FROM ({statement}) rows"
        self._max_age = max_age

    async def answer(self, request: Request, database: Database, *values: Any) -> Response | None:
        """The row with a strong ETag, or 304; None when there is no such row."""
        pool = await database.hot()
        async with pool.acquire() as connection:
            found: str | None = await connection.fetchval(self._sql, *values)
        return None if found is None else tagged(found.encode(), request, self._max_age)
