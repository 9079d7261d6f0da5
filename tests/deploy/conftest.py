"""Fixtures of the deploy tests: a short private folder, and an installation in it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.home import Home
from deploy.leftovers import leftovers
from tests.deploy.installations import Installation, gone
from tests.support.folders import throwaway


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder with a short path that any user may pass through."""
    with throwaway("t") as made:
        yield made


@pytest.fixture(scope="module")
def installation(folder: Path) -> Iterator[Installation]:
    """An installation; whatever still runs of it at the end is waited for."""
    made = Installation(Home(folder / "home"))
    yield made
    made.end()
    assert gone(lambda: leftovers(made.home))
