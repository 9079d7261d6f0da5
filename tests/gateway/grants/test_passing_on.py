"""Handing over and standing in: all or none, for days, and no further than the post itself."""

from uuid import UUID

from tests.gateway.conftest import RunningGateway
from tests.gateway.grants.test_granting import HUANGYUAN, day, permissions

POSTS = (("officer", HUANGYUAN), ("checker", "630123101"))


def _handover(to: UUID, offset: int = 0, **more: object) -> dict[str, object]:
    return {"to": str(to), "from_day": day(offset), "reason": "调任", **more}


def _absence(deputy: UUID, first: int, last: int) -> dict[str, object]:
    return {
        "deputy": str(deputy),
        "from_day": day(first),
        "until_day": day(last),
        "reason": "年休假",
    }


async def test_posts_move_to_a_successor_in_one_go(lone_gateway: RunningGateway) -> None:
    administrator = await lone_gateway.staff("administrator", HUANGYUAN)
    sonam = await lone_gateway.account("sonam", HUANGYUAN, *POSTS)
    tashi = await lone_gateway.account("tashi", HUANGYUAN)
    moved = await administrator.post(f"/api/v1/accounts/{sonam}/handover", json=_handover(tashi))
    assert moved.status_code == 201
    assert [(row["role"], row["valid_today"]) for row in moved.json()["items"]] == [
        ("officer", True),
        ("checker", True),
    ]
    assert await permissions(lone_gateway, "sonam") == {}
    assert (await permissions(lone_gateway, "tashi"))["activity_edit"] == [HUANGYUAN]


async def test_a_handover_ahead_of_time_leaves_the_post_until_the_day_before(
    lone_gateway: RunningGateway,
) -> None:
    administrator = await lone_gateway.staff("administrator", HUANGYUAN)
    sonam = await lone_gateway.account("sonam", HUANGYUAN, *POSTS)
    tashi = await lone_gateway.account("tashi", HUANGYUAN)
    officer_grant = await lone_gateway.running.scalar(
        "SELECT id FROM grants WHERE account_id = :id AND role = 'officer'", id=sonam
    )
    moved = await administrator.post(
        f"/api/v1/accounts/{sonam}/handover",
        json=_handover(tashi, 7, grants=[str(officer_grant)]),
    )
    assert [(row["role"], row["from_day"]) for row in moved.json()["items"]] == [
        ("officer", day(7))
    ]
    rows = await lone_gateway.running.rows(
        "SELECT until_day::text, ended_at FROM grants WHERE id = :id", id=officer_grant
    )
    assert rows == [(day(6), None)]
    assert (await permissions(lone_gateway, "sonam"))["activity_edit"] == [HUANGYUAN]
    assert await permissions(lone_gateway, "tashi") == {}


async def test_a_handover_that_fails_moves_nothing(lone_gateway: RunningGateway) -> None:
    administrator = await lone_gateway.staff("administrator", HUANGYUAN)
    sonam = await lone_gateway.account("sonam", HUANGYUAN, *POSTS)
    tashi = await lone_gateway.account("tashi", HUANGYUAN, POSTS[1])
    refused = await administrator.post(f"/api/v1/accounts/{sonam}/handover", json=_handover(tashi))
    assert (refused.status_code, refused.json()["type"]) == (
        409,
        "/api/v1/problems/grant-exists",
    )
    assert (await permissions(lone_gateway, "sonam"))["activity_edit"] == [HUANGYUAN]


async def test_posts_elsewhere_and_successors_from_elsewhere_are_refused(
    lone_gateway: RunningGateway,
) -> None:
    administrator = await lone_gateway.staff("administrator", HUANGYUAN)
    own = (await administrator.get("/api/v1/me")).json()["account"]["id"]
    sonam = await lone_gateway.account("sonam", HUANGYUAN, *POSTS)
    peer = await lone_gateway.account("peer", HUANGYUAN, ("administrator", HUANGYUAN))
    neighbour = await lone_gateway.account("neighbour", "630121", ("officer", "630121"))
    outcomes = []
    for owner, to in (
        (neighbour, sonam),
        (sonam, neighbour),
        (sonam, UUID(own)),
        (peer, sonam),
    ):
        answer = await administrator.post(f"/api/v1/accounts/{owner}/handover", json=_handover(to))
        outcomes.append((answer.status_code, answer.json()["type"].rsplit("/", 1)[1]))
    assert outcomes == [
        (404, "missing"),
        (422, "deputy-too-far"),
        (403, "own-grant"),
        (403, "beyond-reach"),
    ]


async def test_a_deputy_has_the_same_roles_for_the_days_and_no_longer(
    lone_gateway: RunningGateway,
) -> None:
    sonam = await lone_gateway.staff("officer", HUANGYUAN)
    own = (await sonam.get("/api/v1/me")).json()["account"]["id"]
    tashi = await lone_gateway.account("tashi", "6301")
    away = f"/api/v1/accounts/{own}/absence"
    made = await sonam.post(away, json=_absence(tashi, 0, 5))
    assert (made.status_code, made.json()["items"][0]["until_day"]) == (201, day(5))
    assert (await permissions(lone_gateway, "tashi"))["activity_edit"] == [HUANGYUAN]
    assert (await sonam.get("/api/v1/me")).json()["permissions"]["activity_edit"] == [HUANGYUAN]
    await lone_gateway.running.scalar(
        "UPDATE grants SET from_day = from_day - 9, until_day = until_day - 9"
        " WHERE deputy_for IS NOT NULL RETURNING 1"
    )
    assert await permissions(lone_gateway, "tashi") == {}


async def test_what_a_deputy_has_is_not_theirs_to_pass_on(lone_gateway: RunningGateway) -> None:
    sonam = await lone_gateway.staff("officer", HUANGYUAN)
    own = (await sonam.get("/api/v1/me")).json()["account"]["id"]
    tashi = await lone_gateway.account("tashi", HUANGYUAN)
    third = await lone_gateway.account("third", HUANGYUAN)
    await sonam.post(f"/api/v1/accounts/{own}/absence", json=_absence(tashi, 0, 5))
    async with lone_gateway.client(await lone_gateway.sign_in("tashi")) as deputy:
        for what, given in (
            ("absence", _absence(third, 0, 1)),
            ("handover", _handover(third)),
        ):
            answer = await deputy.post(f"/api/v1/accounts/{tashi}/{what}", json=given)
            assert answer.status_code == 404


async def test_nobody_stands_in_for_a_post_that_has_ended(lone_gateway: RunningGateway) -> None:
    administrator = await lone_gateway.staff("administrator", HUANGYUAN)
    sonam = await lone_gateway.account("sonam", HUANGYUAN, POSTS[0])
    tashi = await lone_gateway.account("tashi", HUANGYUAN)
    await administrator.post(f"/api/v1/accounts/{sonam}/absence", json=_absence(tashi, 0, 5))
    assert (await permissions(lone_gateway, "tashi"))["activity_edit"] == [HUANGYUAN]
    post = await lone_gateway.running.scalar(
        "SELECT id FROM grants WHERE account_id = :id", id=sonam
    )
    await administrator.post(f"/api/v1/grants/{post}/end", json={"reason": "免职"})
    assert await permissions(lone_gateway, "tashi") == {}


async def test_absences_have_an_end_and_deputies_are_near(lone_gateway: RunningGateway) -> None:
    sonam = await lone_gateway.staff("officer", HUANGYUAN)
    own = (await sonam.get("/api/v1/me")).json()["account"]["id"]
    near = await lone_gateway.account("near", HUANGYUAN)
    far = await lone_gateway.account("far", "630121", ("officer", "630121"))
    outcomes = []
    for owner, deputy, first, last in (
        (own, near, 0, 93),
        (own, near, -1, 3),
        (own, far, 0, 3),
        (own, UUID(own), 0, 3),
        (far, near, 0, 3),
    ):
        answer = await sonam.post(
            f"/api/v1/accounts/{owner}/absence", json=_absence(deputy, first, last)
        )
        body = answer.json()
        outcomes.append(
            (
                answer.status_code,
                body["errors"][0]["rule"] if "errors" in body else body["type"].rsplit("/", 1)[1],
            )
        )
    assert outcomes == [
        (422, "absence-too-long"),
        (422, "day-passed"),
        (422, "deputy-too-far"),
        (403, "own-grant"),
        (404, "missing"),
    ]
