"""What is held about a person: copied whole, withdrawn, and erased so that visits stay numbers."""

from datetime import UTC, datetime

from services.kit.access import SERVICE
from services.kit.holdings import Subject
from services.kit.ids import uuid7
from services.venues.reservations.holding import ERASED_NAME, RESERVATIONS
from tests.support.apps import Running, staff
from tests.venues.reservations.museum import COUNTY, museum


async def test_a_person_is_copied_withdrawn_and_erased(venues: Running) -> None:
    place = await museum(venues)
    mine = await place.reserve("a", "10:00", 2, phone="13900007001")
    await place.reserve("b", "10:00", 1)
    async with venues.as_(staff("officer", COUNTY)) as desk:
        by_phone = place.party("11:00", 1, on_behalf=True, phone="13900007001", name="卓玛")
        assert (await desk.post("/reservations", json=by_phone)).status_code == 201
    person = place.person("a").subject
    assert person is not None
    who = Subject(person, "13900007001", uuid7(), datetime.now(UTC))
    kit = venues.kit
    async with kit.database.transaction(SERVICE) as db:
        copied = await RESERVATIONS.copy(db, kit.vault, who)
    told = [(row["kind"], row["name"], row["phone"], row["made_by_desk"]) for row in copied]
    assert told == [
        ("reservation", "才让卓玛", "13900007001", False),
        ("reservation", "卓玛", "13900007001", True),
    ]
    touched = []
    for _ in range(2):
        async with kit.database.transaction(SERVICE) as db:
            touched.append(await RESERVATIONS.erase(db, kit.vault, who))
    assert touched == [2, 0]
    # What was only a plan is ended, and its places are free; others are as they were.
    assert await place.state(mine) == "cancelled"
    assert (await place.counts())[0] == 2
    rows = await venues.rows(
        """SELECT name_masked, phone_index IS NULL, account_id = :new FROM reservations
        WHERE name_masked = :name ORDER BY account_id""",
        new=who.pseudonym,
        name=ERASED_NAME,
    )
    assert rows == [(ERASED_NAME, True, True), (ERASED_NAME, True, None)]
    assert await venues.scalar("SELECT count(*) FROM reservations WHERE name_masked = '才***'") == 1
