"""Nobody finds out who sits on a panel, unseats them, or sheds a conflict by a way around."""

from services.kit.ids import uuid7
from services.venues.applications.trail import PLATFORM
from tests.support.apps import Running, citizen, staff
from tests.venues.experts.panels import BOSS, HOST, Panel, institution, panel, pool, seated

BELOW = staff("approver", "6301")


async def test_once_a_panel_is_drawn_only_its_keepers_name_people(venues: Running) -> None:
    made, _ = await seated(venues)
    path = f"/applications/{made.application}/people"
    people = {"people": [{"name": "专家"}]}
    # A guess that unseats somebody would tell who it was.
    for who in (staff("officer", "63"), staff("officer", "6301"), BELOW):
        refused = await made.ask(who, "PUT", path, people)
        assert (refused.status_code, refused.json()["type"][-15:]) == (409, "/people-settled")
    assert len(await made.in_state("accepted")) == 7
    # Nor does the trail tell who accepted.
    actors = await venues.rows("SELECT actor FROM decisions WHERE action = 'invitation_accepted'")
    assert actors == [(PLATFORM,)] * 7
    assert (await made.ask(BOSS, "PUT", path, people)).status_code == 200


async def test_whoever_is_suspended_gives_up_the_seats_of_panels_at_work(venues: Running) -> None:
    made, accounts = await seated(venues)
    first, second, *_ = await made.in_state("accepted")
    await made.score(accounts[first["id"]], first["id"], {"room": 15, "staff": 14, "events": 12})
    at = f"/experts/{first['expert_id']}"
    await made.do(BOSS, f"{at}/suspend", {"reason": "违反评审纪律"})
    (asked,) = await made.in_state("invited")
    assert (asked["stratum"], asked["rank"] > first["rank"]) == (first["stratum"], True)
    sheet = f"/experts/invitations/{first['id']}/sheet"
    body = {"points": {"room": 1}}
    refused = await made.ask(accounts[first["id"]], "PUT", sheet, body, **{"If-Match": '"v2"'})
    assert refused.json()["type"].endswith("/not-seated")
    told = await venues.rows(
        """SELECT action, reason FROM decisions WHERE action IN ('seat_released',
            'alternate_invited') ORDER BY decided_at"""
    )
    assert [(action, why.partition("：")[2]) for action, why in told] == [
        ("seat_released", "已不在库"),
        ("alternate_invited", "依次递补"),
    ]
    # Who is asked and leaves before the answer is not let in, whatever link they have.
    token = await made.token(asked)
    await venues.scalar(
        "UPDATE experts SET state = 'suspended' WHERE id = :id RETURNING 1", id=asked["expert_id"]
    )
    answer = {"token": token, "answer": "accept"}
    refused = await made.ask(citizen(), "POST", "/experts/invitations/answer", answer)
    assert refused.json()["type"].endswith("/not-in-the-pool")
    # What is over stays as it was.
    await venues.scalar(
        "UPDATE applications SET state = 'named', stage_key = NULL WHERE id = :id RETURNING 1",
        id=made.application,
    )
    await made.do(BOSS, f"/experts/{second['expert_id']}/leave", {"reason": "退休离任"})
    assert second["id"] in {seat["id"] for seat in await made.in_state("accepted")}


async def test_a_conflict_goes_along_with_whoever_leaves_and_is_entered_anew(
    venues: Running,
) -> None:
    made = Panel(venues, uuid7())
    host, elsewhere = await institution(venues, HOST), await institution(venues, "青海大学")
    expert = {
        "division_code": "6301",
        "name": "卓玛",
        "phone": "13900001234",
        "kind": "finance",
        "fields": ["physics"],
        "employer_id": str(elsewhere),
        "entry_reason": "单位推荐",
    }
    first = await made.do(BELOW, "/experts", expert)
    at = f"/experts/{first['id']}"
    tie = {"kind": "interest", "institution_id": str(host)}
    set_above = await made.do(BOSS, f"{at}/ties", tie)
    lifted = await made.do(BOSS, f"{at}/ties", {**tie, "kind": "advisory"})
    await made.do(BOSS, f"{at}/ties/{lifted['id']}/lift", {"reason": "任期届满"})
    await made.do(BELOW, f"{at}/leave", {"reason": "本人申请"})
    other = await institution(venues, "青海师范大学")
    again = await made.do(BELOW, "/experts", {**expert, "employer_id": str(other)})
    ties = (await made.get(BELOW, f"/experts/{again['id']}/ties"))["items"]
    assert sorted((each["kind"], each["institution_id"], each["set_for"]) for each in ties) == [
        ("affiliation", str(elsewhere), "6301"),
        ("interest", str(host), "63"),
    ]
    (kept,) = [each["id"] for each in ties if each["kind"] == "interest"]
    assert kept != set_above["id"]
    lift = await made.ask(
        BELOW, "POST", f"/experts/{again['id']}/ties/{kept}/lift", {"reason": "已经退股"}
    )
    assert lift.json()["type"].endswith("/conflict-set-above")


async def test_an_alternate_with_enough_reviews_by_then_is_passed_over(venues: Running) -> None:
    made = await panel(venues)
    await pool(venues, 40, await institution(venues, "青海大学"))
    assert (await made.freeze()).status_code == 201
    assert (await made.reveal()).status_code == 200
    next_ = next(each for each in await made.seats() if each["state"] == "standing_by")
    # Drawn elsewhere meanwhile, as often as they let themselves be asked.
    await venues.scalar(
        "UPDATE experts SET most_reviews_a_year = 1 WHERE id = :id RETURNING 1",
        id=next_["expert_id"],
    )
    await venues.scalar(
        """INSERT INTO panel_seats (id, draw_id, application_id, expert_id, stage_key,
            division_code, recorded_code, stratum, rank, slip, state, invited_at, expires_at,
            version)
        SELECT gen_random_uuid(), draw_id, :other, expert_id, stage_key,
            division_code, recorded_code, stratum, rank, slip, 'accepted', now(), now(), 1
        FROM panel_seats WHERE id = :id RETURNING 1""",
        id=next_["id"],
        other=(await panel(venues)).application,
    )
    first = next(
        each for each in await made.in_state("invited") if each["stratum"] == next_["stratum"]
    )
    answer = {"token": await made.token(first), "answer": "decline", "reason": "出差在外"}
    await made.do(None, "/experts/invitations/answer", answer)
    passed = next(each for each in await made.seats() if each["id"] == next_["id"])
    assert (passed["state"], passed["reason"]) == ("closed", "年度评审次数已满")
