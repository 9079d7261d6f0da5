"""Self-assessment: live figures, answers, snapshots, corrections, and what is missing."""

import asyncio
from datetime import UTC, date, datetime
from typing import Any

import asyncpg
import pytest
from sqlalchemy.exc import DBAPIError

from services.kit.access import SERVICE
from services.kit.facts import Envelope
from services.kit.ids import uuid7
from services.kit.inbox import apply
from services.venues.applications.measures import Asked, figures
from services.venues.applications.models import Application
from services.venues.assessment.blind import blind_material
from services.venues.assessment.consumer import CONSUMER
from services.venues.assessment.freezing import submitted
from services.venues.assessment.gate import missing_for_submission
from services.venues.assessment.rules import points_for
from tests.support.apps import Running, citizen, staff
from tests.venues.assessment.cases import NEIGHBOUR, STAFF, World, definition, do, stage, world

OPENING = """INSERT INTO opening_rules (venue_id, version, from_on, seasons, set_by, set_at)
    VALUES (:venue, 1, :since, CAST(:seasons AS jsonb), :by, now())"""
WEEKENDS = (
    '[{"days": {"saturday": {"hours": [{"opens": "09:00", "closes": "17:00"}], "free": true},'
    ' "sunday": {"hours": [{"opens": "09:00", "closes": "17:00"}]}}}]'
)
VISIT = """INSERT INTO visits (id, venue_id, day, source, reservation_id, people, children, free,
    recorded_at) VALUES (:id, :venue, :day, :source, :reservation, :people, :children, true, now())"""


async def visited(case: World, day: str, people: int, children: int, *, count: bool) -> None:
    await do(
        case.venues, VISIT, id=uuid7(), venue=case.venue_id, day=date.fromisoformat(day),
        source="head_count" if count else "check_in",
        reservation=None if count else uuid7(), people=people, children=children,
    )  # fmt: skip


async def opened(case: World, since: str) -> None:
    await do(
        case.venues, OPENING, venue=case.venue_id, since=date.fromisoformat(since),
        seasons=WEEKENDS, by=STAFF,
    )  # fmt: skip


async def known(case: World) -> dict[str, tuple[int | None, str | None]]:
    """Every figure of the year before, with why it is not known."""
    wanted = ["open_days", "free_days", "visits", "children_visits", "activities_held",
              "satisfaction", "moon_landings"]  # fmt: skip
    first, last = date(2025, 1, 1), date(2025, 12, 31)
    async with case.venues.kit.database.transaction(SERVICE) as db:
        found = await figures(db, case.application, wanted, first, last)
    return {key: (figure.value, figure.unknown) for key, figure in found.items()}


def told(kind: str, subject: Any, version: int, **data: Any) -> Envelope:
    return Envelope(
        id=uuid7(), source="events", type=f"events.{kind}.v1", subject=str(subject),
        time=datetime.now(UTC), division="630123", traceparent="00-1-1-01",
        aggregateversion=version, data=data,
    )  # fmt: skip


async def test_figures_are_taken_from_what_was_recorded_and_silence_is_not_nothing(
    venues: Running,
) -> None:
    case = await world(venues)
    assert await known(case) == {
        "open_days": (None, "no-opening-hours"),
        "free_days": (None, "no-opening-hours"),
        "visits": (None, "no-visits-recorded"),
        "children_visits": (None, "no-visits-recorded"),
        "activities_held": (None, "no-activities-known"),
        "satisfaction": (None, "too-little-feedback"),
        "moon_landings": (None, "no-such-measure"),
    }
    await opened(case, "2025-12-01")
    # Of one day the head-count stands in the place of its check-ins; other years do not count.
    await visited(case, "2025-05-01", 20, 5, count=False)
    await visited(case, "2025-05-01", 300, 100, count=True)
    await visited(case, "2025-05-02", 7, 2, count=False)
    await visited(case, "2024-12-31", 999, 999, count=True)
    activity, elsewhere, called_off = uuid7(), uuid7(), uuid7()
    here = [{"venue_id": str(case.venue_id)}] * 2
    facts = [
        told("activity_completed", activity, 5, day="2025-06-01", occurrences=2, places=here),
        told("activity_completed", activity, 4, day="2024-06-01", occurrences=2, places=here),
        told("activity_completed", elsewhere, 1, day="2025-06-01", occurrences=1),
        told("activity_completed", called_off, 1, day="2025-06-01", occurrences=1, places=here),
        told("activity_cancelled", called_off, 2, day="2025-06-01", occurrences=0, places=here),
        told("feedback_released", activity, 2, answers=12, satisfied=11),
        told("feedback_released", activity, 1, answers=10, satisfied=1),
    ]
    async with venues.kit.database.transaction(SERVICE) as db:
        await apply(db, CONSUMER, facts)
    # December 2025 has four Saturdays and four Sundays.
    assert await known(case) == {
        "open_days": (8, None),
        "free_days": (4, None),
        "visits": (307, None),
        "children_visits": (102, None),
        "activities_held": (1, None),
        "satisfaction": (91, None),
        "moon_landings": (None, "no-such-measure"),
    }


async def test_a_division_is_measured_by_all_its_venues_and_not_by_its_neighbours(
    venues: Running,
) -> None:
    case = await world(venues)
    await visited(case, "2025-05-01", 300, 100, count=True)
    first, last = date(2025, 1, 1), date(2025, 12, 31)
    for code, expected in (("630123", 300), ("6301", 300), (NEIGHBOUR, None)):
        asked = Application(**{**case.application.model_dump(), "venue_id": None,
                               "subject_code": code})  # fmt: skip
        async with venues.kit.database.transaction(SERVICE) as db:
            found = await figures(db, asked, ["visits", "open_days"], first, last)
        assert (found["visits"].value, found["open_days"].unknown) == (
            expected,
            "known-of-a-venue-only",
        )
    assert Asked(None, "630123", first, last).values()["high"] == "630124"


@pytest.mark.parametrize(
    ("figure", "most", "full_at", "points"),
    [(0, 10, 200, 0), (19, 10, 200, 0), (20, 10, 200, 1), (199, 10, 200, 9), (200, 10, 200, 10),
     (10**9, 10, 200, 10), (1, 7, None, 7), (0, 7, None, 0)],
)  # fmt: skip
def test_points_are_whole_and_never_more_than_the_criterion_gives(
    figure: int, most: int, full_at: int | None, points: int
) -> None:
    assert points_for(figure, most, full_at) == points


async def test_the_applicant_adds_only_what_the_platform_cannot_know(venues: Running) -> None:
    case = await world(venues)
    await opened(case, "2025-01-01")
    path = f"{case.at}/assessment"
    async with venues.as_(case.applicant) as applicant:
        read = await applicant.get(path)
        tag = read.headers["etag"]
        body = {"answers": {"days": {"points": 10, "explanation": "天天开放"}}}
        measured = await applicant.patch(path, json=body, headers={"If-Match": tag})
        wrong = {"answers": {
            "guides": {"points": 11, "explanation": "多"}, "people": {"points": 3},
            "nobody": {"points": 1, "explanation": "无"},
        }}  # fmt: skip
        bad = await applicant.patch(path, json=wrong, headers={"If-Match": tag})
        good = {"answers": {
            "guides": {"points": 8, "explanation": "讲解员6名，其中藏语2名 སྐད་བསྒྱུར།"},
            "people": {"points": 12, "explanation": "纸质登记1200人次"},
            "days": {"explanation": "冬季轮休"},
        }}  # fmt: skip
        wrote = await applicant.patch(path, json=good, headers={"If-Match": tag})
        stale = await applicant.patch(path, json=good, headers={"If-Match": tag})
        unsaid = await applicant.patch(path, json=good)
    lines = {
        line["criterion"]: (line["points"], line["by"], line["figure"] and line["figure"]["value"])
        for section in wrote.json()["sections"]
        for line in section["lines"]
    }
    assert (measured.status_code, measured.json()["errors"][0]["rule"]) == (
        422,
        "measured-by-the-platform",
    )
    assert [(each["pointer"], each["rule"]) for each in bad.json()["errors"]] == [
        ("/answers/guides/points", "more-than-the-criterion-gives"),
        ("/answers/people/explanation", "explanation-needed"),
        ("/answers/nobody", "no-such-criterion"),
    ]
    assert lines == {
        "days": (5, "platform", 104),
        "people": (12, "applicant", None),
        "guides": (8, "applicant", None),
    }
    assert (wrote.json()["points"], wrote.headers["etag"]) == (25, '"v1"')
    assert (stale.status_code, unsaid.status_code) == (412, 428)


async def test_an_assessment_is_read_and_written_by_whom_it_concerns(venues: Running) -> None:
    case = await world(venues)
    callers = {
        "applicant": case.applicant,
        "province": case.reviewer,  # staff with VENUE_EDIT act on the venue's behalf
        "observer": staff("observer", "63"),
        "neighbour": staff("approver", NEIGHBOUR),
        "citizen": citizen(),
        "nobody": None,
    }
    path, found = f"{case.at}/assessment", {}
    body = {"answers": {"guides": {"explanation": "一"}}}
    for who, caller in callers.items():
        async with venues.as_(caller) as client:
            reads = {
                (await client.get(f"{at}")).status_code
                for at in (path, f"{path}/snapshots", f"{path}/corrections", f"{case.at}/files")
            }
            version = {"If-Match": f'"v{len(found)}"'}
            wrote = await client.patch(path, json=body, headers=version)
            found[who] = (reads, wrote.status_code)
    seen, hidden = ({200}, 200), ({404}, 404)
    others = dict.fromkeys(("observer", "neighbour", "citizen", "nobody"), hidden)
    assert found == {"applicant": seen, "province": seen, **others}


async def frozen(case: World) -> None:
    """Submitted, as the engine does it."""
    async with case.venues.kit.database.transaction(SERVICE) as db:
        row = await db.get_one(Application, case.application.id)
        await submitted(db, row, case.rule, case.applicant, datetime.now(UTC))


async def test_a_submitted_assessment_shows_what_was_decided_on_whatever_is_recorded_later(
    venues: Running,
) -> None:
    case = await world(venues)
    await visited(case, "2025-05-01", 500, 100, count=True)
    await frozen(case)
    await case.stands("under_way", "eligibility")
    await visited(case, "2025-05-02", 500, 100, count=True)
    async with venues.as_(case.applicant) as applicant, venues.as_(case.reviewer) as reviewer:
        shown = (await reviewer.get(f"{case.at}/assessment")).json()
        closed = await applicant.patch(
            f"{case.at}/assessment",
            json={"answers": {"guides": {"explanation": "一"}}}, headers={"If-Match": '"v0"'},
        )  # fmt: skip
        await case.stands("returned", "eligibility")
        again = (await applicant.get(f"{case.at}/assessment")).json()
        await frozen(case)
        taken = (await reviewer.get(f"{case.at}/assessment/snapshots")).json()["items"]
    assert (shown["snapshot"], shown["points"], shown["allowed_actions"]) == (1, 10, [])
    assert (closed.status_code, closed.json()["type"]) == (
        409,
        "/api/v1/problems/assessment-closed",
    )
    assert (again["snapshot"], again["points"]) == (None, 20)
    assert [(each["number"], each["points"]) for each in taken] == [(1, 10), (2, 20)]
    with pytest.raises((DBAPIError, asyncpg.PostgresError), match="a decision is never changed"):
        await do(venues, "UPDATE assessment_snapshots SET total = 99")


async def test_a_correction_is_asked_with_a_reason_and_settled_by_somebody_else(
    venues: Running,
) -> None:
    case = await world(venues)
    await visited(case, "2025-05-01", 500, 100, count=True)
    path = f"{case.at}/assessment/corrections"
    ask = {
        "criterion": "people",
        "claimed": 900,
        "reason": "五月二日系统停机，纸质登记在佐证材料里",
    }
    async with venues.as_(case.applicant) as applicant, venues.as_(case.reviewer) as reviewer:
        answers = await asyncio.gather(*(applicant.post(path, json=ask) for _ in range(3)))
        refused = [
            (await applicant.post(path, json={**ask, **over})).status_code
            for over in ({"claimed": 500}, {"criterion": "guides"}, {"criterion": "nobody"})
        ]
        asked = next(each.json() for each in answers if each.status_code == 201)
        await frozen(case)
        await case.stands("under_way", "eligibility")
        at = f"{path}/{asked['id']}"
        reason = {"reason": "已核对纸质登记"}
        own = await applicant.post(f"{at}/accept", json=reason)
        county = await _as(case, staff("officer", "630123"), f"{at}/accept", reason)
        done = await reviewer.post(f"{at}/accept", json={**reason, "value": 800})
        twice = await reviewer.post(f"{at}/refuse", json=reason)
        shown = (await reviewer.get(f"{case.at}/assessment")).json()
    assert sorted(each.status_code for each in answers) == [201, 409, 409]
    assert refused == [409, 422, 422]
    assert asked["allowed_actions"] == ["withdraw"]
    assert (own.status_code, county, twice.status_code) == (403, 403, 409)
    assert (done.json()["state"], done.json()["settled"]) == ("accepted", 800)
    line = shown["sections"][0]["lines"][1]
    assert (shown["snapshot"], line["points"], line["by"]) == (2, 16, "corrected")
    decided = "SELECT action, reason, stage_key FROM decisions WHERE action LIKE '%correction'"
    assert await venues.rows(decided) == [("accept_correction", "已核对纸质登记", "eligibility")]


async def _as(case: World, who: Any, path: str, body: dict[str, str]) -> int:
    async with case.venues.as_(who) as client:
        return (await client.post(path, json=body)).status_code


async def test_whoever_asked_does_not_settle_a_correction_also_not_as_staff(
    venues: Running,
) -> None:
    case = await world(venues)
    await visited(case, "2025-05-01", 500, 100, count=True)
    path = f"{case.at}/assessment/corrections"
    ask = {"criterion": "people", "claimed": 900, "reason": "系统停机一天"}
    async with venues.as_(case.reviewer) as reviewer:
        asked = (await reviewer.post(path, json=ask)).json()
        await case.stands("under_way", "eligibility")
        answer = await reviewer.post(f"{path}/{asked['id']}/accept", json={"reason": "属实的"})
    assert (answer.status_code, answer.json()["type"]) == (409, "/api/v1/problems/own-correction")


async def test_what_is_missing_is_said_all_at_once(venues: Running) -> None:
    case = await world(venues)
    async with venues.kit.database.transaction(SERVICE) as db:
        missing = await missing_for_submission(db, case.application, case.rule)
    assert [(each.slug, each.values["pointer"]) for each in missing] == [
        ("material-missing", "/files/charter"),
        ("criterion-not-assessed", "/assessment/days"),
        ("criterion-not-assessed", "/assessment/people"),
        ("criterion-not-assessed", "/assessment/guides"),
    ]


async def test_in_a_stage_of_its_own_the_assessment_is_handed_in_whole_and_kept(
    venues: Running,
) -> None:
    stages = [stage("assess", "self_assessment"), stage("notice"), stage("naming")]
    case = await world(venues, definition(stages=stages, safeguards=["notice"]))
    await visited(case, "2025-05-01", 500, 100, count=True)
    await opened(case, "2025-01-01")
    path = f"{case.at}/assessment"
    async with venues.as_(case.applicant) as applicant:
        draft = await applicant.post(f"{path}/hand_in")
        await case.stands("under_way", "assess")
        early = await applicant.post(f"{path}/hand_in")
        body = {"answers": {"guides": {"points": 8, "explanation": "讲解员6名"}}}
        await applicant.patch(path, json=body, headers={"If-Match": '"v0"'})
        done = await applicant.post(f"{path}/hand_in")
    assert (draft.status_code, early.status_code) == (409, 422)
    assert [each["pointer"] for each in early.json()["errors"]] == ["/assessment/guides"]
    assert (done.status_code, done.json()["handed_in_at"] is not None) == (200, True)
    snapshots = "SELECT number, cause, total FROM assessment_snapshots"
    assert await venues.rows(snapshots) == [(1, "handed_in", 23)]


async def test_experts_are_shown_what_was_submitted_and_not_who_submitted_it(
    venues: Running,
) -> None:
    case = await world(venues)
    path = f"{case.at}/assessment"
    words = "湟源县科技馆讲解员：扎西 0971-8231735，zhaxi@example.cn，2025年接待12345678901人"
    async with venues.as_(case.applicant) as applicant:
        body = {"answers": {"guides": {"points": 8, "explanation": words}}}
        await applicant.patch(path, json=body, headers={"If-Match": '"v0"'})
    await frozen(case)
    async with venues.kit.database.transaction(SERVICE) as db:
        shown = await blind_material(db, case.application)
    assert shown.summary == "〔申报单位〕由〔申报单位〕管理，联系电话〔电话〕。"
    (guides,) = (line for line in shown.lines if line["criterion"] == "guides")
    assert (
        guides["explanation"]
        == "〔申报单位〕讲解员：扎西 〔电话〕，〔邮箱〕，2025年接待12345678901人"
    )
    fields = {"category", "declared", "summary", "lines", "total", "files"}
    assert set(type(shown).__dataclass_fields__) == fields
