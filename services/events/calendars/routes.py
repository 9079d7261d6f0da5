"""HTTP for calendar feeds: public, cached, the same bytes while nothing changed."""

import asyncio
from hashlib import blake2b
from uuid import UUID

from fastapi import Request, Response

from services.events.activities.shapes import now, spoken
from services.events.calendars import queries
from services.events.calendars.drawing import drawn
from services.events.calendars.rules import MAX_AGE_S, Feed
from services.events.settings import CalendarSettings
from services.kit.app import KitDep
from services.kit.divisions import DivisionCode
from services.kit.languages import content_language
from services.kit.problems import Missing
from services.kit.routing import Router

router = Router(prefix="/calendars", tags=["calendars"])


class CalendarResponse(Response):
    """An iCalendar document."""

    media_type = "text/calendar"


@router.get("/divisions/{division}.ics", response_class=CalendarResponse)
async def read_division_calendar(request: Request, kit: KitDep, division: DivisionCode) -> Response:
    """What takes place at or below a division: 30 days back (at most 200), 366 ahead (800)."""
    return await _feed(request, kit, queries.division(len(division)), division)


@router.get("/campaigns/{campaign_id}.ics", response_class=CalendarResponse)
async def read_campaign_calendar(request: Request, kit: KitDep, campaign_id: UUID) -> Response:
    """What a campaign's activities offer, within the same bounds."""
    return await _feed(request, kit, queries.CAMPAIGN, campaign_id)


@router.get("/activities/{activity_id}.ics", response_class=CalendarResponse)
async def read_activity_calendar(request: Request, kit: KitDep, activity_id: UUID) -> Response:
    """An activity's occurrences, and those under it when it is an umbrella; the same bounds."""
    return await _feed(request, kit, queries.ACTIVITY, activity_id)


async def _feed(request: Request, kit: KitDep, of: queries.Of, key: str | UUID) -> Response:
    language = spoken()
    found = await queries.read(kit.database, of, key, language, now())
    if found is None:
        raise Missing()
    name, name_language, entries = found
    feed = Feed(name, language, CalendarSettings().origin, entries)
    # A thousand entries take a third of a second to draw: not in everybody's way.
    body = await asyncio.to_thread(drawn, feed)
    tag = f'"{blake2b(body, digest_size=12).hexdigest()}"'
    used = [name_language, *(entry.title_language for entry in entries)]
    headers = {
        "ETag": tag,
        "Cache-Control": f"public, max-age={MAX_AGE_S}",
        "Vary": "Accept-Language",
        "Content-Language": content_language(used),
    }
    if tag in _tags(request.headers.get("if-none-match", "")):
        return Response(status_code=304, headers=headers)
    return CalendarResponse(
        body, headers=headers | {"Content-Disposition": f'inline; filename="{key}.ics"'}
    )


def _tags(given: str) -> list[str]:
    # Weak ones too: a proxy that compresses makes them of ours, and a GET compares weakly.
    return [tag.strip().removeprefix("W/") for tag in given.split(",")]
