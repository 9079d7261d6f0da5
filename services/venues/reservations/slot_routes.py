"""HTTP for what everybody sees: how a venue takes reservations, and its slots."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response

from services.kit.days import Day
from services.kit.db import Db
from services.kit.identity import CallerDep
from services.kit.routing import Router
from services.kit.versions import IfMatch, tag
from services.venues.opening.routes import shown
from services.venues.registry.queries import venue as find_venue
from services.venues.reservations import actions
from services.venues.reservations.days import settings
from services.venues.reservations.models import Settings
from services.venues.reservations.rules import NoReservations
from services.venues.reservations.schemas import SettingsIn, SettingsOut, SlotsOut
from services.venues.reservations.slots import slots_of

router = Router(tags=["reservations"])
SLOTS_MAX_AGE_S = 2


def now() -> datetime:
    """The present moment; rules are told it."""
    return datetime.now(UTC)


def _settings(row: Settings) -> SettingsOut:
    return SettingsOut(**row.model_dump(exclude={"set_by", "set_at"}))


@router.get("/venues/{venue_id}/reservation-settings")
async def read_settings(
    db: Db, caller: CallerDep, venue_id: UUID, response: Response
) -> SettingsOut:
    """How a venue takes reservations: lengths, caps, release, limits, penalties."""
    await find_venue(db, caller, venue_id)
    row = await settings(db, venue_id)
    if row is None:
        raise NoReservations()
    tag(response, row.version)
    return _settings(row)


@router.put("/venues/{venue_id}/reservation-settings")
async def set_settings(
    db: Db,
    caller: CallerDep,
    venue_id: UUID,
    given: SettingsIn,
    version: IfMatch,
    response: Response,
) -> SettingsOut:
    """Say how a venue takes reservations; the first time with `If-Match: "v0"`.

    A cap below what is taken is refused, and the errors say which days.
    """
    row = await actions.set_settings(db, caller, venue_id, given, version, now())
    tag(response, row.version)
    return _settings(row)


@router.get("/slots", response_model=SlotsOut)
async def read_slots(
    db: Db,
    caller: CallerDep,
    request: Request,
    venue: Annotated[UUID, Query()],
    day: Annotated[Day, Query()],
) -> Response:
    """The slots of a venue and day, and how many may still come at each."""
    row = await find_venue(db, caller, venue)
    return shown(await slots_of(db, row, day, now()), request, row, SLOTS_MAX_AGE_S)
