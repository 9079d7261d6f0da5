"""What services/events holds about a person, and how it is copied, withdrawn and erased.

A capability whose tables hold rows about people adds its holding to HOLDINGS.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.events.door.holding import HOLDINGS as DOOR_HOLDINGS
from services.events.feedback.holding import FEEDBACK
from services.events.registrations import actions
from services.events.registrations.rules import LIVE, OccurrenceStarted, PartyCheckedIn
from services.events.rosters.holding import ROSTERS
from services.events.stations.holdings import POSTS
from services.kit.db import run
from services.kit.files.holding import FILES
from services.kit.holdings import Holding, Subject, named
from services.kit.vault import Vault

ERASED_NAME = "已注销"
"""What stands where a name was: it is sealed like one, so that nothing that opens names breaks."""

# One's own, and those that staff made for one's phone. A phone may change hands: what was made
# after the request is somebody else's.
_THEIRS = """(r.account_id = :subject OR (r.account_id IS NULL AND m.phone_index = :phone_index
    AND r.created_at <= :asked_at))"""
_COPY = text(
    f"""SELECT r.id, a.title AS activity, o.starts_at, o.place, r.division_code, r.state,
        r.party_size, r.created_at, r.account_id IS NULL AS made_by_staff, m.position,
        m.name_sealed, m.phone_sealed, m.age, m.guardian_sealed, m.guardian_phone_sealed,
        m.guardian_consent_at, m.dropped_at, c.at AS checked_in_at
    FROM registrations r JOIN members m ON m.registration_id = r.id
    JOIN occurrences o ON o.id = r.occurrence_id JOIN activities a ON a.id = o.activity_id
    LEFT JOIN check_ins c ON c.member_id = m.id
    WHERE {_THEIRS} ORDER BY r.id, m.position"""
)
# In the order of their pools, so that two who withdraw at once do not wait for each other.
_LIVE = text(
    """SELECT id FROM registrations WHERE account_id = :subject AND state = ANY(:live)
    ORDER BY pool_id, id"""
)
_FORGET_MEMBERS = text(
    f"""UPDATE members SET name_sealed = :name_sealed, name_masked = :name, age = NULL,
        phone_sealed = NULL, phone_masked = NULL, phone_index = NULL, guardian_sealed = NULL,
        guardian_phone_sealed = NULL, guardian_consent_at = NULL,
        account_id = CASE WHEN account_id = :subject THEN CAST(:pseudonym AS uuid)
            ELSE account_id END
    WHERE id IN (SELECT m.id FROM registrations r JOIN members m ON m.registration_id = r.id
        WHERE {_THEIRS})"""
)
_RENAME = (
    text("UPDATE check_ins SET account_id = :pseudonym WHERE account_id = :subject"),
    text(
        "UPDATE registrations SET account_id = :pseudonym, client_id = NULL"
        " WHERE account_id = :subject"
    ),
)


def _who(vault: Vault, subject: Subject) -> dict[str, Any]:
    return {
        "subject": subject.id,
        "asked_at": subject.asked_at,
        "phone_index": vault.index(subject.phone, "members.phone") if subject.phone else None,
    }


async def _copy(db: AsyncSession, vault: Vault, subject: Subject) -> list[dict[str, Any]]:
    found: dict[UUID, dict[str, Any]] = {}
    for row in (await run(db, _COPY, _who(vault, subject))).all():
        entry = found.setdefault(
            row.id,
            {
                "id": row.id,
                "activity": row.activity,
                "starts_at": row.starts_at,
                "place": row.place,
                "division_code": row.division_code,
                "state": row.state,
                "party_size": row.party_size,
                "made_by_staff": row.made_by_staff,
                "created_at": row.created_at,
                "party": [],
            },
        )
        sealed = {
            "name": (row.name_sealed, "members.name"),
            "phone": (row.phone_sealed, "members.phone"),
            "guardian": (row.guardian_sealed, "members.guardian"),
            "guardian_phone": (row.guardian_phone_sealed, "members.guardian_phone"),
        }
        entry["party"].append(
            {
                "number": row.position,
                **{name: of[0] and vault.open(*of) for name, of in sealed.items()},
                "age": row.age,
                "guardian_consent_at": row.guardian_consent_at,
                "dropped_at": row.dropped_at,
                "checked_in_at": row.checked_in_at,
            }
        )
    return list(found.values())


async def _withdraw(db: AsyncSession, _: Vault, subject: Subject) -> int:
    values = {"subject": subject.id, "live": [state.value for state in LIVE]}
    ended = 0
    for row in (await run(db, _LIVE, values)).all():
        try:
            await actions.end(db, named(subject.id), row.id, "cancel", subject.asked_at)
        except (OccurrenceStarted, PartyCheckedIn):
            continue  # what has begun is attendance, and no longer a plan
        ended += 1
    return ended


async def _erase(db: AsyncSession, vault: Vault, subject: Subject) -> int:
    await _withdraw(db, vault, subject)
    values = {
        **_who(vault, subject),
        "pseudonym": subject.pseudonym,
        "name": ERASED_NAME,
        "name_sealed": vault.seal(ERASED_NAME, "members.name"),
    }
    forgotten = (await run(db, _FORGET_MEMBERS, values)).rowcount
    for statement in _RENAME:
        await run(db, statement, {"subject": subject.id, "pseudonym": subject.pseudonym})
    return forgotten


REGISTRATIONS = Holding(
    "registrations",
    ("registrations", "members", "check_ins"),
    copy=_copy,
    withdraw=_withdraw,
    erase=_erase,
    kept="kept-attendance",
)

HOLDINGS: tuple[Holding, ...] = (
    *(REGISTRATIONS, ROSTERS, FEEDBACK, POSTS, FILES),
    *DOOR_HOLDINGS,
)
