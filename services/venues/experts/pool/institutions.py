"""What people do with institutions: enter them, rename them, say what they belong to."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import Caller, P
from services.kit.problems import BrokenRule, FieldError
from services.kit.versions import require_version
from services.venues.experts.invitations.afterwards import recheck_institution
from services.venues.experts.models import Institution
from services.venues.experts.pool import queries
from services.venues.experts.pool.rules import Link, name_keys
from services.venues.experts.pool.schemas import InstitutionIn, InstitutionPatch


async def _link_errors(
    db: AsyncSession, own: UUID | None, parent_id: UUID | None, link: Link | None
) -> list[FieldError]:
    if (parent_id is None) != (link is None):
        return [FieldError("/link", "link-and-parent")]
    if parent_id is None:
        return []
    above = await queries.with_all_above(db, parent_id)
    if not above:
        return [FieldError("/parent_id", "unknown-institution")]
    return [FieldError("/parent_id", "institution-circle")] if own in above else []


async def _lock_links(db: AsyncSession) -> None:
    # Two at once, each below the other, would make a circle that neither sees.
    await db.exec(select(func.pg_advisory_xact_lock(func.hashtextextended("institutions", 0))))


async def enter(db: AsyncSession, caller: Caller, given: InstitutionIn) -> Institution:
    """Enter an institution; InstitutionExists, BrokenRule."""
    caller.require(P.EXPERT_MANAGE, at=given.division_code)
    if errors := await _link_errors(db, None, given.parent_id, given.link):
        raise BrokenRule(errors=tuple(errors))
    row = Institution(
        **given.model_dump(),
        recorded_code=given.division_code,
        name_keys=name_keys(given.name, given.former_names),
        created_by=caller.known(),
    )
    db.add(row)
    await db.flush()
    return row


async def edit(
    db: AsyncSession,
    caller: Caller,
    institution_id: UUID,
    given: InstitutionPatch,
    version: int,
    now: datetime,
) -> Institution:
    """Change what is given; the name it had stays among the former ones."""
    row = await queries.institution(db, caller, institution_id, lock=True)
    caller.require(P.EXPERT_MANAGE, at=row.division_code)
    require_version(row.version, version)
    changes: dict[str, Any] = given.model_dump(exclude_unset=True)
    if {"parent_id", "link"} & changes.keys():
        await _lock_links(db)
        parent_id = changes.get("parent_id", row.parent_id)
        link = changes.get("link", row.link)
        if errors := await _link_errors(db, row.id, parent_id, link):
            raise BrokenRule(errors=tuple(errors))
    former = changes.pop("former_names", None)
    if former is None:
        former = row.former_names
    if changes.get("name") is None:
        changes.pop("name", None)
    elif changes["name"] != row.name:
        former = [*former, row.name]
    for name, value in changes.items():
        setattr(row, name, value)
    row.former_names = list(dict.fromkeys(each for each in former if each != row.name))
    row.name_keys = name_keys(row.name, row.former_names)
    row.version += 1
    await db.flush()
    await recheck_institution(db, caller, row, now)
    return row


async def known(db: AsyncSession, institution_id: UUID) -> bool:
    """Is there an institution of this id?"""
    found = select(Institution.id).where(col(Institution.id) == institution_id)
    return (await db.exec(found)).first() is not None
