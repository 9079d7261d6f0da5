"""What every operation has in common, said once: problems, language, how a caller is known."""

from collections.abc import Mapping
from typing import Any

from services.kit.languages import DEFAULT, LANGUAGES

PROBLEM = {"$ref": "#/components/responses/Problem"}
UNCHANGED = {"description": "Unchanged since the ETag of If-None-Match"}
LANGUAGE = {"$ref": "#/components/parameters/AcceptLanguage"}
SECURITY: list[dict[str, list[str]]] = [{}, {"bearer": []}, {"cookie": []}]
"""Nobody, a token, or a session: which of them suffices, the caller's permissions say."""

_PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457. `type` is the address of the problem's documentation.",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string", "description": "In the caller's language"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "In the caller's language"},
        "instance": {"type": ["string", "null"], "description": "Request id"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "rule", "detail"],
                "properties": {
                    "pointer": {"type": "string", "description": "JSON pointer of the field"},
                    "rule": {"type": "string", "description": "Slug of the rule it breaks"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}


_ANYWHERE = ("401", "403", "422", "429", "500", "503", "504")
_WRITING = ("404", "409", "413")
_VERSIONED = ("412", "428")


def problems_of(path: str, method: str, operation: Mapping[str, Any]) -> dict[str, Any]:
    """The answers that every operation of this shape may give besides its own, by status."""
    parameters = operation.get("parameters", ())
    named = {each.get("name", "").lower() for each in parameters}
    statuses = [*_ANYWHERE]
    if method == "get":
        # A query may name a division or an occurrence that is not there.
        statuses += ["404"] if "{" in path or named else []
        # Of a thing in its present state there may be nothing to give: a ticket of who waits.
        statuses += ["409"] if "{" in path else []
    else:
        statuses += _WRITING
    if "if-match" in named:
        statuses += _VERSIONED
    told = dict.fromkeys(sorted(statuses), PROBLEM)
    return {**told, "304": UNCHANGED} if method == "get" else told


def shared_components(cookie: str) -> dict[str, Any]:
    """The components that belong to no service; `cookie` is the session cookie's name."""
    return {
        "schemas": {"Problem": _PROBLEM_SCHEMA},
        "responses": {
            "Problem": {
                "description": "Something other than what was asked for",
                "content": {
                    "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
                },
            }
        },
        "parameters": {
            "AcceptLanguage": {
                "name": "Accept-Language",
                "in": "header",
                "description": "Content-Language tells what came back: a text without a translation"
                " falls back, and nothing is invented.",
                "schema": {"type": "string", "default": DEFAULT, "examples": list(LANGUAGES)},
            }
        },
        "securitySchemes": {
            "bearer": {"type": "http", "scheme": "bearer", "description": "Token of an app"},
            "cookie": {
                "type": "apiKey",
                "in": "cookie",
                "name": cookie,
                "description": "Session of a browser; changes are refused from other sites",
            },
        },
    }
