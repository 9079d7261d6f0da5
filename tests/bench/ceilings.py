"""The ceilings that the suite is measured against: as little as can do the same work.

`python -m tests.bench.ceilings list DSN PORT`   Starlette + asyncpg + json_agg
`python -m tests.bench.ceilings proxy UDS PORT`  a bare aiohttp proxy
`python -m tests.bench.ceilings answer UDS 0`    a service that answers 1 kB and does nothing
"""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import asyncpg
import uvicorn
import uvloop
from aiohttp import web
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send


def bare_list(dsn: str, statement: str) -> Starlette:
    """One route that answers the rows of `statement` ($1 = limit) as JSON made by PostgreSQL."""
    sql = f"SELECT COALESCE(json_agg(row_to_json(t)), '[]')::text FROM ({statement}) t"

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        app.state.pool = await asyncpg.create_pool(dsn, min_size=1, max_size=5)
        yield
        await app.state.pool.close()

    async def answer(request: Request) -> Response:
        async with request.app.state.pool.acquire() as connection:
            items = await connection.fetchval(sql, int(request.query_params.get("limit", 20)))
        return Response(f'{{"items":{items}}}'.encode(), media_type="application/json")

    return Starlette(routes=[Route("/list", answer)], lifespan=lifespan)


def bare_proxy(uds: str) -> web.Application:
    """Every request goes to the server behind the socket and back; nothing else."""

    async def forward(request: web.Request) -> web.StreamResponse:
        session: aiohttp.ClientSession = request.app["session"]
        async with session.request(
            request.method,
            f"http://service{request.raw_path.removeprefix('/api/v1')}",
            data=request.content if request.can_read_body else None,
        ) as upstream:
            body = await upstream.read()
        headers = {
            name: upstream.headers[name]
            for name in ("Content-Type", "ETag")
            if name in upstream.headers
        }
        return web.Response(status=upstream.status, headers=headers, body=body)

    async def session(app: web.Application) -> AsyncIterator[None]:
        connector = aiohttp.UnixConnector(uds, limit=200)
        app["session"] = aiohttp.ClientSession(connector=connector, auto_decompress=False)
        yield
        await app["session"].close()

    app = web.Application()
    app.cleanup_ctx.append(session)
    app.router.add_route("*", "/{path:.*}", forward)
    return app


async def one_answer(scope: Scope, receive: Receive, send: Send) -> None:
    """The same kilobyte for every request: what is measured is what stands in front of it."""
    if scope["type"] == "http":
        headers = [(b"content-type", b"application/json"), (b"content-length", b"1024")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b'"' + b"x" * 1022 + b'"'})


if __name__ == "__main__":
    kind, where, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
    if kind == "list":
        uvicorn.run(
            bare_list(where, sys.stdin.read()),
            port=port,
            log_config=None,
            access_log=False,
            loop="uvloop",
            http="httptools",
        )
    elif kind == "answer":
        uvicorn.run(
            one_answer,
            uds=where,
            log_config=None,
            access_log=False,
            loop="uvloop",
            http="httptools",
            lifespan="off",
        )
    else:
        uvloop.install()
        web.run_app(bare_proxy(where), host="127.0.0.1", port=port, access_log=None, print=None)
