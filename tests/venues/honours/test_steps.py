"""What becomes of an honour: every action in every state by everybody, and what each step leaves."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy.exc import DBAPIError

from services.kit.access import Caller, Role
from services.venues.honours.rules import LIFECYCLE, HonourState
from tests.support.apps import Running, citizen, staff
from tests.support.honours import named, source
from tests.venues.honours.test_granting import venue

APPROVER = staff(Role.APPROVER, "63")
REASON = {"reason": "年度检查发现全年开放不足一百天"}
ACTS = [step.action for step in LIFECYCLE if step.needs]


def body(action: str, follower: UUID | str) -> dict[str, Any]:
    """What each action is given."""
    more: dict[str, dict[str, Any]] = {
        "renew": {"followed_by": str(follower)},
        "upgrade": {"followed_by": str(follower)},
        "change_host": {"host_name": "湟源县自然资源局", "host_uscc": "91350100M000100Y43"},
        "record_return": {
            "plaque_returned_on": f"{datetime.now(UTC) + timedelta(hours=8):%Y-%m-%d}"
        },
    }
    return {**REASON, **more.get(action, {})}


async def put(venues: Running, honour: str, state: HonourState) -> None:
    """Put an honour into a state, as if it had come there; nothing goes back from `revoked`."""
    follower = "id" if state in ("renewed", "upgraded") else None
    await venues.scalar(
        f"""WITH new AS (INSERT INTO honours (id, venue_id, division_code, recorded_code, title,
                issuer, state, version, created_by)
            SELECT gen_random_uuid(), venue_id, division_code, recorded_code, '后续', '厅', 'valid', 1,
                created_by FROM honours WHERE id = :id RETURNING id)
        UPDATE honours SET state = :state, state_reason = '原因', valid_until = NULL,
            followed_by = {"(SELECT id FROM new)" if follower else "NULL"}
        WHERE id = :id RETURNING 1""",
        id=honour,
        state=state.value,
    )


async def test_every_action_in_every_state_is_as_the_table_says(
    venues: Running, version: UUID
) -> None:
    """And the list of what one may do agrees with what one can."""
    honour = await named(venues, version)
    at = await venues.scalar("SELECT venue_id FROM honours WHERE id = :id", id=honour)
    wrong = []
    async with venues.as_(APPROVER) as approver:
        given = source(venue_id=str(at))
        follower = (await approver.post("/honours", json=given)).json()["id"]
        for state in sorted(HonourState, key=lambda each: each is HonourState.REVOKED):
            for action in ACTS:
                one = str(honour)
                if action == "revoke":  # for good: each time another one
                    fresh = {**given, "number": None}
                    one = (await approver.post("/honours", json=fresh)).json()["id"]
                await put(venues, one, state)
                allowed = (await approver.get(f"/honours/{one}")).json()["allowed_actions"]
                answer = await approver.post(
                    f"/honours/{one}/{action}", json=body(action, follower)
                )
                leads = state in LIFECYCLE.steps[action].sources
                if (answer.status_code, action in allowed) != (200 if leads else 409, leads):
                    wrong.append((state, action, answer.text, allowed))
    assert wrong == []


async def test_only_who_decides_at_the_programme_s_division_takes_a_step(
    venues: Running, version: UUID
) -> None:
    """The programme is the province's: an approver of the county where the venue is may not."""
    honour = await named(venues, version)
    nobody: list[Caller | None] = [None, citizen(), staff(Role.OFFICER, "63")]
    others = [*nobody, staff(Role.APPROVER, "630123"), staff(Role.ADMINISTRATOR, "63")]
    answers = []
    for caller in others:
        async with venues.as_(caller) as client:
            for action in ACTS:
                answer = await client.post(
                    f"/honours/{honour}/{action}", json=body(action, uuid4())
                )
                answers.append(answer.status_code)
    assert answers == [403] * len(others) * len(ACTS)
    async with venues.as_(APPROVER) as approver:
        assert (await approver.post(f"/honours/{uuid4()}/suspend", json=REASON)).status_code == 404
        assert (await approver.post(f"/honours/{honour}/suspend", json={})).status_code == 422


async def test_a_county_does_not_take_away_what_another_level_gave(venues: Running) -> None:
    """Without a programme here, the level of an honour says who decides on it."""
    at = str(await venue(venues))
    found = {}
    for level in ("county", "prefecture", "provincial", "national"):
        async with venues.as_(APPROVER) as approver:
            given = source(venue_id=at, level=level, title=f"基地 {level}", number=None)
            made = (await approver.post("/honours", json=given)).json()["id"]
        for code in ("630123", "6301", "63"):
            async with venues.as_(staff(Role.APPROVER, code)) as client:
                answer = await client.post(f"/honours/{made}/suspend", json=REASON)
            found[level, code] = answer.status_code
    assert [code for code, status in found.items() if status == 200] == [
        ("county", "630123"),
        ("prefecture", "6301"),
        ("provincial", "63"),
        ("national", "63"),
    ]
    assert set(found.values()) <= {200, 403, 409}


async def test_a_suspension_is_seen_and_lifted_and_told_each_time(
    venues: Running, version: UUID
) -> None:
    honour = await named(venues, version)
    async with venues.as_(APPROVER) as approver:
        at = f"/honours/{honour}"
        rectified = await approver.post(f"{at}/rectify", json={"reason": "三个月内补足讲解员"})
        suspended = await approver.post(f"{at}/suspend", json=REASON)
        twice = await approver.post(f"{at}/suspend", json=REASON)
        not_given = await approver.get(f"/certificates/{honour}/document")
        reinstated = await approver.post(f"{at}/reinstate", json={"reason": "整改已验收"})
        given = await approver.get(f"/certificates/{honour}/document")
        history = (await approver.get(f"{at}/history")).json()["items"]
    assert [each.json().get("state") for each in (rectified, suspended, reinstated)] == [
        "rectifying",
        "suspended",
        "valid",
    ]
    assert suspended.json()["state_reason"] == REASON["reason"]
    assert (twice.status_code, not_given.status_code, given.status_code) == (409, 409, 200)
    assert [(step["action"], step["acted_for"]) for step in history] == [
        ("grant", "63"),
        ("rectify", "63"),
        ("suspend", "63"),
        ("reinstate", "63"),
    ]
    assert await venues.rows("SELECT type FROM outbox ORDER BY xid, seq") == [
        ("venues.honour_granted.v1",),
        ("venues.honour_rectifying.v1",),
        ("venues.honour_suspended.v1",),
        ("venues.honour_reinstated.v1",),
    ]


async def test_a_revocation_is_for_good_and_what_came_back_is_recorded(
    venues: Running, version: UUID
) -> None:
    honour = await named(venues, version)
    today = f"{datetime.now(UTC) + timedelta(hours=8):%Y-%m-%d}"
    async with venues.as_(APPROVER) as approver:
        at = f"/honours/{honour}"
        early = await approver.post(
            f"{at}/record_return", json={**REASON, "plaque_returned_on": today}
        )
        revoked = await approver.post(f"{at}/revoke", json=REASON)
        back = await approver.post(
            f"{at}/record_return", json={**REASON, "plaque_returned_on": today}
        )
        future = await approver.post(
            f"{at}/record_return", json={**REASON, "certificate_returned_on": "2999-01-01"}
        )
        nothing = await approver.post(f"{at}/record_return", json=REASON)
        again = await approver.post(f"{at}/reinstate", json=REASON)
        document = await approver.get(f"/certificates/{honour}/document")
    assert (early.status_code, revoked.status_code, back.status_code) == (409, 200, 200)
    assert back.json()["plaque_returned_on"] == today
    assert [each.status_code for each in (future, nothing, again, document)] == [422, 422, 409, 409]
    assert await venues.scalar("SELECT count(*) FROM certificates WHERE withdrawn_at IS NULL") == 0
    # Whoever writes: not even the service takes it back.
    with pytest.raises(DBAPIError, match="a revoked honour stays revoked"):
        await venues.scalar(
            "UPDATE honours SET state = 'valid' WHERE id = :id RETURNING 1", id=honour
        )


async def test_a_change_of_host_keeps_the_old_one_and_gives_a_new_certificate(
    venues: Running, version: UUID
) -> None:
    honour = await named(venues, version)
    new = {"host_name": "湟源县自然资源局", "reason": "机构改革，职能划转"}
    async with venues.as_(APPROVER) as approver:
        changed = await approver.post(f"/honours/{honour}/change_host", json=new)
        twice = await approver.post(f"/honours/{honour}/change_host", json=new)
        verified = (await approver.get(f"/certificates/{honour}")).json()
        history = (await approver.get(f"/honours/{honour}/history")).json()["items"]
    assert (changed.status_code, changed.json()["host_name"]) == (200, "湟源县自然资源局")
    assert twice.json()["type"] == "/api/v1/problems/same-host"
    assert [
        (each["edition"], each["host_name"], each["withdrawn_at"] is None)
        for each in verified["editions"]
    ] == [(1, "湟源县科学技术协会", False), (2, "湟源县自然资源局", True)]
    assert history[-1]["changed"][0] == {"pointer": "/host_name", "reason": "湟源县科学技术协会"}
    assert await venues.scalar("SELECT count(DISTINCT list_index) FROM certificates") == 2


async def test_an_honour_is_followed_only_by_the_same_holder_s_and_upgraded_only_upwards(
    venues: Running, version: UUID
) -> None:
    honour, other = await named(venues, version), await named(venues, version)
    at = await venues.scalar("SELECT venue_id FROM honours WHERE id = :id", id=honour)
    async with venues.as_(APPROVER) as approver:
        higher = (await approver.post("/honours", json=source(venue_id=str(at)))).json()["id"]
        lower = source(venue_id=str(at), level="county", number=None, title="县级科普基地")
        low = (await approver.post("/honours", json=lower)).json()["id"]

        async def tried(action: str, by: Any) -> int:
            given = {**REASON, "followed_by": str(by)}
            return (await approver.post(f"/honours/{honour}/{action}", json=given)).status_code

        refused = [
            await tried("renew", other),
            await tried("renew", honour),
            await tried("upgrade", low),
            await tried("renew", uuid4()),
        ]
        done = await tried("upgrade", higher)
        verified = (await approver.get(f"/certificates/{honour}")).json()
    assert (refused, done) == ([422, 422, 422, 404], 200)
    assert (verified["standing"], verified["followed_by"]) == ("superseded", higher)
    assert verified["document"] is None
