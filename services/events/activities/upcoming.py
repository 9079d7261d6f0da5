"""The hot public list: what is on, and what comes, as JSON that PostgreSQL writes.

Two ordered branches, each on its own index: what starts from the asked day on, and what lasts
longer than a day, began before and still runs (an exhibition). The filters are part of the
statement, so that each combination has a plan of its own.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from fastapi import Request, Response
from sqlalchemy.dialects import postgresql

from services.events.activities.pictures_schemas import FIRST_PICTURE
from services.events.activities.queries import begin_of, visible
from services.events.activities.rules import RUNNING, SHANGHAI, Form, SpokenLanguage
from services.events.activities.shapes import now, spoken
from services.events.activities.times_and_places import LONGEST
from services.kit.access import ANONYMOUS
from services.kit.db import Database
from services.kit.hot import HotList
from services.kit.languages import LANGUAGES, content_language
from services.kit.pages import Paging

PUBLIC = str(
    visible(ANONYMOUS).compile(
        dialect=postgresql.dialect(),  # type: ignore[no-untyped-call]
        compile_kwargs={"literal_binds": True, "render_postcompile": True},
    )
)
"""The one rule of visibility, as nobody known is held to it."""

_RUNNING = ", ".join(f"'{state}'" for state in sorted(RUNNING))

# A hall that was refused, or taken back, is no place to go to.
_HALL = """CASE WHEN o.hall_id IS NULL OR o.hall_hold IN ('refused', 'released') THEN NULL
        ELSE COALESCE(o.hall_hold, 'asked') END"""

_BRANCH = """
    (SELECT o.*, activities.title, activities.translations -> $2 ->> 'title' AS translated,
        activities.form, activities.languages, activities.pictures, {hall} AS hall
    FROM occurrences o JOIN activities ON activities.id = o.activity_id
    WHERE o.state = 'scheduled' AND {time} AND {where}
    ORDER BY o.starts_at, o.id LIMIT $1 + 1)"""

_FROM_THEN_ON = "o.starts_at >= $3"
_RUNNING_THEN = (
    "o.ends_at - o.starts_at > INTERVAL '24 hours'"
    " AND o.starts_at < $3 AND o.starts_at > $4 AND o.ends_at > $3"
)

# Names of venues and halls as sub-selects: looked up for each row of the page, by their keys, and
# cheaper to plan than two more joins.
_STATEMENT = """
SELECT o.id, o.activity_id, COALESCE(NULLIF(o.translated, ''), o.title) AS title,
    CASE WHEN o.translated <> '' THEN $2 ELSE 'zh-CN' END AS title_language,
    o.form, o.languages, o.division_code, d.name AS division_name,
    o.place, o.venue_id, (SELECT name FROM known_venues WHERE id = o.venue_id) AS venue_name,
    COALESCE((SELECT has_closed FROM known_venues WHERE id = o.venue_id), false)
        AS venue_has_closed,
    CASE WHEN o.hall IS NOT NULL THEN (SELECT name FROM known_halls WHERE id = o.hall_id) END
        AS hall_name, o.hall AS hall_hold,
    o.longitude, o.latitude, o.online_url, o.starts_at, o.ends_at,
    o.registration_opens_at, o.registration_closes_at, p.capacity, p.places_left,
    {picture} AS picture
FROM ({running} UNION ALL {coming}) o
LEFT JOIN divisions d ON d.code = o.division_code
LEFT JOIN LATERAL (
    SELECT sum(capacity) AS capacity, sum(capacity - confirmed - offered) AS places_left
    FROM pools WHERE occurrence_id = o.id
) p ON true
ORDER BY o.starts_at, o.id
LIMIT $1 + 1"""


@dataclass(frozen=True)
class Asked:
    """The filters of the list."""

    division: str | None
    first_day: date | None
    last_day: date | None
    form: Form | None
    language: SpokenLanguage | None

    def conditions(self, paging: Paging) -> list[tuple[str, tuple[Any, ...]]]:
        """What narrows the list: SQL with `{}` for each of its values."""
        found: list[tuple[str, tuple[Any, ...]]] = []
        if self.division is not None:
            # An equality, not a range: its index then also gives the order by time.
            prefix = f"left(o.division_code, {len(self.division)})"
            found.append((f"{prefix} = {{}}", (self.division,)))
        if self.last_day is not None:
            after = begin_of(self.last_day + timedelta(days=1))
            found.append(("o.starts_at < {}", (after,)))
        if self.form is not None:
            found.append(("activities.form = {}", (self.form.value,)))
        if self.language is not None:
            found.append(("activities.languages @> ARRAY[{}::text]", (self.language.value,)))
        if (key := paging.after(datetime, UUID)) is not None:
            found.append(("(o.starts_at, o.id) > ({}, {})", key))
        return found


@cache
def hot_list(conditions: tuple[str, ...]) -> HotList:
    """The list under these conditions: few combinations, each prepared once."""
    where = [f"({PUBLIC})", f"activities.state IN ({_RUNNING})"]
    number = 4
    for condition in conditions:
        places = range(number + 1, number + 1 + condition.count("{}"))
        where.append(condition.format(*(f"${place}" for place in places)))
        number = places[-1]
    running, coming = (
        _BRANCH.format(time=time, hall=_HALL, where=" AND ".join(where))
        for time in (_RUNNING_THEN, _FROM_THEN_ON)
    )
    return HotList(
        _STATEMENT.format(running=running, coming=coming, picture=FIRST_PICTURE),
        key=("starts_at", "id"),
    )


async def upcoming(request: Request, database: Database, paging: Paging, asked: Asked) -> Response:
    """What is on from a day (today, in Asia/Shanghai) on, and public; by time."""
    day = asked.first_day or now().astimezone(SHANGHAI).date()
    begin = begin_of(day)
    conditions = asked.conditions(paging)
    response = await hot_list(tuple(sql for sql, _ in conditions)).answer(
        request,
        database,
        paging.limit,
        spoken(),
        begin,
        begin - LONGEST,
        *(value for _, values in conditions for value in values),
    )
    if response.status_code == 200:
        # PostgreSQL escapes quotes within strings, so this cannot stand in a title.
        body = bytes(response.body)
        used = [tag for tag in LANGUAGES if f'"title_language":"{tag}"'.encode() in body]
        response.headers["Content-Language"] = content_language(used) or spoken()
    return response
