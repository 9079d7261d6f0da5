"""Rectification: ordered, answered, re-checked, and removal proposed and decided."""

from datetime import date
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.kit.access import SERVICE
from services.venues.inspections.rectifying import last_day
from services.venues.inspections.scheduling import settle_terms
from tests.support.apps import Running, citizen, staff
from tests.venues.assessment.cases import NEIGHBOUR, World, definition, do, world
from tests.venues.inspections.bases import asked, in_days, inspected, named

DEMANDS = {"demands": ["补足讲解员", "完善开放记录"], "reason": "年度检查未通过"}


async def ordered(client: httpx.AsyncClient, case: World, **over: Any) -> tuple[str, UUID]:
    """A base under rectification; answers the rectification's address and the honour."""
    honour = await named(case)
    one = await asked(client, honour)
    await inspected(client, one)
    answer = await client.post(f"/inspections/{one}/rectify", json={**DEMANDS, **over})
    assert answer.status_code == 201, answer.text
    return f"/inspections/rectifications/{answer.json()['id']}", honour


async def state_of(venues: Running, honour: UUID) -> str:
    found: str = await venues.scalar("SELECT state FROM honours WHERE id = :id", id=honour)
    return found


async def rechecked(client: httpx.AsyncClient, at: str, result: str) -> None:
    """A re-check, asked for, held and released."""
    answer = await client.post(f"{at}/recheck", json={})
    assert answer.status_code == 201, answer.text
    await inspected(client, answer.json()["id"], result=result)


async def test_a_base_puts_it_right_and_its_honour_stands_again(venues: Running) -> None:
    case = await world(venues, definition(inspection={"rectification_days": 30}))
    async with venues.as_(case.reviewer) as reviewer, venues.as_(case.applicant) as venue:
        at, honour = await ordered(reviewer, case)
        during = await state_of(venues, honour)
        seen = (await venue.get(at)).json()
        said = await venue.post(f"{at}/answer", json={"text": "已整改完成"})
        early = await reviewer.post(f"{at}/lapse", json={"reason": "逾期"})
        await rechecked(reviewer, at, "passed")
        done = (await reviewer.get(at)).json()
        again = await reviewer.post(f"{at}/recheck", json={})
        late = await venue.post(f"{at}/answer", json={"text": "再答"})
    assert (during, await state_of(venues, honour)) == ("rectifying", "valid")
    # What the inspectors wrote is the venue's; everybody reads that it was passed.
    reason = await venues.scalar("SELECT state_reason FROM honours WHERE id = :id", id=honour)
    assert reason == "整改复查通过"
    assert (seen["due_on"], seen["demands"], seen["allowed_actions"]) == (
        in_days(30),
        DEMANDS["demands"],
        ["answer"],
    )
    assert (said.json()["state"], early.status_code) == ("answered", 409)
    assert (done["state"], done["closed_at"] is not None, done["allowed_actions"]) == (
        "fulfilled",
        True,
        [],
    )
    assert (again.status_code, late.status_code) == (409, 409)
    told = await venues.rows("SELECT type FROM outbox WHERE type LIKE '%rectif%' ORDER BY id")
    assert [kind for (kind,) in told] == [
        "venues.honour_rectifying.v1",
        "venues.rectification_ordered.v1",
        "venues.rectification_fulfilled.v1",
    ]


async def test_a_base_that_does_not_is_proposed_for_removal_which_somebody_decides(
    venues: Running,
) -> None:
    case = await world(venues)
    async with (
        venues.as_(case.reviewer) as reviewer,
        venues.as_(staff("approver", "63")) as approver,
    ):
        at, honour = await ordered(reviewer, case)
        early = await reviewer.post(f"{at}/propose_removal", json={"reason": "拒不整改"})
        await rechecked(reviewer, at, "failed")
        await reviewer.post(f"{at}/propose_removal", json={"reason": "拒不整改"})
        forbidden = await reviewer.post(f"{at}/remove", json={"reason": "摘牌决定"})
        given = {"days": 10, "reason": "再给一次机会"}
        rejected = (await approver.post(f"{at}/reject_removal", json=given)).json()
        between = await state_of(venues, honour)
        await rechecked(reviewer, at, "failed")
        await reviewer.post(f"{at}/propose_removal", json={"reason": "仍未整改"})
        removed = (await approver.post(f"{at}/remove", json={"reason": "摘牌决定"})).json()
        twice = await approver.post(f"{at}/remove", json={"reason": "摘牌决定"})
    assert (early.status_code, forbidden.status_code, twice.status_code) == (409, 403, 409)
    assert (rejected["state"], rejected["due_on"], between) == (
        "ordered",
        in_days(10),
        "rectifying",
    )
    assert (removed["state"], await state_of(venues, honour)) == ("closed", "revoked")
    trail = "SELECT action FROM decisions WHERE honour_id = :honour ORDER BY id"
    assert [action for (action,) in await venues.rows(trail, honour=honour)] == [
        "record_inspection", "release_inspection", "rectify", "order_rectification",
        "record_inspection", "release_inspection", "fail_rectification", "propose_removal",
        "reject_removal", "record_inspection", "release_inspection", "fail_rectification",
        "propose_removal", "revoke",
    ]  # fmt: skip


async def test_rectification_follows_a_failure_once_and_is_extended_once(venues: Running) -> None:
    case = await world(venues)
    async with venues.as_(case.reviewer) as reviewer, venues.as_(case.applicant) as venue:
        honour = await named(case)
        one = await asked(reviewer, honour)
        unreleased = await reviewer.post(f"/inspections/{one}/rectify", json=DEMANDS)
        await inspected(reviewer, one, result="passed")
        passed = await reviewer.post(f"/inspections/{one}/rectify", json=DEMANDS)
        two = await asked(reviewer, honour)
        await inspected(reviewer, two)
        own = await venue.post(f"/inspections/{two}/rectify", json=DEMANDS)
        first = await reviewer.post(f"/inspections/{two}/rectify", json={**DEMANDS, "days": 5})
        second = await reviewer.post(f"/inspections/{two}/rectify", json=DEMANDS)
        at = f"/inspections/rectifications/{first.json()['id']}"
        more = {"days": 7, "reason": "大雪封路"}
        extended = (await reviewer.post(f"{at}/extend", json=more)).json()
        again = await reviewer.post(f"{at}/extend", json=more)
        await do(venues, "UPDATE rectifications SET due_on = current_date - 1")
        late = (await reviewer.get("/inspections/rectifications?overdue=true")).json()["items"]
        lapsed = await reviewer.post(f"{at}/lapse", json={"reason": "逾期未答复"})
        after = await venue.post(f"{at}/answer", json={"text": "迟到的答复"})
    refused = [each.status_code for each in (unreleased, passed, own, second, again, after)]
    assert refused == [409, 409, 403, 409, 409, 409]
    assert (extended["due_on"], extended["extended"]) == (in_days(12), True)
    assert "extend" not in extended["allowed_actions"]
    assert [(each["id"], each["overdue"]) for each in late] == [(first.json()["id"], True)]
    assert (lapsed.status_code, lapsed.json()["state"]) == (200, "failed")


async def test_a_rectification_is_seen_and_answered_by_whom_it_concerns(venues: Running) -> None:
    case = await world(venues)
    async with venues.as_(case.reviewer) as reviewer:
        at, _ = await ordered(reviewer, case)
    found = {}
    callers = {"province": staff("officer", "63"), "county": staff("officer", "630123"),
               "neighbour": staff("approver", NEIGHBOUR), "citizen": citizen(), "nobody": None,
               "venue": case.applicant}  # fmt: skip
    for who, caller in callers.items():
        async with venues.as_(caller) as client:
            found[who] = (
                len((await client.get("/inspections/rectifications")).json()["items"]),
                (await client.get(at)).status_code,
                (await client.post(f"{at}/answer", json={"text": "答复"})).status_code,
                (await client.post(f"{at}/recheck", json={})).status_code,
            )
    missing = (0, 404, 404, 404)
    assert found == {
        "province": (1, 200, 404, 201),
        "county": (1, 200, 403, 403),
        "venue": (1, 200, 200, 403),
        **dict.fromkeys(("neighbour", "citizen", "nobody"), missing),
    }
    async with venues.as_(staff("officer", "63")) as province:
        pages = [
            (await province.get(f"/inspections/rectifications?division={code}")).json()["items"]
            for code in ("6301", NEIGHBOUR)
        ]
    assert [len(items) for items in pages] == [1, 0]


@pytest.mark.parametrize(
    ("first", "days", "working", "expected"),
    [
        (date(2026, 9, 29), 5, True, date(2026, 10, 12)),  # 30 Sep, 8, 9, 10 and 12 Oct
        (date(2026, 9, 29), 5, False, date(2026, 10, 4)),
        (date(2998, 1, 1), 5, True, None),
        (date(2998, 1, 1), 5, False, date(2998, 1, 6)),
    ],
)
def test_a_term_is_counted_as_the_programme_says(
    first: date, days: int, working: bool, expected: date | None
) -> None:
    assert last_day(first, days, working=working) == expected


async def test_a_term_stays_open_until_the_calendar_of_its_year_is_known(
    venues: Running,
) -> None:
    case = await world(venues)
    async with venues.as_(case.reviewer) as reviewer:
        at, _ = await ordered(reviewer, case)
        await do(
            venues,
            """UPDATE rectifications SET first_day = '2998-01-01', working = true,
                due_on = NULL, due_open = true""",
        )
        open_ = (await reviewer.get(at)).json()
        async with venues.kit.database.transaction(SERVICE) as db:
            unknown = await settle_terms(db)
        await do(venues, "UPDATE rectifications SET first_day = '2026-09-29', days = 5")
        async with venues.kit.database.transaction(SERVICE) as db:
            known = await settle_terms(db)
        settled = (await reviewer.get(at)).json()
    assert (open_["due_on"], open_["due_open"], open_["overdue"]) == (None, True, False)
    assert (unknown, known, settled["due_on"], settled["due_open"]) == (0, 1, "2026-10-12", False)
