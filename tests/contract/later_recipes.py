"""Recipes that need time to pass or a second step: what was held, a draw, a factor."""

import asyncio
from datetime import UTC, datetime, timedelta

import pyotp

from tests.contract.recipes import drafted, occurrence
from tests.contract.world import World


async def held(world: World) -> None:
    """An activity begins, ends three seconds later, is counted, judged and archived."""
    at, of = "/activities/{activity_id}", "/occurrences/{occurrence_id}"
    begin = datetime.now(UTC) + timedelta(seconds=2)
    short = occurrence(begin, ends_at=(begin + timedelta(seconds=1)).isoformat())
    one = {"activity_id": await drafted(world, "submit", "approve", "publish", occurrences=[short])}
    read = await world.ask("nobody", f"GET {at}", **one)
    occasion = read["occurrences"][0]["id"]
    party = {"occurrence_id": occasion, "party": [{"name": "多杰", "age": 30}]}
    made = await world.ask("citizen", "POST /registrations", party)
    code = await world.ask(
        "checker", "GET /check-ins/codes/{occurrence_id}", occurrence_id=occasion
    )
    shown = {"occurrence_id": occasion, "code": code["code"]}
    await world.ask_twice("citizen", "POST /check-ins/self", shown)
    await world.ask("approver", f"POST {at}/begin", **one)
    await asyncio.sleep(max(0.0, (begin - datetime.now(UTC)).total_seconds()) + 1.2)
    await world.ask("approver", f"POST {at}/complete", **one)
    judged = {"registration_id": made["id"], "rating": 5}
    await world.ask("citizen", "POST /feedback", judged)
    edit = await world.version("officer", f"{of}/attendance", occurrence_id=occasion)
    counted = {"counted": 12}
    await world.ask("officer", f"PUT {of}/attendance", counted, occurrence_id=occasion, **edit)
    await world.ask("approver", f"POST {at}/archive", **one)


async def draws(world: World) -> None:
    """A draw is opened and made void."""
    of, begin = "/occurrences/{occurrence_id}", datetime.now(UTC) + timedelta(days=3)
    times = [occurrence(begin)]
    activity = await drafted(world, "submit", "approve", "publish", occurrences=times)
    read = await world.ask("nobody", "GET /activities/{activity_id}", activity_id=activity)
    one = {"occurrence_id": read["occurrences"][0]["id"]}
    closes = {"closes_at": (begin - timedelta(days=2)).isoformat()}
    await world.ask("approver", f"POST {of}/draw", closes, **one)
    await world.ask("nobody", f"GET {of}/draw", **one)
    entry = {"occurrence_id": one["occurrence_id"], "party": [{"name": "多杰", "age": 30}]}
    made = await world.ask("citizen", "POST /registrations", entry)
    await world.ask(
        "citizen", "GET /registrations/{registration_id}/slip", registration_id=made["id"]
    )
    await world.ask("approver", f"POST {of}/draw/void", {"reason": "条件变了"}, **one)


async def settled(world: World, at: str, **one: str) -> None:
    """Wait until the job of an import has ended: only then may the next one begin."""
    job = (await world.ask("officer", f"GET {at}/{{import_id}}", **one))["job"]
    await world.ask_until(lambda job: job["ended_at"], "officer", "GET /jobs/{job_id}", job_id=job)


async def factors(world: World) -> None:
    """A second factor from its beginning to its end, and a new password."""
    at, name = "/me/second_factor", "approver-6301"
    password = world.province.passwords[name]
    world.people["careful"] = await world.province.staff(world.http, name)
    begun = await world.ask("careful", f"POST {at}", {"password": password})
    secret = pyotp.parse_uri(begun["uri"])
    now = datetime.now(UTC)
    confirmed = await world.ask(
        "careful", f"POST {at}/confirm", {"code": secret.at(now - timedelta(seconds=30))}
    )
    spare = confirmed["codes"]
    await world.ask("careful", "POST /sessions/current/factor", {"code": secret.at(now)})
    renewed = await world.ask("careful", f"POST {at}/recovery_codes", {"code": spare[0]})
    left = renewed["codes"]
    await world.ask("careful", f"POST {at}/remove", {"code": left[0]})
    changed = {"current": password, "new": "qinghai-lake-birds-2026"}
    await world.ask("careful", "POST /me/password", changed)
    world.province.passwords[name] = changed["new"]


LATER = (held, draws, factors)
