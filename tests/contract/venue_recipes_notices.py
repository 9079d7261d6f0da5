"""Recipes of notices, objections and credit: applications are put straight into their stage."""

import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

from tests.contract.world import World
from tests.support.certification import DEFINITION, USCC
from tests.support.workbooks import workbook

WHY = {"reason": "经核实，理由如下"}
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_PROGRAMME = """WITH made AS (INSERT INTO programmes (id, key, division_code, recorded_code,
        created_by) VALUES ($1::uuid, 'p' || left($1::text, 8), '63', '63', $1::uuid))
    INSERT INTO programme_versions (id, programme_id, number, definition, state, version,
        created_by) VALUES ($1::uuid, $1::uuid, 1, $2::jsonb, 'published', 1, $1::uuid)"""
_APPLICATION = """WITH made AS (INSERT INTO applications (id, programme_id, version_id, venue_id,
        host_name, host_uscc, division_code, recorded_code, year, state, stage_key, version,
        applicant) VALUES ($1::uuid, $2::uuid, $2::uuid, $3::uuid, '湟源县科协', $4, '630123',
        '630123', 2026, 'under_way', $5::text, 1, $1::uuid))
    INSERT INTO stage_runs (id, application_id, stage_key, attempt, state, opened_at)
    VALUES ($1::uuid, $1::uuid, $5::text, 1, 'open', now())"""


async def _application(world: World, stage: str, count: int = 1) -> list[str]:
    """Applications of one programme that stand in `stage`."""
    rule, venues = uuid4(), (await world.ask("nobody", "GET /venues"))["items"]
    await world.sql("venues", _PROGRAMME, rule, json.dumps(DEFINITION))
    made = [uuid4() for _ in range(count)]
    for one, venue in zip(made, venues, strict=False):
        await world.sql("venues", _APPLICATION, one, rule, UUID(venue["id"]), USCC, stage)
    return [str(one) for one in made]


async def notices(world: World) -> None:
    """One that runs its days, and one that is taken back."""
    at = "/notices/{notice_id}"
    for action, body in (("finish", None), ("withdraw", WHY)):
        given = {"application_ids": await _application(world, "notice")}
        made = await world.ask("approver", "POST /notices", given)
        one = {"notice_id": made["id"]}
        if action == "finish":
            over = "UPDATE notice_entries SET last_on = '2026-01-05' WHERE notice_id = $1"
            await world.sql("venues", over, UUID(made["id"]))
        await world.ask("approver", f"POST {at}/{action}", body, **one)
        await world.ask("nobody", f"GET {at}", **one)
    await world.ask("nobody", "GET /notices", None, "?division=63")


async def objections(world: World) -> None:
    """Every way that an objection goes, a file with one of them, and what the applicant hears."""
    subjects = await _application(world, "notice", 4)
    made = await world.ask("approver", "POST /notices", {"application_ids": subjects})
    notice = {"notice_id": made["id"]}
    at, one = "/objections/{objection_id}", {}
    ways = (("accept", "uphold"), ("accept", "reject"), ("refuse",), ("withdraw",))
    for entry, way in zip(made["entries"], ways, strict=True):
        given = {
            "entry_id": entry["id"],
            "name": "多杰才让",
            "phone": "13812345678",
            "statement": "该馆全年开放不足一百天，不符合申报条件。",
            "client_id": str(uuid4()),
        }
        handed = await world.ask_twice(
            "citizen", "POST /notices/{notice_id}/objections", given, **notice
        )
        one = {"objection_id": handed["id"]}
        if way == ("withdraw",):
            await world.ask("approver", f"POST {at}/release", {"released": "开放天数不足"}, **one)
            await world.ask("officer", f"POST {at}/open", {"purpose": "核实异议"}, **one)
            await _attached(world, **one)
        for action in way:
            who = "citizen" if action == "withdraw" else "approver"
            await world.ask(who, f"POST {at}/{action}", WHY, **one)
    await world.ask("citizen", "GET /objections")
    await world.ask("officer", f"GET {at}", **one)
    told = "GET /applications/{application_id}/objections"
    await world.ask("officer", told, application_id=subjects[-1])


async def _attached(world: World, **one: str) -> None:
    content = b"nothing that is sent"
    told = {
        "name": "photo.png",
        "size": len(content),
        "sha256": sha256(content).hexdigest(),
        "media_type": "image/png",
        "client_id": str(uuid4()),
    }
    await world.ask_twice("citizen", "POST /objections/{objection_id}/attachments", told, **one)


async def red_lines(world: World) -> None:
    """The list: looked at and put aside, written and taken back, written; a line of it lifted."""
    at = "/applications/red-lines"
    headings = ("单位名称", "统一社会信用代码", "核查结论", "失信事由", "列入日期")
    good = ("湟源县科协", USCC, "失信红线", "拖欠工资", "2026-01-31")
    bad = ("乙公司", "123", "失信红线", "骗补", "2026-01-31")
    book = workbook(headings, [good, bad])
    await world.ask("approver", f"GET {at}/imports/template")
    for last in ("discard", "undo", ""):
        asked = {"Content-Type": XLSX}
        made = await world.ask("approver", f"POST {at}/imports", book, "?again=true", **asked)
        one = {"import_id": made["id"]}
        await _settled(world, **one)
        await world.ask("approver", f"GET {at}/imports/{{import_id}}/faults", **one)
        await world.ask("approver", f"GET {at}/imports/{{import_id}}/workbook", **one)
        if last != "discard":
            whole = {"valid_only": True}
            await world.ask("approver", f"POST {at}/imports/{{import_id}}/commit", whole, **one)
            await _settled(world, **one)
        if last:
            await world.ask("approver", f"POST {at}/imports/{{import_id}}/{last}", **one)
    await world.ask("approver", f"GET {at}/imports")


async def _settled(world: World, **one: str) -> None:
    at = "GET /applications/red-lines/imports/{import_id}"
    busy = ("checking", "writing")
    await world.ask_until(lambda read: read["state"] not in busy, "approver", at, **one)


async def credit(world: World) -> None:
    """A red line, an appeal that is rejected and one that is upheld, and a repair."""
    today = (datetime.now(UTC) + timedelta(hours=8)).date().isoformat()
    for last in ("uphold", "repair"):
        (one,) = await _application(world, "credit")
        of = {"application_id": one}
        at = "/applications/{application_id}/credit"
        await world.ask("approver", f"POST {at}/ask", **of)
        await world.ask_until(_is_red, "approver", f"GET {at}", **of)
        if last == "repair":
            proof = {"grounds": "已足额支付工资", "document": "青信修〔2026〕1号"}
            await world.ask("approver", f"POST {at}/repairs", proof, **of)
            continue
        for action in ("reject", "uphold"):
            lodged = await world.ask(
                "approver", f"POST {at}/appeals", {"grounds": "同名不同单位"}, **of
            )
            which = {"remedy_id": lodged["remedies"][0]["id"], **of}
            await world.ask("approver", f"POST {at}/appeals/{{remedy_id}}/{action}", WHY, **which)
    lines = "/applications/red-lines"
    (line, *_) = (await world.ask("approver", f"GET {lines}"))["items"]
    tag = {"If-Match": f'"v{line["version"]}"'}
    lifted = {"lifted_on": today, "document": "青信修〔2026〕1号"}
    await world.ask("approver", f"POST {lines}/{{line_id}}/lift", lifted, line_id=line["id"], **tag)


def _is_red(record: Any) -> bool:
    return any(answer["result"] == "red_line" for answer in record["answers"])


NOTICES = (notices, objections, red_lines, credit)
