"""Query scope and row-level security around reservations, each with the other switched off."""

from uuid import UUID, uuid4

import asyncpg
import pytest
from sqlalchemy import true

from services.kit.access import Caller
from services.kit.ids import uuid7
from services.venues.reservations import queries
from tests.engines import TestCluster
from tests.support.apps import Running, citizen, staff
from tests.venues.reservations.museum import COUNTY, Museum, museum

WALLED = ("reservations", "penalties", "venue_representatives")
SAME = str(uuid4())
PENALTY = """INSERT INTO penalties (id, venue_id, division_code, recorded_code, account_id,
        no_shows, from_at, until_at, state)
    VALUES (:id, :venue, :code, :code, :account, 3, now(), now(), 'lifted') RETURNING 1"""


async def fill(venues: Running) -> tuple[Museum, dict[str, Caller]]:
    """A reservation and a penalty; and everybody who does, or does not, see them."""
    place = await museum(venues)
    shown = await place.reserve("owner", client_id=SAME, phone="13900007001")
    await place.represent("docent")
    proxy = citizen()
    await venues.scalar(
        "UPDATE reservations SET proxy_by = :proxy WHERE id = :id RETURNING 1",
        proxy=proxy.subject,
        id=UUID(shown["id"]),
    )
    account = place.person("owner").subject
    await venues.scalar(PENALTY, id=uuid7(), venue=place.id, code=COUNTY, account=account)
    return place, {
        "owner": place.person("owner"),
        "proxy": proxy,
        "docent": place.person("docent"),
        "checker": staff("checker", COUNTY),
        "above": staff("officer", "63"),
        "neighbour": staff("officer", "630121"),
        "observer": staff("observer", "63"),
        "stranger": citizen(),
    }


async def look(place: Museum, people: dict[str, Caller]) -> dict[str, tuple[int, int, int]]:
    """By person: reservations listed, status of the one, penalties listed."""
    (one,) = await place.running.rows("SELECT id FROM reservations")
    found = {}
    for name, caller in people.items():
        async with place.running.as_(caller) as client:
            listed = (await client.get("/reservations")).json()["items"]
            status = (await client.get(f"/reservations/{one[0]}")).status_code
            punished = (await client.get("/reservations/penalties")).json()["items"]
        found[name] = (len(listed), status, len(punished))
    return found


SEEN = {
    "owner": (1, 200, 1),
    "proxy": (1, 200, 0),
    "docent": (1, 200, 0),
    "checker": (1, 200, 1),
    "above": (1, 200, 1),
    **dict.fromkeys(("neighbour", "observer", "stranger"), (0, 404, 0)),
}


async def test_row_level_security_alone_leaks_nothing(
    venues: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, people = await fill(venues)
    for face in ("within", "mine", "represented"):
        monkeypatch.setattr(queries, face, lambda *_: true())
    assert await look(place, people) == SEEN


async def test_the_query_scope_alone_leaks_nothing(venues: Running, postgres: TestCluster) -> None:
    place, people = await fill(venues)
    connection = await asyncpg.connect(postgres.dsn(venues.database_name))
    for table in WALLED:
        await connection.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
    await connection.close()
    assert await look(place, people) == SEEN
    async with venues.as_(people["stranger"]) as stranger:
        found = await stranger.post("/reservations/find", json={"phone": "13900007001"})
        # Another person's client may choose the same id: it is another reservation.
        own = await stranger.post("/reservations", json=place.party(client_id=SAME))
    assert (found.status_code, own.status_code) == (403, 201)


async def test_a_client_id_finds_only_what_its_own_person_reserved(venues: Running) -> None:
    place, people = await fill(venues)
    told = {}
    # Who acts for the venue sees the owner's reservation, and its id is not the docent's for that.
    for name in ("owner", "proxy", "docent"):
        async with venues.as_(people[name]) as client:
            told[name] = (
                await client.post("/reservations", json=place.party(client_id=SAME))
            ).status_code
    assert told == {"owner": 200, "proxy": 200, "docent": 201}


async def test_a_division_shows_what_was_reserved_at_or_below_it(venues: Running) -> None:
    _, people = await fill(venues)
    async with venues.as_(people["above"]) as officer:
        pages = [
            (await officer.get(f"/reservations?division={code}")).json()["items"]
            for code in ("6301", COUNTY, "630121")
        ]
    assert [len(items) for items in pages] == [1, 1, 0]
