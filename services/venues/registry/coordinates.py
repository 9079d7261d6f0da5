"""Points on the earth: the distance between two, and what Chinese maps give, as WGS-84.

GCJ-02 is the offset that public maps of China carry (高德, 腾讯), BD-09 Baidu's on top of it. The
polynomials are the ones that every implementation shares (googollee/eviltransform, whose test
vectors ours are held to); the way back is iterated, since there is no closed one. No package on
PyPI is both kept and free of compiled parts, and the formula does not change.
"""

from math import asin, atan2, cos, hypot, pi, radians, sin, sqrt

from services.venues.registry.rules import Datum

EARTH_M = 6_371_008.8
"""The mean radius (IUGG); the database's `great_circle_m` has the same."""
_AXIS = 6_378_245.0
_ECCENTRICITY = 0.00669342162296594323
_BAIDU = pi * 3000 / 180

Point = tuple[float, float]
"""Longitude, latitude: degrees."""


def distance_m(one: Point, other: Point) -> float:
    """Great-circle metres between two points."""
    (lon1, lat1), (lon2, lat2) = one, other
    up = sin(radians(lat2 - lat1) / 2) ** 2
    along = sin(radians(lon2 - lon1) / 2) ** 2
    return 2 * EARTH_M * asin(sqrt(min(1.0, up + cos(radians(lat1)) * cos(radians(lat2)) * along)))


def _shift(longitude: float, latitude: float) -> Point:
    """The offset of GCJ-02 at a point, in degrees."""
    x, y = longitude - 105, latitude - 35
    both = 20 * sin(6 * x * pi) + 20 * sin(2 * x * pi)
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x))
    north += (both + 20 * sin(y * pi) + 40 * sin(y / 3 * pi)) * 2 / 3
    north += (160 * sin(y / 12 * pi) + 320 * sin(y / 30 * pi)) * 2 / 3
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x))
    east += (both + 20 * sin(x * pi) + 40 * sin(x / 3 * pi)) * 2 / 3
    east += (150 * sin(x / 12 * pi) + 300 * sin(x / 30 * pi)) * 2 / 3
    slope = 1 - _ECCENTRICITY * sin(radians(latitude)) ** 2
    a_degree_north = radians(_AXIS * (1 - _ECCENTRICITY) / slope**1.5)
    a_degree_east = radians(_AXIS * cos(radians(latitude)) / sqrt(slope))
    return east / a_degree_east, north / a_degree_north


def to_gcj02(point: Point) -> Point:
    """WGS-84 → GCJ-02."""
    east, north = _shift(*point)
    return point[0] + east, point[1] + north


def _from_gcj02(point: Point) -> Point:
    found = point
    for _ in range(8):  # each turn gains three digits
        there = to_gcj02(found)
        found = found[0] - (there[0] - point[0]), found[1] - (there[1] - point[1])
    return found


def _from_bd09(point: Point) -> Point:
    x, y = point[0] - 0.0065, point[1] - 0.006
    far = hypot(x, y) - 0.00002 * sin(y * _BAIDU)
    angle = atan2(y, x) - 0.000003 * cos(x * _BAIDU)
    return _from_gcj02((far * cos(angle), far * sin(angle)))


def to_wgs84(point: Point, datum: Datum) -> Point:
    """A point given in `datum`, as WGS-84 to seven decimals (a centimetre)."""
    if datum is Datum.WGS84:
        return point
    found = _from_gcj02(point) if datum is Datum.GCJ02 else _from_bd09(point)
    return round(found[0], 7), round(found[1], 7)
