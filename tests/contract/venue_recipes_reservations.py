"""Recipes of visits: hours, slots, reservations, the waiting list, penalties, halls, counts."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from tests.contract.recipes import COUNTY
from tests.contract.world import World

WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
ALL_DAY = {"hours": [{"opens": "00:00", "closes": "24:00"}], "free": True}
FIRST = {"If-Match": '"v0"'}
BEGUN = """UPDATE reservations SET starts_at = now() - interval '1 minute',
    held_until = now() + interval '1 hour' WHERE id = $1"""
TODAY = """WITH made AS (INSERT INTO visit_days (venue_id, day, hours, free, slot_minutes,
        visit_minutes, capacity, taken)
    SELECT venue_id, day - 1, hours, free, slot_minutes, visit_minutes, capacity, taken
    FROM visit_days WHERE venue_id = $1 ON CONFLICT DO NOTHING)
    INSERT INTO visit_buckets (venue_id, day, minute, capacity, taken)
    SELECT venue_id, day - 1, minute, capacity, taken FROM visit_buckets WHERE venue_id = $1"""
MOVED = "UPDATE reservations SET day = day - 1 WHERE id = $1"
PENALTY = """INSERT INTO penalties (id, venue_id, division_code, recorded_code, account_id,
        no_shows, from_at, until_at, state)
    SELECT gen_random_uuid(), venue_id, division_code, division_code, account_id, 3, now(),
        now() + interval '1 day', 'standing' FROM reservations WHERE id = $1
    RETURNING id"""


def _day(number: int) -> str:
    there = datetime.now(UTC) + timedelta(hours=8)
    return str(there.date() + timedelta(days=number))


async def _venue(world: World) -> dict[str, str]:
    venue = {"name": "湟源县第二科技馆", "kind": "science_museum", "division_code": COUNTY}
    made = await world.ask("officer", "POST /venues", venue)
    await world.ask("approver", "POST /venues/{venue_id}/publish", venue_id=made["id"])
    return {"venue_id": made["id"]}


async def _hours(world: World, one: dict[str, str]) -> None:
    at = "/venues/{venue_id}/opening"
    seasons = {"seasons": [{"days": dict.fromkeys(WEEK, ALL_DAY)}]}
    await world.ask("officer", f"PUT {at}", seasons, **one, **FIRST)
    await world.ask("nobody", f"GET {at}", **one)
    await world.ask("nobody", f"GET {at}/days", **one)
    shut = {"first": _day(20), "reason": "设备检修"}
    await world.ask("officer", f"POST {at}/exceptions", shut, **one)
    await world.ask("officer", f"DELETE {at}/exceptions/{{day}}", **one, day=_day(20))
    at = "/venues/{venue_id}/reservation-settings"
    settings = {"per_day": 60, "at_once": 2, "max_party": 2, "group_min": 2, "per_person": 9}
    await world.ask("officer", f"PUT {at}", settings, **one, **FIRST)
    await world.ask("nobody", f"GET {at}", **one)


async def reservations(world: World) -> None:
    """A party that comes, one that waits and one that gives up; groups; a penalty."""
    one = await _venue(world)
    await _hours(world, one)
    tomorrow = {**one, "day": _day(1), "starts": "10:00", "name": "才让卓玛"}
    query = f"?venue={one['venue_id']}&day={_day(1)}"
    await world.ask("nobody", "GET /slots", None, query)
    at, this = "/reservations", "/reservations/{reservation_id}"
    party = {**tomorrow, "party_size": 2, "phone": "13900007011", "client_id": str(uuid4())}
    first = await world.ask_twice("citizen", f"POST {at}", party)
    waits = await world.ask("other", f"POST {at}", {**tomorrow, "party_size": 2})
    mine, theirs = {"reservation_id": first["id"]}, {"reservation_id": waits["id"]}
    await world.ask("citizen", f"GET {at}")
    await world.ask("citizen", f"GET {this}", **mine)
    await world.ask("citizen", f"GET {this}/code", **mine)
    await world.ask("officer", f"POST {this}/open", {"purpose": "核对来访者"}, **mine)
    await world.ask("officer", f"POST {at}/find", {"phone": "13900007011"})
    await world.ask("citizen", f"POST {this}/cancel", **mine)
    await world.ask("other", f"POST {this}/accept", **theirs)
    waits = await world.ask("citizen", f"POST {at}", {**tomorrow, "party_size": 1})
    await world.ask("other", f"POST {this}/cancel", **theirs)
    await world.ask("citizen", f"POST {this}/decline", reservation_id=waits["id"])
    for step, body in (("approve", None), ("refuse", {"reason": "人数已满"})):
        group = {**tomorrow, "party_size": 2, "group_name": "湟源县实验小学"}
        asked = await world.ask("other" if body else "citizen", f"POST {at}", group)
        here = {"reservation_id": asked["id"]}
        await world.ask("officer", f"POST {this}/{step}", body, **here)
        if body is None:
            coming = here["reservation_id"]
    await world.sql("venues", TODAY, one["venue_id"])
    for statement in (MOVED, BEGUN):
        await world.sql("venues", statement, coming)
    await world.ask("checker", f"POST {at}/check-in", {"reservation_id": coming})
    at, penalty = "/reservations/penalties", "/reservations/penalties/{penalty_id}"
    for step in ("lift", "uphold"):
        (row,) = await world.sql("venues", PENALTY, coming)
        over = {"penalty_id": row[0]}
        await world.ask("citizen", f"POST {penalty}/appeal", {"text": "那天住院了"}, **over)
        await world.ask("officer", f"POST {penalty}/open", {"purpose": "处理申诉"}, **over)
        await world.ask("officer", f"POST {penalty}/{step}", {"reason": "已核实"}, **over)
    await world.ask("citizen", f"GET {at}")
    counted = {"people": 120, "children": 40, "free": True}
    at = "/venues/{venue_id}/visits"
    await world.ask("officer", f"PUT {at}/{{day}}", counted, **one, day=_day(-1), **FIRST)
    await world.ask("officer", f"GET {at}", None, f"?first={_day(-2)}&last={_day(0)}", **one)


async def halls(world: World) -> None:
    """A hall that is held and given back."""
    one, at = await _venue(world), "/venues/{venue_id}/halls"
    made = await world.ask("officer", f"POST {at}", {"name": "报告厅", "capacity": 80}, **one)
    await world.ask("nobody", f"GET {at}", **one)
    hall, here = {**one, "hall_id": made["id"]}, f"{at}/{{hall_id}}"
    edit = await world.version("officer", here, **hall)
    await world.ask("officer", f"PATCH {here}", {"capacity": 90}, **hall, **edit)
    times = {"starts_at": f"{_day(5)}T09:00:00+08:00", "ends_at": f"{_day(5)}T11:00:00+08:00"}
    held = await world.ask("officer", f"POST {here}/holds", {**times, "purpose": "报告会"}, **hall)
    await world.ask("officer", f"GET {here}/holds", **hall)
    await world.ask("officer", f"POST {here}/holds/{{hold_id}}/release", **hall, hold_id=held["id"])


RESERVATIONS = (reservations, halls)
