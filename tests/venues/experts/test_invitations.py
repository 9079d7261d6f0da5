"""Invitations are answered once, by link or account; whatever is given up goes to the next."""

from datetime import UTC, datetime
from typing import Any

from services.kit.access import SERVICE
from services.venues.applications.trail import PLATFORM
from services.venues.experts.invitations.actions import lapse_next
from tests.support.apps import Running, citizen, staff
from tests.venues.experts.panels import BOSS, HOST, Panel, institution, panel, pool, seated


async def drawn(venues: Running, many: int = 40) -> Panel:
    made = await panel(venues)
    await pool(venues, many, await institution(venues, "青海大学"))
    assert (await made.freeze()).status_code == 201
    assert (await made.reveal()).status_code == 200
    return made


def by_state(seats: list[dict[str, Any]], stratum: str) -> list[tuple[int, str]]:
    return [(seat["rank"], seat["state"]) for seat in seats if seat["stratum"] == stratum]


async def test_each_way_of_giving_up_asks_the_next_of_the_same_stratum_in_the_published_order(
    venues: Running,
) -> None:
    made = await drawn(venues)
    first, second, third, *_ = [
        seat for seat in await made.in_state("invited") if seat["stratum"] == "physics"
    ]
    token = await made.token(first)
    looked = await made.do(None, "/experts/invitations/look", {"token": token})
    assert (looked["host_name"], looked["state"]) == (HOST, "invited")
    assert looked["allowed_actions"] == ["accept", "decline", "conflict"]
    answer = {"token": token, "answer": "decline"}
    why = await made.ask(None, "POST", "/experts/invitations/answer", answer)
    assert why.json()["errors"][0]["pointer"] == "/reason"
    gone = await made.do(None, "/experts/invitations/answer", {**answer, "reason": "出差在外"})
    assert (gone["state"], gone["reason"]) == ("declined", "出差在外")
    # What we said may be lost on the way: the same once more is no error, and another answer is one.
    again = await made.do(None, "/experts/invitations/answer", {**answer, "reason": "出差在外"})
    assert again == gone
    other = await made.ask(None, "POST", "/experts/invitations/answer", answer | {"reason": "再试"})
    assert (other.status_code, other.json()["type"][-20:]) == (409, "/invitation-answered")
    looked = await made.do(None, "/experts/invitations/look", {"token": token})
    assert (looked["state"], looked["allowed_actions"]) == ("declined", [])
    assert by_state(await made.seats(), "physics") == [
        *[(1, "declined"), (2, "invited"), (3, "invited"), (4, "invited")],
        *[(5, "invited"), (6, "standing_by")],
    ]
    await made.do(
        None,
        "/experts/invitations/answer",
        {"token": await made.token(second), "answer": "conflict", "reason": "曾任其顾问"},
    )
    assert await venues.scalar("SELECT count(*) FROM expert_ties") == 1
    # Nobody is left to be asked: it is said in public, and a new draw may be promised.
    await venues.scalar(
        "UPDATE panel_seats SET expires_at = now() WHERE id = :id RETURNING 1", id=third["id"]
    )
    async with venues.kit.database.transaction(SERVICE) as db:
        assert await lapse_next(db) == 1
    assert [state for _, state in by_state(await made.seats(), "physics")] == [
        *["declined", "in_conflict", "expired", "invited", "invited", "invited"]
    ]
    log = (await made.get(None, f"/draws/{made.draw['id']}"))["log"]
    assert [(step["event"], step["detail"]) for step in log[2:]] == [
        ("exhausted", {"stratum": "physics", "missing": 1})
    ]
    assert (await made.get(BOSS, f"/applications/{made.application}/panel"))["missing"] == {
        "physics": 4,
        "education": 3,
    }
    more = await made.freeze(reason="候补用尽，补抽")
    assert more.json()["commitment"]["rule"]["strata"] == [
        {"name": "physics", "quota": 1, "alternates": 2}
    ]
    # The trail tells it by places and slips: no account, and nobody's own words.
    slips = {
        f"{seat['stratum']} 第{seat['rank']}位": seat["slip"][:8] for seat in await made.seats()
    }
    told = await venues.rows(
        """SELECT action, actor, acted_for, reason FROM decisions
        WHERE action NOT LIKE '%draw%' ORDER BY decided_at"""
    )
    assert told == [
        (action, PLATFORM, None, f"{place} {slips[place]}：{why}")
        for action, place, why in (
            ("invitation_declined", "physics 第1位", "谢绝邀请"),
            ("alternate_invited", "physics 第5位", "依次递补"),
            ("expert_conflict", "physics 第2位", "专家本人声明"),
            ("alternate_invited", "physics 第6位", "依次递补"),
            ("invitation_lapsed", "physics 第3位", "逾期未答复"),
        )
    ]
    # Nobody who was drawn before is drawn again.
    assert more.json()["log"][0]["detail"]["left_out"] == {"asked": 5, "conflict": 1}


async def test_whoever_accepts_is_signed_in_and_stays_the_expert(venues: Running) -> None:
    made = await drawn(venues)
    first, second, *_ = await made.in_state("invited")
    token = await made.token(first)
    body = {"token": token, "answer": "accept"}
    unknown = await made.ask(None, "POST", "/experts/invitations/answer", body)
    assert unknown.status_code == 401
    # Whoever makes the links could else sit on the panel themselves.
    officer = await made.ask(BOSS, "POST", "/experts/invitations/answer", body)
    assert officer.json()["type"].endswith("/staff-account")
    who = citizen()
    assert (await made.do(who, "/experts/invitations/answer", body))["state"] == "accepted"
    assert (await made.do(who, "/experts/invitations/answer", body))["state"] == "accepted"
    late = await made.ask(citizen(), "POST", "/experts/invitations/answer", body)
    assert late.json()["type"].endswith("/invitation-answered")
    other = {"token": await made.token(second), "answer": "accept"}
    twice = await made.ask(who, "POST", "/experts/invitations/answer", other)
    assert twice.json()["type"].endswith("/another-experts-account")
    mine = await made.get(who, "/experts/invitations")
    assert [each["id"] for each in mine["items"]] == [first["id"]]
    assert (await made.get(citizen(), "/experts/invitations"))["items"] == []
    (own,) = (await made.get(who, "/experts"))["items"]
    assert (own["id"], own["allowed_actions"]) == (first["expert_id"], ["leave"])
    material = await made.get(who, f"/experts/invitations/{first['id']}/material")
    assert HOST not in str(material)
    assert [each["key"] for each in material["sections"]] == ["place", "work"]
    # A link is worth nothing once another was made, and its token stands nowhere.
    old, new = await made.token(second), await made.token(second)
    look = await made.ask(None, "POST", "/experts/invitations/look", {"token": old})
    assert (look.status_code, look.json()["type"][-16:]) == (404, "/invitation-gone")
    kept = await venues.rows("SELECT token_hash FROM panel_seats WHERE token_hash IS NOT NULL")
    assert len(kept) == 2
    assert [each for (each,) in kept if new.encode() in each] == []
    stranger = await made.ask(
        staff("approver", "6302"),
        "POST",
        f"/experts/invitations/{second['id']}/link",
        {"purpose": "发送邀请"},
    )
    assert stranger.status_code == 404


async def test_a_conflict_is_looked_for_again_on_acceptance_and_before_each_score(
    venues: Running,
) -> None:
    made, accounts = await seated(venues)
    seats = {seat["id"]: seat for seat in await made.in_state("accepted")}
    one, two, *_ = accounts
    host = await institution(venues, HOST)
    for seat_id in (one, two):
        # As if it had come about behind our back: no route looked at the seat.
        await venues.scalar(
            "UPDATE experts SET employer_id = :host WHERE id = :id RETURNING 1",
            host=host,
            id=seats[seat_id]["expert_id"],
        )
    path = f"/experts/invitations/{one}/sheet"
    body = {"points": {"room": 15}}
    lost = await made.ask(accounts[one], "PUT", path, body, **{"If-Match": '"v0"'})
    assert (lost.status_code, lost.json()["seat_state"]) == (200, "in_conflict")
    assert await venues.scalar("SELECT count(*) FROM score_sheets") == 0
    refused = await made.ask(accounts[one], "PUT", path, body, **{"If-Match": '"v0"'})
    assert refused.json()["type"].endswith("/not-seated")
    trail = await venues.rows("SELECT reason FROM decisions WHERE action = 'expert_conflict'")
    lost_ = seats[one]
    place = f"{lost_['stratum']} 第{lost_['rank']}位 {lost_['slip'][:8]}"
    assert trail == [(f"{place}：同一单位或其分支、上下级单位",)]
    (asked,) = await made.in_state("invited")
    assert asked["stratum"] == seats[one]["stratum"]
    await venues.scalar(
        "UPDATE experts SET employer_id = :host WHERE id = :id RETURNING 1",
        host=host,
        id=asked["expert_id"],
    )
    body = {"token": await made.token(asked), "answer": "accept"}
    told = await made.do(citizen(), "/experts/invitations/answer", body)
    assert told["state"] == "in_conflict"


async def test_a_conflict_set_above_is_not_lifted_below(venues: Running) -> None:
    made = await panel(venues)
    await pool(venues, 1, await institution(venues, "青海大学"))
    ((expert,),) = await venues.rows("SELECT id FROM experts")
    path, below = f"/experts/{expert}/ties", staff("approver", "6301")
    tie = {"kind": "interest", "application_id": str(made.application)}
    set_above = await made.do(BOSS, path, tie)
    assert set_above["set_for"] == "63"
    (seen,) = (await made.get(below, path))["items"]
    assert seen["allowed_actions"] == []
    lift = {"reason": "已经退股"}
    refused = await made.ask(below, "POST", f"{path}/{set_above['id']}/lift", lift)
    assert (refused.status_code, refused.json()["type"][-19:]) == (403, "/conflict-set-above")
    set_below = await made.do(below, path, tie)
    lifted = await made.do(BOSS, f"{path}/{set_below['id']}/lift", lift)
    assert lifted["lift_reason"] == "已经退股"
    twice = await made.ask(below, "POST", f"{path}/{set_below['id']}/lift", lift)
    assert twice.json()["type"].endswith("/conflict-lifted")


async def test_a_late_answer_is_none_and_a_released_seat_goes_to_the_next(venues: Running) -> None:
    made = await drawn(venues)
    first, second, *_ = await made.in_state("invited")
    token = await made.token(first)
    await venues.scalar(
        "UPDATE panel_seats SET expires_at = :now WHERE id = :id RETURNING 1",
        now=datetime.now(UTC),
        id=first["id"],
    )
    late = {"token": token, "answer": "accept"}
    refused = await made.ask(citizen(), "POST", "/experts/invitations/answer", late)
    assert (refused.status_code, refused.json()["type"][-18:]) == (409, "/invitation-lapsed")
    looked = await made.do(None, "/experts/invitations/look", {"token": token})
    assert (looked["state"], looked["allowed_actions"]) == ("invited", [])
    await made.accept(second)
    await made.do(BOSS, f"/experts/invitations/{second['id']}/release", {"reason": "因病退出"})
    (line,) = await venues.rows(
        "SELECT actor, acted_for, reason FROM decisions WHERE action = 'seat_released'"
    )
    assert (*line[:2], line[2].partition("：")[2]) == (BOSS.subject, "63", "因病退出")
    states = sorted(state for _, state in by_state(await made.seats(), second["stratum"]))
    assert states.count("released") == 1
    assert states.count("invited") == 4 if second["stratum"] == "physics" else 3
