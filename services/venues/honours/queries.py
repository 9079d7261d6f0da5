"""Reads of honours: what was named is public, and what became of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import case, func, text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import Caller, P, at_or_below
from services.kit.db import run
from services.kit.pages import Paging, keyset
from services.kit.problems import Missing
from services.kit.workflow import Needs
from services.venues.applications.models import Decision
from services.venues.applications.trail import as_entered
from services.venues.honours.models import Certificate, Honour
from services.venues.honours.rules import HonourState, spellings
from services.venues.programmes.models import Programme
from services.venues.registry.models import Venue

SHOWN_STEPS = 50

# One pair of bits a certificate: what it says now, from the honour itself, in no second place.
_BITS = {
    "revocation": "c.withdrawn_at IS NOT NULL OR h.state = 'revoked'",
    "suspension": "h.state = 'suspended'",
}
_COUNT = text("SELECT count(*) FROM certificates")
# Single characters and pairs find candidates by index: a word of Chinese has two.
_TITLED = text(
    "honours.grams @> grams(:title) AND strpos(folded(honours.title), folded(:title)) > 0"
)


@dataclass(frozen=True)
class Held:
    """An honour with its holder's name of today, and where is decided about it."""

    honour: Honour
    venue: str | None
    authority: str

    @property
    def holder(self) -> str:
        """Who holds it: the venue, or what represents the division."""
        return self.venue or self.honour.host_name or self.honour.subject_code or ""

    def holds(self, caller: Caller) -> Any:
        """For `allowed`: does the caller hold a need here?"""
        return lambda need: _holds(caller, need, self.authority)


def _holds(caller: Caller, need: Needs, at: str) -> bool:
    return isinstance(need, P) and caller.may(need, at=at)


def authority() -> Any:
    """Where those sit who decide on an honour: at its programme's division. Of one that was named
    elsewhere its level says it: a county does not take away what the province gave."""
    code, level = col(Honour.division_code), col(Honour.level)
    named_elsewhere = case(
        (level.in_(("national", "provincial")), func.left(code, 2)),
        (level == "prefecture", func.left(code, 4)),
        (level == "county", func.left(code, 6)),
        else_=code,
    )
    return func.coalesce(Programme.division_code, named_elsewhere)


def _held() -> Any:
    return (
        select(Honour, Venue.name, authority())
        .outerjoin(Venue, col(Venue.id) == Honour.venue_id)
        .outerjoin(Programme, col(Programme.id) == Honour.programme_id)
    )


async def honours(
    db: AsyncSession,
    paging: Paging,
    *,
    division: str | None,
    programme_id: UUID | None,
    venue_id: UUID | None,
    state: HonourState | None,
    year: int | None,
    title: str | None,
) -> list[Held]:
    """Honours at or below a division, by id: the newest entered first."""
    found = _held()
    if division is not None:
        found = found.where(at_or_below(col(Honour.division_code), division))
    if programme_id is not None:
        found = found.where(Honour.programme_id == programme_id)
    if venue_id is not None:
        found = found.where(Honour.venue_id == venue_id)
    if state is not None:
        found = found.where(Honour.state == state)
    if year is not None:
        found = found.where(
            col(Honour.issued_on) >= date(year, 1, 1), col(Honour.issued_on) <= date(year, 12, 31)
        )
    if title is not None:
        found = found.where(_TITLED.bindparams(title=title))
    rows = await db.exec(keyset(found, paging, col(Honour.id), descending=True))
    return [Held(*row) for row in rows.all()]


async def held(db: AsyncSession, honour_id: UUID, *, lock: bool = False) -> Held:
    """One honour; Missing when there is none."""
    found = _held().where(Honour.id == honour_id)
    if lock:
        found = found.with_for_update(of=Honour)
    row = (await db.exec(found)).first()
    if row is None:
        raise Missing()
    return Held(*row)


async def by_key(db: AsyncSession, key: str) -> Held:
    """One honour by its id or its number, however its brackets were typed; Missing otherwise."""
    try:
        return await held(db, UUID(key))
    except ValueError:
        found = _held().where(col(Honour.number).in_(spellings(key)))
    row = (await db.exec(found.order_by(col(Honour.id)).limit(1))).first()
    if row is None:
        raise Missing()
    return Held(*row)


async def of_venues(db: AsyncSession, venue_ids: Iterable[UUID]) -> dict[UUID, list[Honour]]:
    """The honours of each venue, the newest first; one query for all."""
    found: dict[UUID, list[Honour]] = {venue_id: [] for venue_id in venue_ids}
    if found:
        named = select(Honour).where(col(Honour.venue_id).in_(found))
        order = (col(Honour.issued_on).desc().nulls_last(), col(Honour.id))
        for row in (await db.exec(named.order_by(*order))).all():
            if row.venue_id is not None:
                found[row.venue_id].append(row)
    return found


async def history(db: AsyncSession, honour: Honour, paging: Paging) -> list[Decision]:
    """What was decided about an honour and may be known, the oldest first; it begins with how the
    honour came to be, also for one that came with a list."""
    about: Any = Decision.honour_id == honour.id
    if honour.application_id is not None:
        about = about | (col(Decision.application_id) == honour.application_id)
    found = select(Decision).where(about, col(Decision.public))
    rows = list((await db.exec(keyset(found, paging, col(Decision.id)))).all())
    listed = honour.application_id is None and not (rows and rows[0].action == "enter")
    if listed and paging.cursor is None:
        rows.insert(0, as_entered(honour))
    return rows


async def steps(db: AsyncSession, honour_id: UUID) -> list[Decision]:
    """The honour's own public steps, for its page: the last ones, the oldest first."""
    found = select(Decision).where(Decision.honour_id == honour_id, col(Decision.public))
    newest = await db.exec(found.order_by(col(Decision.id).desc()).limit(SHOWN_STEPS))
    return list(reversed(newest.all()))


async def editions(db: AsyncSession, honour_id: UUID) -> list[Certificate]:
    """Every certificate that was given out for an honour, the oldest first."""
    found = select(Certificate).where(Certificate.honour_id == honour_id)
    return list((await db.exec(found.order_by(col(Certificate.edition)))).all())


async def bits(db: AsyncSession, number: int, purpose: str) -> list[int]:
    """The bits that are set in a status list."""
    found = text(
        f"""SELECT c.list_index FROM certificates c JOIN honours h ON h.id = c.honour_id
        WHERE c.list_number = :number AND ({_BITS[purpose]}) ORDER BY 1"""
    )
    return list((await run(db, found, {"number": number})).scalars().all())


async def certificates(db: AsyncSession) -> int:
    """How many certificates there are."""
    there: int = (await run(db, _COUNT)).scalar_one()
    return there
