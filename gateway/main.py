"""gateway: the app."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from gateway.documentation.routes import router as documentation
from gateway.documentation.routes import start_documents
from gateway.door import Door
from gateway.factors.routes import router as factors
from gateway.grants import CONSTRAINTS
from gateway.grants.recoding import CONSUMER as DIVISIONS
from gateway.grants.recoding import FOLLOWS
from gateway.grants.routes import router as grants
from gateway.identity.accounts import router as accounts
from gateway.identity.audit import router as audit
from gateway.identity.callers import authenticate
from gateway.identity.me import router as me
from gateway.identity.pruning import SCHEDULE as PRUNE
from gateway.identity.sessions import router as sessions
from gateway.live.routes import router as live
from gateway.live.routes import start_feed
from gateway.messages.actions import check_channels
from gateway.messages.inbox import CONSUMER as MESSAGES
from gateway.messages.routes import router as messages
from gateway.overviews.routes import router as overviews
from gateway.overviews.routes import start_memory
from gateway.parts import running
from gateway.rights.routes import router as rights
from services.kit.access import P
from services.kit.app import Service, build

SERVICE = Service(
    name="gateway",
    package="gateway",
    routers=(
        sessions,
        me,
        factors,
        rights,
        accounts,
        grants,
        audit,
        messages,
        live,
        overviews,
        documentation,
    ),
    consumers=(MESSAGES, DIVISIONS),
    follows=FOLLOWS,
    schedules=(PRUNE,),
    walls=(P.ACCOUNT_MANAGE,),
    constraints=CONSTRAINTS,
    publishes=False,
    authenticate=authenticate,
    layers=(Door,),
    on_start=(check_channels, start_feed, start_memory, start_documents),
)


def create_app() -> FastAPI:
    """The gateway as an ASGI app; its own parts live inside the kit's."""
    app = build(SERVICE)
    kit_lives = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with kit_lives(app), running(app.state.kit) as app.state.gateway:
            yield

    app.router.lifespan_context = lifespan
    return app
