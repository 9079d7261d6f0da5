"""What reservations hold about a person, and how it is copied, withdrawn and erased."""

from typing import Any

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.db import run
from services.kit.holdings import Holding, Subject, named
from services.kit.vault import Vault
from services.venues.reservations import actions
from services.venues.reservations.rules import LIVE, VisitBegun

ERASED_NAME = "已注销"
"""What stands where a name was: it is sealed like one, so that nothing that opens names breaks."""

# One's own, and those that the desk made for one's phone. A phone may change hands: what was made
# after the request is somebody else's.
_THEIRS = """(r.account_id = :subject OR (r.account_id IS NULL AND r.phone_index = :phone_index
    AND r.created_at <= :asked_at))"""
_COPY = text(
    f"""SELECT r.id, v.name AS venue, r.starts_at, r.division_code, r.state, r.party_size,
        r.children, r.group_name, r.account_id IS NULL AS made_by_desk, r.decision_reason,
        r.arrived, r.arrived_at, r.created_at, r.name_sealed, r.phone_sealed
    FROM reservations r JOIN venues v ON v.id = r.venue_id WHERE {_THEIRS} ORDER BY r.id"""
)
_PENALTIES = text(
    """SELECT p.id, v.name AS venue, p.no_shows, p.from_at, p.until_at, p.state, p.appealed_at,
        p.decision_reason, p.appeal_sealed
    FROM penalties p JOIN venues v ON v.id = p.venue_id WHERE p.account_id = :subject
    ORDER BY p.id"""
)
# In the order of their days, so that two who withdraw at once do not wait for each other.
_LIVE = text(
    """SELECT id FROM reservations WHERE account_id = :subject AND state = ANY(:live)
    ORDER BY venue_id, day, id"""
)
_FORGET = text(
    f"""UPDATE reservations r SET name_sealed = :name_sealed, name_masked = :name,
        phone_sealed = NULL, phone_masked = NULL, phone_index = NULL, client_id = NULL,
        group_name = CASE WHEN is_group THEN :name END,
        account_id = CASE WHEN account_id = :subject THEN CAST(:pseudonym AS uuid)
            ELSE account_id END
    WHERE {_THEIRS}"""
)
_FORGET_PENALTIES = text(
    """UPDATE penalties SET appeal_sealed = NULL, account_id = :pseudonym
    WHERE account_id = :subject"""
)


def _who(vault: Vault, subject: Subject) -> dict[str, Any]:
    return {
        "subject": subject.id,
        "asked_at": subject.asked_at,
        "phone_index": vault.index(subject.phone, "reservations.phone") if subject.phone else None,
    }


async def _copy(db: AsyncSession, vault: Vault, subject: Subject) -> list[dict[str, Any]]:
    found = []
    for row in (await run(db, _COPY, _who(vault, subject))).all():
        told = {k: v for k, v in row._mapping.items() if not k.endswith("_sealed")}
        told["name"] = vault.open(row.name_sealed, "reservations.name")
        phone = row.phone_sealed
        told["phone"] = vault.open(phone, "reservations.phone") if phone else None
        found.append({"kind": "reservation", **told})
    for row in (await run(db, _PENALTIES, {"subject": subject.id})).all():
        told = {k: v for k, v in row._mapping.items() if not k.endswith("_sealed")}
        appeal = row.appeal_sealed
        told["appeal"] = vault.open(appeal, "penalties.appeal") if appeal else None
        found.append({"kind": "penalty", **told})
    return found


async def _withdraw(db: AsyncSession, _: Vault, subject: Subject) -> int:
    values = {"subject": subject.id, "live": [state.value for state in LIVE]}
    ended = 0
    for row in (await run(db, _LIVE, values)).all():
        try:
            await actions.end(db, named(subject.id), row.id, "cancel", subject.asked_at)
        except VisitBegun:
            continue  # what has begun is a visit, and no longer a plan
        ended += 1
    return ended


async def _erase(db: AsyncSession, vault: Vault, subject: Subject) -> int:
    await _withdraw(db, vault, subject)
    values = {
        **_who(vault, subject),
        "pseudonym": subject.pseudonym,
        "name": ERASED_NAME,
        "name_sealed": vault.seal(ERASED_NAME, "reservations.name"),
    }
    forgotten = (await run(db, _FORGET, values)).rowcount
    both = {"subject": subject.id, "pseudonym": subject.pseudonym}
    return forgotten + (await run(db, _FORGET_PENALTIES, both)).rowcount


RESERVATIONS = Holding(
    "reservations",
    ("reservations", "penalties"),
    copy=_copy,
    withdraw=_withdraw,
    erase=_erase,
    kept="kept-visits",
)
