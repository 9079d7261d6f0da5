"""How evenly what was held lies over places, languages and forms: one statement, by place held.

An occurrence counts where it took place. Occurrences add up over places; activities do not, when
one is held in two counties, so what is said per head is said of occurrences.
"""

from datetime import date, datetime, timedelta
from typing import Any

import orjson

from services.events.activities.queries import begin_of
from services.events.activities.rules import PUBLIC_STATES, ActivityState, OccurrenceState
from services.events.coverage.rules import KINDS_OF_AREA, Area, Touch, first_of_months, gini
from services.events.coverage.schemas import (
    AreaOut,
    CountyOut,
    DivisionOut,
    EquityOut,
    FormOut,
    LanguageOut,
    PopulationOut,
    VillagesOut,
)
from services.events.coverage.shapes import unknown
from services.events.reporting.schemas import AttendanceOut
from services.kit.db import Database
from services.kit.divisions import upper
from services.kit.hot import HotList

_HELD_STATES = ", ".join(
    f"'{state}'" for state in sorted(PUBLIC_STATES - {ActivityState.CANCELLED})
)
_WAS_HELD = (
    f"o.state IN ('{OccurrenceState.SCHEDULED}', '{OccurrenceState.COMPLETED}')"
    f" AND a.published_at IS NOT NULL AND a.state IN ({_HELD_STATES})"
)
_GRADES = ("counted", "estimated", "online")
_NUMBERS = f"""count(DISTINCT h.activity_id) AS activities, count(h.id) AS occurrences,
    count(h.id) FILTER (WHERE h.known) AS occurrences_with_attendance,
    COALESCE(sum(h.verified), 0) AS verified,
    {", ".join(f"COALESCE(sum(h.{grade}), 0) AS {grade}" for grade in _GRADES)}"""
_BELOW = "{0} >= $1 AND {0} < $2"


def _area() -> str:
    cases = " ".join(
        f"WHEN d.kind IN ({', '.join(repr(kind) for kind in kinds)}) THEN '{area}'"
        for area, kinds in KINDS_OF_AREA.items()
    )
    return f"CASE {cases} ELSE '{Area.MIXED}' END"


# $1 and $2 bound the division, $3 and $4 the time.
EQUITY = f"""
WITH held AS MATERIALIZED (
    SELECT o.id, o.activity_id, o.division_code, a.form, a.languages, o.verified,
        {", ".join(f"came.{grade}" for grade in _GRADES)},
        o.verified > 0 OR came.occurrence_id IS NOT NULL AS known
    FROM occurrences o JOIN activities a ON a.id = o.activity_id
    LEFT JOIN LATERAL (
        SELECT t.occurrence_id,
            {", ".join(f"sum(number) FILTER (WHERE grade = '{g}') AS {g}" for g in _GRADES)}
        FROM attendance t WHERE t.occurrence_id = o.id GROUP BY 1) came ON true
    WHERE {_WAS_HELD} AND o.starts_at >= $3 AND o.starts_at < $4
        AND {_BELOW.format("o.division_code")}),
villages AS (
    SELECT left(v.code, 6) AS county, count(*) AS villages,
        count(*) FILTER (WHERE t.lecture IS NULL) AS without_activity,
        count(*) FILTER (WHERE t.lecture IS NOT TRUE) AS without_lecture
    FROM divisions v LEFT JOIN (
        SELECT division_code, bool_or(form = 'lecture') AS lecture FROM held
        WHERE length(division_code) = 12 GROUP BY 1) t ON t.division_code = v.code
    WHERE v.tier = 'village' AND v.abolished_on IS NULL AND {_BELOW.format("v.code")}
    GROUP BY 1),
of_county AS (
    SELECT left(h.division_code, 6) AS county, {_NUMBERS} FROM held h
    WHERE length(h.division_code) >= 6 GROUP BY 1),
people AS (
    SELECT DISTINCT ON (division_code) division_code,
        json_build_object('people', people, 'year', year, 'source', source) AS population
    FROM populations WHERE {_BELOW.format("division_code")} ORDER BY division_code, year DESC)
SELECT
    (SELECT row_to_json(x) FROM (
        SELECT code, name, tier, abolished_on, today FROM divisions WHERE code = $1) x) AS division,
    (SELECT population FROM people WHERE division_code = $1) AS population,
    (SELECT row_to_json(x) FROM (
        SELECT COALESCE(sum(villages), 0) AS villages,
            COALESCE(sum(without_activity), 0) AS without_activity,
            COALESCE(sum(without_lecture), 0) AS without_lecture FROM villages) x) AS villages,
    (SELECT json_agg(x ORDER BY x.code) FROM (
        SELECT c.code, c.name, o.*, COALESCE(v.villages, 0) AS villages,
            COALESCE(v.without_activity, 0) AS villages_without_activity, p.population
        FROM divisions c LEFT JOIN of_county o ON o.county = c.code
        LEFT JOIN villages v ON v.county = c.code
        LEFT JOIN people p ON p.division_code = c.code
        WHERE c.tier = 'county' AND c.abolished_on IS NULL AND {_BELOW.format("c.code")}
    ) x) AS counties,
    (SELECT json_agg(x ORDER BY x.language) FROM (
        SELECT spoken.language, {_NUMBERS} FROM held h
        LEFT JOIN LATERAL unnest(h.languages) spoken (language) ON true GROUP BY 1) x) AS languages,
    (SELECT json_agg(x ORDER BY x.area) FROM (
        SELECT {_area()} AS area, {_NUMBERS} FROM held h
        JOIN divisions d ON d.code = h.division_code GROUP BY 1) x) AS areas,
    (SELECT json_agg(x ORDER BY x.form) FROM (
        SELECT h.form, {_NUMBERS} FROM held h GROUP BY 1) x) AS forms
"""


def since(months: int, day: date) -> date:
    """The first day of a span of calendar months, of which the day's own is the last."""
    year, month = first_of_months(day.year, day.month, months)
    return date(year, month, 1)


def _times(months: int, day: date) -> tuple[datetime, datetime]:
    return begin_of(since(months, day)), begin_of(day + timedelta(days=1))


def _held(line: dict[str, Any]) -> dict[str, Any]:
    """The numbers of a line; attendance is null while activities are there and none is known."""
    numbers = ("activities", "occurrences", "occurrences_with_attendance")
    shown: dict[str, Any] = {name: line[name] or 0 for name in numbers}
    known = shown["occurrences_with_attendance"] or not shown["occurrences"]
    grades = {name: line[name] or 0 for name in AttendanceOut.model_fields}
    return shown | {"attendance": AttendanceOut(**grades) if known else None}


def _per_head(occurrences: int, population: dict[str, Any] | None) -> float | None:
    return round(occurrences * 10_000 / population["people"], 3) if population else None


def _county(line: dict[str, Any]) -> CountyOut:
    held = _held(line)
    population = line["population"]
    return CountyOut(
        **{name: line[name] for name in ("code", "name", "villages", "villages_without_activity")},
        **held,
        population=PopulationOut(**population) if population else None,
        occurrences_per_10000_people=_per_head(held["occurrences"], population),
    )


def evenness(counties: list[CountyOut]) -> tuple[float | None, str | None]:
    """The Gini figure of occurrences per head over counties, or why there is none."""
    people = [county.population.people for county in counties if county.population]
    if not counties:
        return None, "no-county"
    if len(people) < len(counties):
        return None, "population-incomplete" if people else "no-population"
    heads = [county.occurrences / n for county, n in zip(counties, people, strict=True)]
    found = gini(heads, people)
    return (None, "nothing-held") if found is None else (round(found, 4), None)


async def equity(database: Database, code: str, months: int, day: date) -> EquityOut | None:
    """The figures of a division, or None for a code that the register does not have."""
    pool = await database.hot()
    async with pool.acquire() as connection:
        row: Any = await connection.fetchrow(EQUITY, code, upper(code), *_times(months, day))
    told: dict[str, Any] = {
        name: orjson.loads(value) if value else None for name, value in row.items()
    }
    if told["division"] is None:
        return None
    areas = {line["area"]: line for line in told["areas"] or ()}
    forms, languages = told["forms"] or [], told["languages"] or []
    counties = [_county(line) for line in told["counties"] or ()]
    figure, why = evenness(counties)
    reasons = {"villages/without_caravan_visit": "caravans-unknown"}
    if told["population"] is None:
        reasons["occurrences_per_10000_people"] = "no-population"
    if why:
        reasons["gini"] = why
    held = sum(line["occurrences"] for line in forms)
    answer = EquityOut(
        division=DivisionOut(**told["division"]),
        months=months,
        first=since(months, day),
        last=day,
        villages=VillagesOut(**told["villages"]),
        counties=counties,
        languages=[LanguageOut(language=each["language"], **_held(each)) for each in languages],
        areas=[AreaOut(area=Area(name), **_held(each)) for name, each in areas.items()],
        forms=[FormOut(form=each["form"], **_held(each)) for each in forms],
        population=PopulationOut(**told["population"]) if told["population"] else None,
        occurrences_per_10000_people=_per_head(held, told["population"]),
        gini=figure,
        unknown=[],
    )
    lines = (*counties, *answer.languages, *answer.areas, *answer.forms)
    if any(line.attendance is None for line in lines):
        reasons["attendance"] = "no-attendance"
    answer.unknown = [unknown(field, reason) for field, reason in reasons.items()]
    return answer


def _untouched(touch: Touch) -> HotList:
    of_form = f" AND a.form = '{touch.value}'" if touch is not Touch.ACTIVITY else ""
    held = f"""FROM occurrences o JOIN activities a ON a.id = o.activity_id
        WHERE o.division_code = d.code AND {_WAS_HELD}{of_form}"""
    return HotList(
        f"""SELECT d.code, d.name, d.kind,
            CASE WHEN p.code IS NOT NULL
                THEN json_build_object('code', p.code, 'name', p.name) END AS township,
            (SELECT (max(o.starts_at) AT TIME ZONE 'Asia/Shanghai')::date {held}
                AND o.starts_at < $4) AS last_held_on
        FROM divisions d LEFT JOIN divisions p ON p.code = d.parent_code
        WHERE d.tier = 'village' AND d.code >= $2 AND d.code < $3 AND d.code > $6
            AND d.abolished_on IS NULL
            AND NOT EXISTS (SELECT {held} AND o.starts_at >= $4 AND o.starts_at < $5)
        ORDER BY d.code LIMIT $1 + 1""",
        key=("code",),
        max_age=60,
    )


UNTOUCHED = {touch: _untouched(touch) for touch in Touch}


def untouched_values(code: str, months: int, day: date, after: str) -> tuple[Any, ...]:
    """The values of UNTOUCHED behind its limit."""
    return code, upper(code), *_times(months, day), after
