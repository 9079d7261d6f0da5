"""Nearest venues: the order on the ground, page after page, whatever is filtered."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.venues.registry.coordinates import distance_m, to_gcj02
from tests.support.apps import Running

XINING = (101.778, 36.617)
TANGGULA = (92.06, 33.6)

# Thick around a town, thin everywhere else; some drafts, and some without a point.
FILL = """INSERT INTO venues (id, name, kind, division_code, recorded_code, longitude, latitude,
        state, version, created_by)
    SELECT gen_random_uuid(), '科技馆 ' || n, CASE n % 7 WHEN 0 THEN 'farm' ELSE 'museum' END,
        CASE n % 2 WHEN 0 THEN '630102' ELSE '632801' END, '63',
        CASE WHEN n % 50 = 0 THEN NULL WHEN n % 2 = 0 THEN 101.778 + (random() - .5) / 5
            ELSE 89.5 + random() * 13.5 END,
        CASE WHEN n % 50 = 0 THEN NULL WHEN n % 2 = 0 THEN 36.617 + (random() - .5) / 5
            ELSE 31.7 + random() * 7.5 END,
        CASE n % 11 WHEN 0 THEN 'draft' ELSE 'published' END, 1, gen_random_uuid()
    FROM generate_series(1, {many}) n RETURNING 1"""


@pytest.fixture
async def filled(venues: Running) -> Running:
    """Two thousand venues."""
    await venues.rows(FILL.format(many=2000))
    return venues


async def walk(client: httpx.AsyncClient, **asked: Any) -> list[Any]:
    """Every page to the end."""
    found: list[Any] = []
    cursor: dict[str, str] = {}
    while True:
        answer = await client.get("/venues", params={**asked, **cursor})
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found += page["items"]
        if page["next"] is None:
            return found
        cursor = {"cursor": page["next"]}


@pytest.mark.parametrize("point", [XINING, TANGGULA, (116.4, 39.9)])
async def test_nearest_is_the_order_on_the_ground_to_the_last_page(
    filled: Running, point: tuple[float, float]
) -> None:
    where = f"{point[0]},{point[1]}"
    async with filled.as_() as public:
        found = await walk(public, near=where, limit=100, kind="farm")
    rows = await filled.rows(
        "SELECT id, longitude, latitude FROM venues"
        " WHERE state = 'published' AND longitude IS NOT NULL AND kind = 'farm'"
    )
    wanted = sorted((round(distance_m(point, (lon, lat))), str(id_)) for id_, lon, lat in rows)
    assert [(one["distance_m"], one["id"]) for one in found] == wanted


async def test_a_page_of_the_nearest_is_whole_and_one_statement(filled: Running) -> None:
    async with filled.as_() as public:
        first = (await public.get("/venues?near=101.778,36.617&limit=7")).json()
        rest = await public.get(f"/venues?near=101.778,36.617&limit=93&cursor={first['next']}")
        whole = await public.get("/venues?near=101.778,36.617&limit=100")
        lon, lat = to_gcj02(XINING)
        gcj = await public.get(f"/venues?near={lon},{lat}&datum=gcj02&limit=7")
        close = await walk(public, near="101.778,36.617", within_km=3, division="6301")
    assert first["items"] + rest.json()["items"] == whole.json()["items"]
    assert whole.headers["etag"].startswith('"')
    assert gcj.json()["items"] == first["items"]
    many = await filled.scalar(
        """SELECT count(*) FROM venues WHERE state = 'published' AND division_code = '630102'
        AND great_circle_m(101.778, 36.617, longitude, latitude) <= 3000"""
    )
    assert (len(close), close[-1]["distance_m"] <= 3000) == (many, True)


async def test_ties_of_venues_at_one_place_are_paged_without_gap_or_repeat(
    venues: Running,
) -> None:
    for _ in range(3):
        await venues.rows(
            """INSERT INTO venues (id, name, kind, division_code, recorded_code, longitude,
                latitude, state, version, created_by)
            SELECT gen_random_uuid(), '馆', 'museum', '630102', '63', 101.7, 36.6, 'published', 1,
                CAST(:by AS uuid) FROM generate_series(1, 50) RETURNING 1""",
            by=uuid4(),
        )
    async with venues.as_() as public:
        found = [one["id"] for one in await walk(public, near="101.7,36.6", limit=20)]
    assert (len(found), len(set(found))) == (150, 150)


@pytest.mark.parametrize(
    ("near", "rule", "detail"),
    [
        ("36.617,101.778", "point-swapped", "101.778"),
        ("here", "point-unreadable", "101.778,36.617"),
        ("101.778", "point-unreadable", ""),
        ("nan,nan", "point-not-in-china", ""),
        ("2.35,48.85", "point-not-in-china", ""),
    ],
)
async def test_a_place_that_is_none_is_said(
    venues: Running, near: str, rule: str, detail: str
) -> None:
    async with venues.as_() as public:
        answer = await public.get("/venues", params={"near": near})
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert (error["pointer"], error["rule"], detail in error["detail"]) == ("/near", rule, True)
