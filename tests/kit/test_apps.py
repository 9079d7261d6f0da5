"""What is true of every app: no blocking dependency, no undocumented shape, problems with words."""

import io
import json
import sys
from collections.abc import Iterator
from importlib import import_module
from inspect import isasyncgenfunction, iscoroutinefunction
from typing import Any

import pytest
import structlog
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from services.kit import logs
from services.kit.app import App
from services.kit.languages import WORDS
from services.kit.problems import all_problems, slug_of

PACKAGES = ("services.events", "services.venues", "gateway")


@pytest.fixture(params=PACKAGES)
def app(request: pytest.FixtureRequest, environment: pytest.MonkeyPatch) -> FastAPI:
    """Each app, built and not started."""
    made: App = import_module(f"{request.param}.main").create_app()
    return made


def routes(router: Any) -> Iterator[APIRoute]:
    """Every route, also of routers within routers."""
    for route in router.routes:
        if isinstance(route, APIRoute):
            yield route
        else:
            inner = getattr(route, "original_router", None) or getattr(route, "router", None)
            if inner is not None:
                yield from routes(inner)


def calls(dependant: Dependant) -> Iterator[Any]:
    """Every callable that a request runs."""
    yield dependant.call
    for each in dependant.dependencies:
        yield from calls(each)


def test_nothing_runs_in_a_thread(app: FastAPI) -> None:
    found = list(routes(app.router))
    assert len(found) > 5
    blocking = {
        f"{route.path}: {call.__name__}"
        for route in found
        for call in calls(route.dependant)
        if call is not None
        and not isinstance(call, type)
        and not iscoroutinefunction(call)
        and not isasyncgenfunction(call)
    }
    assert blocking == set()


def test_every_problem_has_words_in_chinese_and_english(app: FastAPI) -> None:
    silent = {
        slug_of(kind)
        for kind in all_problems()
        if kind.__module__.startswith(PACKAGES)
        and kind.__module__.startswith(app.title.replace("kepu ", "services."))
        and not {"zh-CN", "en"} <= set(WORDS.get(slug_of(kind), {}).get("title", {}))
    }
    assert silent == set()


def test_a_crash_is_logged_without_the_secrets_at_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written))
    structlog.reset_defaults()
    logs.configure("test", "json", "info")
    token = "very-secret-token"
    try:
        raise ValueError("broken")
    except ValueError:
        structlog.get_logger().exception("crashed", phone="13812345678")
    line = json.loads(written.getvalue())
    assert (line["event"], line["phone"]) == ("crashed", "138****5678")
    assert token not in written.getvalue().decode()
    structlog.reset_defaults()
