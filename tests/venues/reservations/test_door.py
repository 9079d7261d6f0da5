"""At the door and after it: codes, late parties, no-shows, penalties, appeals, visits."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import jwt

from services.kit.access import SERVICE
from services.venues.reservations.codes import VisitClaims, sign
from services.venues.reservations.no_shows import punish_next, release_next
from services.venues.reservations.visits import by_day
from tests.support.apps import Running, citizen, staff
from tests.venues.reservations.museum import COUNTY, Museum, in_days, museum

PROBLEM = "/api/v1/problems/"


async def turn(place: Museum, work: object) -> int:
    """One turn of a schedule."""
    async with place.running.kit.database.transaction(SERVICE) as db:
        moved: int = await work(db)  # type: ignore[operator]
        return moved


async def first_slot_now(
    place: Museum, name: str, size: int = 1, **more: object
) -> dict[str, object]:
    """A reservation of today whose slot has just begun: taken for tomorrow, and moved."""
    place.day = in_days(1)
    shown: dict[str, object] = await place.reserve(name, "10:00", size, **more)
    await move(place, -1)
    await place.begin(shown, ago=timedelta(minutes=10))
    return shown


async def move(place: Museum, days: int) -> None:
    """Move the day and everything on it: what tomorrow brings is there now."""
    moved = place.day + timedelta(days=days)
    values = {"to": moved, "day": place.day, "id": place.id}
    where = "WHERE venue_id = :id AND day = :day"
    columns = {
        "visit_days": "hours, free, slot_minutes, visit_minutes, capacity, taken, waiting,"
        " next_number",
        "visit_buckets": "minute, capacity, taken, waiting",
    }
    for table, kept in columns.items():
        await place.running.scalar(
            f"INSERT INTO {table} (venue_id, day, {kept})"
            f" SELECT venue_id, CAST(:to AS date), {kept} FROM {table} {where} RETURNING 1",
            **values,
        )
    await place.running.scalar(f"UPDATE reservations SET day = :to {where} RETURNING 1", **values)
    for table in reversed(columns):
        await place.running.scalar(
            f"DELETE FROM {table} {where} RETURNING 1", id=place.id, day=place.day
        )
    place.day = moved


async def test_a_party_is_let_in_once_by_its_code(venues: Running) -> None:
    place = await museum(venues, day=0, opens="00:00", closes="24:00", at_once=4)
    shown = await first_slot_now(place, "a", 4, children=3)
    where = f"/reservations/{shown['id']}"
    async with place.as_("a") as mine, venues.as_(staff("checker", COUNTY)) as door:
        code = (await mine.get(f"{where}/code")).json()["code"]
        drawn = await mine.get(f"{where}/code?format=svg")
        oneself = await mine.post("/reservations/check-in", json={"code": code})
        elsewhere = await door.post(
            "/reservations/check-in", json={"code": code, "venue_id": where[-36:]}
        )
        more = await door.post("/reservations/check-in", json={"code": code, "people": 5})
        let_in = await door.post("/reservations/check-in", json={"code": code, "people": 3})
        again = await door.post("/reservations/check-in", json={"code": code})
        none = await mine.get(f"{where}/code")
    assert drawn.headers["content-type"] == "image/svg+xml"
    assert [oneself.status_code, more.status_code, none.status_code] == [403, 422, 409]
    assert elsewhere.json()["type"] == f"{PROBLEM}wrong-venue"
    first, second = let_in.json(), again.json()
    assert (first["arrived"], first["already"], second["already"]) == (3, False, True)
    assert first["arrived_at"] == second["arrived_at"]
    # Who did not come gave a place back; who came is inside for the time of the visit.
    assert (await place.counts())[0] == 3
    told = "SELECT data FROM outbox WHERE type = 'venues.visit_recorded.v1'"
    assert await venues.rows(told) == [
        (
            {
                "venue_id": str(place.id),
                "day": str(place.day),
                "people": 3,
                "children": 3,
                "free": False,
                "source": "check_in",
            },
        )
    ]


async def test_what_is_no_code_of_ours_is_refused(venues: Running) -> None:
    place = await museum(venues)
    shown = await place.reserve("a")
    claims = VisitClaims(UUID(shown["id"]), place.id)
    code = sign(venues.kit.keys, claims, datetime.now(UTC))
    forged = jwt.encode({"r": "AAAA", "v": "AAAA"}, "secret" * 8, "HS256", headers={"kid": "x"})
    head, _, rest = code.partition(".")
    found = []
    async with venues.as_(staff("officer", COUNTY)) as door:
        for given in ({"code": "没有"}, {"code": forged}, {"code": f"{head}.e30.{rest[-86:]}"}, {}):
            answer = await door.post("/reservations/check-in", json=given)
            found.append((answer.status_code, answer.json()["type"]))
        early = await door.post("/reservations/check-in", json={"code": code})
    bad = (422, f"{PROBLEM}bad-visit-code")
    assert found == [bad, bad, bad, (422, f"{PROBLEM}broken-rule")]
    assert early.json()["type"] == f"{PROBLEM}venue-door-closed"


async def test_who_does_not_come_gives_way_and_may_still_come_while_there_is_room(
    venues: Running,
) -> None:
    place = await museum(venues, day=1, at_once=2)
    late = await place.reserve("a", "10:00", 2)
    waits = await place.reserve("b", "10:00", 2)
    await move(place, -1)
    await place.begin(late)
    await venues.scalar(
        "UPDATE reservations SET starts_at = now() + interval '1 hour',"
        " held_until = now() + interval '2 hours' WHERE id = CAST(:id AS uuid) RETURNING 1",
        id=waits["id"],
    )
    assert [await turn(place, release_next) for _ in range(2)] == [1, 0]
    assert [await place.state(one) for one in (late, waits)] == ["no_show", "offered"]
    by_hand = {"reservation_id": late["id"], "venue_id": str(place.id)}
    await place.represent("docent")
    async with place.as_("docent") as docent, place.as_("b") as other:
        full = await docent.post("/reservations/check-in", json=by_hand)
        await other.post(f"/reservations/{waits['id']}/decline")
        let_in = await docent.post("/reservations/check-in", json=by_hand)
    assert full.json()["type"] == f"{PROBLEM}slot-full"
    assert (let_in.status_code, await place.state(late)) == (200, "arrived")
    assert (await place.counts())[0] == 2


async def missed(place: Museum, name: str, days_ago: int, *, others_came: bool = True) -> None:
    """A day of the past on which that person did not come."""
    place.day = in_days(1)
    shown = [await place.reserve(name), await place.reserve(f"other {days_ago}")]
    await move(place, -1 - days_ago)
    await place.begin(*shown, ago=timedelta(days=days_ago))
    if others_came:
        await place.running.scalar(
            "UPDATE reservations SET state = 'arrived', arrived = 1, arrived_at = now()"
            " WHERE id = CAST(:id AS uuid) RETURNING 1",
            id=shown[1]["id"],
        )
    assert await turn(place, release_next) == (1 if others_came else 2)


async def test_three_no_shows_are_a_penalty_that_is_appealed(venues: Running) -> None:
    place = await museum(venues, no_shows=3, penalty_days=30)
    # On a day without a single check-in nobody stood at the door: it does not count.
    await missed(place, "a", 9, others_came=False)
    for days_ago in (3, 2):
        await missed(place, "a", days_ago)
    while await turn(place, punish_next):
        pass
    assert await venues.scalar("SELECT count(*) FROM penalties") == 0
    await missed(place, "a", 1)
    assert [await turn(place, punish_next) for _ in range(2)] == [1, 0]
    place.day = in_days(3)
    own = "/reservations/penalties"
    async with (
        place.as_("a") as mine,
        venues.as_(staff("officer", COUNTY)) as desk,
        venues.as_(citizen()) as stranger,
    ):
        barred = await mine.post("/reservations", json=place.party())
        (penalty,) = (await mine.get(own)).json()["items"]
        at = f"{own}/{penalty['id']}"
        words = {"text": "那天住院了，没能取消。"}
        seen = [
            (await stranger.post(f"{at}/appeal", json=words)).status_code,
            (await desk.post(f"{at}/appeal", json=words)).status_code,
            (await mine.post(f"{at}/appeal", json=words)).status_code,
            (await mine.post(f"{at}/appeal", json=words)).status_code,
            (await mine.post(f"{at}/lift", json={"reason": "自己撤销"})).status_code,
        ]
        still = await mine.post("/reservations", json=place.party())
        opened = await desk.post(f"{at}/open", json={"purpose": "处理申诉"})
        lifted = await desk.post(f"{at}/lift", json={"reason": "情况属实"})
        again = await mine.post("/reservations", json=place.party())
    assert barred.json()["type"] == still.json()["type"] == f"{PROBLEM}under-penalty"
    assert (penalty["no_shows"], penalty["state"], penalty["allowed_actions"]) == (
        3,
        "standing",
        ["appeal"],
    )
    assert seen == [404, 403, 200, 409, 403]
    assert opened.json()["text"] == words["text"]
    assert (lifted.json()["state"], again.status_code) == ("lifted", 201)
    # What was punished, or forgiven, is not counted again.
    await missed(place, "a", 5)
    assert await turn(place, punish_next) == 1
    assert await venues.scalar("SELECT count(*) FROM penalties") == 1


async def test_a_head_count_stands_in_the_place_of_check_ins_and_is_corrected(
    venues: Running,
) -> None:
    place = await museum(venues)
    await place.represent("docent")
    at = f"/venues/{place.id}/visits"
    day, coming = in_days(-1), in_days(1)
    first = {"people": 120, "children": 40, "free": True}
    async with place.as_("docent") as docent, venues.as_(citizen()) as stranger:
        put = docent.put
        future = await put(f"{at}/{coming}", json=first, headers={"If-Match": '"v0"'})
        made = await put(f"{at}/{day}", json=first, headers={"If-Match": '"v0"'})
        twice = await put(f"{at}/{day}", json=first, headers={"If-Match": '"v0"'})
        second = first | {"people": 102}
        silent = await put(f"{at}/{day}", json=second, headers={"If-Match": '"v1"'})
        reason = {"reason": "抄写颠倒"}
        fixed = await put(f"{at}/{day}", json=second | reason, headers={"If-Match": '"v1"'})
        shown = (await docent.get(f"{at}?first={day}&last={coming}")).json()
        foreign = await stranger.get(f"{at}?first={day}&last={coming}")
    found = [each.status_code for each in (future, made, twice, silent, fixed, foreign)]
    assert found == [409, 200, 412, 422, 200, 403]
    assert (shown["people"], shown["days"][0]["counted"]) == (102, 102)
    assert await venues.rows("SELECT before, after, reason FROM visit_corrections") == [
        (120, 102, "抄写颠倒")
    ]
    assert await venues.rows(
        "SELECT version, data->>'people', data->>'source' FROM outbox ORDER BY version"
    ) == [(1, "120", "head_count"), (2, "102", "head_count")]
    await venues.scalar(
        """INSERT INTO visits (id, venue_id, day, source, reservation_id, people, children, free,
            recorded_at)
        SELECT gen_random_uuid(), venue_id, day + n, 'check_in', gen_random_uuid(), 5, 1, false,
            now() FROM visits, generate_series(0, 1) n RETURNING 1"""
    )
    async with venues.kit.database.transaction(citizen()) as db:
        days = await by_day(db, place.id, day, coming)
    assert [(each.people, each.children, each.free) for each in days] == [
        (102, 40, True),
        (5, 1, False),
    ]
