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


VERSIONS = {
    ActivityState.DRAFT: 1,
    ActivityState.SUBMITTED: 2,
    ActivityState.RETURNED: 3,
    ActivityState.APPROVED: 3,
    ActivityState.PUBLISHED: 4,
    ActivityState.ONGOING: 5,
    ActivityState.CANCELLED: 5,
    ActivityState.COMPLETED: 5,
    ActivityState.ARCHIVED: 6,
}
"""After as many steps from a draft."""

_WRITE = """
WITH given AS (
    SELECT $1::uuid AS id, $2::text AS state, $3::int AS version, $4::text AS reason
), moved AS (
    UPDATE activities a SET state = given.state, version = given.version, submitted_by = created_by,
        approved_by = CASE WHEN given.state NOT IN ('submitted', 'returned') THEN created_by END,
        published_at = CASE WHEN given.state NOT IN ('submitted', 'returned', 'approved') THEN now() END,
        returned = CASE WHEN given.state = 'returned' THEN jsonb_build_object('reason', given.reason,
            'fields', '[]'::jsonb, 'by', created_by, 'at', now()) END,
        cancel_reason = CASE WHEN given.state = 'cancelled' THEN given.reason END
    FROM given WHERE a.id = given.id
), held AS (
    UPDATE occurrences o SET sequence = 1, version = 2,
        state = CASE WHEN given.state = 'cancelled' THEN 'cancelled' ELSE 'completed' END,
        cancel_reason = CASE WHEN given.state = 'cancelled' THEN given.reason END,
        starts_at = starts_at - past, ends_at = ends_at - past
    FROM given, LATERAL (
        SELECT CASE WHEN given.state = 'cancelled' THEN 0 ELSE 30 END * INTERVAL '1 day' AS past) p
    WHERE activity_id = given.id AND given.state IN ('cancelled', 'completed', 'archived')
)
UPDATE pools SET open = false FROM given
WHERE given.state = 'cancelled'
    AND occurrence_id IN (SELECT id FROM occurrences WHERE activity_id = given.id)"""


async def write_state(
    running: Running, activity_id: str, state: ActivityState, reason: str = "大雪封路"
) -> None:
    """Bring a draft into `state` as its steps would, in one statement and without their facts.

    Where the steps are not what is tested: tests/events/activities/test_short_way.py holds the two
    ways together.
    """
    pool = await running.kit.database.hot()
    async with pool.acquire() as connection:
        await connection.execute(_WRITE, activity_id, state.value, VERSIONS[state], reason)
