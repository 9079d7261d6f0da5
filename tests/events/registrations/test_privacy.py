"""Personal data: sealed at rest, masked in every answer, opened for a purpose, behind two walls."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text, true
from sqlalchemy.exc import DBAPIError

from services.events.registrations import queries
from services.kit.access import SERVICE
from services.kit.db import run
from services.kit.facts import Fact
from services.kit.pages import Paging
from tests.support.activities import published_activity
from tests.support.apps import Running, citizen, staff

TOWNSHIP = "630123101"
NAME, PHONE = "索南达杰", "13897101234"
GUARDIAN, GUARDIAN_PHONE = "拉毛措", "13997105678"
SECRETS = (NAME, PHONE, GUARDIAN, GUARDIAN_PHONE)
PARTY = [
    {"name": NAME, "phone": PHONE, "age": 40},
    {
        "name": NAME + "之子",
        "age": 8,
        "guardian": {"name": GUARDIAN, "phone": GUARDIAN_PHONE, "consent": True},
    },
]


async def registered(running: Running) -> tuple[Any, str]:
    """A citizen, and where their party is."""
    ids = await published_activity(running, TOWNSHIP)
    person = citizen()
    async with running.as_(person) as client:
        answer = await client.post("/registrations", json=ids.party() | {"party": PARTY})
        assert answer.status_code == 201, answer.text
    return person, answer.headers["location"]


class Written:
    """Stands in the logger's place, and keeps what it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def __getattr__(self, level: str) -> Any:
        return lambda event, **values: self.lines.append(f"{level} {event} {values}")


async def test_nothing_personal_is_in_clear_in_any_table_fact_or_log(
    events: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = Written()
    for module in ("telemetry", "answers", "logs"):
        monkeypatch.setattr(f"services.kit.{module}.log", log)
    monkeypatch.setattr("services.kit.logs._lines", None)
    person, where = await registered(events)
    async with events.as_(person) as client:
        for refused in ({"party": PARTY}, {"occurrence_id": "?", "party": PARTY}):
            answer = await client.post("/registrations", json=refused)
            assert answer.status_code == 422
            assert [secret for secret in SECRETS if secret in answer.text] == []
    tables = await events.rows(
        "SELECT tablename FROM pg_tables"
        " WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
    )
    rows = [
        row for (table,) in tables for (row,) in await events.rows(f"SELECT t::text FROM {table} t")
    ]
    assert len(rows) >= 9
    assert len(log.lines) == 3
    clear = [
        text
        for text in (*rows, *log.lines, where)
        for secret in SECRETS
        if secret in text or secret.encode().hex() in text
    ]
    assert clear == []


async def test_every_answer_is_masked_for_owner_and_staff(events: Running) -> None:
    person, where = await registered(events)
    officer = staff("officer", TOWNSHIP)
    for caller in (person, officer):
        async with events.as_(caller) as client:
            answers = [await client.get(where), await client.get("/registrations")]
        for answer in answers:
            assert answer.status_code == 200
            assert [secret for secret in SECRETS if secret in answer.text] == []
            assert answer.headers["cache-control"] == "private, no-store"
            assert "138****1234" in answer.text


async def test_opening_states_a_purpose_and_is_written_down(events: Running) -> None:
    person, where = await registered(events)
    officer = staff("officer", TOWNSHIP)
    purpose = {"purpose": "通知活动改到室内"}
    async with events.as_(officer, **{"Idempotency-Key": "k"}) as client:
        unsaid = await client.post(f"{where}/open", json={"purpose": " "})
        opened = (await client.post(f"{where}/open", json=purpose)).json()
    async with events.as_(person) as client:
        own = (await client.post(f"{where}/open", json=purpose)).json()
    assert unsaid.status_code == 422
    assert await events.scalar("SELECT count(*) FROM idempotency_keys") == 0
    assert opened["party"] == own["party"]
    assert [(who["name"], who["phone"], who["guardian"]) for who in opened["party"]] == [
        (NAME, PHONE, None),
        (NAME + "之子", None, {"name": GUARDIAN, "phone": GUARDIAN_PHONE}),
    ]
    for caller, status in (
        (staff("informant", TOWNSHIP), 403),
        (staff("officer", "630121"), 404),
        (citizen(), 404),
    ):
        async with events.as_(caller) as client:
            assert (await client.post(f"{where}/open", json=purpose)).status_code == status
    log = await events.rows("SELECT actor, subject, purpose FROM openings ORDER BY opened_at")
    subject = f"registrations/{where.rpartition('/')[2]}"
    assert log == [
        (officer.subject, subject, purpose["purpose"]),
        (person.subject, subject, purpose["purpose"]),
    ]


async def test_staff_find_a_party_by_phone_within_reach_and_nobody_else_does(
    events: Running,
) -> None:
    person, where = await registered(events)

    async def find(caller: Any, phone: str = "138 9710 1234") -> tuple[int, list[str]]:
        async with events.as_(caller) as client:
            answer = await client.post("/registrations/find", json={"phone": phone})
            found = answer.json().get("items", [])
            return answer.status_code, [item["id"] for item in found]

    id_ = where.rpartition("/")[2]
    assert await find(staff("checker", TOWNSHIP)) == (200, [id_])
    assert await find(staff("checker", TOWNSHIP), "13897101235") == (200, [])
    assert await find(staff("checker", "630121")) == (200, [])
    assert (await find(person))[0] == 403
    assert (await find(staff("observer", "63")))[0] == 403


async def test_the_wall_stands_when_the_query_forgets_who_asks(
    events: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    person, where = await registered(events)
    monkeypatch.setattr(queries, "visible", lambda _: true())
    seen = {}
    for name, caller in {
        "owner": person,
        "their county": staff("checker", "630123"),
        "another county": staff("checker", "630121"),
        "another citizen": citizen(),
        "no such permission": staff("observer", "63"),
    }.items():
        async with events.as_(caller) as client:
            found = await client.get(where)
            listed = (await client.get("/registrations")).json()["items"]
            seen[name] = (found.status_code, len(listed))
    assert seen == {
        "owner": (200, 1),
        "their county": (200, 1),
        "another county": (404, 0),
        "another citizen": (404, 0),
        "no such permission": (404, 0),
    }


async def test_the_query_stands_when_the_wall_is_open(
    events: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    await registered(events)
    outsider = staff("checker", "630121")
    async with events.kit.database.transaction(SERVICE) as db:
        found = await queries.entries(db, outsider, Paging())
    assert found == []


async def test_a_citizen_cannot_write_for_somebody_else_even_in_sql(events: Running) -> None:
    await registered(events)
    thief = citizen()
    async with events.kit.database.transaction(thief) as db:
        taken = await run(db, text("UPDATE registrations SET party_size = 9"))
        assert taken.rowcount == 0
    with pytest.raises(DBAPIError, match="row-level security"):
        async with events.kit.database.transaction(thief) as db:
            await run(
                db,
                text(
                    "INSERT INTO check_ins (member_id, occurrence_id, division_code, by, method)"
                    " VALUES (:id, :id, '63', :id, 'x')"
                ),
                {"id": UUID(int=1)},
            )


def test_no_fact_of_registrations_has_a_field_for_a_person() -> None:
    names = {
        name
        for kind, fact in Fact.published.items()
        if kind.startswith(("events.registration", "events.place", "events.offer"))
        for name in fact.model_fields
    }
    assert names == {
        "recipient",
        "activity_id",
        "occurrence_id",
        "places",
        "expires_at",
        "cause",
        "starts_at",
    }
