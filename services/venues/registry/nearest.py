"""Published venues nearest to a point: exact great-circle order out of an index on plain degrees.

Two steps in one statement. The index gives some venues that are near in degrees, which is not the
order on the ground: a degree of longitude is shorter than one of latitude. But the farthest of
them bounds how far the wanted ones can be, so the second step takes whatever lies within that
reach, and orders it by metres. No extension beyond PostgreSQL's own is needed.
"""

from functools import cache

from services.kit.hot import HotList
from services.venues.registry.finding import LINE, filters, hot_values

_CANDIDATES = 101
"""One page at its longest and one row more, whatever is asked: so the plan is the same."""

_DISTANCE = "round(great_circle_m($2, $3, venues.longitude, venues.latitude))::integer"

_STATEMENT = f"""
WITH candidates AS MATERIALIZED (
    SELECT {_DISTANCE} AS distance_m FROM venues
    WHERE venues.state = 'published' AND venues.longitude IS NOT NULL {{filters}} {{after}}
    ORDER BY point(venues.longitude, venues.latitude) <-> point($2, $3) LIMIT {_CANDIDATES}),
reach AS MATERIALIZED (
    SELECT m, degrees(m / 6371008.8) AS up,
        CASE WHEN abs($3) + degrees(m / 6371008.8) >= 90 THEN 180
            ELSE degrees(asin(least(1, sin(m / 6371008.8) / cosd($3)))) END AS along
    FROM (SELECT (max(distance_m) + 1)::double precision AS m FROM candidates) farthest)
SELECT {LINE}, {_DISTANCE} AS distance_m
FROM reach CROSS JOIN venues
WHERE venues.state = 'published' AND venues.longitude IS NOT NULL {{filters}} {{after}}
    AND point(venues.longitude, venues.latitude)
        <@ box(point($2 - reach.along, $3 - reach.up), point($2 + reach.along, $3 + reach.up))
    AND {_DISTANCE} <= reach.m
ORDER BY distance_m, venues.id LIMIT $1 + 1"""

_AFTER = f"""AND ({_DISTANCE} > $4::integer
        OR ({_DISTANCE} = $4::integer AND venues.id > $5::uuid))"""


@cache
def nearest(names: tuple[str, ...], *, following: bool) -> HotList:
    """The list with these filters, on its first page or on one that follows.

    Values: limit, longitude, latitude[, metres and id of the last row], then those of the filters.
    """
    return HotList(statement(names, following=following), key=("distance_m", "id"), max_age=30)


def statement(names: tuple[str, ...], *, following: bool) -> str:
    """Its SQL: the bench runs it bare."""
    numbered = hot_values(names, 6 if following else 4)
    asked = "".join(f" AND {one}" for one in filters(names, numbered))
    return _STATEMENT.format(filters=asked, after=_AFTER if following else "")
