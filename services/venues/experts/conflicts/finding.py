"""The one computation of conflicts: before a draw, on acceptance, before a score, in the gate.

An institution is told by its code; where one of two has none, by any name that it has or had
(NFKC, one kind of bracket). What belongs to what is stated by people (institutions.parent_id): no
code tells it. Besides, a name that goes on after the other's whole name is taken for a part of it,
since it is better to leave out one too many. Branches are one with their body; what is a legal
person of its own is related upwards and downwards, not to its sisters.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA
from sqlalchemy.dialects.postgresql import UUID as UUID_
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.db import as_service, run
from services.venues.applications.models import Application
from services.venues.experts.conflicts.rules import SHORTEST_STEM, Cause, counts_since
from services.venues.experts.pool.rules import name_key

_LINE = text(
    """WITH RECURSIVE given AS (
        SELECT i.id, i.parent_id, i.link FROM institutions i
        WHERE i.uscc = :uscc
            OR ((i.uscc IS NULL OR CAST(:uscc AS text) IS NULL) AND :key = ANY (i.name_keys))
            OR EXISTS (SELECT FROM unnest(i.name_keys) theirs
                WHERE theirs <> :key AND least(length(theirs), length(:key)) >= :stem
                    AND (starts_with(theirs, :key) OR starts_with(:key, theirs)))
    ), body AS (
        SELECT * FROM given UNION SELECT p.id, p.parent_id, p.link
        FROM institutions p JOIN body b ON b.link = 'branch' AND p.id = b.parent_id
    ), above AS (
        SELECT id, parent_id FROM body UNION SELECT p.id, p.parent_id
        FROM institutions p JOIN above a ON p.id = a.parent_id
    ), below AS (
        SELECT id FROM body UNION SELECT c.id
        FROM institutions c JOIN below b ON c.parent_id = b.id
    ), beside AS (
        SELECT id FROM above UNION SELECT c.id
        FROM institutions c JOIN beside b ON c.parent_id = b.id AND c.link = 'branch'
    )
    SELECT id FROM below UNION SELECT id FROM beside"""
)
_FOUND = text(
    """SELECT e.id AS expert_id, 'employer' AS cause FROM experts e
    WHERE e.employer_id = ANY (:line) AND (:everybody OR e.id = ANY (:experts))
    UNION SELECT e.id, 'person' FROM experts e
    WHERE e.name_index = ANY (:people) AND (:everybody OR e.id = ANY (:experts))
    UNION SELECT e.id, 'applicant' FROM experts e
    WHERE e.account_id = ANY (:accounts) AND (:everybody OR e.id = ANY (:experts))
    UNION SELECT t.expert_id, t.kind FROM expert_ties t
    WHERE t.lifted_at IS NULL AND (:everybody OR t.expert_id = ANY (:experts))
        AND (t.until_on IS NULL OR t.until_on >= :since)
        AND (t.application_id = :application OR t.institution_id = ANY (:line)
            OR t.person_index = ANY (:people))"""
).bindparams(
    bindparam("line", type_=ARRAY(UUID_)),
    bindparam("experts", type_=ARRAY(UUID_)),
    bindparam("accounts", type_=ARRAY(UUID_)),
    bindparam("people", type_=ARRAY(BYTEA)),
)
_PEOPLE = text("SELECT name_index FROM application_people WHERE application_id = :application")
_SPEAKERS = text(
    """SELECT account_id FROM venue_representatives
    WHERE venue_id = :venue AND (until_on IS NULL OR until_on >= :since)"""
)


async def institutions_of(db: AsyncSession, uscc: str | None, name: str) -> list[UUID]:
    """Every institution that is the one of this code and name, a part of it, or above it."""
    values = {"uscc": uscc, "key": name_key(name), "stem": SHORTEST_STEM}
    return list((await run(db, _LINE, values)).scalars().all())


async def conflicts_of(
    db: AsyncSession, application: Application, day: date, experts: Iterable[UUID] | None = None
) -> dict[UUID, tuple[Cause, ...]]:
    """Experts who may not judge `application`, with why; of `experts`, or of everybody."""
    some = None if experts is None else list(experts)
    if some == []:
        return {}
    since = counts_since(day)
    async with as_service(db):
        people = (await run(db, _PEOPLE, {"application": application.id})).scalars().all()
        speakers = (
            await run(db, _SPEAKERS, {"venue": application.venue_id, "since": since})
        ).scalars()
        values: dict[str, Any] = {
            "line": await institutions_of(db, application.host_uscc, application.host_name),
            "people": list(people),
            "accounts": [application.applicant, *speakers.all()],
            "application": application.id,
            "since": since,
            "everybody": some is None,
            "experts": some or [],
        }
        rows = (await run(db, _FOUND, values)).all()
    found: dict[UUID, list[Cause]] = {}
    for row in rows:
        found.setdefault(row.expert_id, []).append(Cause(row.cause))
    return {expert: tuple(sorted(causes)) for expert, causes in found.items()}
