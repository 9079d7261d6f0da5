"""Recipes of offices: workbooks, changes of divisions, pictures, the network, accounts."""

import asyncio
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from io import BytesIO
from uuid import uuid4

from PIL import Image

from tests.contract.recipes import COUNTY, VILLAGE, drafted
from tests.contract.world import World

_DAY = timedelta(days=1)


async def imports(world: World) -> None:
    """Each kind of spreadsheet comes back as its template, and is refused as empty."""
    places = ("/activities", "/occurrences/attendance", "/posts", "/stations")
    for place in places:
        at = f"{place}/imports"
        template = await world.ask("officer", f"GET {at}/template")
        kind = template.headers["Content-Type"].partition(";")[0]
        sent = {"Content-Type": kind}
        made = await world.ask("officer", f"POST {at}", template.body, **sent)
        one = {"import_id": made["id"]}
        for _ in range(100):
            read = await world.ask("officer", f"GET {at}/{{import_id}}", **one)
            if read["state"] not in ("checking", "received", "queued", "reading"):
                break
            await asyncio.sleep(0.1)
        await world.ask("officer", f"GET {at}/{{import_id}}/faults", **one)
    (job, *_) = (await world.ask("officer", "GET /jobs"))["items"]
    await world.ask("officer", "GET /jobs/{job_id}", job_id=job["id"])
    await world.ask("officer", "GET /jobs/{job_id}/events", job_id=job["id"])


async def changes(world: World) -> None:
    """A change of divisions, rehearsed and withdrawn."""
    at, today = "/divisions/changes", datetime.now(UTC).date()
    line = {"code": VILLAGE, "successor": VILLAGE, "name": "拉拉口新村民委员会"}
    change = {
        "document": "青政函〔2026〕1号",
        "decided_on": f"{today - _DAY}",
        "effective_on": f"{today}",
        "kind": "rename",
        "lines": [line],
    }
    made = await world.ask("administrator", f"POST {at}", change)
    one = {"change_id": made.body.get("id")}
    await world.ask("administrator", f"GET {at}/{{change_id}}", **one)
    await world.ask("administrator", f"POST {at}/{{change_id}}/rehearse", **one)
    await world.ask("administrator", f"POST {at}/{{change_id}}/withdraw", **one)


async def pictures(world: World) -> None:
    """A picture in one piece, its preview, and one that is given up."""
    at, file = "/activities/{activity_id}/pictures", "/files/{file_id}"
    activity = {"activity_id": await drafted(world)}
    drawn = BytesIO()
    Image.new("RGB", (64, 64), "teal").save(drawn, "PNG")
    content = drawn.getvalue()
    told = {
        "name": "a.png",
        "size": len(content),
        "sha256": sha256(content).hexdigest(),
        "client_id": str(uuid4()),
        "media_type": "image/png",
    }
    made = await world.ask_twice("officer", f"POST {at}", told, **activity)
    one = {"file_id": made["id"]}
    await world.ask("officer", f"GET {file}/upload", **one)
    tus = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0"}
    tus["Content-Type"] = "application/offset+octet-stream"
    await world.ask("officer", f"PATCH {file}/upload", content, **one, **tus)
    await world.ask("officer", f"POST {file}/finish", **one)
    await world.ask("officer", f"GET {file}", **one)
    await world.ask("officer", f"GET {file}/preview", **one)
    await world.ask("officer", f"DELETE {at}/{{picture_id}}", **activity, picture_id=made["id"])
    again = await world.ask(
        "officer", f"POST {at}", {**told, "client_id": str(uuid4())}, **activity
    )
    await world.ask("officer", f"DELETE {file}/upload", None, file_id=again["id"])


async def network(world: World) -> None:
    """Stations, posts, targets and venues."""
    station = {"division_code": COUNTY, "kind": "science_station", "name": "湟源科普站"}
    contact = {"contact": {"name": "多杰", "phone": "13900007002"}}
    made = await world.ask("officer", "POST /stations", station | contact)
    at, one = "/stations/{station_id}", {"station_id": made["id"]}
    edit = await world.version("officer", at, **one)
    await world.ask("officer", f"PATCH {at}", {"place": "县城"}, **one, **edit)
    await world.ask("officer", f"POST {at}/open", {"purpose": "核对联系人"}, **one)
    await world.ask("officer", f"POST {at}/close", {"reason": "撤并"}, **one)
    await world.ask("officer", f"POST {at}/reopen", **one)
    at, today = "/posts/{post_id}", datetime.now(UTC).date()
    post = {"name": "卓玛", "phone": "13900007003", "division_code": COUNTY, "role": "instructor"}
    post["begins_on"] = f"{today - _DAY}"
    made = await world.ask("officer", "POST /posts", post)
    one = {"post_id": made["id"]}
    edit = await world.version("officer", at, **one)
    await world.ask("officer", f"PATCH {at}", {"name": "才让卓玛"}, **one, **edit)
    await world.ask("officer", f"POST {at}/open", {"purpose": "核对联系人"}, **one)
    after = {"name": "扎西", "begins_on": f"{today + _DAY}"}
    await world.ask("officer", f"POST {at}/hand_over", after, **one)
    made = await world.ask(
        "officer", "POST /posts", {**post, "name": "央金", "phone": "13900007006"}
    )
    ending = {"ends_on": f"{today}", "reason": "调离"}
    await world.ask("officer", f"POST {at}/end", ending, post_id=made["id"])
    coming = {"name": "误录", "phone": "13900007007", "begins_on": f"{today + _DAY}"}
    made = await world.ask("officer", "POST /posts", {**post, **coming})
    await world.ask("officer", f"DELETE {at}", post_id=made["id"])


async def targets(world: World) -> None:
    """A target, its part below, a value that is taken back."""
    at, source = "/targets/{target_id}", "青海省全民科学素质行动规划纲要实施方案"
    target = {"division_code": "63", "measure": "rural_bases", "goal": 40, "due_on": "2029-12-31"}
    made = await world.ask("approver", "POST /targets", {**target, "source": source})
    one = {"target_id": made["id"]}
    edit = await world.version("approver", at, **one)
    await world.ask("approver", f"PATCH {at}", {"goal": 45}, **one, **edit)
    part = {"division_code": "6301", "goal": 10, "source": source}
    await world.ask("approver", f"POST {at}/parts", part, **one)
    value = {"value": 12, "as_of": "2026-06-30", "source": source}
    read = await world.ask("approver", f"POST {at}/values", value, **one)
    await world.ask("approver", f"GET {at}/values", **one)
    taken = {**one, "value_id": read["id"]}
    wrong = {"reason": "误录"}
    await world.ask("approver", f"POST {at}/values/{{value_id}}/withdraw", wrong, **taken)
    again = {**target, "measure": "education_bases", "source": source}
    made = await world.ask("approver", "POST /targets", again)
    await world.ask("approver", f"DELETE {at}", target_id=made["id"])


async def venues(world: World) -> None:
    """A venue that opens, closes and opens again."""
    venue = {"name": "湟源县科技馆", "kind": "science_museum", "division_code": COUNTY}
    made = await world.ask("officer", "POST /venues", venue)
    for step in ("publish", "close", "reopen"):
        await world.ask("approver", f"POST /venues/{{venue_id}}/{step}", venue_id=made["id"])
    await world.ask("officer", "GET /venues/{venue_id}", venue_id=made["id"])


async def people(world: World) -> None:
    """Accounts, grants, messages and sessions."""
    at, why = "/accounts/{account_id}", {"reason": "核对身份"}
    given = {
        "username": f"recipe-{uuid4().hex[:9]}",
        "name": "李强",
        "phone": "13900007005",
        "home_code": COUNTY,
    }
    made = await world.ask("administrator", "POST /accounts", given)
    one = {"account_id": made.body.get("id", made.body.get("account", {}).get("id"))}
    await world.ask("administrator", f"GET {at}", **one)
    today = datetime.now(UTC).date()
    grant = {**one, "role": "officer", "division_code": COUNTY, "from_day": f"{today}", **why}
    held = await world.ask("administrator", "POST /grants", grant)
    await world.ask("administrator", "GET /grants/{grant_id}", grant_id=held["id"])
    for step in ("open", "reset_password", "lock", "unlock"):
        await world.ask("administrator", f"POST {at}/{step}", why, **one)
    second = await world.ask(
        "administrator", "POST /accounts", {**given, "username": f"recipe-{uuid4().hex[:9]}"}
    )
    to = second.body.get("id", second.body.get("account", {}).get("id"))
    days = {"from_day": f"{today}", "until_day": f"{today + _DAY}"}
    await world.ask("administrator", f"POST {at}/absence", {"deputy": to, **days, **why}, **one)
    over = {"to": to, "from_day": f"{today + _DAY}", **why}
    await world.ask("administrator", f"POST {at}/handover", over, **one)
    await world.ask("administrator", "POST /grants/{grant_id}/end", why, grant_id=held["id"])
    edit = await world.version("citizen", "/me")
    await world.ask("citizen", "PATCH /me", {"messages": False}, **edit)
    await world.ask("citizen", "POST /messages/read_all")
    receipt = await world.ask("other", "POST /me/withdraw")
    await world.ask("other", "GET /me/requests/{receipt}", receipt=receipt.body.get("receipt", ""))
    await world.ask("nobody", "POST /sessions/codes", {"phone": "13900007009"})
    password = world.province.passwords["observer-6301"]
    signed = await world.ask(
        "nobody", "POST /sessions", {"username": "observer-6301", "password": password}
    )
    world.people["again"] = await world.province.staff(world.http, "observer-6301")
    sessions = await world.ask("again", "GET /sessions")
    others = [each["id"] for each in sessions["items"] if not each["current"]]
    await world.ask("again", "DELETE /sessions/{session_id}", session_id=others[0])
    signed = await world.ask(
        "nobody", "POST /sessions", {"username": "observer-6301", "password": password}
    )
    leaving = world.province.anybody(world.http)
    leaving.token = signed["token"]
    world.people["leaving"] = leaving
    await world.ask("leaving", "DELETE /sessions/current")


OFFICE = (imports, changes, pictures, network, targets, venues, people)
