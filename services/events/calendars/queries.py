"""Reads of feeds: public rows only, two statements whatever the number of entries."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from services.events.activities.queries import begin_of
from services.events.activities.rules import SHANGHAI
from services.events.activities.times_and_places import LONGEST
from services.events.activities.upcoming import PUBLIC
from services.events.calendars.rules import AHEAD, BACK, MOST_BEFORE, MOST_COMING, Entry
from services.kit.db import Database

_ARM = """
    (SELECT o.*, GREATEST(o.changed_at, activities.changed_at, activities.published_at) AS changed,
        activities.published_at, activities.title, activities.summary,
        NULLIF(activities.translations -> $1 ->> 'title', '') AS own_title,
        NULLIF(activities.translations -> $1 ->> 'summary', '') AS own_summary
    FROM occurrences o JOIN activities ON activities.id = o.activity_id
    WHERE {state} AND {time} AND {scope} AND ({public})
    ORDER BY o.starts_at {order}, o.id {order} LIMIT {most})"""

_STATES = (
    "o.state = 'scheduled'",
    # Not what was called off before anybody could know of it.
    "o.state <> 'scheduled'"
    " AND NOT (o.state = 'cancelled' AND o.changed_at < activities.published_at)",
)
"""Two ordered arms, each on an index by time of its own."""

_PART = """
(SELECT * FROM ({arms}) p ORDER BY starts_at {order}, id {order} LIMIT {most})"""

_BEFORE = "o.starts_at < $2 AND o.starts_at > $5 AND o.ends_at > $3"
_COMING = "o.starts_at >= $2 AND o.starts_at < $4"

_STATEMENT = """
SELECT o.id, o.activity_id, o.state, o.sequence, o.starts_at, o.ends_at,
    COALESCE(o.place, NULLIF(concat_ws(', ', v.name, h.name), '')) AS place,
    d.name AS division_name, o.longitude, o.latitude, o.online_url, o.cancel_reason,
    COALESCE(o.own_title, o.title) AS title,
    CASE WHEN o.own_title IS NULL THEN 'zh-CN' ELSE $1 END AS title_language,
    COALESCE(o.own_summary, o.summary) AS summary,
    CASE WHEN o.own_summary IS NULL THEN 'zh-CN' ELSE $1 END AS summary_language,
    o.published_at, o.changed AS changed_at
FROM ({before} UNION ALL {coming}) o LEFT JOIN divisions d ON d.code = o.division_code
LEFT JOIN LATERAL (SELECT name FROM known_venues WHERE id = o.venue_id LIMIT 1) v ON true
LEFT JOIN LATERAL (
    SELECT name FROM known_halls WHERE id = o.hall_id AND o.hall_hold = 'confirmed' LIMIT 1
) h ON true
ORDER BY o.starts_at, o.id"""


@dataclass(frozen=True)
class Of:
    """What a feed is of: how its name is read, and which occurrences are its own."""

    named: str
    scope: str


@cache
def division(tier_digits: int) -> Of:
    """At or below a division whose code has so many digits: as the index of its tier is written."""
    return Of(
        "SELECT name, 'zh-CN' FROM divisions WHERE code = $1 AND $2::text IS NOT NULL",
        f"left(o.division_code, {tier_digits}) = $6",
    )


CAMPAIGN = Of(
    "SELECT name, 'zh-CN' FROM campaigns WHERE id = $1 AND $2::text IS NOT NULL",
    "activities.campaign_id = $6",
)
ACTIVITY = Of(
    f"""SELECT COALESCE(NULLIF(translations -> $2 ->> 'title', ''), title),
        CASE WHEN translations -> $2 ->> 'title' <> '' THEN $2 ELSE 'zh-CN' END
    FROM activities WHERE id = $1 AND ({PUBLIC})""",
    # An umbrella's feed is of what stands under it too.
    "(activities.id = $6 OR activities.umbrella_id = $6)",
)


@cache
def _statement(scope: str) -> str:
    before, coming = (
        _PART.format(
            arms=" UNION ALL ".join(
                _ARM.format(
                    state=state, time=time, scope=scope, public=PUBLIC, order=order, most=most
                )
                for state in _STATES
            ),
            order=order,
            most=most,
        )
        for time, order, most in (
            (_BEFORE, "DESC", MOST_BEFORE),
            (_COMING, "ASC", MOST_COMING),
        )
    )
    return _STATEMENT.format(before=before, coming=coming)


async def read(
    database: Database, of: Of, key: str | UUID, language: str, now: datetime
) -> tuple[str, str, tuple[Entry, ...]] | None:
    """A feed's name, its language, and its entries by time; None: there is no such thing.

    The bounds move once a day, at midnight in Asia/Shanghai: a feed does not change by the hour.
    """
    today = begin_of(now.astimezone(SHANGHAI).date())
    pool = await database.hot()
    async with pool.acquire() as connection:
        named: Any = await connection.fetchrow(of.named, key, language)
        if named is None:
            return None
        rows: list[Any] = await connection.fetch(
            _statement(of.scope),
            language,
            today,
            today - BACK,
            today + AHEAD,
            today - BACK - LONGEST,
            key,
        )
    return named[0], named[1], tuple(Entry(**dict(row)) for row in rows)
