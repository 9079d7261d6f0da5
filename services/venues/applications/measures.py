"""Figures that the platform knows itself, by the key that a criterion names (`measure`).

Each is taken from the service's own tables for a period and says where from. What nobody recorded
is unknown, with the reason: silence is never counted as nothing.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.db import run
from services.kit.divisions import upper
from services.venues.applications.models import Application
from services.venues.assessment.rules import Figure
from services.venues.opening import queries as opening
from services.venues.opening.rules import Opening

LEAST_ANSWERS = 10
"""Fewer say nothing about how satisfied people were."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Of whom, and from which day to which, both included."""

    venue_id: UUID | None
    division_code: str | None
    first: date
    last: date

    def values(self) -> dict[str, Any]:
        """For the statements below."""
        code = self.division_code
        return {
            "venue": self.venue_id,
            "low": code,
            "high": code and upper(code),
            "first": self.first,
            "last": self.last,
        }


# The venue itself, or every venue at or below the division that is to be named.
_HERE = """WITH here AS (
    SELECT id FROM venues WHERE id = CAST(:venue AS uuid) OR (
        division_code >= CAST(:low AS text) AND division_code < CAST(:high AS text)))"""

# For one day a head-count stands in the place of its check-ins.
_VISITS = text(
    f"""{_HERE} SELECT sum(people) AS people, sum(children) AS children,
        count(DISTINCT day) AS days FROM visits v
    WHERE venue_id IN (SELECT id FROM here) AND day BETWEEN :first AND :last
        AND (source = 'head_count' OR NOT EXISTS (SELECT FROM visits h
            WHERE h.venue_id = v.venue_id AND h.day = v.day AND h.source = 'head_count'))"""
)
_ACTIVITIES = text(
    f"""{_HERE} SELECT count(*) AS held, sum(answers) AS answers, sum(satisfied) AS satisfied
    FROM held_activities WHERE held AND day BETWEEN :first AND :last
        AND venues && (SELECT COALESCE(array_agg(id), '{{}}') FROM here)"""
)


async def _opening(
    db: AsyncSession, asked: Asked, measure: str, counted: Callable[[Opening, date], bool]
) -> Figure:
    source = "from-opening-hours"
    if asked.venue_id is None:
        return Figure(measure, source, unknown="known-of-a-venue-only")
    found = await opening.opening(db, asked.venue_id, asked.first, asked.last)
    begins = min((rule.from_on for rule in found.rules), default=None)
    if begins is None or begins > asked.last:
        return Figure(measure, source, unknown="no-opening-hours")
    first = max(begins, asked.first)
    days = [first + timedelta(days=number) for number in range((asked.last - first).days + 1)]
    value = sum(counted(found, day) for day in days)
    return Figure(measure, source, value, days=len(days))


async def _open_days(db: AsyncSession, asked: Asked) -> Figure:
    return await _opening(db, asked, "open_days", lambda found, day: found.hours(day).is_open)


async def _free_days(db: AsyncSession, asked: Asked) -> Figure:
    def free(found: Opening, day: date) -> bool:
        hours = found.hours(day)
        return hours.is_open and hours.free

    return await _opening(db, asked, "free_days", free)


async def _visited(db: AsyncSession, asked: Asked, measure: str, column: str) -> Figure:
    row = (await run(db, _VISITS, asked.values())).one()
    value = getattr(row, column)
    if value is None:
        return Figure(measure, "from-recorded-visits", unknown="no-visits-recorded")
    return Figure(measure, "from-recorded-visits", int(value), days=row.days)


async def _visits(db: AsyncSession, asked: Asked) -> Figure:
    return await _visited(db, asked, "visits", "people")


async def _children(db: AsyncSession, asked: Asked) -> Figure:
    return await _visited(db, asked, "children_visits", "children")


async def _activities_held(db: AsyncSession, asked: Asked) -> Figure:
    row = (await run(db, _ACTIVITIES, asked.values())).one()
    if not row.held:
        return Figure("activities_held", "from-activities", unknown="no-activities-known")
    return Figure("activities_held", "from-activities", row.held)


async def _satisfaction(db: AsyncSession, asked: Asked) -> Figure:
    row = (await run(db, _ACTIVITIES, asked.values())).one()
    if (row.answers or 0) < LEAST_ANSWERS:
        return Figure("satisfaction", "from-feedback", unknown="too-little-feedback")
    return Figure("satisfaction", "from-feedback", 100 * row.satisfied // row.answers)


MEASURES: Mapping[str, Callable[[AsyncSession, Asked], Awaitable[Figure]]] = {
    "open_days": _open_days,  # 开放天数
    "free_days": _free_days,  # 免费开放天数
    "visits": _visits,  # 参观人次
    "children_visits": _children,  # 其中少年儿童
    "activities_held": _activities_held,  # 举办活动次数
    "satisfaction": _satisfaction,  # 满意度, per cent
}
"""By the key that a criterion names. What a definition names besides is unknown, and says so."""


async def figures(
    db: AsyncSession, application: Application, wanted: Collection[str], first: date, last: date
) -> dict[str, Figure]:
    """These measures of the application's subject, taken now."""
    asked = Asked(application.venue_id, application.subject_code, first, last)
    return {
        key: await MEASURES[key](db, asked)
        if key in MEASURES
        else Figure(key, "from-nowhere", unknown="no-such-measure")
        for key in sorted(wanted)
    }
