"""One way to a 2xx for each operation, as short stories: what one step makes, the next one uses."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from tests.contract.world import World

VILLAGE, TOWNSHIP, COUNTY = "630123101200", "630123101", "630123"
_DAY = timedelta(days=1)

# Lists and files that need nothing to be there: who asks, where, with which query.
READS = (
    *(
        ("officer", path, "")
        for path in [
            "/activities",
            "/activities/export",
            "/activities/imports",
            "/activities/imports/template",
            "/campaigns",
            "/check-ins/devices",
            "/divisions",
            "/divisions/changes",
            "/editions",
            "/event-types",
            "/feedback",
            "/jobs",
            "/me",
            "/me/second_factor",
            "/messages",
            "/messages/unread_count",
            "/occurrences",
            "/occurrences/attendance/export",
            "/occurrences/attendance/imports",
            "/occurrences/attendance/imports/template",
            "/openapi.json",
            "/posts",
            "/posts/export",
            "/posts/imports",
            "/posts/imports/template",
            "/problems",
            "/registrations",
            "/registrations/rosters/export",
            "/registrations/rosters/imports",
            "/registrations/rosters/imports/template",
            "/reports/outliers",
            "/sessions",
            "/stations",
            "/stations/export",
            "/stations/imports",
            "/stations/imports/template",
            "/targets",
            "/venues",
        ]
    ),
    ("administrator", "/accounts", ""),
    ("administrator", "/audit", ""),
    ("administrator", "/grants", ""),
    ("citizen", "/live", ""),
    ("nobody", "/check-ins/keys", ""),
    ("nobody", "/overviews/home", "?division=63"),
    ("nobody", "/reports/rollup", "?division=63&from=2026-01-01&to=2026-01-31"),
    ("nobody", "/reports/series", "?division=63&from=2026-01-01&to=2026-01-31"),
    ("citizen", "/feedback/awaited", ""),
    ("citizen", "/me/data", ""),
    ("nobody", "/calendars/divisions/63.ics", ""),
)
PARTS = (
    ("nobody", "/divisions/{code}", ""),
    ("nobody", "/divisions/{code}/children", ""),
    ("nobody", "/divisions/{code}/history", ""),
    ("nobody", "/coverage/{code}", ""),
    ("nobody", "/coverage/{code}/sectors", ""),
    ("nobody", "/coverage/{code}/equity", ""),
    ("administrator", "/coverage/{code}/equity/villages", "?without=activity"),
    ("administrator", "/coverage/{code}/lacking", "?have=institution&tier=township"),
    ("nobody", "/overviews/divisions/{code}", ""),
)


def lecture(**over: Any) -> dict[str, Any]:
    """A complete draft for tomorrow at a village."""
    begin = datetime.now(UTC).replace(microsecond=0) + _DAY
    return {
        "division_code": VILLAGE,
        "title": "高原天文科普讲座",
        "summary": "认识高原星空。",
        "form": "lecture",
        "audiences": ["public"],
        "languages": ["zh"],
        "occurrences": [occurrence(begin)],
        **over,
    }


def occurrence(begin: datetime, **over: Any) -> dict[str, Any]:
    """Two hours at the village with twenty places."""
    return {
        "division_code": VILLAGE,
        "place": "村文化活动室",
        "starts_at": begin.isoformat(),
        "ends_at": (begin + timedelta(hours=2)).isoformat(),
        "capacity": 20,
        **over,
    }


async def reading(world: World) -> None:
    """What needs nothing to be there."""
    for who, path, query in READS:
        if path.startswith("/calendars"):
            await world.ask(who, "GET /calendars/divisions/{division}.ics", division="63")
        else:
            await world.ask(who, f"GET {path}", None, query)
    for who, path, query in PARTS:
        await world.ask(who, f"GET {path}", None, query, code=COUNTY)
    (campaign, *_) = (await world.ask("nobody", "GET /campaigns"))["items"]
    await world.ask("nobody", "GET /campaigns/{campaign_id}", campaign_id=campaign["id"])
    await world.ask(
        "nobody", "GET /calendars/campaigns/{campaign_id}.ics", campaign_id=campaign["id"]
    )
    await world.ask("nobody", "GET /problems/{slug}", slug="forbidden")
    (told, *_) = (await world.ask("nobody", "GET /event-types"))["items"]
    await world.ask("nobody", "GET /event-types/{type_}", type_=told["type"])


async def drafted(world: World, *steps: str, **over: Any) -> str:
    """An activity after these steps."""
    draft = await world.ask("officer", "POST /activities", lecture(**over))
    for step in steps:
        who = "officer" if step == "submit" else "approver"
        await world.ask(who, f"POST /activities/{{activity_id}}/{step}", activity_id=draft["id"])
    return str(draft["id"])


async def activities(world: World) -> None:
    """From a draft to an archived activity, and every way out."""
    at, one = "/activities/{activity_id}", await drafted(world)
    edit = await world.version("officer", at, activity_id=one)
    await world.ask(
        "officer", f"PATCH {at}", {"summary": "适合 8 岁以上。"}, activity_id=one, **edit
    )
    await world.ask("officer", f"POST {at}/hosts", {"division_code": "630121"}, activity_id=one)
    guest = {"activity_id": one, "division": "630121"}
    await world.ask("approver", f"POST {at}/hosts/{{division}}/accept", **guest)
    await world.ask("officer", f"DELETE {at}/hosts/{{division}}", **guest)
    later = datetime.now(UTC) + 3 * _DAY
    await world.ask("officer", f"POST {at}/occurrences", occurrence(later), activity_id=one)
    await world.ask("officer", f"POST {at}/submit", activity_id=one)
    await world.ask("officer", f"POST {at}/withdraw", activity_id=one)
    await world.ask("officer", f"POST {at}/submit", activity_id=one)
    await world.ask("approver", f"POST {at}/send_back", {"reason": "请补充"}, activity_id=one)
    await world.ask("officer", f"POST {at}/clone", {"shift_days": 7}, activity_id=one)
    await world.ask("officer", f"POST {at}/repeat", {"every": "week", "count": 2}, activity_id=one)
    await world.ask("officer", f"GET {at}/pictures", activity_id=one)
    await world.ask("officer", f"PUT {at}/pictures", {"items": []}, activity_id=one)
    offline = lecture(client_id=str(uuid4()))
    dropped = (await world.ask_twice("officer", "POST /activities", offline))["id"]
    await world.ask("officer", f"DELETE {at}", activity_id=dropped)
    bulk = await drafted(world, "submit")
    found = await world.ask("approver", f"GET {at}", activity_id=bulk)
    chosen = {"items": [{"id": bulk, "version": found["version"]}]}
    await world.ask("approver", "POST /activities/bulk-approve", chosen)
    umbrella = await drafted(world, is_umbrella=True, occurrences=[])
    child = await drafted(world)
    await world.ask("officer", f"POST {at}/attach", {"umbrella_id": umbrella}, activity_id=child)
    await world.ask("officer", f"POST {at}/detach", activity_id=child)
    public = await drafted(world, "submit", "approve", "publish")
    await world.ask("nobody", "GET /calendars/activities/{activity_id}.ics", activity_id=public)
    await world.ask("officer", f"GET {at}/feedback", activity_id=public)
    purpose = {"purpose": "改进讲座"}
    await world.ask("officer", f"POST {at}/feedback/comments", purpose, activity_id=public)
    gone = {"reason": "大雪封路"}
    await world.ask("approver", f"POST {at}/cancel", gone, activity_id=public)


async def occurrences(world: World) -> None:
    """The times of a published activity."""
    at, of = "/occurrences/{occurrence_id}", "/activities/{activity_id}"
    begin = datetime.now(UTC).replace(microsecond=0) + _DAY
    many = [occurrence(begin + number * _DAY) for number in range(4)]
    activity = await drafted(world, occurrences=many)
    read = await world.ask("officer", f"GET {of}", activity_id=activity)
    spare, one, two, three = (each["id"] for each in read["occurrences"])
    await world.ask("officer", f"DELETE {at}", occurrence_id=spare)
    edit = await world.version("officer", at, occurrence_id=one)
    await world.ask("officer", f"PATCH {at}", {"place": "小学"}, occurrence_id=one, **edit)
    for who, step in (("officer", "submit"), ("approver", "approve"), ("approver", "publish")):
        await world.ask(who, f"POST {of}/{step}", activity_id=activity)
    places = await world.ask("officer", f"GET {at}/places", occurrence_id=one)
    pool = {"occurrence_id": one, "pool_id": places["pools"][0]["id"]}
    version = {"If-Match": f'"v{places["pools"][0].get("version", 1)}"'}
    await world.ask(
        "officer", f"PATCH {at}/places/{{pool_id}}", {"capacity": 30}, **pool, **version
    )
    await world.ask("officer", f"GET {at}/attendance", occurrence_id=one)
    await world.ask("officer", f"GET {at}/attendance/corrections", occurrence_id=one)
    await world.ask("officer", f"GET {at}/rosters", occurrence_id=one)
    await world.ask("officer", f"GET {at}/draws", occurrence_id=one)
    await world.ask("officer", "GET /check-ins/scans", None, f"?occurrence={one}")
    await world.ask("approver", f"POST {at}/cancel", {"reason": "停电"}, occurrence_id=two)
    await world.ask("approver", f"POST {at}/postpone", occurrence_id=three)
    moved = begin + 9 * _DAY
    when = {
        "starts_at": moved.isoformat(),
        "ends_at": (moved + timedelta(hours=1)).isoformat(),
    }
    await world.ask("approver", f"POST {at}/reschedule", when, occurrence_id=three)


async def registrations(world: World) -> None:
    """Two people register; a ticket, the door, a smaller party, and one who does not come."""
    at = "/registrations/{registration_id}"
    begin = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=30)
    activity = await drafted(world, "submit", "approve", "publish", occurrences=[occurrence(begin)])
    read = await world.ask("nobody", "GET /activities/{activity_id}", activity_id=activity)
    (held,) = (each["id"] for each in read["occurrences"])
    party = [{"name": f"群众{number}", "phone": "13900007000", "age": 30} for number in range(3)]
    body = {"occurrence_id": held, "party": party, "client_id": str(uuid4())}
    made = await world.ask_twice("citizen", "POST /registrations", body)
    one = made["id"]
    for part in ("", "/ticket"):
        await world.ask("citizen", f"GET {at}{part}", registration_id=one)
    await world.ask("officer", f"POST {at}/open", {"purpose": "改期通知"}, registration_id=one)
    await world.ask("officer", "POST /registrations/find", {"phone": "13900007000"})
    leaving = {"members": [made["party"][2]["id"]]}
    await world.ask("citizen", f"POST {at}/reduce", leaving, registration_id=one)
    await world.ask("checker", "GET /check-ins/codes/{occurrence_id}", occurrence_id=held)
    seen = {"registration_id": one, "members": [1], "occurrence_id": held}
    checked = await world.ask_twice("checker", "POST /check-ins", seen)
    mistaken, wrong = checked["members"][0]["id"], {"reason": "认错人"}
    await world.ask("checker", "POST /check-ins/{member_id}/undo", wrong, member_id=mistaken)
    alone = {"occurrence_id": held, "party": party[:1]}
    other = await world.ask("other", "POST /registrations", alone)
    await world.ask("other", f"POST {at}/cancel", registration_id=other["id"])


async def waiting(world: World) -> None:
    """A freed place is offered to who waits: once it is taken, once it is not."""
    at, begin = "/registrations/{registration_id}", datetime.now(UTC).replace(microsecond=0) + _DAY
    for answer in ("accept", "decline"):
        times = [occurrence(begin, capacity=1)]
        activity = await drafted(world, "submit", "approve", "publish", occurrences=times)
        read = await world.ask("nobody", "GET /activities/{activity_id}", activity_id=activity)
        held = read["occurrences"][0]["id"]
        body = {"occurrence_id": held, "party": [{"name": "多杰", "age": 30}]}
        first = await world.ask("citizen", "POST /registrations", body)
        second = await world.ask("other", "POST /registrations", body)
        await world.ask("citizen", f"POST {at}/cancel", registration_id=first["id"])
        await world.ask("other", f"POST {at}/{answer}", registration_id=second["id"])


async def rosters(world: World) -> None:
    """A class that comes by its list."""
    at = "/registrations/{registration_id}"
    begin = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=30)
    activity = await drafted(world, "submit", "approve", "publish", occurrences=[occurrence(begin)])
    read = await world.ask("nobody", "GET /activities/{activity_id}", activity_id=activity)
    roster = {
        "occurrence_id": read["occurrences"][0]["id"],
        "class_name": "三年级一班",
        "school": "湟源县城关小学",
        "contact": {"name": "李老师", "phone": "13900007008"},
        "party": [{"name": "小明", "age": 15}, {"name": "小红", "age": 15}],
        "on_behalf": True,
        "client_id": str(uuid4()),
    }
    made = await world.ask_twice("officer", "POST /registrations/rosters", roster)
    one = {"registration_id": made.body.get("id") or made.body.get("registration_id")}
    edit = await world.version("officer", f"{at}/roster", **one)
    await world.ask("officer", f"PATCH {at}/roster", {"school": "湟源县第二小学"}, **one, **edit)
    await world.ask("officer", f"POST {at}/roster/open", {"purpose": "联系家长"}, **one)
    await world.ask_twice("checker", f"POST {at}/roster/check-in", {"present": [1]}, **one)


STORIES = (
    reading,
    activities,
    occurrences,
    registrations,
    waiting,
    rosters,
)
