"""Recipes of what takes its time: spreadsheets of every kind, a draw that is made, a change that
fails and goes on, numbers that stand out, and the end of an account."""

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pyotp

from tests.contract.later_recipes import settled
from tests.contract.recipes import COUNTY, TOWNSHIP, VILLAGE, drafted, occurrence
from tests.contract.world import World
from tests.support.workbooks import workbook

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_DAY = timedelta(days=1)
PAST = """UPDATE occurrences SET starts_at = starts_at - interval '2 days',
    ends_at = ends_at - interval '2 days' WHERE id = $1"""
Rows = tuple[tuple[Any, ...], ...]


async def public(world: World, **over: Any) -> tuple[str, str]:
    """A published activity of tomorrow and its occurrence."""
    times = [occurrence(datetime.now(UTC) + _DAY, **over)]
    activity = await drafted(world, "submit", "approve", "publish", occurrences=times)
    read = await world.ask("nobody", "GET /activities/{activity_id}", activity_id=activity)
    return activity, read["occurrences"][0]["id"]


def sheets(held: str, coming: str) -> Iterator[tuple[str, str, Rows]]:
    """Path, query, and headings with a good row and a bad one."""
    yield (
        "/stations",
        "",
        (
            ("行政区划代码", "阵地类型", "阵地名称"),
            (COUNTY, "科普站", "某科普站"),
            (COUNTY, "没有这类", "第九科普站"),
        ),
    )
    yield (
        "/posts",
        "",
        (
            ("行政区划代码", "阵地名称", "岗位", "姓名", "手机号", "到任日期"),
            (TOWNSHIP, None, "科普信息员", "才让", "13800000003", "2026-01-01"),
            (TOWNSHIP, "没有的站", "科普信息员", "扎西", "13800000006", "2026-01-01"),
        ),
    )
    yield (
        "/activities",
        "",
        (
            ("行政区划代码", "活动名称", "活动形式"),
            (TOWNSHIP, "还没定时间", "其他"),
            ("64", "外省", "其他"),
        ),
    )
    yield (
        "/occurrences/attendance",
        "",
        (("场次编号", "清点人次"), (held, 5), ("没有的场次", 1)),
    )
    yield (
        "/registrations/rosters",
        f"?about={coming}",
        (
            ("班级", "带队老师", "带队老师电话", "学生姓名", "年龄"),
            ("三年级一班", "李老师", "13800000001", "甲", 15),
            ("三年级一班", "李老师", "13800000001", "乙", -1),
        ),
    )


async def workbooks(world: World) -> None:
    """Each kind with a fault in it: looked at and put aside; its good rows written, taken back."""
    _, held = await public(world)
    await world.sql("events", PAST, held)
    _, coming = await public(world)
    kinds = sheets(held, coming)
    await asyncio.gather(*(both_ways(world, *kind) for kind in kinds))


async def both_ways(world: World, path: str, query: str, rows: Rows) -> None:
    """Send it in, put it aside; send it in again, write what is good, take it back."""
    at = f"{path}/imports"
    for again in ("", "again=true"):
        asked = "?" + "&".join(filter(None, (query.removeprefix("?"), again)))
        book = workbook(rows[0], rows[1:])
        made = await world.ask("officer", f"POST {at}", book, asked, **{"Content-Type": XLSX})
        one = {"import_id": made["id"]}
        await settled(world, at, **one)
        if not again:
            await world.ask("officer", f"GET {at}/{{import_id}}/faults", **one)
            await world.ask("officer", f"GET {at}/{{import_id}}/workbook", **one)
            await world.ask("officer", f"POST {at}/{{import_id}}/discard", **one)
            continue
        good = {"valid_only": True}
        await world.ask("officer", f"POST {at}/{{import_id}}/commit", good, **one)
        await settled(world, at, **one)
        await world.ask("officer", f"POST {at}/{{import_id}}/undo", **one)


async def drawn(world: World) -> None:
    """A draw whose days have passed: frozen by the clock, made with what its source said."""
    _, held = await public(world)
    of, one, now = "/occurrences/{occurrence_id}/draw", {"occurrence_id": held}, datetime.now(UTC)
    source = {"name": "福彩双色球开奖号码", "at": f"{(now + timedelta(hours=2)).isoformat()}"}
    closes = {"closes_at": (now + timedelta(hours=1)).isoformat(), "source": source}
    await world.ask("approver", f"POST {of}", closes, **one)
    entry = {"occurrence_id": held, "party": [{"name": "多杰", "age": 30}]}
    await world.ask("citizen", "POST /registrations", entry)
    over = "UPDATE draws SET closes_at = $2 WHERE occurrence_id = $1"
    await world.sql("events", over, held, now)
    await world.ask_until(lambda draw: draw["state"] == "frozen", "nobody", f"GET {of}", **one)
    spoke = "UPDATE draws SET source_at = $2 WHERE occurrence_id = $1"
    await world.sql("events", spoke, held, now)
    await world.ask("approver", f"POST {of}/value", {"value": "03 07 11 + 08"}, **one)
    await world.ask("nobody", f"GET {of}/report", **one)


async def changed(world: World) -> None:
    """A change of divisions whose job fails at its end, and goes on once that is mended."""
    at, today = "/divisions/changes", datetime.now(UTC).date()
    line = {"code": VILLAGE, "successor": VILLAGE, "name": "拉拉口新村村委会"}
    days = {"decided_on": f"{today - _DAY}", "effective_on": f"{today}"}
    change = {"document": "青政函〔2026〕2号", "kind": "rename", "lines": [line], **days}
    made = await world.ask("administrator", f"POST {at}", change)
    one = {"change_id": made["id"]}
    await world.sql(
        "events",
        """CREATE FUNCTION planted() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'a failure that the contract planted'; END $$""",
    )
    plant = """CREATE TRIGGER planted BEFORE UPDATE ON division_changes FOR EACH ROW
        WHEN (NEW.state = 'applied') EXECUTE FUNCTION planted()"""
    await world.sql("events", plant)
    job = {
        "job_id": (await world.ask("administrator", f"POST {at}/{{change_id}}/apply", **one))["id"]
    }
    failed = await world.ask_until(
        lambda job: job["ended_at"], "administrator", "GET /jobs/{job_id}", **job
    )
    assert failed["state"] == "failed"
    await world.sql("events", "DROP FUNCTION planted CASCADE")
    await world.ask("administrator", f"POST {at}/{{change_id}}/resume", **one)
    await world.ask_until(
        lambda change: change["state"] == "applied",
        "administrator",
        f"GET {at}/{{change_id}}",
        **one,
    )


async def standing_out(world: World) -> None:
    """Seven hundred people where there were twenty places: asked about, explained, asked again."""
    of, one = "/occurrences/{occurrence_id}/attendance", (await public(world))[1]
    await world.sql("events", PAST, one)
    edit = await world.version("officer", of, occurrence_id=one)
    await world.ask("officer", f"PUT {of}", {"counted": 700}, occurrence_id=one, **edit)

    def raised(told: Any) -> list[Any]:
        return [each for each in told["items"] if each["occurrence_id"] == one]

    told = await world.ask_until(raised, "approver", "GET /reports/outliers")
    (found,) = raised(told)
    at, which = "/reports/outliers/{outlier_id}", {"outlier_id": found["id"]}
    tag, why = {"If-Match": f'"v{found["version"]}"'}, {"reason": "邻县学校一起来的"}
    answer = await world.ask("approver", f"POST {at}/dismiss", why, **which, **tag)
    tag = {"If-Match": answer.headers["ETag"]}
    await world.ask("approver", f"POST {at}/reopen", **which, **tag)


async def messages(world: World) -> None:
    """What the citizen was told of their registrations is read."""
    told = await world.ask_until(lambda page: page["items"], "citizen", "GET /messages")
    one = {"message_id": told["items"][0]["id"]}
    await world.ask("citizen", "POST /messages/{message_id}/read", **one)


async def jobs(world: World) -> None:
    """A job in the hands of a worker that died, before it has begun: it is cancelled."""
    job = uuid4()
    await world.sql(
        "events",
        """INSERT INTO jobs (id, name, owner, caller, division_code, recorded_code, language,
            traceparent, given, state, lease_until)
        SELECT $1, 'import-stations', $2, '{}', '63', '63', 'zh-CN', '', '{}', 'queued',
            now() + interval '1 hour'""",
        job,
        world.people["officer"].account,
    )
    await world.ask("officer", "POST /jobs/{job_id}/cancel", job_id=f"events-{job}")


async def lost_phone(world: World) -> None:
    """A member of staff whose second factor lay on the phone that is gone."""
    name = "informant-6301"
    loser = world.people["loser"] = await world.province.staff(world.http, name)
    proof = {"password": world.province.passwords[name]}
    begun = await world.ask("loser", "POST /me/second_factor", proof)
    code = pyotp.parse_uri(begun["uri"]).at(datetime.now(UTC))
    await world.ask("loser", "POST /me/second_factor/confirm", {"code": code})
    at, lost = "/accounts/{account_id}/reset_second_factor", {"reason": "手机丢失"}
    await world.ask("administrator", f"POST {at}", lost, account_id=loser.account)


async def leaving(world: World) -> None:
    """A citizen goes for good, with a fresh code; a minute has passed since the last one."""
    (world.people["leaver"],) = await world.province.citizens(world.http, 7100, 1)
    await world.sql("gateway", "DELETE FROM throttles")
    await world.ask("nobody", "POST /sessions/codes", {"phone": "13900007100"})
    *_, told = (world.province.home / "messages" / "codes.jsonl").read_text("utf-8").splitlines()
    await world.ask("leaver", "POST /me/erase", {"code": json.loads(told)["code"]})


LAST = (workbooks, drawn, changed, standing_out, messages, jobs, lost_phone, leaving)
