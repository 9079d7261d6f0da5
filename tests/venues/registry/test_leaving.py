"""What the register of venues holds about a person: copied whole, and unlinked when they leave."""

from datetime import UTC, datetime
from uuid import uuid4

from services.kit.access import SERVICE, Role
from services.kit.holdings import Subject
from services.venues.registry.holding import VENUES
from tests.support.apps import Running, citizen, staff

PHONE = "13812345678"


async def test_a_person_is_copied_and_erased_and_the_venue_stays(venues: Running) -> None:
    person, other = citizen(), citizen()
    async with venues.as_(staff(Role.OFFICER, "630123")) as officer:
        body = {"name": "湟源县科技馆", "kind": "science_museum", "division_code": "630123"}
        where = f"/venues/{(await officer.post('/venues', json=body)).json()['id']}"
        for contact in (
            {"name": "才让卓玛", "phone": PHONE},
            {"name": "李四", "phone": "13900000000"},
        ):
            await officer.post(f"{where}/contacts", json=contact)
        for one in (person, other):
            given = {"account_id": str(one.subject)}
            assert (await officer.post(f"{where}/representatives", json=given)).status_code == 201
    assert person.subject is not None
    subject = Subject(person.subject, PHONE, uuid4(), datetime.now(UTC))
    async with venues.kit.database.transaction(SERVICE) as db:
        held = await VENUES.copy(db, venues.kit.vault, subject)
        touched = await VENUES.erase(db, venues.kit.vault, subject)
    async with venues.kit.database.transaction(SERVICE) as db:
        left = await VENUES.copy(db, venues.kit.vault, subject)
        again = await VENUES.erase(db, venues.kit.vault, subject)
    assert [(one["venue"], one.get("phone"), one.get("name")) for one in held] == [
        ("湟源县科技馆", None, None),
        ("湟源县科技馆", PHONE, "才让卓玛"),
    ]
    assert (touched, left, again) == (2, [], 0)
    # Who took the office over is nobody any more, and no longer in it.
    assert await venues.rows(
        "SELECT account_id, ended_at IS NULL FROM venue_representatives ORDER BY id"
    ) == [(subject.pseudonym, False), (other.subject, True)]
    assert await venues.rows("SELECT name_masked FROM venue_contacts") == [("李*",)]
    async with venues.as_(person) as theirs:
        assert (await theirs.get(where)).status_code == 404
