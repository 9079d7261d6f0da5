"""Drafts of activities from the rows of a sheet: written many at once, and taken back."""

from typing import Any

from sqlalchemy import text

from services.events.activities.models import Activity
from services.events.activities.rules import Form, HostRole, OccurrenceState
from services.events.imports.shared import refuse_if_used
from services.events.registrations.places import GENERAL
from services.kit.access import P
from services.kit.db import run
from services.kit.ids import uuid7
from services.kit.imports.bulk import copy_in, ids_in_order
from services.kit.imports.rules import Desk, Written
from services.kit.sheets.reading import Record

_GIVEN: dict[str, Any] = dict.fromkeys(("division_code", "recorded_code", "title"), "")
_ACTIVITY = {
    **Activity(form=Form.OTHER, created_by=uuid7(), **_GIVEN).model_dump(
        exclude={"id", "created_at"}
    ),
    # As COPY takes JSON.
    "translations": "{}",
    "pictures": "[]",
}
"""A draft of which nothing is given, column by column."""
_OCCURRENCE = {
    "venue_id": None,
    "longitude": None,
    "latitude": None,
    "state": OccurrenceState.SCHEDULED.value,
    "sequence": 0,
    "list_rule": "strict",
    "offer_minutes": 120,
    "verified": 0,
    "version": 1,
}


async def write(desk: Desk, records: list[Record]) -> list[Written]:
    """Draft the activities. Drafts tell nobody, so there are no facts."""
    drafts: list[dict[str, Any]] = []
    hosts: list[dict[str, Any]] = []
    occurrences: list[dict[str, Any]] = []
    pools: list[dict[str, Any]] = []
    tickets: list[dict[str, Any]] = []
    ids, of_occurrences = ids_in_order(len(records)), iter(ids_in_order(len(records)))
    for record, id_ in zip(records, ids, strict=True):
        values = record.values
        code = values["division_code"]
        activity = {
            **_ACTIVITY,
            **{name: values[name] for name in _ACTIVITY.keys() & values.keys()},
            "id": id_,
            "recorded_code": code,
            "created_by": desk.caller.known(),
        }
        activity["summary"] = activity["summary"] or ""
        activity["audiences"] = activity["audiences"] or []
        activity["languages"] = activity["languages"] or []
        drafts.append(activity)
        hosts.append(
            {
                "activity_id": activity["id"],
                "division_code": code,
                "recorded_code": code,
                "role": HostRole.LEAD.value,
                "accepted_at": desk.now,
            }
        )
        if values.get("starts_at") is None:
            continue
        at = values.get("held_at") or code
        occurrence = {
            **_OCCURRENCE,
            "id": next(of_occurrences),
            "activity_id": activity["id"],
            "division_code": at,
            "recorded_code": at,
            **{name: values.get(name) for name in ("place", "online_url", "starts_at", "ends_at")},
        }
        occurrences.append(occurrence)
        if values.get("capacity") is not None:
            pool = {
                "id": uuid7(),
                "occurrence_id": occurrence["id"],
                "name": GENERAL,
                "capacity": values["capacity"],
                **dict.fromkeys(("confirmed", "offered", "waiting"), 0),
                "next_number": 1,
                "version": 1,
            }
            pools.append(pool)
            tickets.append(
                {
                    "id": uuid7(),
                    "occurrence_id": occurrence["id"],
                    "pool_id": pool["id"],
                    "name": GENERAL,
                    "max_party": 10,
                }
            )
    for table, rows in (
        ("activities", drafts),
        ("activity_hosts", hosts),
        ("occurrences", occurrences),
        ("pools", pools),
        ("tickets", tickets),
    ):
        await copy_in(desk.db, table, rows)
    return [Written(record.row, row["id"]) for record, row in zip(records, drafts, strict=True)]


_OF_IMPORT = "(SELECT id FROM import_rows WHERE import_id = :id)"
_LOCK = text(f"SELECT id FROM activities WHERE id IN {_OF_IMPORT} ORDER BY id FOR UPDATE")
_OURS = text(
    """SELECT i."row", a.id, a.version, a.state, a.division_code
    FROM import_rows i LEFT JOIN activities a ON a.id = i.id WHERE i.import_id = :id"""
)
_THEIR = f"(SELECT id FROM occurrences WHERE activity_id IN {_OF_IMPORT})"
_FORGET = (
    text(f"DELETE FROM tickets WHERE occurrence_id IN {_THEIR}"),
    text(f"DELETE FROM pools WHERE occurrence_id IN {_THEIR}"),
    text(f"DELETE FROM occurrences WHERE activity_id IN {_OF_IMPORT}"),
    text(f"DELETE FROM activity_hosts WHERE activity_id IN {_OF_IMPORT}"),
    text(f"DELETE FROM activities WHERE id IN {_OF_IMPORT}"),
)


async def take_back(desk: Desk) -> None:
    """Delete the drafts, unless one was edited, handed in or deleted since."""
    values = {"id": desk.import_id}
    await run(desk.db, _LOCK, values)
    rows = (await run(desk.db, _OURS, values)).all()
    for code in {row.division_code for row in rows if row.id}:
        desk.caller.require(P.ACTIVITY_EDIT, at=code)
    refuse_if_used(
        [
            *((row.row, "row-gone", {}) for row in rows if row.id is None),
            *(
                (row.row, "row-changed", {})
                for row in rows
                if row.id and (row.version != 1 or row.state != "draft")
            ),
        ]
    )
    for statement in _FORGET:
        await run(desk.db, statement, values)
