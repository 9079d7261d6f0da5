"""What objections hold about a person, and what becomes of it when they leave.

An open objection ends: nobody stands behind it any more. What was decided stays with the file of
the application, without the person.
"""

from typing import Any

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.db import run
from services.kit.holdings import Holding, Subject, named
from services.kit.vault import Vault
from services.venues.notices.objection_actions import own_open, take

ERASED_NAME = "已注销"
LEFT = "异议人已注销账户"
"""Why an objection is closed that nobody stands behind any more."""

# One's own, and letters that bear one's phone. A phone may change hands: what came after the
# request is somebody else's.
_THEIRS = """(account_id = :subject OR (account_id IS NULL AND phone_index = :phone_index
    AND received_at <= :asked_at))"""
_COPY = text(
    f"""SELECT o.id, n.title AS notice, e.name AS subject, o.office, o.name_sealed, o.phone_sealed,
        o.address_sealed, o.statement_sealed, o.state, o.accepted_reason, o.outcome, o.received_at,
        o.closed_at, o.account_id IS NULL AS by_letter
    FROM objections o JOIN notices n ON n.id = o.notice_id
    JOIN notice_entries e ON e.id = o.entry_id WHERE {_THEIRS} ORDER BY o.id"""
)
_ERASE = text(
    f"""UPDATE objections SET name_sealed = :name_sealed, name_masked = :name, phone_sealed = NULL,
        phone_masked = NULL, phone_index = NULL, address_sealed = :address_sealed,
        client_id = NULL, version = version + 1,
        account_id = CASE WHEN account_id = :subject THEN CAST(:pseudonym AS uuid) END
    WHERE {_THEIRS}"""
)


def _who(vault: Vault, subject: Subject) -> dict[str, Any]:
    return {
        "subject": subject.id,
        "asked_at": subject.asked_at,
        "phone_index": subject.phone and vault.index(subject.phone, "objections.phone"),
    }


async def _copy(db: AsyncSession, vault: Vault, subject: Subject) -> list[dict[str, Any]]:
    rows = (await run(db, _COPY, _who(vault, subject))).mappings().all()
    return [
        {name: value for name, value in row.items() if not name.endswith("_sealed")}
        | {
            name: row[f"{name}_sealed"] and vault.open(row[f"{name}_sealed"], f"objections.{name}")
            for name in ("name", "phone", "address", "statement")
        }
        for row in rows
    ]


async def _erase(db: AsyncSession, vault: Vault, subject: Subject) -> int:
    for objection_id in await own_open(db, subject.id):
        await take(db, named(subject.id), objection_id, "withdraw", LEFT, subject.asked_at)
    await db.flush()
    values = {
        **_who(vault, subject),
        "pseudonym": subject.pseudonym,
        "name": ERASED_NAME,
        "name_sealed": vault.seal(ERASED_NAME, "objections.name"),
        "address_sealed": vault.seal(ERASED_NAME, "objections.address"),
    }
    return (await run(db, _ERASE, values)).rowcount


OBJECTIONS = Holding("objections", ("objections",), copy=_copy, erase=_erase, kept="kept-objection")
