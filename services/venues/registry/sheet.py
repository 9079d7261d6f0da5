"""Venues by spreadsheet: one row is a venue, or one more honour of the venue in a row above it.

A row whose venue is in the register already adds its honour to it and changes nothing else. What
names an honour or publishes at once is for those who may approve.
"""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import text

from services.kit.access import P
from services.kit.db import run
from services.kit.facts import Fact, record_all
from services.kit.imports.bulk import ids_in_order
from services.kit.imports.rules import Desk, Importer, Written
from services.kit.problems import FieldError
from services.kit.sheets.declare import Choice, Column, Kind, Sheet, said
from services.kit.sheets.reading import Record
from services.venues.facts import VenuePublished
from services.venues.registry.columns import (
    COLUMNS_OF_THE_PUBLIC,
    DATUM,
    DESCRIBED,
    DIVISION,
    KIND,
    NAME,
    NAMES,
    POINT,
    SOURCE,
)
from services.venues.registry.coordinates import to_wgs84
from services.venues.registry.hosts import uscc_fault
from services.venues.registry.known import ADD_HONOUR, entered, state_of
from services.venues.registry.models import Venue, VenueContact, VenueName
from services.venues.registry.people import sealed
from services.venues.registry.places import point_errors, swapped, unknown_codes
from services.venues.registry.rules import Datum, NameKind, VenueState
from services.venues.registry.schemas import ContactIn, split_names
from services.venues.registry.taking_back import take_back

LEVELS = tuple(
    Choice(value, words)
    for value, words in {
        "national": said("国家级", "national"),
        "provincial": said("省级", "provincial"),
        "prefecture": said("市州级", "prefecture"),
        "county": said("县级", "county"),
    }.items()
)
HONOUR = (
    Column("honour", said("荣誉名称", "Honour"), example="青海省科普教育基地"),
    Column("honour_issuer", said("命名单位", "Issuer"), example="青海省科协"),
    Column("level", said("荣誉级别", "Level"), Kind.CHOICE, choices=LEVELS),
    Column("period", said("命名时间（原文）", "Period as said"), most=100),
    Column("issued_on", said("命名日期", "Issued on"), Kind.DAY),
    Column("valid_until", said("有效期至", "Valid until"), Kind.DAY),
)
_DESCRIBED = tuple(column.key for column in DESCRIBED)

SHEET = Sheet(
    "venues",
    COLUMNS_OF_THE_PUBLIC[0],
    (
        *(NAME, KIND, DIVISION, *POINT, DATUM, *DESCRIBED, *NAMES, *HONOUR, SOURCE),
        Column("publish", said("直接发布", "Publish at once"), Kind.YES_NO),
        Column("contact_name", said("联系人", "Contact"), most=80, personal=True),
        Column("contact_phone", said("联系电话", "Contact phone"), Kind.PHONE, personal=True),
    ),
    note=said(
        "一个场馆有多项荣誉时，每项荣誉一行，场馆名称和区划代码相同",
        "a venue with several honours stands in several rows, with the same name and division",
    ),
)

_THERE = text(
    """SELECT v.id, v.name, v.recorded_code, v.division_code,
        ARRAY(SELECT h.title || '|' || h.issuer || '|' || COALESCE(h.period, '')
            FROM honours h WHERE h.venue_id = v.id) AS honours
    FROM venues v JOIN unnest(CAST(:names AS text[]), CAST(:codes AS text[])) AS g(name, code)
        ON v.name = g.name AND g.code IN (v.recorded_code, v.division_code)
    WHERE v.state <> 'closed' ORDER BY v.id"""
)


@dataclass
class Group:
    """The rows of one venue, and the venue when the register has it."""

    records: list[Record] = field(default_factory=list)
    there: UUID | None = None
    at: str | None = None
    honours: set[str] = field(default_factory=set)


def _honour_key(values: dict[str, Any]) -> str:
    issuer = (values.get("honour_issuer") or "").partition("·")[0] or "未注明"
    return f"{values['honour']}|{issuer}|{values.get('period') or ''}"


async def _groups(desk: Desk, records: list[Record]) -> list[Group]:
    found: dict[tuple[str, str], Group] = {}
    alone = []
    for record in records:
        name, code = record.values.get("name"), record.values.get("division_code")
        if name and code:
            found.setdefault((name, code), Group()).records.append(record)
        else:
            alone.append(Group([record]))
    names, codes = zip(*found, strict=True) if found else ((), ())
    given = {"names": list(names), "codes": list(codes)}
    for row in (await run(desk.db, _THERE, given)).all():
        for code in {row.recorded_code, row.division_code}:
            group = found.get((row.name, code))
            if group is not None and group.there is None:
                group.there, group.at = row.id, row.division_code
                group.honours = set(row.honours)
    return [*found.values(), *alone]


async def check(desk: Desk, records: list[Record]) -> None:
    """Within reach, in a county that exists, at a point that can be, and not there already."""
    groups = await _groups(desk, records)
    codes = {code for record in records if (code := record.values.get("division_code"))}
    unknown = await unknown_codes(desk.db, codes)
    for group in groups:
        first = group.records[0]
        for record in group.records:
            _check_row(desk, record, unknown)
            _check_honour(desk, record, group)
            for key in ("kind", "host_uscc"):
                # A later row may leave it out, and may not say something else.
                if record.values.get(key) not in (None, first.values.get(key)):
                    desk.blame(record, key, "row-differs", row=first.row)
        if any(record.faults for record in group.records):
            # A venue comes in whole or not at all.
            for record in group.records:
                if not record.faults:
                    desk.blame(record, "name", "row-of-a-bad-venue")
    desk.memory["groups"] = groups


def _check_row(desk: Desk, record: Record, unknown: set[str]) -> None:
    values = record.values
    code = values.get("division_code")
    if code is not None:
        needed = P.VENUE_APPROVE if values.get("honour") or values.get("publish") else P.VENUE_EDIT
        if code in unknown:
            desk.blame(record, "division_code", "division-not-standing", code=code)
        elif not desk.caller.may(P.VENUE_EDIT, at=code):
            desk.blame(record, "division_code", "row-out-of-reach", code=code)
        elif not desk.caller.may(needed, at=code):
            key = "honour" if values.get("honour") else "publish"
            desk.blame(record, key, "needs-approval", code=code)
    for error in _point(values):
        desk.blame(record, error.pointer[1:], error.rule, **dict(error.values))
    given = values.get("host_uscc")
    if given is not None:
        values["host_uscc"] = given = given.upper()
        if (fault := uscc_fault(given)) is not None:
            desk.blame(record, "host_uscc", fault)
    if values.get("contact_phone") and not values.get("contact_name"):
        desk.blame(record, "contact_name", "missing-field")
    for key in ("aliases", "former_names"):
        if any(not 2 <= len(name) <= 100 for name in split_names(values.get(key) or "")):
            desk.blame(record, key, "name-length")
    website = values.get("website")
    if website is not None and not website.startswith(("http://", "https://")):
        desk.blame(record, "website", "not-a-website")


def _point(values: dict[str, Any]) -> list[FieldError]:
    """Put a row's point into WGS-84, once; what is wrong with it."""
    longitude, latitude = values.get("longitude"), values.get("latitude")
    datum = Datum(values.pop("datum", None) or Datum.WGS84)
    if longitude is not None and latitude is not None and datum is not Datum.WGS84:
        if not swapped(longitude, latitude):
            longitude, latitude = to_wgs84((longitude, latitude), datum)
            values.update(longitude=longitude, latitude=latitude)
        values["given_datum"] = datum
    return point_errors(longitude, latitude)


def _check_honour(desk: Desk, record: Record, group: Group) -> None:
    values = record.values
    if not values.get("honour"):
        for key in ("honour_issuer", "issued_on", "valid_until", "level"):
            if values.get(key) is not None:
                desk.blame(record, "honour", "missing-field")
                break
        if group.there is not None or record is not group.records[0]:
            desk.blame(record, "name", "row-exists")
        return
    if values.get("source") is None:
        # What others named is believed with its source only.
        desk.blame(record, "source", "missing-field")
    issued, until = values.get("issued_on"), values.get("valid_until")
    if issued is not None and until is not None and until < issued:
        desk.blame(record, "valid_until", "ends-before-it-begins")
    key = _honour_key(values)
    if key in group.honours:
        desk.blame(record, "honour", "row-exists")
    group.honours.add(key)


async def write(desk: Desk, records: list[Record]) -> list[Written]:
    """Enter the venues, and the honours of those and of venues that were there."""
    good = {record.row for record in records}
    groups = [one for one in desk.memory["groups"] if one.records[0].row in good]
    new = [one for one in groups if one.there is None]
    told: list[tuple[Fact, UUID, str, int]] = []
    made: list[Written] = []
    for group, id_ in zip(new, ids_in_order(len(new)), strict=True):
        venue = _venue(desk, group.records[0].values, id_)
        desk.db.add(venue)
        await desk.db.flush()
        _add_around(desk, venue, group.records[0].values)
        group.there, group.at = id_, venue.division_code
        made.append(Written(group.records[0].row, id_, rows=len(group.records)))
        if venue.state is VenueState.PUBLISHED:
            fact = VenuePublished(kind=venue.kind, name=venue.name)
            told.append((fact, id_, venue.division_code, 1))
    await desk.db.flush()
    ours = {one.id for one in made}
    for group in groups:
        for record in group.records:
            if record.values.get("honour"):
                honour = _honour(desk, group, record.values)
                await run(desk.db, ADD_HONOUR, honour)
                told += entered(honour)
                if group.there not in ours:
                    made.append(Written(record.row, honour["id"]))
    await record_all(desk.db, told)
    return made


def _venue(desk: Desk, values: dict[str, Any], id_: UUID) -> Venue:
    code = values["division_code"]
    described: dict[str, Any] = {key: values.get(key) for key in _DESCRIBED}
    for key in ("languages", "accessibility"):
        described[key] = described[key] or []
    return Venue(
        id=id_,
        name=values["name"],
        kind=values["kind"],
        division_code=code,
        recorded_code=code,
        longitude=values.get("longitude"),
        latitude=values.get("latitude"),
        given_datum=values.get("given_datum"),
        source=values.get("source"),
        state=VenueState.PUBLISHED if values.get("publish") else VenueState.DRAFT,
        created_by=desk.caller.known(),
        **described,
    )


def _add_around(desk: Desk, venue: Venue, values: dict[str, Any]) -> None:
    seen = {venue.name}
    for key, kind in (("aliases", NameKind.ALIAS), ("former_names", NameKind.FORMER)):
        for name in split_names(values.get(key) or ""):
            if name not in seen:
                seen.add(name)
                desk.db.add(VenueName(venue_id=venue.id, name=name, kind=kind))
    if values.get("contact_name"):
        person = ContactIn(name=values["contact_name"], phone=values.get("contact_phone"))
        columns = sealed(person, desk.vault)
        columns["division_code"] = columns["recorded_code"] = venue.division_code
        desk.db.add(VenueContact(venue_id=venue.id, **columns))


def _honour(desk: Desk, group: Group, values: dict[str, Any]) -> dict[str, Any]:
    issuer, _, others = (values.get("honour_issuer") or "").partition("·")
    return {
        "id": ids_in_order(1)[0],
        "venue_id": group.there,
        "division_code": group.at,
        "title": values["honour"],
        "issuer": issuer or "未注明",
        "co_issuers": others.replace("·", "\n"),
        "level": values.get("level"),
        "host_name": values.get("host_name"),
        "issued_on": values.get("issued_on"),
        "valid_until": values.get("valid_until"),
        "state": state_of("valid", values.get("valid_until")),
        "source": values.get("source"),
        "period": values.get("period"),
        "created_by": desk.caller.known(),
    }


MOST = 5000

IMPORTER = Importer(
    SHEET, "/venues", P.VENUE_EDIT, check, write, take_back, most_rows=MOST, batch=MOST
)
