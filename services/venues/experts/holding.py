"""What the pool holds about a person, and what becomes of it when they ask to be forgotten.

They leave the pool; name, phone, account for fees, and the persons they are tied to are destroyed.
Seats and sheets stay, linked to nobody: a decision was made by them, and must be shown to stand. A
seat that waits for its answer or its sheet goes to the next alternate.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import SERVICE
from services.kit.db import run
from services.kit.holdings import Holding, Subject
from services.kit.vault import Vault
from services.venues.experts.invitations.afterwards import leave_panels

ERASED_NAME = "已注销"
LEFT = "本人注销"

# One's own, and what staff entered for one's phone. A phone may change hands: what was entered
# after the request is somebody else's.
_THEIRS = """(e.account_id = :subject OR (e.account_id IS NULL AND e.phone_index = :phone_index
    AND e.created_at <= :asked_at))"""
_COPY = text(
    f"""SELECT e.id, e.division_code, e.name_sealed, e.phone_sealed, e.payee_sealed, e.kind,
        e.subkind, e.fields, e.tags, e.languages, e.title, i.name AS employer, e.state,
        e.entered_on, e.entry_reason, e.left_on, e.state_reason, e.created_at
    FROM experts e JOIN institutions i ON i.id = e.employer_id WHERE {_THEIRS} ORDER BY e.id"""
)
_COPY_TIES = text(
    """SELECT t.kind, i.name AS institution, t.application_id, t.person_sealed, t.from_on,
        t.until_on, t.set_at, t.lifted_at, t.lift_reason
    FROM expert_ties t LEFT JOIN institutions i ON i.id = t.institution_id
    WHERE t.expert_id = :expert ORDER BY t.id"""
)
_COPY_SEATS = text(
    """SELECT s.application_id, s.state, s.invited_at, s.answered_at, s.reason,
        h.points, h.comments, h.opinion, h.submitted_at
    FROM panel_seats s LEFT JOIN score_sheets h ON h.seat_id = s.id
    WHERE s.expert_id = :expert AND s.invited_at IS NOT NULL ORDER BY s.id, h.saved_at"""
)
_ERASE = text(
    f"""UPDATE experts e SET name_sealed = :name_sealed, name_masked = :name, name_index = NULL,
        phone_sealed = NULL, phone_masked = NULL, phone_index = NULL, payee_sealed = NULL,
        payee_masked = NULL, title = NULL, version = version + 1,
        account_id = CASE WHEN account_id IS NULL THEN NULL ELSE CAST(:pseudonym AS uuid) END,
        state = 'left', left_on = COALESCE(left_on, GREATEST(entered_on,
            CAST(CAST(:asked_at AS timestamptz) AT TIME ZONE 'Asia/Shanghai' AS date))),
        state_reason = COALESCE(state_reason, :left)
    WHERE {_THEIRS} RETURNING e.id"""
)
_FORGET = (
    text(
        """UPDATE expert_ties SET person_masked = NULL, person_sealed = NULL,
            account_id = CASE WHEN account_id IS NULL THEN NULL ELSE CAST(:pseudonym AS uuid) END
        WHERE expert_id = :expert AND num_nonnulls(institution_id, application_id) > 0"""
    ),
    # A tie to a person alone ties nobody any more.
    text(
        """DELETE FROM expert_ties
        WHERE expert_id = :expert AND num_nonnulls(institution_id, application_id) = 0"""
    ),
    text(
        """UPDATE panel_seats SET token_hash = NULL,
            account_id = CASE WHEN account_id IS NULL THEN NULL ELSE CAST(:pseudonym AS uuid) END
        WHERE expert_id = :expert"""
    ),
    text(
        """UPDATE score_sheets SET account_id = CAST(:pseudonym AS uuid)
        WHERE seat_id IN (SELECT id FROM panel_seats WHERE expert_id = :expert)"""
    ),
)
_PEOPLE = text(
    """SELECT p.application_id, p.name_sealed, p.duty FROM application_people p
    WHERE p.applicant = :subject ORDER BY p.id"""
)
_FORGET_PEOPLE = text(
    "UPDATE application_people SET applicant = CAST(:pseudonym AS uuid) WHERE applicant = :subject"
)


def _who(vault: Vault, subject: Subject) -> dict[str, Any]:
    return {
        "subject": subject.id,
        "asked_at": subject.asked_at,
        "phone_index": subject.phone and vault.index(subject.phone, "experts.phone"),
    }


def _plain(row: Any, vault: Vault, **sealed: str) -> dict[str, Any]:
    shown = {name: value for name, value in row._mapping.items() if name not in sealed}
    for name, field in sealed.items():
        value = row._mapping[name]
        shown[name.removesuffix("_sealed")] = value and vault.open(value, field)
    return shown


async def _copy(db: AsyncSession, vault: Vault, subject: Subject) -> list[dict[str, Any]]:
    found = []
    for row in (await run(db, _COPY, _who(vault, subject))).all():
        ties = (await run(db, _COPY_TIES, {"expert": row.id})).all()
        seats = (await run(db, _COPY_SEATS, {"expert": row.id})).all()
        fields = {f"{name}_sealed": f"experts.{name}" for name in ("name", "phone", "payee")}
        found.append(
            {
                **_plain(row, vault, **fields),
                "ties": [_plain(t, vault, person_sealed="expert_ties.person") for t in ties],
                "seats": [dict(seat._mapping) for seat in seats],
            }
        )
    return found


async def _erase(db: AsyncSession, vault: Vault, subject: Subject) -> int:
    values = {
        **_who(vault, subject),
        "pseudonym": subject.pseudonym,
        "name": ERASED_NAME,
        "name_sealed": vault.seal(ERASED_NAME, "experts.name"),
        "left": LEFT,
    }
    erased = (await run(db, _ERASE, values)).scalars().all()
    for expert in erased:
        for statement in _FORGET:
            given = {"expert": expert, "pseudonym": subject.pseudonym}
            await run(db, statement, {name: given[name] for name in statement._bindparams})
        await leave_panels(db, SERVICE, expert, datetime.now(UTC), judged_stays=True)
    return len(erased)


async def _copy_people(db: AsyncSession, vault: Vault, subject: Subject) -> list[dict[str, Any]]:
    rows = (await run(db, _PEOPLE, {"subject": subject.id})).all()
    return [_plain(row, vault, name_sealed="application_people.name") for row in rows]


async def _erase_people(db: AsyncSession, _: Vault, subject: Subject) -> int:
    given = {"subject": subject.id, "pseudonym": subject.pseudonym}
    return (await run(db, _FORGET_PEOPLE, given)).rowcount


EXPERTS = Holding(
    "experts",
    ("experts", "expert_ties", "panel_seats", "score_sheets"),
    copy=_copy,
    erase=_erase,
    kept="kept-expert",
)
PEOPLE_NAMED = Holding(
    "application_people",
    ("application_people",),
    copy=_copy_people,
    erase=_erase_people,
    kept="kept-application-people",
)
