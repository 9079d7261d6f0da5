"""No day or moment enters that has none before or after it: every body and query is bounded."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Annotated, Any, get_args, get_origin

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import BaseModel

from services.kit.days import Day
from tests.support.apps import built

(BOUNDS,) = get_args(Day)[1:]


def unbounded(kind: Any, told: Iterable[Any] = (), at: str = "") -> Iterator[str]:
    """Where a type takes any day at all; `told` is what Annotated says of it."""
    if get_origin(kind) is Annotated:
        inner, *more = get_args(kind)
        yield from unbounded(inner, (*told, *more), at)
    elif isinstance(kind, type) and issubclass(kind, date):
        if BOUNDS not in told:
            yield at
    elif isinstance(kind, type) and issubclass(kind, BaseModel):
        for name, field in kind.model_fields.items():
            yield from unbounded(field.annotation, field.metadata, f"{kind.__name__}.{name}")
    else:
        for each in get_args(kind):
            yield from unbounded(each, (), at)


def taken(app: FastAPI) -> Iterator[str]:
    """Every such place in what the routes of an app take."""
    for route in iter_route_contexts(app.routes):
        if isinstance(route.original_route, APIRoute):
            asked = [route.original_route.dependant]
            for dependant in asked:
                asked += dependant.dependencies
                for field in (*dependant.body_params, *dependant.query_params):
                    info = field.field_info
                    at = f"{route.original_route.path} {field.name}"
                    yield from unbounded(info.annotation, info.metadata, at)


@pytest.mark.parametrize("package", ["services.events", "services.venues", "gateway"])
def test_every_day_that_a_route_takes_has_a_day_before_and_after_it(
    package: str, environment: pytest.MonkeyPatch
) -> None:
    assert sorted(set(taken(built(package)))) == []


def test_a_day_that_takes_any_is_found() -> None:
    class Body(BaseModel):
        free: date | None
        bounded: list[Day] | None

    assert list(unbounded(Body)) == ["Body.free"]
