"""Wire shapes of overviews."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel

from gateway.overviews.rules import PartStatus


class PartOut(BaseModel):
    """One part. What is not `ok` may still carry data: the last that this gateway gave the same
    caller, `age_s` seconds ago."""

    status: PartStatus
    age_s: int | None
    """How old `data` is, in seconds; null without data."""
    reason: str | None
    """Slug of the problem (/problems/<slug>) when the status is not `ok`."""
    data: Any


class OverviewOut(BaseModel):
    """Parts gathered over all services, about one division."""

    division_code: str
    as_of: datetime
    complete: bool
    """Every part that this caller may see is `ok`."""
    parts: dict[str, PartOut]
