"""What inspections hold about a person: who applied, inspected, answered, sent a file."""

from typing import Any

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.db import run
from services.kit.holdings import Holding, Subject
from services.kit.vault import Vault

_COPY = text(
    """SELECT id, 'inspected' AS what, kind AS about, held_on::text AS at FROM inspections
        WHERE :subject = ANY (team)
    UNION ALL SELECT id, 'applied', kind, created_at::text FROM inspections
        WHERE applicant = :subject
    UNION ALL SELECT id, 'answered', text, answered_at::text FROM inspection_answers
        WHERE answered_by = :subject
    UNION ALL SELECT file_id, 'sent', caption, added_at::text FROM inspection_files
        WHERE added_by = :subject
    ORDER BY 1"""
)
# What an institution said and what was found of it stay; who it was is forgotten.
_ERASE = (
    """UPDATE inspections SET team = array_replace(team, :subject, :pseudonym)
        WHERE :subject = ANY (team)""",
    "UPDATE inspections SET applicant = :pseudonym WHERE applicant = :subject",
    "UPDATE inspection_answers SET answered_by = :pseudonym WHERE answered_by = :subject",
    "UPDATE inspection_files SET added_by = :pseudonym WHERE added_by = :subject",
)


async def _copy(db: AsyncSession, _: Vault, subject: Subject) -> list[dict[str, Any]]:
    rows = await run(db, _COPY, {"subject": subject.id})
    return [dict(row._mapping) for row in rows.all()]


async def _erase(db: AsyncSession, _: Vault, subject: Subject) -> int:
    values = {"subject": subject.id, "pseudonym": subject.pseudonym}
    return sum([(await run(db, text(one), values)).rowcount for one in _ERASE])


INSPECTIONS = Holding(
    "inspections",
    ("inspections", "inspection_answers", "inspection_files"),
    copy=_copy,
    erase=_erase,
    kept="kept-evidence",
)
