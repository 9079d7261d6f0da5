"""A service running in the test's own process, spoken to over HTTP as the gateway would."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any
from uuid import UUID

import httpx
from fastapi import FastAPI
from nats.js.errors import NotFoundError
from sqlalchemy import text

from services.kit.access import Caller, Grant, Kind, Role
from services.kit.app import Kit
from services.kit.db import run
from services.kit.ids import uuid7
from services.kit.settings import suite
from services.kit.tokens import Signer


@dataclass
class Running:
    """A running service: `as_(caller)` is a client that speaks with that caller's token."""

    app: FastAPI
    name: str
    signer: Signer
    database_name: str = ""

    @property
    def kit(self) -> Kit:
        kit: Kit = self.app.state.kit
        return kit

    def as_(self, caller: Caller | None = None, **headers: str) -> httpx.AsyncClient:
        """A client for `caller`; None sends no token."""
        if caller is not None:
            headers["Authorization"] = f"Bearer {self.signer.sign(caller, self.name)}"
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app, raise_app_exceptions=False),
            base_url="http://service",
            headers=headers,
        )

    async def scalar(self, sql: str, **values: Any) -> Any:
        """One value straight from the database, seen as the service principal."""
        from services.kit.access import SERVICE

        async with self.kit.database.transaction(SERVICE) as db:
            return (await run(db, text(sql), values)).scalar()

    async def rows(self, sql: str, **values: Any) -> list[tuple[Any, ...]]:
        """Rows straight from the database, seen as the service principal."""
        from services.kit.access import SERVICE

        async with self.kit.database.transaction(SERVICE) as db:
            return [tuple(row) for row in (await run(db, text(sql), values)).all()]


@cache
def built(package: str) -> FastAPI:
    """A package's app, built once a worker: its parts are made anew by each run of its lifespan."""
    app: FastAPI = import_module(f"{package}.main").create_app()
    return app


@asynccontextmanager
async def run_app(package: str) -> AsyncIterator[Running]:
    """Run a package's app with the environment of this moment."""
    app = built(package)
    async with app.router.lifespan_context(app):
        yield Running(app, package.rpartition(".")[2], Signer(suite().keys))


def staff(role: Role | str, division: str, subject: UUID | None = None) -> Caller:
    """A member of staff with one grant."""
    return Caller(Kind.STAFF, subject or uuid7(), (Grant(Role(role), division),))


def citizen(subject: UUID | None = None) -> Caller:
    """A person of the public who signed in."""
    return Caller(Kind.CITIZEN, subject or uuid7())


async def until(
    check: Callable[[], Awaitable[Any]], *, within_s: float = 10, every_s: float = 0.05
) -> Any:
    """Wait until `check()` answers something true, and answer it, or fail."""
    deadline = asyncio.get_running_loop().time() + within_s
    while True:
        try:
            found = await check()
        except NotFoundError:  # a stream or consumer that is about to be made
            found = None
        if found:
            return found
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(f"not so within {within_s} s: {found!r}")
        await asyncio.sleep(every_s)
