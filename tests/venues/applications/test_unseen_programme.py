"""A programme that nobody wrote code for: loaded through the API, and run to the naming."""

from datetime import UTC, datetime, timedelta

from services.kit.access import SERVICE
from services.venues.notices import clock
from tests.support.apps import Running
from tests.venues.applications.cases import (
    ADMINISTRATOR,
    CITY,
    COUNTY_STAFF,
    TOWNSHIP_STAFF,
    do,
    drafted,
    ok,
    published,
    rules,
    venue,
)


async def test_an_unseen_programme_runs_to_the_naming_without_a_line_of_code(
    venues: Running,
) -> None:
    where = await venue(venues)
    async with (
        venues.as_(ADMINISTRATOR) as administrator,
        venues.as_(TOWNSHIP_STAFF) as township,
        venues.as_(COUNTY_STAFF) as county,
        venues.as_(CITY) as city,
    ):
        programme = await published(administrator)
        row = await drafted(township, programme, where)
        row = await do(township, row, "submit")
        assert row["number"] == f"PLATEAU-POST-{row['year']}-0001"
        row = await do(township, row, "recommend", stage="village_word")
        row = await do(county, row, "pass", stage="papers", reason="材料齐全")
        # A county's staff do not deliberate for the prefecture.
        refused = await county.post(f"/applications/{row['id']}/pass", json={"stage": "meeting"})
        assert refused.status_code == 403
        # Pressed twice, or by two: the second one means a stage that is over.
        twice = await city.post(f"/applications/{row['id']}/pass", json={"stage": "papers"})
        assert twice.status_code == 409
        assert twice.json()["detail"].startswith("状态为“meeting”时不能执行“通过”。")
        silent = await city.post(f"/applications/{row['id']}/pass", json={"stage": "meeting"})
        assert rules(silent) == [("/reason", "conclusion-needed")]
        row = await do(city, row, "pass", stage="meeting", reason="党组会纪要〔2026〕3号")
        early = await city.post(f"/applications/{row['id']}/pass", json={"stage": "notice"})
        assert [error["rule"] for error in early.json()["errors"]] == ["notice-not-opened"]
        ok(await city.post("/notices", json={"application_ids": [row["id"]]}), 201)
        # The window is the clock of the stage, and the applicant is told where it stands.
        stage = ok(await township.get(f"/applications/{row['id']}"))["stage"]
        (line,) = ok(await township.get("/applications?stage=notice"))["items"]
        assert line["stage"] == stage
        shown = await venues.rows("SELECT notice_id::text, last_on::text FROM notice_entries")
        assert [(stage["notice_id"], stage["due_on"])] == shown
        assert (stage["due_open"], stage["suspended"]) == (False, False)
        async with venues.kit.database.transaction(SERVICE) as db:
            await clock.turn(db, datetime.now(UTC) + timedelta(days=20))
        row = await do(city, row, "pass", stage="notice")
        row = await do(city, row, "name", stage="naming")
        assert (row["state"], row["allowed_actions"]) == ("named", [])
        trail = ok(await city.get(f"/applications/{row['id']}/trail"))["items"]
        reasons = {
            language: [
                one["why"]
                for one in ok(
                    await city.get(
                        f"/applications/{row['id']}/trail", headers={"Accept-Language": language}
                    )
                )["items"]
                if one["action"] in ("recommend", "pass", "finish_notice", "name")
            ]
            for language in ("zh-CN", "bo", "en")
        }
        timeline = ok(await township.get(f"/applications/{row['id']}/timeline"))
        progress = ok(await city.get(f"/programmes/{programme}/progress"))
    steps = [(one["action"], one["acted_for"]) for one in trail]
    assert steps[:3] == [
        ("submit", "630123101"),
        ("recommend", "630123101"),
        ("pass", "630123"),
    ]
    assert {one["rule_number"] for one in trail} <= {1, None}
    # Who passes it need not write why: what the stage came to says it, in the reader's language.
    minutes = "党组会纪要〔2026〕3号"
    last_on = str(await venues.scalar("SELECT last_on FROM notice_entries"))
    over = f"公示期满（截止 {last_on}），没有未办结或者成立的异议"
    named = f"{over}；各环节均已通过，予以命名（规则：测试用规则）"
    # The window was finished by a clock of its own, twenty days on.
    assert reasons["zh-CN"] == ["同意推荐", "材料齐全", minutes, over, named, over]
    assert reasons["bo"][:3] == ["འོས་སྦྱོར་ལ་མོས་མཐུན།", "材料齐全", minutes]
    ended = f"Shown to the end of {last_on}; no objection stands"
    rule = "Every stage is passed: named (rule: 测试用规则)"
    assert reasons["en"][3:] == [ended, f"{ended}; {rule}", ended]
    assert [one for one in (*trail, *timeline["decisions"]) if not one["why"]] == []
    assert [(run["stage_key"], run["state"]) for run in timeline["runs"]] == [
        (key, "passed") for key in ("village_word", "papers", "meeting", "notice", "naming")
    ]
    assert all("actor" not in one for one in timeline["decisions"])
    window = [(run["notice_id"], run["due_on"]) for run in timeline["runs"]]
    assert window == [(None, None)] * 3 + shown + [(None, None)]
    assert [(year["named"], year["under_way"]) for year in progress["years"]] == [(1, 0)]
    assert [(one["taken"], one["quota"]) for one in progress["recommendations"]] == [(1, 1)]
    told = await venues.rows(
        "SELECT type FROM outbox WHERE type LIKE 'venues.application%' ORDER BY seq"
    )
    assert told == [("venues.application_submitted.v1",), ("venues.application_decided.v1",)]
