"""Settling an occurrence: its scans are weighed together, and its check-ins made to agree."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.events.door.models import Contact, Device, ScanRow
from services.events.door.rules import (
    Claim,
    Outcome,
    Scan,
    Settled,
    Window,
    cut_of,
    is_barred,
    refusal_of,
    settle,
)
from services.events.registrations.attendance import Door, attendance_changed, door
from services.events.registrations.models import CheckIn, Member, Registration
from services.events.registrations.rules import door_window
from services.kit.db import as_service, run

LAST_TAKEN_BACK = text(
    """SELECT member_id, max(at) AS at FROM check_ins_taken_back
    WHERE occurrence_id = :id GROUP BY member_id"""
)
# A check-in made on line stays within the row when a device's scan turns out to be earlier.
COME = text(
    """INSERT INTO check_ins AS c (member_id, occurrence_id, division_code, account_id, at, by,
        method, device_id, scan_key)
    SELECT m.id, :occurrence_id, m.division_code, m.account_id, w.at, w.by, w.method, w.device_id,
        decode(w.key, 'hex')
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS w (
        id uuid, at timestamptz, by uuid, method text, device_id uuid, key text)
    JOIN members m ON m.id = w.id ORDER BY m.id
    ON CONFLICT (member_id) DO UPDATE SET
        entered_at = CASE WHEN c.device_id IS NULL THEN c.at ELSE c.entered_at END,
        entered_by = CASE WHEN c.device_id IS NULL THEN c.by ELSE c.entered_by END,
        entered_method = CASE WHEN c.device_id IS NULL THEN c.method ELSE c.entered_method END,
        at = excluded.at, by = excluded.by, method = excluded.method,
        device_id = excluded.device_id, scan_key = excluded.scan_key"""
)
BACK_ON_LINE = text(
    """UPDATE check_ins SET at = entered_at, by = entered_by, method = entered_method,
        device_id = NULL, scan_key = NULL, entered_at = NULL, entered_by = NULL,
        entered_method = NULL
    WHERE member_id = ANY(CAST(:ids AS uuid[]))"""
)
GONE = text("DELETE FROM check_ins WHERE member_id = ANY(CAST(:ids AS uuid[]))")
OUTCOMES = text(
    """UPDATE scans s SET outcome = w.outcome, admitted = w.admitted, at = w.at,
        doubtful = w.doubtful
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS w (
        key text, outcome text, admitted boolean, at timestamptz, doubtful boolean)
    WHERE s.key = decode(w.key, 'hex')"""
)


@dataclass(slots=True)
class _Loaded:
    """Everything that the weighing looks at."""

    rows: Sequence[tuple[ScanRow, Contact, Device]]
    scans: list[Scan]
    people: dict[bytes, dict[int, UUID]]
    """By scan: those it names, by their numbers."""
    admitted: frozenset[bytes]
    check_ins: dict[UUID, CheckIn]
    taken_back: dict[UUID, datetime]
    barred: frozenset[bytes]


@dataclass(frozen=True, slots=True)
class Weighed:
    """An occurrence after settling, and what its scans named."""

    at: Door
    settled: Settled
    people: dict[bytes, dict[int, UUID]]
    devices: dict[UUID, Device]


async def settle_occurrence(db: AsyncSession, occurrence_id: UUID) -> Weighed:
    """Weigh all scans of an occurrence, make check-ins agree with them, tell what changed.

    Its row is held until the transaction ends, so that one after the other is settled.
    """
    at = await door(db, occurrence_id, lock=True)
    window = Window(*door_window(at.occurrence.starts_at, at.occurrence.ends_at))
    async with as_service(db):
        loaded = await _load(db, occurrence_id)
        online = {
            person: row.at if row.device_id is None else row.entered_at
            for person, row in loaded.check_ins.items()
            if row.device_id is None or row.entered_at is not None
        }
        settled = settle(
            loaded.scans,
            {person: moment for person, moment in online.items() if moment is not None},
            loaded.taken_back,
            loaded.barred,
            window,
        )
        difference = await _write_check_ins(db, occurrence_id, loaded, settled)
        await _write_outcomes(db, loaded, settled)
    if difference:
        at.occurrence.verified += difference
        await attendance_changed(db, at)
    devices = {device.id: device for *_, device in loaded.rows}
    return Weighed(at, settled, loaded.people, devices)


async def _load(db: AsyncSession, occurrence_id: UUID) -> _Loaded:
    statement = (
        select(ScanRow, Contact, Device)
        .join(Contact, col(Contact.id) == ScanRow.contact_id)
        .join(Device, col(Device.id) == ScanRow.device_id)
        .where(ScanRow.occurrence_id == occurrence_id)
        .execution_options(populate_existing=True)
    )
    rows = (await db.exec(statement)).all()
    named = {row.registration_id for row, *_ in rows if row.registration_id is not None}
    # Held, so that nobody cancels while their party is let in.
    registrations = {
        row.id: row
        for row in (
            await db.exec(
                select(Registration)
                .where(col(Registration.id).in_(named))
                .order_by(col(Registration.id))
                .with_for_update()
                .execution_options(populate_existing=True)
            )
        ).all()
    }
    parties: dict[UUID, dict[int, UUID]] = {}
    members = select(Member.registration_id, Member.position, Member.id).where(
        col(Member.registration_id).in_(named), col(Member.dropped_at).is_(None)
    )
    for registration_id, position, member_id in (await db.exec(members)).all():
        parties.setdefault(registration_id, {})[position] = member_id
    scans, people, admitted = [], {}, set()
    for row, contact, _ in rows:
        registration = registrations.get(row.registration_id) if row.registration_id else None
        refusal = row.refusal or _refusal(row, registration)
        if refusal is None:
            admitted.add(row.key)
        party = parties.get(registration.id, {}) if registration is not None else {}
        named_people = {n: party[n] for n in row.numbers or sorted(party) if n in party}
        people[row.key] = named_people
        scans.append(_scan(row, contact, tuple(named_people.values()), refusal))
    check_ins = select(CheckIn).where(CheckIn.occurrence_id == occurrence_id)
    check_ins = check_ins.execution_options(populate_existing=True)
    back = await run(db, LAST_TAKEN_BACK, {"id": occurrence_id})
    return _Loaded(
        rows,
        scans,
        people,
        frozenset(admitted),
        {row.member_id: row for row in (await db.exec(check_ins)).all()},
        {row.member_id: row.at for row in back.all()},
        await _barred(db, scans, {device.id: device for *_, device in rows}),
    )


def _refusal(row: ScanRow, registration: Registration | None) -> Outcome | None:
    if registration is None:
        return Outcome.UNKNOWN
    if registration.occurrence_id != row.occurrence_id:
        return Outcome.WRONG_OCCURRENCE
    return None if row.admitted else refusal_of(registration.state)


def _scan(
    row: ScanRow, contact: Contact, people: tuple[UUID, ...], refusal: Outcome | None
) -> Scan:
    return Scan(
        key=row.key,
        device=row.device_id,
        seq=row.seq,
        device_at=row.device_at,
        contact_at=contact.at,
        offset=contact.clock_offset,
        received_at=row.received_at,
        people=people,
        refusal=refusal,
    )


async def _barred(
    db: AsyncSession, scans: Iterable[Scan], devices: dict[UUID, Device]
) -> frozenset[bytes]:
    """Scans of revoked devices that come after the revocation, by all that each device sent."""
    revoked = {d.id: d.revoked_at for d in devices.values() if d.revoked_at is not None}
    if not revoked:
        return frozenset()
    statement = (
        select(ScanRow, Contact)
        .join(Contact, col(Contact.id) == ScanRow.contact_id)
        .where(col(ScanRow.device_id).in_(revoked))
    )
    sent: dict[UUID, list[Scan]] = {}
    for row, contact in (await db.exec(statement)).all():
        sent.setdefault(row.device_id, []).append(_scan(row, contact, (), None))
    cuts = {device: cut_of(at, sent.get(device, ())) for device, at in revoked.items()}
    return frozenset(
        scan.key
        for scan in scans
        if scan.device in revoked and is_barred(scan, revoked[scan.device], cuts[scan.device])
    )


async def _write_check_ins(
    db: AsyncSession, occurrence_id: UUID, loaded: _Loaded, settled: Settled
) -> int:
    """Make the rows agree; answers by how many people there are more."""
    rows = {row.key: (row, device) for row, _, device in loaded.rows}
    come, back = [], []
    for person, claim in settled.firsts.items():
        has = loaded.check_ins.get(person)
        if claim.offline and not _is_of(has, claim):
            row, device = rows[claim.key]
            come.append(
                {
                    "id": str(person),
                    "at": claim.at,
                    "by": str(device.enrolled_by),
                    "method": "offline_by_hand" if row.by_hand else "offline_ticket",
                    "device_id": str(device.id),
                    "key": claim.key.hex(),
                }
            )
        elif not claim.offline and has is not None and has.device_id is not None:
            back.append(person)
    gone = [person for person in loaded.check_ins if person not in settled.firsts]
    if come:
        values = {"occurrence_id": occurrence_id, "rows": orjson.dumps(come).decode()}
        await run(db, COME, values)
    for statement, ids in ((BACK_ON_LINE, back), (GONE, gone)):
        if ids:
            await run(db, statement, {"ids": ids})
    return len(settled.firsts) - len(loaded.check_ins)


def _is_of(has: CheckIn | None, claim: Claim) -> bool:
    return has is not None and has.scan_key == claim.key and has.at == claim.at


async def _write_outcomes(db: AsyncSession, loaded: _Loaded, settled: Settled) -> None:
    changed: list[dict[str, Any]] = []
    for row, *_ in loaded.rows:
        at, doubtful = settled.moments[row.key]
        admitted = row.admitted or row.key in loaded.admitted
        now = (settled.outcomes[row.key], admitted, at, doubtful)
        if now != (row.outcome, row.admitted, row.at, row.doubtful):
            changed.append(
                {
                    "key": row.key.hex(),
                    "outcome": now[0],
                    "admitted": admitted,
                    "at": at,
                    "doubtful": doubtful,
                }
            )
    if changed:
        await run(db, OUTCOMES, {"rows": orjson.dumps(changed).decode()})
