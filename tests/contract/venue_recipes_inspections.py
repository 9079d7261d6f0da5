"""Recipes of inspections: of a base and of an application, rectification, and a sample."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from tests.contract.venue_recipes_assessment import applied, programme, today, told
from tests.contract.world import World
from tests.kit.files.makers import pdf

_HONOUR = """INSERT INTO honours (id, number, programme_id, venue_id, division_code, recorded_code,
    title, issuer, issued_on, state, version, created_by)
    SELECT $1, $2, $3, id, division_code, recorded_code, '科研科普基地', '科技厅', '2024-01-01',
        'valid', 1, $1 FROM venues ORDER BY id LIMIT 1 RETURNING venue_id"""
_REPRESENTATIVE = """INSERT INTO venue_representatives (id, venue_id, account_id, from_on,
    division_code, recorded_code, appointed_by, version)
    SELECT gen_random_uuid(), id, $2, '2020-01-01', division_code, recorded_code, $2, 1
    FROM venues WHERE id = $1 ON CONFLICT DO NOTHING"""
_TEAM = ["00000000-0000-7000-8000-000000000001", "00000000-0000-7000-8000-000000000002"]
AT, ONE = "/inspections/{inspection_id}", "/inspections/rectifications/{rectification_id}"
WHY = {"reason": "年度检查的结论"}


async def base(world: World, rule: tuple[str, str]) -> str:
    """A base that the citizen of the suite represents."""
    honour = str(uuid4())
    ((venue,),) = await world.sql("venues", _HONOUR, honour, f"号{honour}", rule[0])
    me = (await world.ask("citizen", "GET /me")).body
    account = me.get("id", me.get("account", {}).get("id"))
    await world.sql("venues", _REPRESENTATIVE, venue, account)
    return honour


async def inspected(world: World, one: dict[str, str], result: str) -> None:
    """Planned, recorded and released."""
    edit = await world.version("officer", AT, **one)
    plan = {"planned_on": today(), "team": _TEAM}
    await world.ask("officer", f"POST {AT}/plan", plan, **one, **edit)
    edit = await world.version("officer", AT, **one)
    found = {"held_on": today(), "summary": "现场检查记录", "result": result}
    await world.ask("officer", f"POST {AT}/record", found, **one, **edit)
    await world.ask("officer", f"POST {AT}/release", **one)


async def asked(world: World, **given: Any) -> dict[str, str]:
    made = await world.ask("officer", "POST /inspections", given)
    return {"inspection_id": made["id"]}


async def inspections(world: World) -> None:
    """A check is called off, another is released and answered; a visit of an application."""
    rule = await programme(world)
    honour = await base(world, rule)
    one = await asked(world, kind="evaluation", honour_id=honour)
    await world.ask("officer", f"POST {AT}/cancel", WHY, **one)
    one = await asked(world, kind="annual", honour_id=honour)
    edit = await world.version("officer", AT, **one)
    plan = {"planned_on": today(), "team": _TEAM}
    await world.ask("officer", f"POST {AT}/plan", plan, **one, **edit)
    photo = told(pdf(), part="photo")
    made = await world.ask_twice("officer", f"POST {AT}/files", photo, **one)
    await world.ask("officer", f"GET {AT}/files", **one)
    await world.ask("officer", f"DELETE {AT}/files/{{file_id}}", **one, file_id=made["id"])
    await inspected(world, one, "failed")
    await world.ask("citizen", f"POST {AT}/answer", {"text": "已着手整改"}, **one)
    await world.ask("officer", "GET /inspections", None, "?division=63&overdue=true")
    application = await applied(world, rule, "under_way", "site_visit")
    await asked(world, kind="site_visit", application_id=application)
    await rectifications(world, one)


async def rectifications(world: World, failed: dict[str, str]) -> None:
    """Extended, answered, re-checked in vain, kept once, and lapsed at last."""
    demands = {"demands": ["补足讲解员"], **WHY}
    made = await world.ask("officer", f"POST {AT}/rectify", demands, **failed)
    one = {"rectification_id": made["id"]}
    more = {"days": 5, "reason": "大雪封路"}
    await world.ask("officer", f"POST {ONE}/extend", more, **one)
    await world.ask("citizen", f"POST {ONE}/answer", {"text": "已整改"}, **one)
    for ending in ("reject_removal", "remove"):
        if ending == "reject_removal":
            recheck = await world.ask("officer", f"POST {ONE}/recheck", {}, **one)
            await inspected(world, {"inspection_id": recheck["id"]}, "failed")
        else:
            late = "UPDATE rectifications SET due_on = current_date - 9 WHERE id = $1"
            await world.sql("venues", late, made["id"])
            await world.ask("officer", f"POST {ONE}/lapse", WHY, **one)
        await world.ask("officer", f"POST {ONE}/propose_removal", WHY, **one)
        body = more if ending == "reject_removal" else WHY
        await world.ask("approver", f"POST {ONE}/{ending}", body, **one)
    await world.ask("officer", f"GET {ONE}", **one)
    await world.ask("officer", "GET /inspections/rectifications", None, "?overdue=true")


async def samples(world: World) -> None:
    """One that is voided, and one that is drawn with the value of its source."""
    rule = await programme(world)
    await base(world, rule)
    at = "/inspections/samples/{sample_id}"
    source = {
        "name": "福彩双色球第2026133期",
        "at": f"{(datetime.now(UTC) + timedelta(days=1)).isoformat()}",
    }
    body = {"programme_id": rule[0], "wanted": 1, "due_on": "2999-01-01", "source": source}
    made = await world.ask("officer", "POST /inspections/samples", body)
    await world.ask("officer", f"POST {at}/void", WHY, sample_id=made["id"])
    made = await world.ask("officer", "POST /inspections/samples", body)
    one = {"sample_id": made["id"]}
    due = "UPDATE inspection_samples SET source_at = now() - interval '1 hour' WHERE id = $1"
    await world.sql("venues", due, made["id"])
    await world.ask("officer", f"POST {at}/draw", {"value": "06 11 17"}, **one)
    await world.ask("nobody", "GET /inspections/samples")
    await world.ask("nobody", f"GET {at}", **one)
    await world.ask("nobody", f"GET {at}/report", **one)


INSPECTIONS = (inspections, samples)
