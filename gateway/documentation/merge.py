"""One OpenAPI 3.1 document out of every service's own. Pure: documents in, document out."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from gateway.documentation.shared import LANGUAGE, SECURITY, problems_of, shared_components
from gateway.segments import GATEWAY, PREFIX, SHARED, service_of

Document = dict[str, Any]
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
# FastAPI's own idea of a 422, which no service of ours answers with.
_FOREIGN = ("HTTPValidationError", "ValidationError")


def merge(
    documents: Mapping[str, Document], *, unavailable: tuple[str, ...], cookie: str
) -> Document:
    """The whole API as clients see it, services in the given order.

    `unavailable` names services whose document is missing or old. A schema name that two services
    use for different things is prefixed with the later service's name; the same goes for
    operation ids.
    """
    paths: dict[str, Any] = {}
    components: dict[str, Any] = shared_components(cookie)
    schemas: dict[str, Any] = components["schemas"]
    taken: set[str] = set()
    for service, document in documents.items():
        own = {
            name: schema
            for name, schema in document.get("components", {}).get("schemas", {}).items()
            if name not in _FOREIGN
        }
        names = _new_names(service, own, schemas)
        rename = _renaming(names)
        schemas |= {names[name]: rename(schema) for name, schema in own.items()}
        for path, item in _public_paths(service, document):
            if path not in paths:  # /jobs and /files are the same in every service
                paths[path] = _item(service, path, rename(item), taken)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "科普 / Kepu",
            "version": "1",
            "description": "One API for phones, browsers, county tools and partners.",
        },
        "servers": [{"url": "/"}],
        "security": SECURITY,
        "tags": [{"name": tag} for tag in sorted(_tags(paths))],
        "paths": dict(sorted(paths.items())),
        "components": components,
        "x-unavailable": list(unavailable),
    }


def _public_paths(service: str, document: Document) -> Iterator[tuple[str, Any]]:
    """The paths that the gateway routes to `service`, as clients write them."""
    for path, item in document["paths"].items():
        public = path if service == GATEWAY else PREFIX + path
        shared = public.removeprefix(PREFIX).split("/")[1] in SHARED
        if public.startswith(PREFIX) and (shared or (service_of(public) or GATEWAY) == service):
            yield public, item


def _new_names(service: str, own: Mapping[str, Any], taken: Mapping[str, Any]) -> dict[str, str]:
    def differs(name: str) -> bool:
        return name in taken and taken[name] != own[name]

    clash = {name for name in own if differs(name)}
    # Equal words may still differ in what they refer to: whoever refers to a clash is one too.
    while True:
        more = {
            name
            for name in own
            if name not in clash and name in taken and clash & set(_references(own[name]))
        }
        if not more:
            break
        clash |= more
    return {name: f"{service.capitalize()}{name}" if name in clash else name for name in own}


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        reference = node.get("$ref")
        if isinstance(reference, str):
            yield reference.rpartition("/")[2]
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


_SCHEMA = "#/components/schemas/"


def _renaming(names: Mapping[str, str]) -> Callable[[Any], Any]:
    """A copy of a document's node with its references under their new names."""

    def rename(node: Any) -> Any:
        if isinstance(node, dict):
            return {
                key: _SCHEMA + names.get(value.removeprefix(_SCHEMA), value.removeprefix(_SCHEMA))
                if key == "$ref" and isinstance(value, str) and value.startswith(_SCHEMA)
                else rename(value)
                for key, value in node.items()
            }
        if isinstance(node, list):
            return [rename(value) for value in node]
        return node

    return rename


def _item(service: str, path: str, item: dict[str, Any], taken: set[str]) -> dict[str, Any]:
    made: dict[str, Any] = {**item, "parameters": [*item.get("parameters", ()), LANGUAGE]}
    for method in METHODS:
        if method in item:
            made[method] = _operation(service, path, method, item[method], taken)
    return made


def _operation(
    service: str, path: str, method: str, given: dict[str, Any], taken: set[str]
) -> dict[str, Any]:
    operation = {**given, "operationId": _operation_id(service, path, method, given, taken)}
    operation["tags"] = given.get("tags") or [path.split("/")[3]]
    parameters = [
        each
        for each in given.get("parameters", ())
        if (each.get("in"), each.get("name", "").lower()) != ("header", "accept-language")
    ]
    if parameters or "parameters" in given:
        operation["parameters"] = parameters
    operation["responses"] = {
        status: answer
        for status, answer in given.get("responses", {}).items()
        if not any(name in _FOREIGN for name in _references(answer))
    }
    # A media type is documented without its parameters, as it is compared.
    for answer in operation["responses"].values():
        if "content" in answer:
            answer["content"] = {
                kind.partition(";")[0]: told for kind, told in answer["content"].items()
            }
    for status, problem in problems_of(path, method, given).items():
        operation["responses"].setdefault(status, problem)
    return operation


def _operation_id(
    service: str, path: str, method: str, operation: dict[str, Any], taken: set[str]
) -> str:
    """The handler's own name: `list_venues`; with the service's, or the path's, where it is taken.

    FastAPI's ids are the name, the service's path and the method, in one word.
    """
    given = str(operation.get("operationId") or "")
    inner = path if service == GATEWAY else path.removeprefix(PREFIX)
    name = given.removesuffix(re.sub(r"\W", "_", inner) + f"_{method}") or given or method
    longer = re.sub(r"\W+", "_", f"{service}_{name}_{inner}_{method}").strip("_")
    chosen = next(each for each in (name, f"{service}_{name}", longer) if each not in taken)
    taken.add(chosen)
    return chosen


def _tags(paths: Mapping[str, Any]) -> set[str]:
    return {
        tag
        for item in paths.values()
        for method in METHODS
        for tag in item.get(method, {}).get("tags", ())
    }
