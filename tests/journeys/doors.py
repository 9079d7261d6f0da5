"""Phones at a door behind the gateway, the people who come through it, and nights that pass."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx

from deploy.engines.databases import role_of
from deploy.suite import NAMES
from services.events.feedback.mixing import mix
from services.events.feedback.rules import day
from services.kit.access import SERVICE, Caller
from services.kit.db import Database
from services.kit.vault import Vault
from tests.faults.inside import rows, suite_of
from tests.support.province import Person, Province
from tests.support.scanner import Phone

SIZES = [1] * 50 + [2] * 6 + [3] * 6
"""Eighty people in 62 parties."""
DOUBLES = 5


@dataclass(frozen=True)
class Air:
    """The way to the gateway for a device, which has no account."""

    api: str
    address: str

    def as_(self, caller: Caller | None = None) -> httpx.AsyncClient:
        """A device signs: it is nobody else."""
        assert caller is None
        headers = {"X-Forwarded-For": self.address}
        return httpx.AsyncClient(base_url=self.api, verify=False, headers=headers)


async def phone(qinghai: Province, checker: Person, division: str, name: str, **how: Any) -> Phone:
    """A device enrolled with a code that the checker showed."""
    made = Phone(Air(qinghai.api, checker.address), name, **how)
    code = await checker.do("/check-ins/devices/codes", {"division_code": division})
    enrolled = await made.use(code["code"])
    assert enrolled.status_code == 201, enrolled.text
    return made


async def taken_along(device: Phone, occurrence: str) -> list[dict[str, Any]]:
    """What a phone keeps of a door before its line goes: every party, page by page."""
    path, found = f"/check-ins/packs/{occurrence}", []
    read = await device.request("GET", path)
    assert read.status_code == 200, read.text
    cursor: str | None = ""
    while cursor is not None:
        query = "?limit=50" + (f"&cursor={cursor}" if cursor else "")
        page = (await device.request("GET", f"{path}/registrations{query}")).json()
        found += page["items"]
        cursor = page["next"]
    return found


async def registered(
    occurrence: str, officer: Person, citizens: list[Person]
) -> list[tuple[str, str]]:
    """Each citizen alone, the other parties by the officer: registrations and their tickets."""
    turns = asyncio.Semaphore(8)

    async def one(at: int, size: int) -> tuple[str, str]:
        mine = at < len(citizens)
        who = citizens[at] if mine else officer
        party = [{"name": f"群众{at}-{number}", "age": 30} for number in range(size)]
        body = {"occurrence_id": occurrence, "party": party, "on_behalf": not mine}
        async with turns:
            made = await who.do("/registrations", body)
            ticket = await who.get(f"/registrations/{made['id']}/ticket", Accept="application/json")
        return made["id"], ticket["token"]

    return list(await asyncio.gather(*(one(at, size) for at, size in enumerate(SIZES))))


async def in_airplane_mode(
    qinghai: Province, occurrence: str, tickets: list[str], east: Phone, west: Phone
) -> None:
    """All come in, at one door or the other; five go out and come in again by the other one.

    That was ten minutes ago; the phones spoke to the server an hour before.
    """
    before = "UPDATE device_contacts SET at = at - interval '1 hour' WHERE device_id = ANY($1)"
    await rows(qinghai, "events", before, [east.id, west.id])
    for at, ticket in enumerate(tickets):
        door = east if at % 2 == 0 else west
        door.scan(UUID(occurrence), ticket, ago=timedelta(minutes=10))
    for at, ticket in enumerate(tickets[:DOUBLES]):
        door = west if at % 2 == 0 else east
        door.scan(UUID(occurrence), ticket, ago=timedelta(minutes=9))


async def what_it_came_to(
    checker: Person, occurrence: str, numbers: dict[str, int]
) -> list[tuple[Any, ...]]:
    """Every kept scan of an occurrence, without the ids that differ from one to the next."""
    kept = await checker.get(f"/check-ins/scans?occurrence={occurrence}&limit=100")
    return sorted(
        (each["device_name"], numbers[each["registration_id"]], each["outcome"], each["doubtful"])
        for each in kept["items"]
    )


async def night(qinghai: Province, nights: int) -> None:
    """What the events process does every night with the box, as if so many days had passed."""
    suite = suite_of(qinghai)
    url = suite.postgres(suite.home.secrets(NAMES)).dsn(role_of("events"))
    database, vault = Database(url, name="night", size=1), Vault(suite.home.keys)
    try:
        worked = 1
        while worked:
            async with database.transaction(SERVICE) as db:
                worked = await mix(db, vault, day(datetime.now(UTC)) + timedelta(days=nights))
    finally:
        await database.close()
