"""What the register of venues holds about a person, and what becomes of it when they leave.

An appointment stays without its person, and is over. Whom to ask at a venue is forgotten.
"""

from typing import Any

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.db import run
from services.kit.holdings import Holding, Subject
from services.kit.vault import Vault

# A contact has no account; a phone may have changed hands since.
_ASKED = "c.phone_index = :phone_index AND c.written_at <= :asked_at"
_COPY_CONTACTS = text(
    f"""SELECT c.id, v.name AS venue, c.division_code, c.duty, c.name_sealed, c.phone_sealed
    FROM venue_contacts c JOIN venues v ON v.id = c.venue_id WHERE {_ASKED} ORDER BY c.id"""
)
_COPY_APPOINTMENTS = text(
    """SELECT r.id, v.name AS venue, r.division_code, r.from_on, r.until_on, r.appointed_at
    FROM venue_representatives r JOIN venues v ON v.id = r.venue_id
    WHERE r.account_id = :subject ORDER BY r.id"""
)
_FORGET_CONTACTS = text(f"DELETE FROM venue_contacts c WHERE {_ASKED}")
_END_APPOINTMENTS = text(
    """UPDATE venue_representatives SET account_id = :pseudonym, version = version + 1,
        ended_at = COALESCE(ended_at, :asked_at)
    WHERE account_id = :subject"""
)


def _asked(vault: Vault, subject: Subject) -> dict[str, Any]:
    phone = subject.phone
    return {
        "asked_at": subject.asked_at,
        "phone_index": phone and vault.index(phone, "venue_contacts.phone"),
    }


async def _copy(db: AsyncSession, vault: Vault, subject: Subject) -> list[dict[str, Any]]:
    contacts = (await run(db, _COPY_CONTACTS, _asked(vault, subject))).mappings().all()
    appointments = (await run(db, _COPY_APPOINTMENTS, {"subject": subject.id})).mappings().all()
    return [
        *(dict(row) for row in appointments),
        *(
            {name: value for name, value in row.items() if not name.endswith("_sealed")}
            | {
                "name": vault.open(row["name_sealed"], "venue_contacts.name"),
                # Found by their phone, so there is one.
                "phone": vault.open(row["phone_sealed"], "venue_contacts.phone"),
            }
            for row in contacts
        ),
    ]


async def _erase(db: AsyncSession, vault: Vault, subject: Subject) -> int:
    forgotten = (await run(db, _FORGET_CONTACTS, _asked(vault, subject))).rowcount
    values = {
        "subject": subject.id,
        "pseudonym": subject.pseudonym,
        "asked_at": subject.asked_at,
    }
    ended = await run(db, _END_APPOINTMENTS, values)
    return forgotten + ended.rowcount


VENUES = Holding(
    "venues",
    ("venue_contacts", "venue_representatives"),
    copy=_copy,
    erase=_erase,
    kept="kept-representative",
)
