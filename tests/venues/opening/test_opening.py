"""Opening hours over HTTP: who says them, from when on, and whom a closed day reaches."""

from datetime import date, timedelta
from uuid import UUID

from services.venues.opening.queries import days_open
from tests.support.apps import Running, citizen, staff
from tests.venues.reservations.museum import COUNTY, in_days, museum, season

FIRST = {"If-Match": '"v0"'}


async def entered(venues: Running) -> str:
    """A published venue of which no hours are known."""
    place = await museum(venues)
    await venues.scalar("DELETE FROM opening_rules RETURNING 1")
    return f"/venues/{place.id}"


async def test_hours_are_said_once_and_changed_from_a_day_on(venues: Running) -> None:
    at = await entered(venues)
    long_ago = {"from_on": "2020-01-01", "seasons": [season("10:00", "16:00")]}
    summer = season("09:00", "18:00", first="05-01", last="09-30")
    coming = {"from_on": str(in_days(400)), "seasons": [season(), summer]}
    async with venues.as_(staff("officer", COUNTY)) as keeper, venues.as_() as anybody:
        unknown = await anybody.get(f"{at}/opening")
        assert unknown.json()["type"] == "/api/v1/problems/opening-not-set"
        empty = (await anybody.get(f"{at}/opening/days")).json()
        made = await keeper.put(f"{at}/opening", json=long_ago, headers=FIRST)
        stale = await keeper.put(f"{at}/opening", json=coming, headers=FIRST)
        one = {"If-Match": '"v1"'}
        past = await keeper.put(f"{at}/opening", json=long_ago, headers=one)
        changed = await keeper.put(f"{at}/opening", json=coming, headers=one)
        unmatched = await keeper.put(f"{at}/opening", json=coming)
        asked = "first=2023-12-25&last=2024-03-01"
        found = await anybody.get(f"{at}/opening/days?{asked}")
        again = await anybody.get(
            f"{at}/opening/days?{asked}", headers={"If-None-Match": found.headers["etag"]}
        )
    assert (empty["open_days"], len(empty["days"])) == (0, 14)
    statuses = [each.status_code for each in (made, stale, past, changed, unmatched, again)]
    assert statuses == [200, 412, 422, 200, 428, 304]
    assert past.json()["errors"][0]["rule"] == "past-stays"
    assert [rule["from_on"] for rule in changed.json()["rules"]] == [
        "2020-01-01",
        coming["from_on"],
    ]
    assert (found.json()["open_days"], found.json()["days"][66]["day"]) == (68, "2024-02-29")


async def test_only_who_keeps_a_venue_says_its_hours(venues: Running) -> None:
    place = await museum(venues)
    await place.represent("docent")
    given = {"seasons": [season()]}
    seen = {}
    for name, caller in {
        "docent": place.person("docent"),
        "officer": staff("officer", "6301"),
        "neighbour": staff("officer", "630121"),
        "observer": staff("observer", "63"),
        "citizen": citizen(),
    }.items():
        version = await venues.scalar("SELECT max(version) FROM opening_rules")
        async with venues.as_(caller, **{"If-Match": f'"v{version}"'}) as client:
            answer = await client.put(f"/venues/{place.id}/opening", json=given)
            seen[name] = answer.status_code
    assert seen == {
        "docent": 200,
        "officer": 200,
        "neighbour": 403,
        "observer": 403,
        "citizen": 403,
    }


async def test_a_closed_day_reaches_those_who_have_reserved(venues: Running) -> None:
    place = await museum(venues, at_once=2)
    await place.represent("docent")
    morning = await place.reserve("a", "09:30", 2)
    waits = await place.reserve("b", "09:30")
    evening = await place.reserve("c", "15:00", 2)
    at = f"/venues/{place.id}/opening"
    afternoon = {"hours": [{"opens": "13:00", "closes": "17:00"}], "reason": "上午停电检修"}
    shut = {"reason": "临时闭馆"}
    async with place.as_("docent") as docent:
        # Weekly hours do not cut in silence: which days, and how many people.
        cut = await docent.put(
            at, json={"seasons": [season("13:00")]}, headers={"If-Match": '"v1"'}
        )
        half = await docent.post(f"{at}/exceptions", json={"first": str(place.day)} | afternoon)
        states = [await place.state(each) for each in (morning, waits, evening)]
        slots = (await docent.get(f"/slots?venue={place.id}&day={place.day}")).json()
        whole = await docent.post(f"{at}/exceptions", json={"first": str(place.day)} | shut)
        again = await docent.post("/reservations", json=place.party("15:00"))
        yesterday = {"first": str(in_days(-1))} | shut
        past = await docent.post(f"{at}/exceptions", json=yesterday)
        dropped = await docent.delete(f"{at}/exceptions/{place.day}")
        opened = await docent.post("/reservations", json=place.party("15:00"))
    assert cut.status_code == 409
    assert [error["detail"] for error in cut.json()["errors"]] == [
        f"{place.day} 有 2 个预约（3 人）在闭馆时间"
    ]
    assert (half.status_code, half.json()["called_off"], whole.json()["called_off"]) == (201, 2, 1)
    assert states == ["cancelled", "cancelled", "confirmed"]
    assert [slot["starts"] for slot in slots["slots"]][:2] == ["13:00", "13:30"]
    assert again.json()["type"] == "/api/v1/problems/venue-shut"
    assert (past.json()["errors"][0]["rule"], dropped.status_code) == ("past-stays", 204)
    assert opened.status_code == 201
    told = await venues.rows(
        """SELECT data->>'recipient', data->>'venue' FROM outbox
        WHERE data->>'cause' = 'venue_closed' ORDER BY 1"""
    )
    names = sorted(str(place.person(name).subject) for name in "abc")
    assert told == [(name, "湟源县科技馆") for name in names]
    async with place.as_("a") as person:
        shown = (await person.get(f"/reservations/{morning['id']}")).json()
    assert shown["decision_reason"] == "上午停电检修"
    assert (await place.counts())[0] == 1


async def test_open_days_of_a_venue_are_counted_with_its_exceptions(venues: Running) -> None:
    place = await museum(venues)
    at = f"/venues/{place.id}/opening/exceptions"
    spring = {"first": "2026-02-15", "last": "2026-02-19", "reason": "春节闭馆"}
    async with venues.as_(staff("officer", COUNTY)) as officer:
        assert (await officer.post(at, json=spring)).status_code == 201
        long = spring | {"last": str(date(2026, 2, 15) + timedelta(days=400))}
        assert (await officer.post(at, json=long)).status_code == 422
    async with venues.kit.database.transaction(citizen()) as db:
        found = await days_open(db, UUID(str(place.id)), date(2026, 1, 1), date(2026, 12, 31))
    assert found == 360
