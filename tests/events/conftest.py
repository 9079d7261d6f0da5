"""Fixtures of services/events: databases with the real register in them."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.apps import Running


@pytest.fixture
async def events_with_register(start: Callable[[str, str], Any], register_template: str) -> Running:
    """services/events, running on a copy of that database."""
    running: Running = await start("services.events", register_template)
    return running
