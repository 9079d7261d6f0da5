"""Certificates on record: one for each edition, with its bit in the status lists."""

import secrets
from datetime import datetime

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.db import run
from services.kit.ids import uuid7
from services.venues.honours import queries
from services.venues.honours.models import Certificate, Honour
from services.venues.honours.rules import LIST_BITS, list_now, local_day
from services.venues.registry.models import Venue

TRIES = 40
"""Draws of a bit: of a list at most half full, one in a million million needs them all."""

_ADD = text(
    """INSERT INTO certificates (id, honour_id, edition, holder, host_name, host_uscc, issued_on,
        list_number, list_index, made_at)
    VALUES (:id, :honour_id,
        (SELECT count(*) + 1 FROM certificates WHERE honour_id = :honour_id),
        :holder, :host_name, :host_uscc, :issued_on, :list_number, :list_index, :made_at)
    ON CONFLICT ON CONSTRAINT certificates_bit DO NOTHING RETURNING id"""
)


async def certify(db: AsyncSession, honour: Honour, holder: str, now: datetime) -> Certificate:
    """The next edition of an honour's certificate; the honour is new or its row is held."""
    await db.flush()
    there = await queries.certificates(db)
    for _ in range(TRIES):
        values = {
            "id": uuid7(),
            "honour_id": honour.id,
            "holder": holder,
            "host_name": honour.host_name,
            "host_uscc": honour.host_uscc,
            "issued_on": local_day(now),
            "list_number": list_now(there),
            "list_index": secrets.randbelow(LIST_BITS),
            "made_at": now,
        }
        if (await run(db, _ADD, values)).scalar() is not None:
            return await db.get_one(Certificate, values["id"])
    raise RuntimeError("no free bit in the status list")


async def in_force(db: AsyncSession, honour: Honour) -> Certificate | None:
    """The edition that is given out; None when there is none, or none any more."""
    found = select(Certificate).where(
        Certificate.honour_id == honour.id, col(Certificate.withdrawn_at).is_(None)
    )
    return (await db.exec(found)).first()


async def withdraw(db: AsyncSession, honour: Honour, now: datetime) -> Certificate | None:
    """The edition in force is given out no more."""
    certificate = await in_force(db, honour)
    if certificate is not None:
        certificate.withdrawn_at = now
        await db.flush()
    return certificate


async def holder_of(db: AsyncSession, honour: Honour) -> str:
    """Who holds an honour, as it is called today: the venue, or what represents the division."""
    if honour.venue_id is not None:
        return (await db.get_one(Venue, honour.venue_id)).name
    return honour.host_name or honour.subject_code or ""
