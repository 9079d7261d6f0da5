"""HTTP for drafts that are taken away: parse, call one action or query, return."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from fastapi import Response
from pydantic import BaseModel, Field

from services.kit.db import Db
from services.kit.identity import CallerDep
from services.kit.pages import Page, PagingDep, page_of
from services.kit.routing import Router
from services.kit.versions import IfMatch
from services.venues.registry import deleting
from services.venues.registry.models import Deletion
from services.venues.registry.rules import VenueKind
from services.venues.registry.schemas import Given

router = Router(prefix="/venues", tags=["venues"])


class DeleteIn(Given):
    """Why a draft is taken away."""

    reason: str = Field(min_length=2, max_length=300)


class DeletionLine(BaseModel):
    """A draft that was taken away; `id` is the venue's."""

    id: UUID
    name: str
    kind: VenueKind
    division_code: str
    reason: str
    deleted_by: UUID
    deleted_at: datetime


class DeletionOut(DeletionLine):
    entered: dict[str, Any]
    """What was entered of it, so that it can be entered again."""


def _line(row: Deletion) -> DeletionLine:
    return DeletionLine(**row.model_dump(include=set(DeletionLine.model_fields)))


def _out(row: Deletion) -> DeletionOut:
    return DeletionOut(**row.model_dump(include=set(DeletionOut.model_fields)))


@router.get("/deletions")
async def list_deletions(
    db: Db, caller: CallerDep, paging: PagingDep, response: Response
) -> Page[DeletionLine]:
    """Drafts that were taken away within your reach: what, by whom, why."""
    found = await deleting.deletions(db, caller, paging)
    return page_of(found, paging, lambda row: (row.id,), _line, response)


@router.get("/deletions/{venue_id}")
async def read_deletion(db: Db, caller: CallerDep, venue_id: UUID) -> DeletionOut:
    """One of them, with all that was entered: to enter it again."""
    return _out(await deleting.deletion(db, caller, venue_id))


@router.post("/{venue_id}/delete")
async def delete_venue(
    db: Db, caller: CallerDep, venue_id: UUID, given: DeleteIn, version: IfMatch
) -> DeletionOut:
    """Take away a draft that was a mistake; what depends on it is said instead."""
    now = datetime.now(UTC)
    return _out(await deleting.delete(db, caller, venue_id, given.reason, version, now))
