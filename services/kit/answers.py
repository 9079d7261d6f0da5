"""How problems are answered: RFC 9457 in the caller's language, naming the field and the rule."""

from decimal import Decimal
from typing import Any

import asyncpg
import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from services.kit.context import current
from services.kit.languages import DEFAULT, WORDS, content_language, say
from services.kit.logs import log
from services.kit.problems import (
    BrokenRule,
    Conflict,
    FieldError,
    Problem,
    TooSlow,
    Unavailable,
    slug_of,
    status_of,
)
from services.kit.routing import Replay


class InternalError(Problem):
    """Something broke on our side; the request id finds it in the logs."""


class MethodNotAllowed(Problem):
    """The path exists, the method does not."""


class NotFound(Problem):
    """No such path."""


class UnreadableBody(BrokenRule):
    """The body is not text in UTF-8, or is nested too deeply, or holds too long a number."""


_HTTP: dict[int, type[Problem]] = {400: UnreadableBody, 404: NotFound, 405: MethodNotAllowed}


# InternalClientError: PostgreSQL said goodbye between two statements, and the driver was surprised.
_ASYNCPG = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
# asyncpg's errors while connecting come as they are, a missing socket as FileNotFoundError.
DATABASE_ERRORS = (DBAPIError, PoolTimeout, ConnectionError, FileNotFoundError, *_ASYNCPG)


_NAMED = {"permission", "action", "state"}
"""Values that are codes, said by `permission-…`, `action-…`, `state-…` where words.toml has it."""


class Busy(Unavailable):
    """The database could not serve this now; the same request may be sent again."""

    retry_after = 1


def problem_body(
    problem: Problem, language: str, *, status: int | None = None
) -> tuple[dict[str, Any], list[str]]:
    """The body of the answer, and the languages that its texts came out in."""
    slug = slug_of(type(problem))
    entry = WORDS.get(slug, {})
    used: list[str] = []

    def text(part: str, values: dict[str, Any], of: dict[str, Any]) -> str:
        words, tag = say(of.get(part, {}), language)
        used.append(tag)
        for name in _NAMED & values.keys():
            named = WORDS.get(f"{name}-{values[name]}".replace("_", "-"), {})
            said, _ = say(named.get("title", {}), tag)
            values = {**values, name: said or values[name]}
        try:
            return words.format(**values)
        except (KeyError, IndexError):
            return words

    work = current()
    body: dict[str, Any] = {
        "type": f"/api/v1/problems/{slug}",
        "title": text("title", problem.values, entry) or slug,
        "status": status or status_of(type(problem)),
        "instance": work.request_id if work else None,
    }
    if "detail" in entry:
        body["detail"] = text("detail", problem.values, entry)
    if problem.errors:
        body["errors"] = [
            {
                "pointer": error.pointer,
                "rule": error.rule,
                "detail": text("title", dict(error.values), WORDS.get(error.rule, {}))
                or error.rule,
            }
            for error in problem.errors
        ]
    return body, used


def answer(problem: Problem, language: str, *, status: int | None = None) -> Response:
    """The problem as a response."""
    body, used = problem_body(problem, language, status=status)
    headers = {"Content-Language": content_language(used) or DEFAULT, "Cache-Control": "no-store"}
    if problem.retry_after is not None:
        headers["Retry-After"] = str(problem.retry_after)
    if body["status"] == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return Response(
        orjson.dumps(body), body["status"], headers, media_type="application/problem+json"
    )


def _language() -> str:
    work = current()
    return work.language if work else DEFAULT


def _pointer(location: tuple[Any, ...]) -> str:
    parts = (
        location[1:]
        if location and location[0] in ("body", "query", "path", "header")
        else location
    )
    return "/" + "/".join(str(part) for part in parts)


def _from_validation(error: RequestValidationError) -> Problem:
    fields = []
    for item in error.errors():
        rule = "missing-field" if item["type"] == "missing" else item["type"].replace("_", "-")
        values = {
            key: value
            for key, value in item.get("ctx", {}).items()
            if isinstance(value, str | int | float | Decimal)
        }
        if "expected" in values:
            # pydantic's list of codes, without its English "or".
            values["expected"] = str(values["expected"]).replace("' or '", "', '")
        fields.append(FieldError(_pointer(tuple(item["loc"])), rule, tuple(values.items())))
    return BrokenRule(errors=tuple(fields))


def from_database(error: Exception, constraints: dict[str, type[Problem]]) -> Problem:
    """The named problem behind a database error, or what to say of a database that is away."""
    problem = _named(error, constraints)
    if status_of(type(problem)) >= 500:
        log.error("database_failed", error=repr(error)[:500])
    return problem


def _named(error: Exception, constraints: dict[str, type[Problem]]) -> Problem:
    cause = getattr(getattr(error, "orig", None), "__cause__", None)
    if isinstance(error, _ASYNCPG):
        cause = error
    name = getattr(cause, "constraint_name", None)
    state = getattr(cause, "sqlstate", None)
    if name in constraints:
        return constraints[name]()
    if state == "57014":
        return TooSlow()
    if state in ("22021", "22P05"):  # a NUL within a text
        return BrokenRule()
    if isinstance(error, IntegrityError | asyncpg.IntegrityConstraintViolationError):
        return Conflict()
    if (
        isinstance(error, PoolTimeout | OSError)
        or state is None
        or state[:2] in ("08", "40", "53", "57")
    ):
        return Busy()
    return InternalError()


def install(app: FastAPI, constraints: dict[str, type[Problem]]) -> None:
    """Every error of this app leaves as problem+json; a 5xx leaks nothing and is logged whole."""

    async def on_problem(_: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)
        return answer(error, _language())

    async def on_invalid(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return answer(_from_validation(error), _language())

    async def on_http(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        problem = _HTTP.get(error.status_code, InternalError)()
        # FastAPI says 400 of a body that it cannot read; here a request that is wrong is a 422.
        status = None if error.status_code == 400 else error.status_code
        return answer(problem, _language(), status=status)

    async def on_database(_: Request, error: Exception) -> Response:
        return answer(from_database(error, constraints), _language())

    async def on_replay(_: Request, error: Exception) -> Response:
        assert isinstance(error, Replay)
        return error.response

    async def on_crash(_: Request, __: Exception) -> Response:
        return answer(InternalError(), _language())

    app.add_exception_handler(Exception, on_crash)
    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(HTTPException, on_http)
    for kind in DATABASE_ERRORS:
        app.add_exception_handler(kind, on_database)
    app.add_exception_handler(Replay, on_replay)
