"""Inspections: site visits and their gate, checks that are due, what the venue sees and answers."""

from datetime import UTC, date, datetime
from uuid import UUID, uuid4

from services.kit.access import SERVICE
from services.venues.applications.gates import Standing, Unmet
from services.venues.applications.models import Application, RunState, StageRun
from services.venues.inspections.gate import WORK
from services.venues.inspections.scheduling import SCHEDULE, ask_for_due
from services.venues.programmes.definition import Definition
from tests.kit.files.makers import jpeg, pdf
from tests.kit.files.phone import announced, sent
from tests.support.apps import Running, citizen, staff, until
from tests.venues.assessment.cases import NEIGHBOUR, World, definition, world
from tests.venues.inspections.bases import (
    TEAM,
    asked,
    found,
    in_days,
    inspected,
    named,
    step,
    today,
)


async def standing(case: World, run_id: UUID, call: str) -> list[Unmet] | None:
    """Ask the work of the stage, as the engine does."""
    async with case.venues.kit.database.transaction(SERVICE) as db:
        application = await db.get_one(Application, case.application.id)
        run = await db.get_one(StageRun, run_id)
        stage = case.rule.stage("site_visit")
        at = Standing(application, case.rule, stage, run, datetime.now(UTC))
        answer: list[Unmet] | None = await getattr(WORK, call)(db, at)
        return answer


async def test_a_site_visit_is_asked_for_planned_recorded_and_let_through(
    venues: Running,
) -> None:
    case = await world(venues)
    run = await case.stands("under_way", "site_visit")
    await standing(case, run, "entered")
    async with venues.as_(case.reviewer) as reviewer:
        (visit,) = (await reviewer.get("/inspections?kind=site_visit")).json()["items"]
        due = await standing(case, run, "gate")
        early = await step(reviewer, visit["id"], "record", found())
        plan = {"planned_on": in_days(3), "team": TEAM}
        alone = await step(reviewer, visit["id"], "plan", {**plan, "team": TEAM[:1]})
        partial = await step(
            reviewer, visit["id"], "plan", {**plan, "team": [TEAM[0], str(case.applicant.subject)]}
        )
        await step(reviewer, visit["id"], "plan", plan)
        planned = await step(reviewer, visit["id"], "plan", {**plan, "planned_on": in_days(4)})
        stale = await reviewer.post(
            f"/inspections/{visit['id']}/plan", json=plan, headers={"If-Match": '"v1"'}
        )
        tomorrow = await step(reviewer, visit["id"], "record", found(held_on=in_days(1)))
        await step(reviewer, visit["id"], "record", found("failed"))
        failed = await standing(case, run, "gate")
        second = {"kind": "site_visit", "application_id": str(case.application.id)}
        again = await reviewer.post("/inspections", json=second)
        waiting = await standing(case, run, "gate")
        await inspected(reviewer, again.json()["id"], release=False, result="passed")
        passed = await standing(case, run, "gate")
        # Another run of the stage asks for its own visit.
        other = await case.stands("under_way", "site_visit")
        anew = await standing(case, other, "gate")
    assert visit["state"] == "due"
    assert [each.slug for each in due or []] == ["site-visit-missing"]
    assert (early.status_code, alone.status_code, partial.status_code) == (409, 422, 409)
    assert (planned.json()["planned_on"], stale.status_code) == (in_days(4), 412)
    assert tomorrow.json()["errors"][0]["rule"] == "day-still-to-come"
    assert [each.slug for each in failed or []] == ["site-visit-failed"]
    assert [each.slug for each in waiting or []] == ["site-visit-missing"]
    assert (passed, [each.slug for each in anew or []]) == ([], ["site-visit-missing"])
    trail = "SELECT action, stage_key FROM decisions ORDER BY id"
    assert await venues.rows(trail) == [("record_inspection", "site_visit")] * 2
    bodies = await venues.rows(
        "SELECT data FROM outbox WHERE type = 'venues.inspection_recorded.v1' ORDER BY id"
    )
    assert [(body["result"], sorted(body)) for (body,) in bodies] == [
        (result, ["application_id", "grade", "honour_id", "kind", "result", "venue_id"])
        for result in ("failed", "passed")
    ]


async def test_a_stage_that_is_left_calls_its_visit_off(venues: Running) -> None:
    case = await world(venues)
    run = await case.stands("under_way", "site_visit")
    await standing(case, run, "entered")
    async with venues.kit.database.transaction(SERVICE) as db:
        row = await db.get_one(StageRun, run)
        row.state, row.closed_at = RunState.RETURNED, datetime.now(UTC)
    await standing(case, run, "left")
    later = await case.stands("under_way", "site_visit")
    await standing(case, later, "entered")
    states = "SELECT state, cancel_reason FROM inspections ORDER BY id"
    assert await venues.rows(states) == [("cancelled", "stage returned"), ("due", None)]


async def test_the_venue_reads_what_was_found_once_it_is_released_and_answers_with_evidence(
    venues: Running,
) -> None:
    case = await world(venues)
    honour = await named(case)
    document = pdf()
    photo = announced(jpeg(), part="photo", finding=0)
    proof = announced(document, media_type="application/pdf", name="整改.pdf", part="answer")
    async with venues.as_(case.reviewer) as reviewer, venues.as_(case.applicant) as venue:
        one = await asked(reviewer, honour)
        at = f"/inspections/{one}"
        await inspected(reviewer, one, release=False)
        taken = (await reviewer.post(f"{at}/files", json=photo)).json()
        await sent(reviewer, taken["id"], jpeg())
        before = (await venue.get(at)).json()
        unseen = [
            (await venue.get(f"/files/{taken['id']}")).status_code,
            (await venue.post(f"{at}/answer", json={"text": "已整改"})).status_code,
            (await venue.post(f"{at}/files", json=proof)).status_code,
        ]
        nothing = (await venue.get(f"{at}/files")).json()["items"]
        await step(reviewer, one, "release")
        rewritten = await step(reviewer, one, "record", found("passed"))
        late_photo = await reviewer.post(f"{at}/files", json=announced(jpeg(), part="photo"))
        answer = await venue.post(f"{at}/answer", json={"text": "已新聘讲解员两名 བསྐོས་ཟིན།"})
        mine = (await venue.post(f"{at}/files", json=proof)).json()
        await sent(venue, mine["id"], document)
        back = await venue.delete(f"{at}/files/{mine['id']}")
        files = (await venue.get(f"{at}/files")).json()["items"]
        as_venue = await reviewer.post(f"{at}/answer", json={"text": "代答"})
    hidden = (before["state"], before["result"], before["findings"], before["team"])
    assert (hidden, unseen, nothing) == (("planned", None, [], []), [404, 409, 409], [])
    assert (rewritten.status_code, late_photo.status_code) == (409, 409)
    shown = answer.json()
    assert (shown["result"], shown["findings"][0]["text"]) == ("failed", "讲解员不足")
    assert [each["text"] for each in shown["answers"]] == ["已新聘讲解员两名 བསྐོས་ཟིན།"]
    assert [(each["part"], each["ready"]) for each in files] == [("photo", True), ("answer", True)]
    assert (back.status_code, as_venue.status_code, shown["team"]) == (409, 404, [])


async def test_inspections_are_seen_and_conducted_within_reach_and_nowhere_else(
    venues: Running,
) -> None:
    case = await world(venues)
    honour = await named(case)
    async with venues.as_(case.reviewer) as reviewer:
        annual = await asked(reviewer, honour)
        evaluation = await asked(reviewer, honour, "evaluation")
        twice = await reviewer.post(
            "/inspections", json={"kind": "annual", "honour_id": str(honour)}
        )
        gone = await reviewer.post(
            "/inspections", json={"kind": "annual", "honour_id": str(uuid4())}
        )
    found_by = {}
    callers = {
        "province": staff("officer", "63"), "county": staff("officer", "630123"),
        "township": staff("officer", "630123101"), "neighbour": staff("approver", NEIGHBOUR),
        "observer": staff("observer", "63"), "venue": case.applicant, "citizen": citizen(),
        "nobody": None,
    }  # fmt: skip
    body = {"planned_on": f"{today()}", "team": TEAM}
    for who, caller in callers.items():
        async with venues.as_(caller) as client:
            listed = (await client.get("/inspections?division=63")).json()["items"]
            found_by[who] = (
                len(listed),
                (await step(client, annual, "plan", body)).status_code,
                (await step(client, evaluation, "plan", body)).status_code,
            )
    missing = (0, 404, 404)
    assert found_by == {
        "province": (2, 200, 200),
        # An annual check is the county's own; an evaluation is of whoever named the base.
        "county": (2, 200, 403),
        "venue": (2, 403, 403),
        **dict.fromkeys(("township", "neighbour", "observer", "citizen", "nobody"), missing),
    }
    async with venues.as_(staff("officer", "63")) as province:
        pages = [
            (await province.get(f"/inspections?division={code}")).json()["items"]
            for code in ("6301", NEIGHBOUR)
        ]
    assert [len(items) for items in pages] == [2, 0]
    assert (twice.status_code, twice.json()["type"].rpartition("/")[2], gone.status_code) == (
        409,
        "inspection-under-way",
        404,
    )


async def test_the_clock_asks_for_annual_checks_and_evaluations_once_and_says_what_is_late(
    venues: Running,
) -> None:
    rule: Definition = definition(inspection={"cycle_months": 24})
    case = await world(venues, rule)
    now = datetime.now(UTC)
    day = date(2026, 11, 22)
    old = await named(case, date(2024, 1, 5))
    await named(case, date(2026, 5, 1))  # of this year: neither
    await named(case, date(2020, 1, 1), state="revoked")

    async def asks(on: date) -> int:
        async with venues.kit.database.transaction(SERVICE) as db:
            return await ask_for_due(db, on, now)

    counts = [await asks(day), await asks(day)]
    rows = await venues.rows("SELECT honour_id, kind, due_on FROM inspections ORDER BY kind")
    async with venues.as_(case.reviewer) as reviewer:
        late = (await reviewer.get("/inspections?overdue=true")).json()["items"]
        (evaluation,) = (one["id"] for one in late)
        await inspected(reviewer, evaluation, result=None, grade="qualified")
        left = (await reviewer.get("/inspections?overdue=true")).json()["items"]
    # The next cycle begins with the day that the last one was held; what is late is not doubled.
    counts.append(await asks(today()))
    counts.append(await asks(date(today().year + 2, today().month, 1)))
    assert counts == [2, 0, 0, 3]
    assert rows == [(old, "annual", date(2026, 12, 31)), (old, "evaluation", date(2026, 1, 5))]
    assert [(one["kind"], one["overdue"]) for one in late] == [("evaluation", True)]
    assert left == []
    # With the honour gone, nobody is asked for what is left.
    await venues.scalar("UPDATE honours SET state = 'revoked' WHERE id = :id RETURNING 1", id=old)
    async with venues.kit.database.transaction(SERVICE) as db:
        await SCHEDULE.turn(db)
    states = await venues.rows("SELECT honour_id = :old, state FROM inspections", old=old)
    assert set(states) == {(True, "cancelled"), (True, "released"), (False, "due")}
    public = "SELECT action, reason FROM decisions WHERE public"
    assert await venues.rows(public) == [("release_inspection", "qualified")]


async def test_the_grade_of_an_evaluation_is_public_and_said_to_have_had_no_notice(
    venues: Running,
) -> None:
    case = await world(venues)
    honour = await named(case)
    async with venues.as_(case.reviewer) as reviewer:
        one = await asked(reviewer, honour, "evaluation")
        await inspected(reviewer, one, release=False, result=None, grade="excellent")
        wrong_year = found(held_on="2020-11-22", result=None, grade="excellent")
        early = await step(reviewer, one, "record", wrong_year)
        before = (await reviewer.get(f"/certificates/verify/{honour}")).text
        await step(reviewer, one, "release")
    async with venues.as_() as anybody:
        pages = [
            (await anybody.get(f"/certificates/verify/{honour}?lang={language}")).text
            for language in ("zh-CN", "en")
        ]
        history = (await anybody.get(f"/honours/{honour}/history")).json()["items"]
    assert [each["rule"] for each in early.json()["errors"]] == ["day-before-naming"]
    assert "评估" not in before
    assert f"{today()} 公布周期评估结果（未经公示，直接公布）：优秀" in pages[0]
    assert "without a public notice before it: excellent" in pages[1]
    # What else the inspectors wrote is the venue's.
    told = [(each["action"], each["reason"]) for each in history]
    assert [each for each in told if "inspection" in each[0]] == [
        ("release_inspection", "excellent")
    ]


async def test_inspections_reach_whoever_listens(venues: Running) -> None:
    case = await world(venues)
    honour = await named(case)
    async with venues.as_(case.reviewer) as reviewer:
        await inspected(reviewer, await asked(reviewer, honour), result="passed")

    async def told() -> bool:
        sent_facts = "SELECT count(*) FROM outbox WHERE sent_at IS NULL"
        return bool(await venues.scalar(sent_facts) == 0)

    await until(told)
    kinds = await venues.rows("SELECT type FROM outbox ORDER BY id")
    assert [kind for (kind,) in kinds] == [
        "venues.inspection_recorded.v1",
        "venues.inspection_released.v1",
    ]
