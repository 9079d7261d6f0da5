"""What people do with venues: load, decide, write, record the fact."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import delete, text
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import Caller, P
from services.kit.db import as_service, run
from services.kit.facts import Fact, record
from services.kit.problems import BrokenRule, FieldError
from services.kit.versions import require_version
from services.venues.facts import VenueChanged, VenuePublished
from services.venues.registry import queries
from services.venues.registry.coordinates import to_wgs84
from services.venues.registry.hosts import check_digit_fits
from services.venues.registry.models import Venue, VenueCounty, VenueName
from services.venues.registry.places import far_from_home, point_errors, swapped, unknown_codes
from services.venues.registry.rules import (
    LIFECYCLE,
    Datum,
    Editable,
    VenueIsClosed,
    VenueState,
    admission_errors,
)
from services.venues.registry.schemas import DESCRIPTIVE, NameIn, VenueIn, VenuePatch

_AROUND = {"names", "counties", "datum"}
"""What a request gives that stands in other tables, or in none."""


async def enter(db: AsyncSession, caller: Caller, given: VenueIn) -> Venue:
    """Enter a venue as a draft."""
    caller.require(P.VENUE_EDIT, at=given.division_code)
    values = given.model_dump(exclude=_AROUND)
    errors = [
        *_placed(values, given.datum),
        *_name_errors(given.name, given.names),
        *await _unknown(db, given.division_code, given.counties),
    ]
    if errors:
        raise BrokenRule(errors=tuple(errors))
    row = Venue(**values, recorded_code=given.division_code, created_by=caller.known())
    db.add(row)
    await db.flush()
    _add_around(db, row, given.names, given.counties)
    await db.flush()
    return row


def _placed(values: dict[str, Any], datum: Datum) -> list[FieldError]:
    """Put the point of `values` into WGS-84; what is wrong with it."""
    longitude, latitude = values.get("longitude"), values.get("latitude")
    values["given_datum"] = None
    if longitude is None or latitude is None or datum is Datum.WGS84:
        return point_errors(longitude, latitude)
    values["given_datum"] = datum
    if not swapped(longitude, latitude):
        longitude, latitude = to_wgs84((longitude, latitude), datum)
        values.update(longitude=longitude, latitude=latitude)
    return point_errors(longitude, latitude)


def _name_errors(name: str, names: Iterable[NameIn]) -> list[FieldError]:
    seen, found = {name}, []
    for at, one in enumerate(names):
        if one.name in seen:
            found.append(FieldError(f"/names/{at}/name", "name-twice"))
        seen.add(one.name)
    return found


async def _unknown(db: AsyncSession, home: str | None, counties: Iterable[str]) -> list[FieldError]:
    pointers = {f"/counties/{at}": code for at, code in enumerate(counties)}
    if home is not None:
        pointers = {"/division_code": home, **pointers}
    unknown = await unknown_codes(db, pointers.values())
    return [
        FieldError(pointer, "division-not-standing", (("code", code),))
        for pointer, code in pointers.items()
        if code in unknown
    ]


def _add_around(
    db: AsyncSession, row: Venue, names: Iterable[NameIn], counties: Iterable[str]
) -> None:
    db.add_all([VenueName(venue_id=row.id, **one.model_dump()) for one in names])
    db.add_all(
        [
            VenueCounty(venue_id=row.id, division_code=code, recorded_code=code)
            for code in dict.fromkeys(counties)
            if code != row.division_code
        ]
    )


async def edit(
    db: AsyncSession, caller: Caller, venue_id: UUID, given: VenuePatch, version: int
) -> Venue:
    """Change what is given. A representative changes the description, and nothing else."""
    row = await queries.venue(db, caller, venue_id, lock=True)
    changed = given.model_fields_set
    editable = await queries.editable(db, caller, row)
    if row.state is VenueState.CLOSED:
        caller.require(P.VENUE_EDIT, at=row.division_code)
        raise VenueIsClosed()
    if not (editable is Editable.DESCRIPTION and changed <= DESCRIPTIVE):
        caller.require(P.VENUE_EDIT, at=row.division_code)
    if "division_code" in changed:
        caller.require(P.VENUE_EDIT, at=given.division_code)
    require_version(row.version, version)
    values = given.model_dump(exclude_unset=True, exclude=_AROUND)
    errors = await _edit_errors(db, row, given, values)
    if errors:
        raise BrokenRule(errors=tuple(errors))
    moved = values.get("division_code", row.division_code) != row.division_code
    for name, value in values.items():
        setattr(row, name, value)
    row.version += 1
    await _replace_around(db, row, given)
    if moved:
        await _people_follow(db, row)
    if row.state is VenueState.PUBLISHED:
        await _tell(db, row, VenueChanged(kind=row.kind, name=row.name))
    return row


async def _edit_errors(
    db: AsyncSession, row: Venue, given: VenuePatch, values: dict[str, Any]
) -> list[FieldError]:
    changed, errors = given.model_fields_set, []
    if changed & {"longitude", "latitude"}:
        for name in ("longitude", "latitude"):
            values.setdefault(name, None)
        errors += _placed(values, given.datum)
    elif "datum" in changed:
        errors.append(FieldError("/datum", "datum-without-point"))
    if "names" in changed:
        errors += _name_errors(values.get("name", row.name), given.names)
    counties = given.counties if "counties" in changed else ()
    return errors + await _unknown(db, values.get("division_code"), counties)


async def _replace_around(db: AsyncSession, row: Venue, given: VenuePatch) -> None:
    changed = given.model_fields_set
    if "names" in changed:
        await db.exec(delete(VenueName).where(col(VenueName.venue_id) == row.id))
    if "counties" in changed:
        await db.exec(delete(VenueCounty).where(col(VenueCounty.venue_id) == row.id))
    _add_around(
        db,
        row,
        given.names if "names" in changed else (),
        given.counties if "counties" in changed else (),
    )
    await db.flush()


_FOLLOW = tuple(
    text(f"UPDATE {table} SET division_code = :code WHERE venue_id = :venue")
    for table in ("venue_contacts", "venue_representatives")
)


async def _people_follow(db: AsyncSession, row: Venue) -> None:
    """Whom to ask and who represents it stand where the venue stands."""
    async with as_service(db):
        for statement in _FOLLOW:
            await run(db, statement, {"code": row.division_code, "venue": row.id})


async def _tell(db: AsyncSession, row: Venue, fact: Fact) -> None:
    await db.flush()
    await record(db, fact, subject=row.id, division=row.division_code, version=row.version)


async def publish(db: AsyncSession, caller: Caller, venue_id: UUID) -> None:
    """Let the public find it. How it closes and opens again: services/venues/closing."""
    row = await queries.venue(db, caller, venue_id, lock=True)
    for need in LIFECYCLE.steps["publish"].needs:
        caller.require(P(need), at=row.division_code)
    row.state = LIFECYCLE.next("publish", row.state)
    row.version += 1
    await _tell(db, row, VenuePublished(kind=row.kind, name=row.name))


def remarks(row: Venue, counties: Iterable[str]) -> list[FieldError]:
    """What may be wrong with a venue as it stands, and does not stop anybody."""
    found = far_from_home(row.longitude, row.latitude, (row.division_code, *counties))
    if row.host_uscc is not None and not check_digit_fits(row.host_uscc):
        found.append(FieldError("/host_uscc", "uscc-check-digit", (("code", row.host_uscc),)))
    return found + admission_errors(row.publicly_funded, row.admission, row.open_all_year)
