"""Fixtures of the kit's tests."""

import pytest

from tests.support.apps import Running
from tests.support.buckets import localbucket, rclone

__all__ = ["localbucket", "rclone"]


@pytest.fixture
def divisions_db(events: Running) -> Running:
    """A database that has the code_multirange type."""
    return events
