"""Unannounced checks: drawn so that a stranger can replay it, hidden until they are over."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from services.kit.draws import read, salted, verify
from tests.support.apps import Running, citizen, staff
from tests.venues.assessment.cases import World, do, world
from tests.venues.inspections.bases import in_days, inspected, named


def sampling(case: World, **over: Any) -> dict[str, Any]:
    return {"programme_id": str(case.programme_id), "wanted": 2, "alternates": 1,
            "due_on": in_days(60), **over}  # fmt: skip


async def bases(case: World, number: int) -> set[UUID]:
    """So many honours in force, and one that is not."""
    found = {await named(case, date(2024, 1, 1 + each)) for each in range(number)}
    await named(case, date(2020, 1, 1), state="revoked")
    return found


async def test_who_is_visited_is_drawn_replayed_by_a_stranger_and_told_when_it_is_over(
    venues: Running,
) -> None:
    case = await world(venues)
    known = await bases(case, 5)
    async with (
        venues.as_(case.reviewer) as reviewer,
        venues.as_(case.applicant) as venue,
        venues.as_() as stranger,
    ):
        made = await reviewer.post("/inspections/samples", json=sampling(case))
        at = f"/inspections/samples/{made.json()['id']}"
        report = read((await stranger.get(f"{at}/report")).content)
        visits = (await reviewer.get("/inspections?kind=random")).json()["items"]
        announced = (await venue.get("/inspections")).json()["items"]
        guessed = await venue.get(f"/inspections/{visits[0]['id']}")
        # A road is shut: the alternate is visited instead, and then nobody is left.
        for one in (visits[0], None):
            one = (
                one or (await reviewer.get("/inspections?kind=random&state=due")).json()["items"][0]
            )
            called = await reviewer.post(
                f"/inspections/{one['id']}/cancel", json={"reason": "大雪封路"}
            )
            assert called.status_code == 200
        left = (await reviewer.get("/inspections?kind=random&state=due")).json()["items"]
        before = (await stranger.get(at)).json()
        for one in left:
            await inspected(reviewer, one["id"], result="passed")
        after = (await stranger.get(at)).json()
        seen = (await venue.get("/inspections")).json()["items"]
    assert made.status_code == 201
    outcome = verify(report).strata["honours"]
    assert (len(report.pool), len(outcome.chosen), len(outcome.following)) == (5, 2, 1)
    assert (report.foreseeable, before["foreseeable"]) == (True, True)
    assert (announced, guessed.status_code) == ([], 404)
    assert (len(left), before["salt"]) == (1, None)
    slips = {salted(bytes.fromhex(after["salt"]), str(each)): each for each in known}
    drawn = {str(slips[slip]) for slip in (*outcome.chosen, *outcome.following)}
    rows = await venues.rows("SELECT honour_id::text FROM inspections WHERE sample_id IS NOT NULL")
    assert {honour for (honour,) in rows} == drawn
    assert [one["kind"] for one in seen] == ["random"]


async def test_with_a_public_source_nobody_knows_before_its_value_and_nothing_is_chosen_after(
    venues: Running,
) -> None:
    case = await world(venues)
    await bases(case, 3)
    source = {
        "name": "福彩双色球第2026133期开奖号码",
        "at": f"{datetime.now(UTC) + timedelta(days=1)}",
    }
    async with venues.as_(case.reviewer) as reviewer, venues.as_(citizen()) as stranger:
        body = sampling(case, source=source)
        past = sampling(case, source={**source, "at": "2026-01-01T00:00:00+08:00"})
        refused = [
            (await reviewer.post("/inspections/samples", json=each)).status_code
            for each in (past, sampling(case, due_on=in_days(-1)))
        ]
        made = (await reviewer.post("/inspections/samples", json=body)).json()
        at = f"/inspections/samples/{made['id']}"
        second = await reviewer.post("/inspections/samples", json=body)
        early = await reviewer.post(f"{at}/draw", json={"value": "06 11 17"})
        await do(venues, "UPDATE inspection_samples SET source_at = now() - interval '1 hour'")
        foreign = await stranger.post(f"{at}/draw", json={"value": "06 11 17"})
        drawn = await reviewer.post(f"{at}/draw", json={"value": "06 11 17"})
        twice = await reviewer.post(f"{at}/draw", json={"value": "07"})
        late = await reviewer.post(f"{at}/void", json={"reason": "不满意"})
        report = read((await stranger.get(f"{at}/report")).content)
    assert refused == [422, 422]
    assert (made["state"], made["foreseeable"], second.status_code) == ("frozen", False, 409)
    assert (early.status_code, foreign.status_code, drawn.status_code) == (409, 403, 200)
    assert (twice.status_code, late.status_code) == (409, 409)
    assert verify(report) == report.result
    assert made["commitment_sha256"] == report.commitment_sha256


async def test_a_void_sample_stays_for_everybody_to_see_and_only_staff_draw(
    venues: Running,
) -> None:
    case = await world(venues)
    async with venues.as_(case.reviewer) as reviewer, venues.as_() as stranger:
        nothing = await reviewer.post("/inspections/samples", json=sampling(case))
        await bases(case, 2)
        source = {"name": "福彩双色球第2026133期", "at": f"{datetime.now(UTC) + timedelta(days=1)}"}
        made = (
            await reviewer.post("/inspections/samples", json=sampling(case, source=source))
        ).json()
        await reviewer.post(f"/inspections/samples/{made['id']}/void", json={"reason": "名单有误"})
        listed = (await stranger.get("/inspections/samples")).json()["items"]
    statuses = []
    for caller in (staff("officer", "630123"), staff("observer", "63"), citizen(), None):
        async with venues.as_(caller) as client:
            answer = await client.post("/inspections/samples", json=sampling(case))
            statuses.append(answer.status_code)
    assert nothing.json()["type"].rpartition("/")[2] == "nothing-to-inspect"
    assert [(each["state"], each["void_reason"], each["salt"]) for each in listed] == [
        ("void", "名单有误", None)
    ]
    assert statuses == [403, 403, 403, 403]


async def test_who_was_checked_lately_stands_behind_who_was_not(venues: Running) -> None:
    case = await world(venues)
    known = await bases(case, 3)
    async with venues.as_(case.reviewer) as reviewer:
        await reviewer.post("/inspections/samples", json=sampling(case, alternates=0))
        first = (await reviewer.get("/inspections?kind=random")).json()["items"]
        for one in first:
            await inspected(reviewer, one["id"], result="passed")
        await reviewer.post("/inspections/samples", json=sampling(case, wanted=1, alternates=0))
        (second,) = (await reviewer.get("/inspections?kind=random&state=due")).json()["items"]
    (fresh,) = {str(each) for each in known} - {one["honour_id"] for one in first}
    assert second["honour_id"] == fresh
