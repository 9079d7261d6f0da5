"""Undoing an import of venues: what it entered goes again, unless something depends on it."""

from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from services.kit.access import P
from services.kit.db import run
from services.kit.facts import Fact, record_all
from services.kit.imports.rules import Desk, ImportInUse
from services.kit.problems import FieldError
from services.venues.facts import VenueClosed

_SHOWN = 20

_LOCK = text(
    "SELECT id FROM venues WHERE id IN (SELECT id FROM import_rows WHERE import_id = :id)"
    " ORDER BY id FOR UPDATE"
)
# A row of an import is a venue, or an honour that was added to one.
_OURS = text(
    """SELECT i."row", v.id AS venue, v.version, v.state, h.id AS honour,
        h.version AS honour_version, COALESCE(v.division_code, h.division_code) AS division_code,
        EXISTS (SELECT FROM applications a WHERE a.venue_id = v.id)
            OR EXISTS (SELECT FROM venue_representatives r WHERE r.venue_id = v.id)
            OR EXISTS (SELECT FROM honours o WHERE o.venue_id = v.id
                AND (o.version > 1 OR o.application_id IS NOT NULL)) AS used,
        EXISTS (SELECT FROM honours o WHERE o.venue_id = v.id) AS named,
        EXISTS (SELECT FROM venue_deletions d WHERE d.id = i.id) AS deleted
    FROM import_rows i LEFT JOIN venues v ON v.id = i.id LEFT JOIN honours h ON h.id = i.id
    WHERE i.import_id = :id ORDER BY i."row" FOR UPDATE OF i"""
)
_FORGET = (
    # Of the venues, and those that were added to others.
    text(
        """DELETE FROM honours WHERE id IN (SELECT id FROM import_rows WHERE import_id = :id)
            OR venue_id IN (SELECT id FROM import_rows WHERE import_id = :id)"""
    ),
    text("DELETE FROM venues WHERE id IN (SELECT id FROM import_rows WHERE import_id = :id)"),
)


async def take_back(desk: Desk) -> None:
    """Delete the venues and honours, unless one was changed or something refers to it."""
    values = {"id": desk.import_id}
    await run(desk.db, _LOCK, values)
    rows = (await run(desk.db, _OURS, values)).all()
    for row in rows:
        if row.division_code is not None:
            # As it was entered: a draft by whoever keeps venues, what is public by who approves.
            is_draft = row.state == "draft" and not row.named
            needed = P.VENUE_EDIT if is_draft else P.VENUE_APPROVE
            desk.caller.require(needed, at=row.division_code)
    _refuse([(row.row, why) for row in rows if (why := _why_not(row)) is not None])
    try:
        async with desk.db.begin_nested():
            for statement in _FORGET:
                await run(desk.db, statement, values)
    except IntegrityError:
        # Opening hours, slots, visits: whatever else refers to a venue by now.
        raise ImportInUse(count=len(rows)) from None
    told: list[tuple[Fact, Any, str, int]] = [
        (VenueClosed(), row.venue, row.division_code, 2)
        for row in rows
        if row.venue and row.state == "published"
    ]
    await record_all(desk.db, told)


def _why_not(row: Any) -> str | None:
    if row.deleted:
        return None  # taken away since, by itself and with a reason
    if row.venue is None and row.honour is None:
        return "row-gone"
    if row.used:
        return "row-used"
    changed = row.version if row.venue else row.honour_version
    return None if changed == 1 else "row-changed"


def _refuse(bad: list[tuple[int, str]]) -> None:
    if bad:
        raise ImportInUse(
            count=len(bad),
            errors=tuple(
                FieldError(f"/rows/{row}", why, (("row", row),)) for row, why in bad[:_SHOWN]
            ),
        )
