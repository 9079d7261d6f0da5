"""What venues know of the register: which counties there are, and points inside each.

The register of divisions is another service's. A small table stands here instead (data/places.csv,
sources in data/README.md): enough to report a county that does not exist, and to say that a point
lies far from its county. 格尔木市 has its exclave (唐古拉山镇) as a point of its own. Where the
installation is another province's (KEPU_REGISTER) nothing is known, and nothing is refused.
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.db import run
from services.kit.divisions import covers
from services.kit.problems import FieldError
from services.venues.registry.coordinates import Point, distance_m
from services.venues.settings import RegisterSettings

COUNTY = 6
"""Digits of a county's code."""


@dataclass(frozen=True)
class Place:
    """A point inside a county, and how far from it the county reaches at most."""

    code: str
    name: str
    point: Point
    reach_km: float

    def far(self, point: Point) -> float:
        """Kilometres to a point."""
        return distance_m(self.point, point) / 1000


@cache
def _carried_over() -> tuple[Place, ...]:
    rows = csv.DictReader(
        files(__package__).joinpath("data/places.csv").read_text("utf-8").splitlines()
    )
    return tuple(
        Place(
            row["code"],
            row["name"],
            (float(row["longitude"]), float(row["latitude"])),
            float(row["reach_km"]),
        )
        for row in rows
    )


def known_places() -> tuple[Place, ...]:
    """The table, where this is the province that it is of."""
    return () if RegisterSettings().kepu_register else _carried_over()


# A change of the register may have founded counties since the table was made.
_FOUNDED = text(
    "SELECT DISTINCT left(new_code, 6) FROM recodings"
    " WHERE left(new_code, 6) = ANY (CAST(:codes AS text[]))"
)


async def unknown_codes(db: AsyncSession, codes: Iterable[str]) -> set[str]:
    """Those of `codes` whose county no table holds; below the county nothing is known."""
    wanted, places = set(codes), known_places()
    if not places:
        return set()
    counties = {place.code for place in places}
    unknown = {
        code for code in wanted if not any(covers(code[:COUNTY], county) for county in counties)
    }
    if unknown:
        found = await run(db, _FOUNDED, {"codes": [code[:COUNTY] for code in unknown]})
        founded = {county for (county,) in found.all()}
        unknown = {code for code in unknown if code[:COUNTY] not in founded}
    return unknown


def swapped(longitude: float, latitude: float) -> bool:
    """Is it a place in China once the two are exchanged, and none as it stands?"""
    return not _in_china(longitude, latitude) and _in_china(latitude, longitude)


def _in_china(longitude: float, latitude: float) -> bool:
    return 73 <= longitude <= 136 and 3 <= latitude <= 54


def point_errors(longitude: float | None, latitude: float | None) -> list[FieldError]:
    """What is wrong with a point in WGS-84: one half, exchanged, or outside the province."""
    if longitude is None and latitude is None:
        return []
    if longitude is None or latitude is None:
        return [FieldError("/longitude" if longitude is None else "/latitude", "both-coordinates")]
    if swapped(longitude, latitude):
        values = (("longitude", f"{latitude:g}"), ("latitude", f"{longitude:g}"))
        return [FieldError("/longitude", "point-swapped", values)]
    if not _in_china(longitude, latitude):
        values = (("longitude", f"{longitude:g}"), ("latitude", f"{latitude:g}"))
        return [FieldError("/longitude", "point-not-in-china", values)]
    point, places = (longitude, latitude), known_places()
    if places and all(place.far(point) > place.reach_km for place in places):
        nearest = min(places, key=lambda place: place.far(point))
        said = (("nearest", nearest.name), ("km", round(nearest.far(point))))
        return [FieldError("/longitude", "point-outside-province", said)]
    return []


def far_from_home(
    longitude: float | None, latitude: float | None, codes: Iterable[str]
) -> list[FieldError]:
    """A remark when the point is far from every county of `codes` that is known."""
    if longitude is None or latitude is None:
        return []
    point, wanted = (longitude, latitude), tuple(codes)
    homes = [
        place
        for place in known_places()
        if any(covers(code[:COUNTY], place.code) for code in wanted)
    ]
    if not homes or any(home.far(point) <= home.reach_km for home in homes):
        return []
    home = min(homes, key=lambda place: place.far(point))
    nearest = min(known_places(), key=lambda place: place.far(point))
    values = (("home", home.name), ("km", round(home.far(point))), ("nearest", nearest.name))
    return [FieldError("/longitude", "point-far-from-county", values)]
