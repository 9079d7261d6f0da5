"""A small province, and a network in it that is known record by record."""

from datetime import date
from typing import Any

from sqlalchemy import text

from services.events.coverage.counting import rebuild
from services.kit.access import SERVICE
from services.kit.db import run
from services.kit.ids import uuid7
from tests.support.apps import Running

DIVISIONS = {
    "63": ("青海省", "province", "省"),
    "6301": ("西宁市", "prefecture", "地级市"),
    "630102": ("城东区", "county", "市辖区"),
    "630123": ("湟源县", "county", "县"),
    "630102001": ("东关大街街道", "township", "街道"),
    "630123101": ("日月藏族乡", "township", "民族乡"),
    "630102001001": ("北关街社区", "village", "居委会"),
    "630123101201": ("若药村", "village", "村委会"),
    "630123101202": ("克素尔村", "village", "村委会"),
}
_DIVISION = text(
    "INSERT INTO divisions (code, name, short_name, tier, kind, parent_code, official, edition)"
    " VALUES (:code, :name, :name, :tier, :kind, :parent, true, '2023')"
)
_STATION = text(
    "INSERT INTO stations (id, division_code, recorded_code, kind, name, sector, lead_department,"
    " responsible_unit, opened_on, closed_on, state, version, created_by)"
    " VALUES (:id, :code, :code, :kind, :name, :sector, :lead, :unit, :opened_on, :closed_on,"
    " CASE WHEN CAST(:closed_on AS date) IS NULL THEN 'open' ELSE 'closed' END, 1, :id)"
)
_POST = text(
    "INSERT INTO posts (id, division_code, recorded_code, role, sector, name_sealed, name_masked,"
    " begins_on, ends_on, version, created_by)"
    " VALUES (:id, :code, :code, 'informant', :sector, '', '*', :begins_on, :ends_on, 1, :id)"
)


def parent_of(code: str) -> str | None:
    return next((code[:n] for n in (9, 6, 4, 2) if n < len(code)), None)


async def province(events: Running) -> None:
    """The divisions, counted."""
    async with events.kit.database.transaction(SERVICE) as db:
        for code, (name, tier, kind) in DIVISIONS.items():
            row = {"code": code, "name": name, "tier": tier, "kind": kind}
            await run(db, _DIVISION, {**row, "parent": parent_of(code)})
        await rebuild(db)


async def station(db: Any, code: str, **over: Any) -> None:
    """A station, straight into the table."""
    row = {"kind": "science_station", "sector": None, "lead": None, "unit": None}
    days = {"opened_on": None, "closed_on": None}
    made = uuid7()
    await run(db, _STATION, {**row, **days, **over, "id": made, "code": code, "name": str(made)})


async def post(db: Any, code: str, **over: Any) -> None:
    """A post, straight into the table."""
    row = {"sector": None, "begins_on": date(2020, 1, 1), "ends_on": None}
    await run(db, _POST, {**row, **over, "id": uuid7(), "code": code})
