"""Recipes of experts: the pool, a panel from its promise to its names, and all in between."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from tests.contract.world import World
from tests.support.certification import DEFINITION
from tests.support.workbooks import workbook

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
HEADINGS = ("行政区划代码", "姓名", "手机号", "大类", "领域代码", "工作单位", "入库理由")
WHY = {"reason": "按规定办理"}
PANEL = {
    "strata": [{"field": "acoustics", "quota": 1, "alternates": 3}],
    "divergence": 30,
}
SECTION = {
    "key": "work",
    "title": {"zh-CN": "工作"},
    "criteria": [{"key": "events", "title": {"zh-CN": "活动"}, "most": 20}],
}
_PROGRAMME = """WITH made AS (INSERT INTO programmes (id, key, division_code, recorded_code,
        created_by) VALUES ($1::uuid, $2::text, '63', '63', $1::uuid))
    INSERT INTO programme_versions (id, programme_id, number, definition, state, version, created_by)
    VALUES ($1::uuid, $1::uuid, 1, $3::jsonb, 'published', 1, $1::uuid)"""
_APPLICATION = """WITH made AS (INSERT INTO applications (id, programme_id, version_id, venue_id,
        host_name, division_code, recorded_code, year, state, stage_key, version, applicant,
        submitted_at)
        SELECT $1::uuid, $2::uuid, $2::uuid, id, '湟源县科学技术协会', '630123', '630123', 2026,
            'under_way', 'review', 1, $1::uuid, now() FROM venues LIMIT 1)
    INSERT INTO stage_runs (id, application_id, stage_key, attempt, state, opened_at)
    VALUES ($1::uuid, $1::uuid, 'review', 1, 'open', now())"""

_BIND = (
    """UPDATE experts SET account_id = $2
    WHERE id = (SELECT expert_id FROM panel_seats WHERE id = $1)""",
    "UPDATE panel_seats SET account_id = $2 WHERE id = $1",
)


async def keeping(world: World) -> None:
    """An institution, an expert, what ties them, and every step of standing in the pool."""
    at = "/experts/institutions"
    body = {"division_code": "63", "name": f"青海某院{uuid4().hex[:6]}"}
    made = await world.ask("approver", f"POST {at}", body)
    one = {"institution_id": made["id"]}
    edit = await world.version("approver", f"{at}/{{institution_id}}", **one)
    former = {"former_names": ["青海某所"]}
    await world.ask("approver", f"PATCH {at}/{{institution_id}}", former, **one, **edit)
    await world.ask("approver", f"GET {at}")
    expert = {"expert_id": await _expert(world, made["id"])}
    at = "/experts/{expert_id}"
    await world.ask("approver", "GET /experts")
    edit = await world.version("approver", at, **expert)
    await world.ask("approver", f"PATCH {at}", {"rest_days": 30}, **expert, **edit)
    await world.ask("approver", f"POST {at}/open", {"purpose": "发放评审费"}, **expert)
    await world.ask("approver", "GET /experts/export")
    await world.ask("approver", "POST /experts/export/open", {"purpose": "发放评审费"})
    await world.ask("approver", f"POST {at}/agree", {"year": 2026}, **expert)
    tie = {"kind": "advisory", "institution_id": made["id"]}
    tied = await world.ask("approver", f"POST {at}/ties", tie, **expert)
    await world.ask("approver", f"GET {at}/ties", **expert)
    await world.ask("approver", f"POST {at}/ties/{{tie_id}}/lift", WHY, **expert, tie_id=tied["id"])
    for step in ("suspend", "resume", "leave", "readmit"):
        await world.ask("approver", f"POST {at}/{step}", WHY, **expert)


async def _expert(world: World, employer: str, *fields: str) -> str:
    body = {
        "division_code": "6301",
        "name": "才让",
        "phone": f"137{uuid4().int % 10**8:08d}",
        "kind": "research",
        "fields": fields or ("optics",),
        "employer_id": employer,
        "entry_reason": "单位推荐",
        "agreed_year": datetime.now(UTC).year,
    }
    return str((await world.ask("approver", "POST /experts", body))["id"])


async def sheets(world: World) -> None:
    """A spreadsheet with a bad row: put aside; its good row written, and taken back."""
    at = "/experts/imports"
    await world.ask("approver", f"GET {at}/template")
    await world.ask("approver", f"GET {at}")
    rows = (
        ("6301", "多杰", "13700000001", "研究开发类", "optics", "青海大学", "推荐"),
        ("6301", "卓玛", "13700000002", "没有这类", "optics", "青海大学", "推荐"),
    )
    for again in ("", "?again=true"):
        book = workbook(HEADINGS, rows)
        made = await world.ask("approver", f"POST {at}", book, again, **{"Content-Type": XLSX})
        one = {"import_id": made["id"]}
        await _settled(world, **one)
        if again:
            good = {"valid_only": True}
            await world.ask("approver", f"POST {at}/{{import_id}}/commit", good, **one)
            await _settled(world, **one)
            await world.ask("approver", f"POST {at}/{{import_id}}/undo", **one)
            continue
        await world.ask("approver", f"GET {at}/{{import_id}}/faults", **one)
        await world.ask("approver", f"GET {at}/{{import_id}}/workbook", **one)
        await world.ask("approver", f"POST {at}/{{import_id}}/discard", **one)


async def _settled(world: World, **one: Any) -> None:
    moving = ("checking", "writing")
    await world.ask_until(
        lambda read: read["state"] not in moving,
        "approver",
        "GET /experts/imports/{import_id}",
        **one,
    )


async def panels(world: World) -> None:
    """A draw that is voided, one that is made; answers of every kind, a sheet, the names."""
    body = {"division_code": "63", "name": f"青海声学所{uuid4().hex[:6]}"}
    made = await world.ask("approver", "POST /experts/institutions", body)
    for _ in range(4):
        await _expert(world, made["id"], "acoustics")
    programme, application = uuid4(), uuid4()
    rule = {**DEFINITION, "panel": PANEL, "sections": [SECTION]}
    await world.sql("venues", _PROGRAMME, programme, f"p{programme.hex[:9]}", json.dumps(rule))
    await world.sql("venues", _APPLICATION, application, programme)
    of = {"application_id": str(application)}
    people = {"people": [{"name": "赵明", "duty": "负责人"}]}
    await world.ask("approver", "PUT /applications/{application_id}/people", people, **of)
    await world.ask("approver", "GET /applications/{application_id}/people", **of)
    draw = await _drawn(world, **of)
    panel = "GET /applications/{application_id}/panel"
    seat = await _invited(world, **of)
    at = "/experts/invitations/{seat_id}"
    link = await world.ask("approver", f"POST {at}/link", {"purpose": "发送邀请"}, seat_id=seat)
    token = {"token": link["token"]}
    await world.ask("nobody", "POST /experts/invitations/look", token)
    answer = "POST /experts/invitations/answer"
    await world.ask("nobody", answer, {**token, "answer": "decline", "reason": "出差"})
    seat = await _invited(world, **of)
    link = await world.ask("approver", f"POST {at}/link", {"purpose": "发送邀请"}, seat_id=seat)
    await world.ask("other", answer, {"token": link["token"], "answer": "accept"})
    await world.ask("approver", f"POST {at}/release", WHY, seat_id=seat)
    seat = await _invited(world, **of)
    for statement in _BIND:
        await world.sql("venues", statement, seat, world.people["citizen"].account)
    one = {"seat_id": seat}
    await world.ask("citizen", "GET /experts/invitations")
    await world.ask("citizen", f"POST {at}/answer", {"answer": "accept"}, **one)
    await world.ask("citizen", f"GET {at}/material", **one)
    for turn in range(2):
        edit = await world.version("citizen", f"{at}/sheet", **one)
        points = {"points": {"events": 15}}
        saved = await world.ask("citizen", f"PUT {at}/sheet", points, **one, **edit)
        edit = {"If-Match": saved.headers["ETag"]}
        await world.ask("citizen", f"POST {at}/sheet/submit", None, **one, **edit)
        if turn == 0:
            await world.ask("approver", f"POST {at}/sheet/reopen", WHY, **one)
    await world.ask("approver", panel, **of)
    over = "UPDATE applications SET state = 'named', stage_key = NULL WHERE id = $1"
    await world.sql("venues", over, application)
    await world.ask("approver", "POST /draws/{draw_id}/disclose", draw_id=draw)
    await world.ask("nobody", "GET /draws/{draw_id}/identities", draw_id=draw)
    await world.ask("nobody", "GET /applications/{application_id}/band", **of)


async def _drawn(world: World, **of: str) -> str:
    at = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    body = {**of, "reason": "组建专家组", "source": {"name": "福彩双色球开奖号码", "at": at}}
    first = await world.ask("approver", "POST /draws", body)
    await world.ask("approver", "POST /draws/{draw_id}/void", WHY, draw_id=first["id"])
    made = await world.ask("approver", "POST /draws", body)
    one = {"draw_id": made["id"]}
    spoke = "UPDATE panel_draws SET source_at = now() WHERE id = $1"
    await world.sql("venues", spoke, made["id"])
    await world.ask("approver", "POST /draws/{draw_id}/value", {"value": "03 07 + 08"}, **one)
    await world.ask("nobody", "GET /draws")
    await world.ask("nobody", "GET /draws/{draw_id}", **one)
    await world.ask("nobody", "GET /draws/{draw_id}/report", **one)
    return str(made["id"])


async def _invited(world: World, **of: str) -> str:
    read = await world.ask("approver", "GET /applications/{application_id}/panel", **of)
    return str(next(seat["id"] for seat in read["seats"] if seat["state"] == "invited"))


EXPERTS = (keeping, sheets, panels)
