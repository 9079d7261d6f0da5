"""What a roster holds about who registered it: the adult to call. Its children are members."""

from typing import Any

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.db import run
from services.kit.holdings import Holding, Subject
from services.kit.vault import Vault

ERASED = "已注销"

_COPY = text(
    """SELECT registration_id, class_name, school, contact_sealed, contact_phone_sealed
    FROM rosters WHERE account_id = :subject ORDER BY registration_id"""
)
_ERASE = text(
    """UPDATE rosters SET account_id = :pseudonym, contact_sealed = :name, contact_masked = :erased,
        contact_phone_sealed = :phone, contact_phone_masked = :erased
    WHERE account_id = :subject"""
)


async def _copy(db: AsyncSession, vault: Vault, subject: Subject) -> list[dict[str, Any]]:
    return [
        {
            "registration_id": row.registration_id,
            "class_name": row.class_name,
            "school": row.school,
            "contact": vault.open(row.contact_sealed, "rosters.contact"),
            "contact_phone": vault.open(row.contact_phone_sealed, "rosters.contact_phone"),
        }
        for row in (await run(db, _COPY, {"subject": subject.id})).all()
    ]


async def _erase(db: AsyncSession, vault: Vault, subject: Subject) -> int:
    values = {
        "subject": subject.id,
        "pseudonym": subject.pseudonym,
        "erased": ERASED,
        "name": vault.seal(ERASED, "rosters.contact"),
        "phone": vault.seal(ERASED, "rosters.contact_phone"),
    }
    return (await run(db, _ERASE, values)).rowcount


ROSTERS = Holding("rosters", ("rosters",), copy=_copy, erase=_erase)
