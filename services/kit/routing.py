"""The router of every capability: POST takes an Idempotency-Key, once and for all.

Same key, caller, route and body → the stored answer of the first success; 409 while the first one
runs; 422 when the body differs. The answer is stored in the transaction of its effect; failures
are not stored. Keys live seven days.
"""

from collections.abc import Callable, Coroutine
from datetime import timedelta
from hashlib import sha256
from inspect import get_annotations, signature
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request, Response
from fastapi.routing import APIRoute
from pydantic import TypeAdapter
from sqlalchemy import delete, func, select, tuple_
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.routing import Match
from starlette.types import Scope

from services.kit.db import Db, run
from services.kit.identity import CallerDep, caller_of
from services.kit.problems import BrokenRule, Conflict
from services.kit.tables import idempotency_keys as keys

Handler = Callable[..., Any]
REPEATED = "What is there: the same was sent, or done, before"
_KEPT_HEADERS = ("location", "etag", "content-type", "content-language")
KEPT_DAYS = 7
LONGEST_KEY = 200


class KeyInUse(Conflict):
    """The first request with this Idempotency-Key is still running."""


class KeyReused(BrokenRule):
    """The Idempotency-Key was used for another body."""


async def forget_old_keys(db: AsyncSession) -> int:
    """A turn of the schedule that lets go of keys after KEPT_DAYS; answers how many went."""
    old = (
        select(keys.c.scope, keys.c.key)
        .where(keys.c.created_at < func.now() - timedelta(days=KEPT_DAYS))
        .limit(1000)
    )
    gone = await run(db, delete(keys).where(tuple_(keys.c.scope, keys.c.key).in_(old)))
    return gone.rowcount


class Replay(Exception):
    """Not an error: the stored answer of an earlier request with the same key."""

    def __init__(self, response: Response) -> None:
        self.response = response


async def once(
    request: Request,
    db: Db,
    caller: CallerDep,
    idempotency_key: Annotated[str | None, Header(min_length=1, max_length=LONGEST_KEY)] = None,
) -> None:
    """Look the key up and hold it until the transaction ends."""
    if idempotency_key is None or caller.subject is None:
        return
    scope = f"{caller.subject} {request.method} {request.url.path}"
    body_hash = sha256(await request.body()).digest()
    lock = func.pg_try_advisory_xact_lock(func.hashtextextended(f"{scope} {idempotency_key}", 0))
    if not (await run(db, select(lock))).scalar_one():
        raise KeyInUse()
    found = (
        await run(db, select(keys).where(keys.c.scope == scope, keys.c.key == idempotency_key))
    ).one_or_none()
    if found is None:
        request.state.once = {"scope": scope, "key": idempotency_key, "body_hash": body_hash}
    elif found.body_hash != body_hash:
        raise KeyReused()
    else:
        raise Replay(
            Response(found.body, found.status, {**found.headers, "Idempotency-Replayed": "true"})
        )


async def keep(request: Request, db: AsyncSession, response: Response) -> None:
    """Store the answer of a keyed request in the request's own transaction."""
    pending = getattr(request.state, "once", None)
    if pending is None or response.status_code >= 400:
        return
    headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
    values = {"status": response.status_code, "headers": headers, "body": bytes(response.body)}
    await run(db, keys.insert().values(**pending, **values))


class KitRoute(APIRoute):
    """Stores the answer of a keyed request."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def handler(request: Request) -> Response:
            response = await answer(request)
            if getattr(request.state, "once", None) is not None:
                await keep(request, request.state.db, response)
            return response

        return handler


class DirectRoute(KitRoute):
    """A POST of the hottest writes, whose handler takes (db, caller, kit, given, response): these
    five are given to it directly, where FastAPI would solve for any shape, at a tenth of the time
    of a request. It answers as any other; a body that does not fit goes the general way, which
    says what is wrong (docs/decisions/0026)."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        general = super().get_route_handler()
        handled, shape = self.endpoint, get_annotations(self.endpoint, eval_str=True)
        if [*shape] != ["db", "caller", "kit", "given", "response", "return"]:
            raise TypeError(f"{handled.__qualname__} is no direct route: it takes {[*shape]}")
        given_as, answered_as = TypeAdapter(shape["given"]), TypeAdapter(shape["return"])
        before = [each.dependency for each in self.dependencies]
        marks = [mark for mark in before if mark is not None and mark is not once]
        keyed = once in before
        status = self.status_code or 200

        async def handler(request: Request) -> Response:
            key = request.headers.get("idempotency-key") if keyed else None
            if request.headers.get("content-type") != "application/json" or (
                key is not None and not 1 <= len(key) <= LONGEST_KEY
            ):
                return await general(request)
            try:
                given = given_as.validate_python(await request.json())
            except (ValueError, RecursionError):
                return await general(request)
            marked = Response(status_code=status)
            del marked.headers["content-length"]
            for mark in marks:
                await mark(marked)
            kit = request.app.state.kit
            caller = await caller_of(request)
            async with kit.database.transaction(caller) as db:
                request.state.db = db
                await once(request, db, caller, key)
                answer = await handled(db=db, caller=caller, kit=kit, given=given, response=marked)
                body = answered_as.dump_json(answer, by_alias=True)
                response = Response(body, marked.status_code, media_type="application/json")
                response.headers.raw.extend(marked.headers.raw)
                await keep(request, db, response)
            return response

        return handler


class Router(APIRouter):
    """APIRouter with the kit's conventions."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(route_class=KitRoute, **kwargs)
        self._counted = -1
        self._segments: frozenset[str] | None = None

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """As any router, but only asked by requests for its own first segments: with thirty
        routers in a service, trying each pattern of each was a sixth of a request's time."""
        if self._counted != len(self.routes):
            self._counted = len(self.routes)
            firsts = [getattr(route, "path", "/{").split("/", 2)[1] for route in self.routes]
            self._segments = None if any("{" in each for each in firsts) else frozenset(firsts)
        if self._segments is None or scope["path"].split("/", 2)[1] in self._segments:
            return super().matches(scope)
        return Match.NONE, {}

    def post(  # type: ignore[override]
        self,
        path: str,
        *,
        keyed: bool = True,
        repeats: bool = False,
        direct: bool = False,
        **kwargs: Any,
    ) -> Callable[[Handler], Handler]:
        """`keyed=False` for what must leave no trail: a key keeps the answer, and a hash of the
        body; so no open personal field, and nothing that could be guessed by its hash. `repeats`
        for what answers 200 with what is there when it is asked for a second time. `direct` for
        the hottest writes (DirectRoute)."""
        if keyed:
            once_only = Depends(once, scope="function")
            kwargs["dependencies"] = [*kwargs.get("dependencies", ()), once_only]

        def declare(handler: Handler) -> Handler:
            if repeats:
                again = {"model": signature(handler).return_annotation, "description": REPEATED}
                kwargs["responses"] = {200: again, **kwargs.get("responses", {})}
            if direct:
                self.add_api_route(
                    path, handler, methods=["POST"], route_class_override=DirectRoute, **kwargs
                )
                return handler
            return super(Router, self).post(path, **kwargs)(handler)

        return declare
