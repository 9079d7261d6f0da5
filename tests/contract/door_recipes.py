"""Recipes of a device at the door: enrolled, taking lists along, delivering scans, revoked."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import orjson

from services.kit.access import Caller
from tests.contract.recipes import COUNTY, drafted, occurrence
from tests.contract.world import World
from tests.support.province import Answer
from tests.support.scanner import Phone


class Noted:
    """Signs what the device says; `World.ask` sends it."""

    def as_(self, caller: Caller | None = None) -> httpx.AsyncClient:
        """Nothing goes past the world, which notes what is reached."""
        raise AssertionError(caller)


async def said(
    world: World, phone: Phone, operation: str, body: Any = None, /, **given: str
) -> Answer:
    """A request that the device signs."""
    method, template = operation.split()
    content = orjson.dumps(body) if body is not None else b""
    proof = phone.proof(method, template.format(**given), content)
    sent = {"Kepu-Device": proof, "Content-Type": "application/json"}
    return await world.ask("nobody", operation, content or None, **sent, **given)


async def devices(world: World) -> None:
    """A phone is enrolled twice with one code, takes a door along, syncs, and is revoked."""
    begin = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=20)
    activity = await drafted(world, "submit", "approve", "publish", occurrences=[occurrence(begin)])
    read = await world.ask("nobody", "GET /activities/{activity_id}", activity_id=activity)
    held = read["occurrences"][0]["id"]
    party = {"occurrence_id": held, "party": [{"name": "卓玛", "age": 30}]}
    registered = await world.ask("citizen", "POST /registrations", party)
    phone = Phone(Noted())
    code = await world.ask("checker", "POST /check-ins/devices/codes", {"division_code": COUNTY})
    for _ in range(2):
        own = await world.ask("nobody", "POST /check-ins/devices", phone.enrolment(code["code"]))
    phone.became(own.body)
    at, one = "/check-ins/devices/{device_id}", {"device_id": own["id"]}
    edit = await world.version("checker", at, **one)
    await world.ask("checker", f"PATCH {at}", {"name": "东门"}, **one, **edit)
    packs = "/check-ins/packs"
    await said(world, phone, f"GET {packs}")
    await said(world, phone, f"GET {packs}/{{occurrence_id}}", occurrence_id=held)
    await said(world, phone, f"GET {packs}/{{occurrence_id}}/registrations", occurrence_id=held)
    phone.scan(UUID(held), registration=UUID(registered["id"]), members=(1,))
    scans = {"last_seq": phone.seq, "scans": phone.queue}
    await said(world, phone, "POST /check-ins/sync", scans)
    # By hand again: what a scanner has counted answers 200.
    seen = {"registration_id": registered["id"], "members": [1], "occurrence_id": held}
    await world.ask("checker", "POST /check-ins", seen)
    await world.ask("officer", f"POST {at}/revoke", {"reason": "手机丢失"}, **one)


DOOR = (devices,)
