"""Recipes of programmes and applications: versions of a rule, and every step that an applicant,
an office and an authority take."""

from typing import Any
from uuid import UUID, uuid4

from tests.contract.world import World
from tests.venues.applications.cases import DEFINITION, FILLED

_RULE = {
    **DEFINITION,
    "division": "63",
    "stages": [{**stage, "tier": "province"} for stage in DEFINITION["stages"]],
    "channels": [{"key": "township", "title": {"zh-CN": "乡镇"}}],
    "reapply_after_months": 0,
}


async def programmes(world: World) -> None:
    """A programme, its second version, and what becomes of both."""
    await world.ask("administrator", "POST /programmes/check", {"definition": _RULE})
    given = {"key": "recipe_post", "definition": _RULE}
    made = await world.ask("administrator", "POST /programmes", given)
    one, at = {"programme_id": made["id"]}, "/programmes/{programme_id}"
    first, second = {**one, "number": 1}, {**one, "number": 2}
    version = await world.version("administrator", f"{at}/versions/{{number}}", **first)
    changed = {"definition": {**_RULE, "basis": "办法（修订）"}}
    await world.ask("administrator", f"PATCH {at}/versions/{{number}}", changed, **first, **version)
    await world.ask("administrator", f"POST {at}/versions/{{number}}/publish", **first)
    for number in (2, 3):
        await world.ask("administrator", f"POST {at}/versions", {}, **one)
        if number == 2:
            await world.ask("administrator", f"DELETE {at}/versions/{{number}}", **second)
        else:
            await world.ask("administrator", f"POST {at}/versions/{{number}}/publish", **second)
            await world.ask("administrator", f"POST {at}/versions/{{number}}/withdraw", **second)
            break
    for path in ("/programmes", at, f"{at}/versions", f"{at}/progress"):
        await world.ask("nobody", f"GET {path}", **one)


async def applications(world: World) -> None:
    """One that is sent back, extended, supplemented and named; one refused; one withdrawn."""
    given = {"key": "recipe_way", "definition": _RULE}
    programme = (await world.ask("administrator", "POST /programmes", given))["id"]
    put = "POST /programmes/{programme_id}/versions/{number}/publish"
    await world.ask("administrator", put, programme_id=programme, number=1)
    (venue, *_) = (await world.ask("nobody", "GET /venues"))["items"]
    body = {**FILLED, "programme_id": programme, "venue_id": venue["id"]}
    at = "/applications/{application_id}"
    for last in ("withdraw", "refuse", "name"):
        asked = {**body, "client_id": str(uuid4())}
        made = await world.ask_twice("officer", "POST /applications", asked)
        one: dict[str, Any] = {"application_id": made["id"]}
        edit = await world.version("officer", at, **one)
        await world.ask("officer", f"PATCH {at}", {"summary": "高原生态"}, **one, **edit)
        await world.ask("officer", f"GET {at}/missing", **one)
        await world.ask("officer", f"POST {at}/submit", **one)
        if last == "withdraw":
            await world.ask("officer", f"POST {at}/withdraw", {"reason": "来年再报"}, **one)
            continue
        word = {"stage": "village_word", "reason": "经核实"}
        await world.ask("approver", f"POST {at}/send_back", word, **one)
        await world.ask("approver", f"POST {at}/extend", {**word, "working_days": 3}, **one)
        await world.ask("officer", f"POST {at}/submit", **one)
        await world.ask("approver", f"POST {at}/recommend", word, **one)
        papers = {"stage": "papers", "reason": "经核实"}
        if last == "refuse":
            await world.ask("approver", f"POST {at}/refuse", papers, **one)
            continue
        await world.ask("officer", f"POST {at}/pass", papers, **one)
        await world.ask(
            "approver", f"POST {at}/pass", {"stage": "meeting", "reason": "会议同意"}, **one
        )
        await _noticed(world, made["id"])
        await world.ask("approver", f"POST {at}/pass", {"stage": "notice"}, **one)
        await world.ask("approver", f"POST {at}/name", {"stage": "naming"}, **one)
        for path in ("/applications", f"{at}/timeline", f"{at}/trail"):
            await world.ask("officer", f"GET {path}", **one)
        await world.ask("officer", f"POST {at}/open", {"purpose": "通知领取证书"}, **one)


async def _noticed(world: World, application: str) -> None:
    made = await world.ask("approver", "POST /notices", {"application_ids": [application]})
    over = "UPDATE notice_entries SET last_on = '2026-01-05' WHERE notice_id = $1"
    await world.sql("venues", over, UUID(made["id"]))
    await world.ask("approver", "POST /notices/{notice_id}/finish", None, notice_id=made["id"])


APPLICATIONS = (programmes, applications)
