"""What applications hold about a person, and what becomes of it when they leave.

An application belongs to its venue or division and stays, without its account; whom to ask about
it is forgotten.
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
    f"""SELECT c.id, a.number, a.host_name, c.division_code, c.duty, c.name_sealed, c.phone_sealed
    FROM application_contacts c JOIN applications a ON a.id = c.application_id
    WHERE {_ASKED} ORDER BY c.id"""
)
_COPY_APPLICATIONS = text(
    """SELECT id, number, host_name, division_code, year, state, created_at, submitted_at
    FROM applications WHERE applicant = :subject ORDER BY id"""
)
_FORGET_CONTACTS = text(f"DELETE FROM application_contacts c WHERE {_ASKED}")
_RENAME = (
    """UPDATE applications SET applicant = :pseudonym, client_id = NULL
    WHERE applicant = :subject""",
    "UPDATE application_contacts SET applicant = :pseudonym WHERE applicant = :subject",
)


def _asked(vault: Vault, subject: Subject) -> dict[str, Any]:
    phone = subject.phone
    return {
        "asked_at": subject.asked_at,
        "phone_index": phone and vault.index(phone, "application_contacts.phone"),
    }


async def _copy(db: AsyncSession, vault: Vault, subject: Subject) -> list[dict[str, Any]]:
    own = (await run(db, _COPY_APPLICATIONS, {"subject": subject.id})).mappings().all()
    contacts = (await run(db, _COPY_CONTACTS, _asked(vault, subject))).mappings().all()
    return [
        *(dict(row) for row in own),
        *(
            {name: value for name, value in row.items() if not name.endswith("_sealed")}
            | {
                "name": vault.open(row["name_sealed"], "application_contacts.name"),
                "phone": vault.open(row["phone_sealed"], "application_contacts.phone"),
            }
            for row in contacts
        ),
    ]


async def _erase(db: AsyncSession, vault: Vault, subject: Subject) -> int:
    forgotten = (await run(db, _FORGET_CONTACTS, _asked(vault, subject))).rowcount
    values = {"subject": subject.id, "pseudonym": subject.pseudonym}
    renamed = 0
    for statement in _RENAME:
        renamed += (await run(db, text(statement), values)).rowcount
    return forgotten + renamed


APPLICATIONS = Holding(
    "applications",
    ("application_contacts", "applications"),
    copy=_copy,
    erase=_erase,
    kept="kept-application",
)
