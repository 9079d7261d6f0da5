"""The gateway with a register behind it."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.apps import Running


@pytest.fixture
async def events(
    start: Callable[[str, str], Any],
    register_template: str,
) -> Running:
    """services/events, running on a copy of a database with the shipped register."""
    running: Running = await start("services.events", register_template)
    return running
