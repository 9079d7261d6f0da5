"""Caps that are lowered: refused where people are expected, with the days and how many."""

from tests.support.apps import Running, staff
from tests.venues.reservations.museum import COUNTY, museum


async def test_a_cap_is_not_lowered_below_what_is_taken(venues: Running) -> None:
    place = await museum(venues, at_once=6)
    for name, starts in (("a", "10:00"), ("b", "10:30"), ("c", "14:00")):
        await place.reserve(name, starts, 3)
    at = f"/venues/{place.id}/reservation-settings"
    async with venues.as_(staff("officer", COUNTY)) as officer, venues.as_() as anybody:
        read = await anybody.get(at)
        now = {k: v for k, v in read.json().items() if k not in ("venue_id", "version")}
        version = {"If-Match": read.headers["etag"]}

        async def put(**change: int) -> list[str]:
            answer = await officer.put(at, json=now | change, headers=version)
            return [str(answer.status_code)] + [
                f"{error['pointer']} {error['detail']}" for error in answer.json().get("errors", ())
            ]

        said = [
            await put(per_day=8, at_once=5),
            await put(visit_minutes=20),
            await put(group_min=50, group_max=40),
            await put(per_day=9),
            await put(per_day=12),
        ]
    assert said == [
        ["409", f"/per_day {place.day} 已预约 9 人", f"/at_once {place.day} 已预约 6 人"],
        ["422", "/visit_minutes 须为 15 分钟的整数倍"],
        ["422", "/ 团体人数下限大于上限"],
        ["200"],
        ["412"],
    ]
    assert await venues.rows("SELECT capacity, taken FROM visit_days") == [(9, 9)]
    full = await place.reserve("d", "16:00")
    assert full["state"] == "waiting"
