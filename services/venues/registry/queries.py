"""Reads of venues, always within the caller's reach; published ones are public."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, ColumnElement, RowMapping, func, literal_column, or_, text
from sqlalchemy import select as sql_select
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import Caller, P, mine, within
from services.kit.db import run
from services.kit.pages import Paging, keyset
from services.kit.problems import Missing
from services.venues.registry.finding import COLUMNS, HONOURS, Wanted, filters, named_values
from services.venues.registry.models import Representative, Venue, VenueContact
from services.venues.registry.representatives import represented, represents, today
from services.venues.registry.rules import Editable, VenueState

_NAMES = """(SELECT COALESCE(json_agg(json_build_object('name', n.name, 'kind', n.kind,
    'until_on', n.until_on, 'source', n.source) ORDER BY n.kind, n.name), '[]')
    FROM venue_names n WHERE n.venue_id = venues.id)"""
_COUNTIES = """(SELECT COALESCE(json_agg(c.division_code ORDER BY c.division_code), '[]')
    FROM venue_counties c WHERE c.venue_id = venues.id)"""


def _json(sql: str, name: str) -> Any:
    return literal_column(sql, JSON).label(name)


@dataclass(frozen=True)
class Standing:
    """A venue with what stands around it."""

    row: Venue
    honours: list[dict[str, Any]]
    names: list[dict[str, Any]]
    counties: list[str]
    editable: Editable


def visible(caller: Caller) -> ColumnElement[bool]:
    """Open to everybody once published; before that, to its keepers: staff and representatives."""
    return or_(
        col(Venue.state) != VenueState.DRAFT,
        within(col(Venue.division_code), caller, P.VENUE_EDIT),
        represented(col(Venue.id), caller),
    )


async def list_venues(
    db: AsyncSession, caller: Caller, paging: Paging, wanted: Wanted
) -> Sequence[RowMapping]:
    """The venues that are wanted and visible, by name; one query."""
    asked = wanted.asked(today())
    values = {name: value for each in asked.values() for name, value in each.items()}
    columns: list[Any] = [getattr(Venue, name) for name in COLUMNS]
    columns.append(_json(HONOURS, "honours"))
    statement: Any = sql_select(*columns).where(visible(caller))
    for condition in filters(asked, named_values(asked)):
        of_it = {name: value for name, value in values.items() if f":{name} " in condition}
        statement = statement.where(text(condition).bindparams(**of_it))
    if wanted.represented:
        statement = statement.where(represented(col(Venue.id), caller))
    page = keyset(statement, paging, col(Venue.name), col(Venue.id))
    return (await run(db, page)).mappings().all()


async def venue(db: AsyncSession, caller: Caller, venue_id: UUID, *, lock: bool = False) -> Venue:
    """One venue; Missing for those who cannot see it."""
    statement = select(Venue).where(Venue.id == venue_id, visible(caller))
    if lock:
        # Not its key: rows that refer to it may be written meanwhile.
        statement = statement.with_for_update(key_share=True)
    found = (await db.exec(statement)).first()
    if found is None:
        raise Missing()
    return found


async def standing(db: AsyncSession, caller: Caller, venue_id: UUID) -> Standing:
    """One venue with its honours, names and counties, and what the caller may change of it."""
    parts = (_json(HONOURS, "honours"), _json(_NAMES, "names"), _json(_COUNTIES, "counties"))
    statement: Any = select(Venue, *parts).where(Venue.id == venue_id, visible(caller))
    found = (await db.exec(statement)).first()
    if found is None:
        raise Missing()
    row, honours, names, counties = found
    return Standing(row, honours, names, counties, await editable(db, caller, row))


async def editable(db: AsyncSession, caller: Caller, row: Venue) -> Editable:
    """What the caller may change of a venue in its present state."""
    if row.state is VenueState.CLOSED:
        return Editable.NOTHING
    if caller.may(P.VENUE_EDIT, at=row.division_code):
        return Editable.ALL
    represented_ = await represents(db, caller, row.id)
    return Editable.DESCRIPTION if represented_ else Editable.NOTHING


async def contacts(db: AsyncSession, paging: Paging, venue_id: UUID) -> Sequence[VenueContact]:
    """Whom to ask at a venue; for its keepers, so the caller asks first."""
    statement = select(VenueContact).where(VenueContact.venue_id == venue_id)
    return (await db.exec(keyset(statement, paging, col(VenueContact.id)))).all()


async def count_contacts(db: AsyncSession, venue_id: UUID) -> int:
    """How many there are to ask at a venue."""
    statement = select(func.count()).where(VenueContact.venue_id == venue_id)
    return (await db.exec(statement)).one()


async def contact(db: AsyncSession, venue_id: UUID, contact_id: UUID) -> VenueContact:
    """One of them; Missing when there is none."""
    found = await db.get(VenueContact, contact_id)
    if found is None or found.venue_id != venue_id:
        raise Missing()
    return found


async def appointments(
    db: AsyncSession, caller: Caller, paging: Paging, venue_id: UUID
) -> Sequence[Representative]:
    """Who represents a venue, did or will, the newest first: all for staff, else one's own."""
    statement = select(Representative).where(
        Representative.venue_id == venue_id,
        or_(
            within(col(Representative.division_code), caller, P.VENUE_EDIT),
            mine(col(Representative.account_id), caller),
        ),
    )
    page = keyset(statement, paging, col(Representative.id), descending=True)
    return (await db.exec(page)).all()
