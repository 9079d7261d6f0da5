"""The app factory: what a service is, and everything that every service has."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, FastAPI, Request, Response
from nats.aio.client import Client
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import func, select, text
from starlette.types import ASGIApp, Receive, Scope, Send

from services.kit import answers, logs
from services.kit.access import Caller, P
from services.kit.db import Database
from services.kit.facts import Fact
from services.kit.holdings import Holding
from services.kit.holdings import router as holdings_router
from services.kit.identity import from_token
from services.kit.inbox import Consumer, Taker
from services.kit.jobs.rules import Job
from services.kit.jobs.work import FORGET_JOBS, Worker, job_figures
from services.kit.languages import WORDS, load_words
from services.kit.logs import log
from services.kit.metrics import FACTS_UNSENT
from services.kit.objects import object_store
from services.kit.problems import Problem, Unavailable, all_problems, slug_of, status_of
from services.kit.recoding import Codes, Follows, learn_codes
from services.kit.relay import Relay
from services.kit.routing import forget_old_keys
from services.kit.schedules import Schedule, run_schedule
from services.kit.settings import database_of, suite
from services.kit.tables import dead_letters, outbox
from services.kit.telemetry import Telemetry
from services.kit.tokens import Verifier
from services.kit.vault import Vault

FORGET_KEYS = Schedule("forget_old_keys", 3600, forget_old_keys)


class NotReady(Unavailable):
    """A part that this service needs is not up."""

    retry_after = 2


@dataclass(frozen=True)
class Service:
    """What a service declares in its `main.py`; the kit does the rest."""

    name: str
    package: str
    routers: tuple[APIRouter, ...] = ()
    consumers: tuple[Consumer, ...] = ()
    schedules: tuple[Schedule, ...] = ()
    jobs: tuple[Job, ...] = ()
    follows: tuple[Follows, ...] = ()
    """The tables whose rows follow divisions that change."""
    walls: tuple[P, ...] = ()
    constraints: dict[str, type[Problem]] = field(default_factory=dict)
    holdings: tuple[Holding, ...] = ()
    """What is held about people, and how it is copied, withdrawn and erased."""
    publishes: bool = True
    authenticate: Callable[[Request], Awaitable[Caller]] = from_token
    layers: tuple[Any, ...] = ()
    """Plain ASGI middleware between telemetry and the routes, outermost first."""
    on_start: tuple[Callable[["Kit"], Awaitable[None]], ...] = ()


class Kit:
    """The running parts of a service, at `request.app.state.kit`."""

    def __init__(self, service: Service) -> None:
        settings, own = suite(), database_of(service.name)
        self.service = service
        self.database = Database(
            own.database_url,
            name=service.name,
            walls=service.walls,
            size=own.pool_size,
            hot_size=own.hot_pool_size,
        )
        self.verifier = Verifier(settings.keys, service.name)
        self.vault = Vault(settings.keys)
        self.keys = settings.keys
        self.objects = object_store()
        self.codes = Codes()
        self.nats: Client = Client()
        self.relay: Relay | None = None
        self._nats_url = settings.nats_url
        self._tasks: list[asyncio.Task[None]] = []
        self.parts: dict[type[Any], Any] = {}
        """What `on_start` hooks keep for the routes, by type."""

    async def start(self) -> None:
        """Connect, and start the loops. NATS may come later: requests need only the database."""
        self.spawn(self._connect_nats(), "nats")
        if self.service.publishes:
            self.relay = Relay(self.service.name, self.database.dsn, self.nats)
            self.database.on_facts = self.relay.wake  # type: ignore[method-assign]
            self.spawn(self.relay.run(), "relay")
        for consumer in self.service.consumers:
            for stream in consumer.streams:
                taker = Taker(self.service.name, self.database, self.nats, consumer, stream)
                self.spawn(taker.run(), f"{taker.durable}@{stream}")
        for schedule in (FORGET_KEYS, *self.service.schedules):
            self.spawn(run_schedule(schedule, self), schedule.name)
        if self.service.jobs:
            self._start_workers()
        if self.service.follows:
            self.spawn(learn_codes(self), "learn_codes")
        for hook in self.service.on_start:
            await hook(self)

    def _start_workers(self) -> None:
        own, wake = database_of(self.service.name), asyncio.Event()
        self.database.on_jobs = wake.set  # type: ignore[method-assign]
        for number in range(own.job_workers):
            worker = Worker(self, wake, own.job_lease_s)
            self.spawn(worker.run(look_at_once=number == 0), f"jobs-{number}")
        self.spawn(run_schedule(FORGET_JOBS, self), FORGET_JOBS.name)

    async def _connect_nats(self) -> None:
        await self.nats.connect(
            self._nats_url,
            name=self.service.name,
            max_reconnect_attempts=-1,
            reconnect_time_wait=1,
            allow_reconnect=True,
            error_cb=_nats_error,
        )
        # The client reconnects by itself from here on; an ended loop would read as a failure.
        await asyncio.Event().wait()

    async def stop(self) -> None:
        """Stop the loops, then let go of NATS and the database."""
        pending = set(self._tasks)
        while pending:
            # Again and again: Python 3.11's wait_for can swallow a cancellation.
            for task in pending:
                task.cancel()
            _, pending = await asyncio.wait(pending, timeout=1)
        await self.nats.close()
        await self.database.close()

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Run a loop until the service stops; `/health/ready` says when one has died."""
        task = asyncio.create_task(work, name=name)
        self._tasks.append(task)
        return task

    async def state(self) -> dict[str, Any]:
        """Each dependency's state, and what waits or failed."""
        async with self.database.engine.connect() as connection:
            await connection.execute(text("SELECT 1"))
            unsent = (
                await connection.execute(
                    select(func.count()).select_from(outbox).where(outbox.c.sent_at.is_(None))
                )
            ).scalar_one()
            dead = (
                await connection.execute(
                    select(func.count())
                    .select_from(dead_letters)
                    .where(dead_letters.c.replayed_at.is_(None))
                )
            ).scalar_one()
            working = await job_figures(connection) if self.service.jobs else {}
        FACTS_UNSENT.set(unsent)
        died = [task.get_name() for task in self._tasks if task.done()]
        return {
            "service": self.service.name,
            "database": "up",
            "nats": "up" if self.nats.is_connected else "down",
            "relay": "none"
            if self.relay is None
            else ("up" if self.relay.ready.is_set() else "starting"),
            "loops_stopped": died,
            "facts_unsent": unsent,
            "dead_letters": dead,
            **working,
        }


async def _nats_error(error: Exception) -> None:
    log.warning("nats", error=repr(error))


async def kit_of(request: Request) -> Kit:
    """The running parts of this service."""
    kit: Kit = request.app.state.kit
    return kit


KitDep = Annotated[Kit, Depends(kit_of)]

_plumbing = APIRouter(tags=["health"])


@_plumbing.get("/health/live", include_in_schema=False)
async def live() -> dict[str, str]:
    """The process answers."""
    return {"status": "up"}


@_plumbing.get("/health/ready", include_in_schema=False)
async def ready(kit: KitDep) -> dict[str, Any]:
    """Every dependency answers; 503 names the one that does not."""
    state = await kit.state()
    if state["nats"] != "up" or state["relay"] == "starting" or state["loops_stopped"]:
        raise NotReady(
            part="nats" if state["nats"] != "up" else ", ".join(state["loops_stopped"]) or "relay"
        )
    return {"status": "ready", **state}


@_plumbing.get("/metrics", include_in_schema=False)
async def metrics() -> Response:
    """Prometheus text; for the operator's network, the gateway does not route it."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


_DOCUMENTING = threading.Lock()


async def document_of(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document. Making it takes a second, once: nobody else waits for that."""

    def made() -> dict[str, Any]:
        with _DOCUMENTING:
            return app.openapi()

    return await asyncio.to_thread(made)


@_plumbing.get("/openapi.json", include_in_schema=False)
async def openapi(request: Request) -> Response:
    """This service's document."""
    document = await document_of(request.app)
    return Response(orjson.dumps(document), media_type="application/json")


@_plumbing.get("/problems", include_in_schema=False)
async def problems() -> dict[str, Any]:
    """What this service's problems say, with their statuses: the gateway documents them."""
    return problem_texts()


def problem_texts() -> dict[str, Any]:
    """Every slug that this process can say: its status (null: a rule about a field), its words."""
    kinds = {slug_of(kind): kind for kind in all_problems()}
    return {
        slug: {"status": status_of(kinds[slug]) if slug in kinds else None, "words": words}
        for slug, words in WORDS.items()
    }


@_plumbing.get("/facts", include_in_schema=False)
async def facts(kit: KitDep) -> dict[str, Any]:
    """The JSON Schema of every fact that this service publishes, by type."""
    return {
        type_: fact.model_json_schema()
        for type_, fact in sorted(Fact.published.items())
        if type_.startswith(f"{kit.service.name}.")
    }


class App(FastAPI):
    """FastAPI behind our own layers: what they settle never enters Starlette's stack."""

    front: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope["app"] = self
            await self.front(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def build(service: Service) -> FastAPI:
    """The service as an ASGI app: routes, problems, telemetry, health; its parts start with it."""
    settings = suite()
    logs.configure(service.name, settings.kepu_log_format, settings.kepu_log_level)
    load_words("services.kit")
    load_words(service.package)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        kit = app.state.kit = Kit(service)
        await kit.start()
        log.info("started", service=service.name)
        yield
        await kit.stop()
        log.info("stopped", service=service.name)

    app = App(
        title=f"kepu {service.name}",
        version="1",
        lifespan=lifespan,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        separate_input_output_schemas=False,
    )
    inner: ASGIApp = super(App, app).__call__
    for layer in reversed(service.layers):
        inner = layer(inner)
    app.front = Telemetry(inner)
    answers.install(app, service.constraints)
    app.include_router(_plumbing)
    if service.authenticate is from_token:
        # Not at the front door: the gateway answers for what it holds itself, without HTTP.
        app.include_router(holdings_router)
    for router in service.routers:
        app.include_router(router)
    return app
