"""Two phones in airplane mode check in eighty people, five of them twice, and sync later."""

from datetime import timedelta
from typing import Any

import pytest

from tests.events.door.doors import people, phone, today
from tests.support.activities import Ids
from tests.support.apps import Running
from tests.support.scanner import Phone

MINUTE = timedelta(minutes=1)


async def evening(events: Running) -> tuple[Ids, Phone, Phone]:
    """80 people in 62 parties; five of them go out and come in again through the other door.

    The second phone's clock is three hours fast.
    """
    ids = await today(events)
    parties = await people(events, ids, [1] * 50 + [2] * 6 + [3] * 6)
    east = await phone(events, "东门")
    west = await phone(events, "西门", wrong_by=timedelta(hours=3))
    # The phones spoke to the server before the doors opened.
    await events.rows("UPDATE device_contacts SET at = at - interval '1 hour' RETURNING id")
    for at, (_, ticket) in enumerate(parties):
        door = east if at % 2 == 0 else west
        door.scan(ids.occurrence, ticket, ago=MINUTE * 10)
    for at, (_, ticket) in enumerate(parties[:5]):
        door = west if at % 2 == 0 else east
        door.scan(ids.occurrence, ticket, ago=MINUTE * 9)
    return ids, east, west


async def state(events: Running, ids: Ids) -> dict[str, Any]:
    """Everything that the evening came to, without the ids that differ from run to run."""
    came = await events.rows(
        "SELECT r.number, m.position, d.name, s.seq, c.method FROM check_ins c"
        " JOIN members m ON m.id = c.member_id JOIN registrations r ON r.id = m.registration_id"
        " JOIN devices d ON d.id = c.device_id JOIN scans s ON s.key = c.scan_key"
        " WHERE c.occurrence_id = :o ORDER BY 1, 2",
        o=ids.occurrence,
    )
    scans = await events.rows(
        "SELECT d.name, s.seq, s.outcome, s.doubtful FROM scans s"
        " JOIN devices d ON d.id = s.device_id ORDER BY 1, 2"
    )
    verified = await events.scalar("SELECT verified FROM occurrences")
    return {"came": came, "scans": scans, "verified": verified}


async def told(events: Running) -> list[int]:
    rows = await events.rows(
        "SELECT (data ->> 'verified')::int FROM outbox"
        " WHERE type = 'events.attendance_changed.v1' ORDER BY version"
    )
    return [row[0] for row in rows]


@pytest.mark.parametrize("order", ["east first", "west first", "in pieces, twice"])
async def test_eighty_people_and_five_double_scans_come_to_the_same_in_either_order(
    events: Running, order: str
) -> None:
    ids, east, west = await evening(events)
    match order:
        case "east first":
            await east.sync()
            await west.sync()
        case "west first":
            await west.sync()
            await east.sync()
        case _:
            for half in (west.queue[20:], east.queue[:9], west.queue[:25], west.queue, east.queue):
                door = west if half and half[0] in west.queue else east
                await door.sync(half)
                await door.sync(half)
    found = await state(events, ids)
    assert found["verified"] == 80
    assert len(found["came"]) == 80
    assert len(found["scans"]) == 62 + 5
    doors = dict.fromkeys(range(1, 63, 2), "东门") | dict.fromkeys(range(2, 63, 2), "西门")
    assert {number: name for number, _, name, *_ in found["came"]} == doors
    duplicates = [(name, seq) for name, seq, outcome, _ in found["scans"] if outcome != "counted"]
    assert duplicates == [("东门", 32), ("东门", 33), ("西门", 32), ("西门", 33), ("西门", 34)]
    assert [doubtful for *_, doubtful in found["scans"]] == [False] * 67
    assert (await told(events))[-1] == 80
