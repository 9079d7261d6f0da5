"""A published activity with one occurrence and its places, straight into the database."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from services.events.activities.models import Activity, Host, Occurrence
from services.events.activities.rules import ActivityState, Form, HostRole
from services.events.registrations.places import open_places
from services.events.registrations.schemas import PlacesIn
from services.kit.access import SERVICE
from services.kit.ids import uuid7
from tests.support.apps import Running


@dataclass(frozen=True)
class Ids:
    """What was made. `pools` and `tickets` are ids by name."""

    activity: UUID
    occurrence: UUID
    pools: dict[str, UUID]
    tickets: dict[str, UUID]

    @property
    def pool(self) -> UUID:
        """The only pool."""
        (pool,) = self.pools.values()
        return pool

    def party(self, size: int = 1, **over: Any) -> dict[str, Any]:
        """The body of a registration for `size` adults."""
        return {
            "occurrence_id": str(self.occurrence),
            "party": [{"name": f"成员{number}", "age": 30} for number in range(size)],
            **over,
        }


async def published_activity(
    running: Running,
    division: str = "630123101",
    capacity: int | None = 100,
    *,
    activity_state: ActivityState = ActivityState.PUBLISHED,
    places: PlacesIn | None = None,
    co_hosts: tuple[str, ...] = (),
    **over: Any,
) -> Ids:
    """An activity of tomorrow; `over` are columns of its occurrence."""
    start = datetime.now(UTC) + timedelta(days=1)
    async with running.kit.database.transaction(SERVICE) as db:
        activity = Activity(
            division_code=division,
            recorded_code=division,
            title="青海湖的鸟",
            form=Form.LECTURE,
            state=activity_state,
            created_by=uuid7(),
            published_at=datetime.now(UTC),
        )
        db.add(activity)
        await db.flush()
        db.add(
            Host(
                activity_id=activity.id,
                division_code=division,
                recorded_code=division,
                role=HostRole.LEAD,
                accepted_at=datetime.now(UTC),
            )
        )
        for code in co_hosts:
            db.add(
                Host(
                    activity_id=activity.id,
                    division_code=code,
                    recorded_code=code,
                    role=HostRole.CO,
                    accepted_at=datetime.now(UTC),
                )
            )
        columns = {"starts_at": start, "division_code": division, "recorded_code": division, **over}
        columns.setdefault("ends_at", columns["starts_at"] + timedelta(hours=2))
        occurrence = Occurrence(activity_id=activity.id, **columns)
        db.add(occurrence)
        await open_places(db, occurrence, places or PlacesIn(capacity=capacity))
    pools = await running.rows(
        "SELECT name, id FROM pools WHERE occurrence_id = :o", o=occurrence.id
    )
    tickets = await running.rows(
        "SELECT name, id FROM tickets WHERE occurrence_id = :o", o=occurrence.id
    )
    return Ids(activity.id, occurrence.id, dict(pools), dict(tickets))  # type: ignore[arg-type]
