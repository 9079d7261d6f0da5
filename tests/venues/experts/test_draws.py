"""Panels are drawn from a frozen pool without whoever may not judge, and strangers replay it."""

from datetime import UTC, datetime
from typing import Any

from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.cli import main
from services.kit.draw_report import Stratum
from services.kit.draws import read, salted, verify
from services.kit.ids import uuid7
from services.venues.experts.draws.rules import Candidate, Stands, eligible, entries
from tests.support.apps import Running
from tests.venues.experts.panels import BOSS, HOST, Panel, institution, panel, pool


async def test_a_panel_of_seven_is_drawn_from_1600_and_a_stranger_replays_it(
    venues: Running, tmp_path: Any
) -> None:
    made = await panel(venues)
    university = await institution(venues, "青海大学")
    host = await institution(venues, HOST)
    await pool(venues, 1_600, university)
    await pool(venues, 30, await institution(venues, "科协西宁站", above=host))
    frozen = await made.freeze()
    drawn = await made.reveal()
    assert (frozen.status_code, drawn.status_code) == (201, 200)
    assert made.draw["entries"] == 1_600
    (line,) = made.draw["log"]
    assert line["detail"]["left_out"] == {"conflict": 30}
    assert made.draw["commitment"]["rule"]["terms"] == {
        "agreement_of_year": int(line["at"][:4]),
        "most_reviews_a_year": 2,
        "affiliation_counts_years": 5,
        "answer_days": 3,
        "first_class_times_places": 3,
    }
    file = tmp_path / "report.json"
    answer = await made.ask(None, "GET", f"/draws/{made.draw['id']}/report")
    file.write_bytes(answer.content)
    report = read(file.read_bytes())
    assert verify(report) == report.result
    sizes = {n: (len(o.chosen), len(o.following)) for n, o in report.result.strata.items()}
    assert sizes == {"physics": (4, 2), "education": (3, 1)}
    said = CliRunner().invoke(
        main, ["draw", "verify", str(file), "--commitment", made.draw["commitment_sha256"]]
    )
    assert (said.exit_code, said.output.splitlines()[-2:]) == (
        0,
        ["✓ physics: 结果一致 the same result", "✓ education: 结果一致 the same result"],
    )
    seats = await made.seats()
    invited = {seat["slip"] for seat in seats if seat["state"] == "invited"}
    assert invited == {slip for o in report.result.strata.values() for slip in o.chosen}
    # Until the scoring is over the public has slips, and nothing that tells whose they are.
    assert (await made.ask(None, "GET", f"/draws/{made.draw['id']}/identities")).status_code == 404
    assert str(seats[0]["expert_id"]) not in file.read_text()


async def test_no_expert_with_any_conflict_ever_stands_in_the_pool(venues: Running) -> None:
    made = await panel(venues)
    other = await institution(venues, "青海大学")
    host = await institution(venues, HOST)
    above = await institution(venues, "湟源县人民政府办公室")
    await venues.scalar(
        "UPDATE institutions SET parent_id = :above, link = 'subordinate' WHERE id = :id RETURNING 1",
        above=above,
        id=host,
    )
    sister = await institution(venues, "湟源县教育局", above=above, link="subordinate")
    await pool(venues, 20, other)
    await pool(venues, 3, sister)
    related = (
        *(host, above, await institution(venues, "县科协大华站", above=host)),
        # By its name alone: it goes on after the whole name of the host.
        await institution(venues, "湟源县科学技术协会（会计室）"),
        # In another spelling, with a code that the application does not know.
        await institution(venues, "湟源县 科学技术协会", uscc="91350100M000100Y43"),
    )
    for each in related:
        await pool(venues, 2, each)
    tied = await venues.rows(
        "SELECT id FROM experts WHERE employer_id = :other ORDER BY id LIMIT 6", other=other
    )
    for (expert,), tie in zip(
        tied,
        (
            {"kind": "affiliation", "institution_id": str(host)},
            {"kind": "affiliation", "institution_id": str(host), "until_on": "2015-06-30"},
            {"kind": "advisory", "institution_id": str(above)},
            {"kind": "co_author", "person": "赵 明"},
            {"kind": "kinship", "person": "无关的人"},
            {"kind": "other", "application_id": str(made.application)},
        ),
        strict=True,
    ):
        await made.do(BOSS, f"/experts/{expert}/ties", tie)
    path = f"/applications/{made.application}/people"
    named = await made.ask(BOSS, "PUT", path, {"people": [{"name": "赵明", "duty": "负责人"}]})
    assert (named.status_code, named.json()["items"]) == (200, [{"name": "赵*", "duty": "负责人"}])
    assert (await made.freeze()).status_code == 201
    (line,) = made.draw["log"]
    # Sisters judge each other; what ended ten years ago, and a stranger's kin, count no more.
    assert (line["detail"]["entries"], line["detail"]["left_out"]) == (20 + 3 - 4, {"conflict": 14})
    salt = await _salt(venues, made)
    report = read((await made.ask(None, "GET", f"/draws/{made.draw['id']}/report")).content)
    standing = {entry.id for entry in report.pool}
    conflicted = await venues.rows(
        """SELECT id FROM experts WHERE employer_id = ANY (:related)
        UNION SELECT expert_id FROM expert_ties
        WHERE until_on IS NULL AND kind <> 'kinship'""",
        related=list(related),
    )
    assert len(conflicted) == 14
    assert standing & {salted(salt, str(expert)) for (expert,) in conflicted} == set()


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sets(st.sampled_from(["physics", "education", "law"]), min_size=1),
            st.booleans(),
            st.booleans(),
            st.integers(0, 3),
            st.none() | st.integers(1, 3),
            st.booleans(),
        ),
        max_size=12,
    ),
    st.none() | st.integers(1, 3),
)
def test_everybody_stands_in_the_draw_or_is_counted_out_and_nobody_in_conflict_stands(
    drawn: list[Any], most_a_year: int | None
) -> None:
    people = [
        (Candidate(uuid7(), sorted(fields), agreed, reviews, None, most, 0, False), conflicted)
        for fields, agreed, conflicted, reviews, most, _ in drawn
    ]
    conflicts = {each.id for each, conflicted in people if conflicted}
    candidates = [each for each, _ in people]
    wanted = {"physics", "education"}
    standing, out = eligible(candidates, conflicts, wanted, most_a_year, datetime.now(UTC))
    ids = {each.id for each in standing}
    assert ids & conflicts == set()
    of_fields = [each for each in candidates if wanted & set(each.fields)]
    assert len(ids) + sum(out.values()) == len(of_fields)
    assert out.get("conflict", 0) == len([each for each in of_fields if each.id in conflicts])
    for each in of_fields:
        limits = [limit for limit in (each.most, most_a_year) if limit is not None]
        free = all(each.reviews < limit for limit in limits)
        assert (each.id in ids) == (each.agreed and free and each.id not in conflicts)
    assert all(set(each.strata) <= wanted for each in standing)


@settings(deadline=None)
@given(st.lists(st.integers(0, 4), min_size=3, max_size=60), st.integers(1, 3), st.integers(0, 2))
def test_who_has_judged_least_this_year_is_drawn_first_out_of_three_times_the_places(
    reviews: list[int], quota: int, alternates: int
) -> None:
    strata = (Stratum(name="physics", quota=quota, alternates=alternates),)
    standing = [Stands(uuid7(), ("physics",), each) for each in reviews]
    first = [each for each in entries(b"salt", strata, standing) if each.after == 0]
    loads = {salted(b"salt", str(each.id)): each.reviews for each in standing}
    inside = [loads.pop(each.id) for each in first]
    places = 3 * (quota + alternates)
    # Nobody in it has more than anybody outside, and it is no smaller than it must be.
    assert max(inside) < min(loads.values(), default=5)
    assert len(inside) >= min(places, len(reviews))
    assert len([each for each in inside if each < max(inside)]) < places


async def _salt(venues: Running, made: Panel) -> bytes:
    sealed = await venues.scalar(
        "SELECT salt_sealed FROM panel_draws WHERE id = :id", id=made.draw["id"]
    )
    return bytes.fromhex(venues.kit.vault.open(sealed, "panel_draws.salt"))


async def test_every_freeze_is_public_and_none_can_be_tried_in_silence(venues: Running) -> None:
    made = await panel(venues)
    await pool(venues, 30, await institution(venues, "青海大学"))
    first = (await made.freeze()).json()
    again = await made.freeze()
    assert again.json()["type"].endswith("/panel-draw-under-way")
    early = await made.ask(BOSS, "POST", f"/draws/{first['id']}/value", {"value": "1"})
    assert early.json()["type"].endswith("/source-not-due")
    void = await made.do(BOSS, f"/draws/{first['id']}/void", {"reason": "信息源停开"})
    assert [(step["number"], step["event"]) for step in void["log"]] == [
        (1, "frozen"),
        (2, "voided"),
    ]
    assert len(void["log"][1]["detail"]["secret"]) == 64
    second = (await made.freeze(reason="更换信息源")).json()
    listed = await made.get(None, f"/draws?application_id={made.application}")
    assert [(each["id"], each["state"], each["void_reason"]) for each in listed["items"]] == [
        (second["id"], "frozen", None),
        (first["id"], "void", "信息源停开"),
    ]
    told = await venues.rows("SELECT type FROM outbox WHERE type LIKE '%panel%' ORDER BY seq")
    assert [type_ for (type_,) in told] == [
        "venues.panel_frozen.v1",
        "venues.panel_voided.v1",
        "venues.panel_frozen.v1",
    ]
    trail = await venues.rows("SELECT action, reason FROM decisions ORDER BY id")
    assert trail == [
        ("draw_frozen", "组建专家组"),
        ("draw_voided", "信息源停开"),
        ("draw_frozen", "更换信息源"),
    ]


async def test_who_has_enough_reviews_or_no_agreement_rests_and_too_few_are_said_before_a_freeze(
    venues: Running,
) -> None:
    made = await panel(venues)
    await pool(venues, 14, await institution(venues, "青海大学"))
    await venues.scalar(
        """UPDATE experts SET most_reviews_a_year = 1 WHERE id = (SELECT min(id::text)::uuid
        FROM experts WHERE fields = '{physics}') RETURNING 1"""
    )
    assert (await made.freeze()).status_code == 201
    assert (await made.reveal()).status_code == 200
    asked = await venues.scalar("SELECT count(*) FROM panel_seats WHERE state = 'invited'")
    assert asked == 7
    await venues.scalar("UPDATE experts SET most_reviews_a_year = 1 RETURNING 1")
    await venues.scalar(
        """DELETE FROM expert_agreements WHERE expert_id = (SELECT e.id FROM experts e
        WHERE NOT EXISTS (SELECT FROM panel_seats s WHERE s.expert_id = e.id) LIMIT 1) RETURNING 1"""
    )
    other = await panel(venues)
    few = await other.freeze()
    assert few.json()["type"].endswith("/pool-too-small")
    assert await venues.scalar("SELECT count(*) FROM panel_draws") == 1
    await pool(venues, 10, await institution(venues, "青海师范大学"))
    (line,) = (await other.freeze()).json()["log"]
    assert line["detail"]["left_out"] == {"agreement": 1, "workload": 7}
