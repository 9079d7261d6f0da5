"""Scores are whole points, means are exact, floors and bands decide, and the gate asks for all."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.kit.access import SERVICE
from services.venues.applications.gates import Found, Gate, Standing
from services.venues.applications.queries import case
from services.venues.experts.gate import WORK
from services.venues.experts.scores.rules import hundredths, result
from services.venues.experts.scores.settling import last_run
from services.venues.programmes.definition import Definition, read
from tests.support import certification
from tests.support.apps import Running, staff
from tests.venues.experts.panels import (
    BANDS,
    BOSS,
    HOST,
    PANEL,
    SECTIONS,
    Panel,
    institution,
    panel,
    seated,
)

GOOD = {"room": 15, "staff": 14, "events": 12}
DEFINED: Definition = read(
    {**certification.DEFINITION, "panel": PANEL, "sections": SECTIONS, "bands": BANDS}
)
POINTS = st.fixed_dictionaries({key: st.integers(0, 20) for key in GOOD})


async def came_to(made: Panel) -> list[tuple[str, dict[str, Any]]]:
    return await _asked(made, WORK.found)


async def unmet(made: Panel) -> list[tuple[str, dict[str, Any]]]:
    return await _asked(made, WORK.gate)


async def _asked(made: Panel, question: Gate | Found) -> list[tuple[str, dict[str, Any]]]:
    async with made.running.kit.database.transaction(SERVICE) as db:
        of = await case(db, SERVICE, made.application)
        run = await last_run(db, made.application, "review")
        assert run is not None
        stage = of.definition.stage("review")
        standing = Standing(of.application, of.definition, stage, run, datetime.now(UTC))
        return [(each.slug, dict(each.values)) for each in await question(db, standing)]


@settings(deadline=None)
@given(st.lists(POINTS, min_size=1, max_size=9))
def test_means_floors_and_bands_are_exact_in_whole_numbers(sheets: list[dict[str, int]]) -> None:
    found = result(DEFINED, sheets)
    assert found is not None
    place = sum(each["room"] + each["staff"] for each in sheets)
    totals = [sum(each.values()) for each in sheets]
    assert found.sections[0].met == (place >= 24 * len(sheets))
    assert abs(found.mean * len(sheets) - 100 * sum(totals)) * 2 <= len(sheets)
    assert (found.spread, found.divergent) == (
        max(totals) - min(totals),
        max(totals) - min(totals) >= 30,
    )
    best = [band["key"] for band in BANDS if sum(totals) >= band["at_least"] * len(sheets)]  # type: ignore[operator]
    assert found.band == best[0]
    assert found.passes == (found.sections[0].met and best[0] != "poor")


def test_a_half_is_rounded_up() -> None:
    assert [hundredths(7, 3), hundredths(8, 3), hundredths(1, 200), hundredths(0, 7)] == [
        *(233, 267, 1, 0)
    ]


async def test_a_panel_scores_misses_a_floor_and_repairs_it_after_a_supplement(
    venues: Running,
) -> None:
    made, accounts = await seated(venues)
    assert await unmet(made) == [("panel-scores-missing", {"missing": 7})]
    first, *others = accounts
    path = f"/experts/invitations/{first}/sheet"
    draft = {"points": {"room": 3}, "opinion": "待实地查看"}
    saved = await made.ask(accounts[first], "PUT", path, draft, **{"If-Match": '"v0"'})
    assert (saved.json()["state"], saved.headers["etag"]) == ("draft", '"v1"')
    stale = await made.ask(accounts[first], "PUT", path, draft, **{"If-Match": '"v0"'})
    assert stale.status_code == 412
    early = await made.ask(accounts[first], "POST", f"{path}/submit", **{"If-Match": '"v1"'})
    assert [each["pointer"] for each in early.json()["errors"]] == [
        *("/comments/room", "/points/staff", "/points/events")
    ]
    over = {"points": {"room": 21, "garden": 1}}
    wrong = await made.ask(accounts[first], "PUT", path, over, **{"If-Match": '"v1"'})
    assert [each["pointer"] for each in wrong.json()["errors"]] == [
        "/points/room",
        "/points/garden",
    ]
    # Nobody sees another expert's sheet.
    foreign = await made.ask(accounts[others[0]], "GET", path)
    assert foreign.status_code == 404
    await made.score(accounts[first], first, {"room": 3, "staff": 2, "events": 0})
    for seat_id in others:
        await made.score(accounts[seat_id], seat_id, {"room": 12, "staff": 13, "events": 12})
    found = await made.get(BOSS, f"/applications/{made.application}/panel")
    assert found["result"] == {
        "sheets": 7,
        "sections": [
            {"key": "place", "mean": 2214, "floor": 24, "met": False},
            {"key": "work", "mean": 1029, "floor": 0, "met": True},
        ],
        "mean": 3243,
        "band": "poor",
        "passes": False,
        "spread": 32,
        "divergent": True,
    }
    assert await unmet(made) == [
        ("section-below-floor", {"section": "place", "mean": "22.14", "floor": 24}),
        ("band-does-not-pass", {"mean": "32.43"}),
    ]
    assert (
        await made.ask(BOSS, "GET", f"/applications/{made.application}/band")
    ).status_code == 404
    # Supplemented: the stage runs again, sheets start from what was given, and count anew.
    await venues.scalar(
        """WITH closed AS (UPDATE stage_runs SET state = 'returned', closed_at = now()
            WHERE application_id = :id RETURNING application_id)
        SELECT 1""",
        id=made.application,
    )
    await venues.scalar(
        """INSERT INTO stage_runs (id, application_id, stage_key, attempt, state, opened_at)
        VALUES (gen_random_uuid(), :id, 'review', 2, 'open', now()) RETURNING 1""",
        id=made.application,
    )
    assert await unmet(made) == [("panel-scores-missing", {"missing": 7})]
    shown = (await made.ask(accounts[first], "GET", path)).json()
    assert (shown["points"]["room"], shown["version"], shown["state"]) == (3, 0, None)
    for seat_id, who in accounts.items():
        await made.score(who, seat_id, GOOD)
    assert await unmet(made) == []
    reason = {"reason": "漏看一份材料"}
    await made.do(BOSS, f"{path}/reopen", reason)
    assert await unmet(made) == [("panel-scores-missing", {"missing": 1})]
    await made.score(accounts[first], first, GOOD)
    assert await unmet(made) == []


async def test_a_conflict_found_after_naming_stands_in_the_trail_with_what_it_changes(
    venues: Running,
) -> None:
    made, accounts = await seated(venues)
    first, *others = accounts
    # Without the first, the mean of `place` falls below its floor.
    await made.score(accounts[first], first, {"room": 20, "staff": 20, "events": 20})
    for seat_id in others:
        await made.score(accounts[seat_id], seat_id, {"room": 12, "staff": 11, "events": 14})
    assert await unmet(made) == []
    assert await came_to(made) == [("found-panel-band", {"sheets": 7, "band": "合格"})]
    early = await made.ask(BOSS, "POST", f"/draws/{made.draw['id']}/disclose")
    assert early.json()["type"].endswith("/scoring-not-over")
    await venues.scalar(
        "UPDATE applications SET state = 'named', stage_key = NULL WHERE id = :id RETURNING 1",
        id=made.application,
    )
    told = await made.do(BOSS, f"/draws/{made.draw['id']}/disclose")
    assert told["log"][-1]["event"] == "disclosed"
    open_ = await made.get(None, f"/draws/{made.draw['id']}/identities")
    seats = {seat["id"]: seat for seat in await made.seats()}
    names = {seat["slip"]: (seat["name"], seat["employer"]) for seat in open_["seats"]}
    assert names == {
        seat["slip"]: ("专家", "青海大学") if seat["state"] == "accepted" else (None, None)
        for seat in seats.values()
    }
    band = await made.get(None, f"/applications/{made.application}/band")
    assert (band["band"], band["title"], band["passes"]) == ("good", {"zh-CN": "合格"}, True)
    host = await institution(venues, HOST)
    tie = {"kind": "affiliation", "institution_id": str(host)}
    for _ in range(2):
        await made.do(BOSS, f"/experts/{seats[first]['expert_id']}/ties", tie)
    (finding,) = (await made.get(BOSS, f"/applications/{made.application}/panel"))["findings"]
    assert (finding["seat_id"], finding["reasons"]) == (first, ["affiliation"])
    assert (finding["with_them"]["passes"], finding["without_them"]["passes"]) == (True, False)
    assert finding["changes_outcome"] is True
    trail = await venues.rows("SELECT reason FROM decisions WHERE action = 'expert_conflict_found'")
    seat = seats[first]
    place = f"{seat['stratum']} 第{seat['rank']}位 {seat['slip'][:8]}"
    assert trail == [(f"{place}：曾任职单位；剔除后结论改变",)]
    opened = await venues.rows(
        "SELECT actor, acted_for, reason FROM decisions WHERE action = 'identities_opened'"
    )
    assert opened == [(BOSS.subject, "63", "评审结束，公开专家名单")]
    assert (await made.in_state("accepted"))[0]["id"] in accounts


async def test_only_the_keepers_of_the_panel_see_its_scores(venues: Running) -> None:
    made = await panel(venues)
    assert await unmet(made) == [("panel-not-drawn", {})]
    path = f"/applications/{made.application}/panel"
    for who in (staff("officer", "63"), staff("approver", "6301"), None):
        assert (await made.ask(who, "GET", path)).status_code == 404
