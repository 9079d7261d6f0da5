"""What experts are shown of an application: what it says and proves, not who says it.

Names of the host and of the venue, and telephone numbers, are taken out of what was written; the
contents of evidence cannot be, so its names are replaced and who declares a conflict says so.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.db import run
from services.kit.files.tables import files
from services.venues.applications.models import Application
from services.venues.assessment.models import ApplicationFile, Snapshot
from services.venues.assessment.rules import FilePart

_OF: Any = files.c

HIDDEN = "〔申报单位〕"
_PHONE = re.compile(r"(?<!\d)(?:1[3-9]\d{9}|0\d{2,3}[- ]?\d{7,8})(?!\d)")
_MAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
# The venue's own name, and every other that it is or was known by.
_NAMES = text(
    """SELECT name FROM venues WHERE id = :venue
    UNION SELECT name FROM venue_names WHERE venue_id = :venue"""
)


@dataclass(frozen=True, slots=True)
class BlindFile:
    """A piece of evidence under a neutral name."""

    file_id: UUID
    part: FilePart
    key: str
    """Of the material or criterion that it is evidence of."""
    name: str
    media_type: str
    size: int


@dataclass(frozen=True, slots=True)
class BlindMaterial:
    """An application for an expert's eyes: no account, no contact, no name of host or venue."""

    category: str | None
    declared: dict[str, Any]
    summary: str
    lines: list[dict[str, Any]] = field(default_factory=list)
    """The self-assessment as it was submitted last: section, criterion, most, points, by,
    explanation, figure."""
    total: int | None = None
    files: list[BlindFile] = field(default_factory=list)


async def blind_material(db: AsyncSession, application: Application) -> BlindMaterial:
    """What was submitted last, without who submitted it."""
    names = await _names(db, application)
    taken = await _snapshot(db, application.id)
    return BlindMaterial(
        category=application.category,
        declared=application.declared,
        summary=hidden(application.summary, names),
        lines=[
            {**line, "explanation": hidden(line["explanation"], names)}
            for line in (taken.lines if taken else [])
        ],
        total=taken.total if taken else None,
        files=await blind_files(db, application.id),
    )


async def _names(db: AsyncSession, application: Application) -> list[str]:
    names = [application.host_name]
    if application.venue_id is not None:
        found = await run(db, _NAMES, {"venue": application.venue_id})
        names += found.scalars().all()
    return names


def hidden(said: str, names: Iterable[str]) -> str:
    """The text without these names, telephone numbers and addresses of mail."""
    for name in sorted({each.strip() for each in names} - {""}, key=len, reverse=True):
        said = said.replace(name, HIDDEN)
    return _MAIL.sub("〔邮箱〕", _PHONE.sub("〔电话〕", said))


async def _snapshot(db: AsyncSession, application_id: UUID) -> Snapshot | None:
    statement = select(Snapshot).where(Snapshot.application_id == application_id)
    return (await db.exec(statement.order_by(col(Snapshot.number).desc()).limit(1))).first()


async def blind_files(db: AsyncSession, application_id: UUID) -> list[BlindFile]:
    """The evidence that stands: submitted, and not superseded."""
    statement = (
        select(ApplicationFile, _OF.media_type, _OF.stored_size)
        .join(files, _OF.id == col(ApplicationFile.file_id))
        .where(
            ApplicationFile.application_id == application_id,
            col(ApplicationFile.submitted_at).is_not(None),
            col(ApplicationFile.superseded_at).is_(None),
        )
        .order_by(col(ApplicationFile.part), col(ApplicationFile.key), col(ApplicationFile.file_id))
    )
    found, counts = [], dict[str, int]()
    for row, media_type, size in (await db.exec(statement)).all():
        counts[row.key] = counts.get(row.key, 0) + 1
        name = f"{row.key}-{counts[row.key]}"
        found.append(BlindFile(row.file_id, row.part, row.key, name, media_type, size))
    return found
