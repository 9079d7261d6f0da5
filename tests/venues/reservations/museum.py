"""A venue as the tests of reservations want it: open every day from nine, with its rules."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import orjson

from services.kit.access import Caller
from services.kit.ids import uuid7
from services.venues.opening.rules import LOCAL
from services.venues.reservations.schemas import SettingsIn
from tests.support.apps import Running, citizen

COUNTY = "630123"
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def season(opens: str = "09:00", closes: str = "17:00", **more: Any) -> dict[str, Any]:
    """The same hours on every day of the week."""
    hours = {"hours": [{"opens": opens, "closes": closes}], "free": False}
    return {"name": "", "first": None, "last": None, "days": dict.fromkeys(WEEKDAYS, hours)} | more


def in_days(number: int) -> date:
    """A day there, so many days from today."""
    return datetime.now(UTC).astimezone(LOCAL).date() + timedelta(days=number)


@dataclass
class Museum:
    """A venue and one coming day of it."""

    running: Running
    id: UUID
    day: date
    people: dict[str, Caller] = field(default_factory=dict)

    def party(self, starts: str = "10:00", size: int = 1, **more: Any) -> dict[str, Any]:
        """What reserving asks."""
        return {
            "venue_id": str(self.id),
            "day": str(self.day),
            "starts": starts,
            "party_size": size,
            "name": "才让卓玛",
        } | more

    def person(self, name: str) -> Caller:
        """Somebody of the public, the same one each time."""
        return self.people.setdefault(name, citizen())

    def as_(self, name: str, **headers: str) -> httpx.AsyncClient:
        """A client for that person."""
        return self.running.as_(self.person(name), **headers)

    async def reserve(self, name: str, starts: str = "10:00", size: int = 1, **more: Any) -> Any:
        """Reserve as that person; answers what is shown."""
        async with self.as_(name) as client:
            answer = await client.post("/reservations", json=self.party(starts, size, **more))
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def state(self, shown: Any) -> str:
        """The state of a reservation now."""
        found = await self.running.scalar(
            "SELECT state FROM reservations WHERE id = :id", id=UUID(shown["id"])
        )
        return str(found)

    async def counts(self) -> tuple[int, dict[int, int]]:
        """People of the day, and inside by quarter (the empty ones are left out)."""
        taken = await self.running.scalar(
            "SELECT taken FROM visit_days WHERE venue_id = :id AND day = :day",
            id=self.id,
            day=self.day,
        )
        rows = await self.running.rows(
            "SELECT minute, taken FROM visit_buckets WHERE venue_id = :id AND day = :day"
            " AND taken > 0 ORDER BY minute",
            id=self.id,
            day=self.day,
        )
        return taken or 0, {row[0]: row[1] for row in rows}

    async def begin(self, *shown: Any, ago: timedelta = timedelta(hours=1)) -> None:
        """Let the slots of reservations have begun, without waiting for the clock."""
        at = datetime.now(UTC) - ago
        await self.running.scalar(
            "UPDATE reservations SET starts_at = :at, held_until = :at"
            " WHERE id = ANY(CAST(:ids AS uuid[])) RETURNING 1",
            at=at,
            ids=[UUID(each["id"]) for each in shown],
        )

    async def represent(self, name: str) -> None:
        """That person represents the museum."""
        await self.running.scalar(
            """INSERT INTO venue_representatives (id, venue_id, division_code, recorded_code,
                account_id, from_on, version, appointed_by)
            VALUES (:id, :venue, :code, :code, :account, current_date - 1, 1, :id) RETURNING 1""",
            id=uuid7(),
            venue=self.id,
            code=COUNTY,
            account=self.person(name).subject,
        )


async def museum(
    running: Running, *, opens: str = "09:00", closes: str = "17:00", day: int = 3, **settings: Any
) -> Museum:
    """A published venue, written straight into the database."""
    venue_id = uuid7()
    await running.scalar(
        """INSERT INTO venues (id, name, kind, division_code, recorded_code, state, version,
            created_by)
        VALUES (:id, '湟源县科技馆', 'science_museum', :code, :code, 'published', 1, :id)
        RETURNING 1""",
        id=venue_id,
        code=COUNTY,
    )
    await running.scalar(
        """INSERT INTO opening_rules (venue_id, version, from_on, seasons, set_by)
        VALUES (:id, 1, '2020-01-01', CAST(:seasons AS jsonb), :id) RETURNING 1""",
        id=venue_id,
        seasons=orjson.dumps([season(opens, closes)]).decode(),
    )
    given = SettingsIn(**({"per_day": 60, "at_once": 30} | settings)).model_dump()
    columns = ", ".join(given)
    values = ", ".join(f":{name}" for name in given)
    await running.scalar(
        f"""INSERT INTO reservation_settings (venue_id, {columns}, version, set_by)
        VALUES (:venue_id, {values}, 1, :venue_id) RETURNING 1""",
        venue_id=venue_id,
        **given,
    )
    return Museum(running, venue_id, in_days(day))
