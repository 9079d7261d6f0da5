"""Reads of the register: public, hot, and the same number of statements whatever is asked."""

from functools import cache
from typing import Any

from services.kit.divisions import Tier, lineage, upper
from services.kit.hot import HotList, HotRow

_MAX_AGE = 300  # The register changes once or twice a year; an ETag tells when.

_NAMED = "json_build_object('code', t.code, 'name', t.name, 'tier', t.tier)"


def _named(condition: str) -> str:
    return (
        f"(SELECT COALESCE(json_agg({_NAMED} ORDER BY t.code), '[]') FROM divisions t"
        f" WHERE {condition})"
    )


def _effective(after: str, on: str) -> str:
    """When, as precisely as is known: a day, a month, or an ISO interval between two days."""
    return (
        f"CASE precision WHEN 'day' THEN {on}::text WHEN 'month' THEN to_char({on}, 'YYYY-MM')"
        f" ELSE concat_ws('/', {after}, {on}) END"
    )


# $1 the code, $2 its lineage.
DIVISION = HotRow(
    f"""
    SELECT d.code, d.name, d.short_name, d.tier, d.kind, d.official, d.edition,
        (SELECT {_NAMED} FROM divisions t WHERE t.code = d.parent_code) AS parent,
        {_named("t.code = ANY($2::text[]) AND t.code <> d.code")} AS path,
        (SELECT count(*) FROM divisions c
            WHERE c.parent_code = d.code AND c.abolished_on IS NULL) AS children,
        CASE WHEN d.longitude IS NOT NULL THEN json_build_object('longitude', d.longitude,
            'latitude', d.latitude, 'source', d.point_source) END AS point,
        CASE WHEN d.civil_affairs_code IS NOT NULL THEN json_build_object(
            'code', d.civil_affairs_code, 'system', d.civil_affairs_system) END AS civil_affairs,
        d.abolished_after, d.abolished_on,
        CASE WHEN d.abolished_on IS NOT NULL
            THEN {_effective("d.abolished_after", "d.abolished_on")} END AS effective,
        d.precision,
        CASE WHEN d.abolished_on IS NOT NULL THEN (SELECT s.kind FROM successions s
            WHERE s.code = d.code ORDER BY s.edition DESC LIMIT 1) END AS change,
        {_named("t.code = ANY(d.successors)")} AS successors,
        {_named("t.code = ANY(d.today)")} AS today
    FROM divisions d WHERE d.code = $1
    """,
    max_age=_MAX_AGE,
)


def _steps(source: str) -> str:
    return f"""(SELECT COALESCE(json_agg(json_build_object(
            'code', code, 'name', name,
            'successor_code', NULLIF(successor_code, ''),
            'successor_name', NULLIF(successor_name, ''),
            'change', kind, 'edition', edition, 'effective_after', effective_after,
            'effective_on', effective_on,
            'effective', {_effective("effective_after", "effective_on")},
            'precision', precision, 'reused', reused, 'basis', basis, 'note', NULLIF(note, ''))
        ORDER BY edition, code, successor_code), '[]') FROM {source})"""


# Each step forward is the next change after the one before, so a code that was given to another
# unit later is not followed into that unit's own history.
HISTORY = HotRow(
    f"""
    WITH RECURSIVE became AS (
        SELECT s.* FROM successions s WHERE s.code = $1
        UNION
        SELECT n.* FROM became b CROSS JOIN LATERAL (
            SELECT s.* FROM successions s WHERE s.code = b.successor_code AND s.edition > b.edition
            ORDER BY s.edition FETCH FIRST 1 ROW WITH TIES) n),
    came_from AS (
        SELECT s.* FROM successions s WHERE s.successor_code = $1
        UNION
        SELECT s.* FROM came_from c
            JOIN successions s ON s.successor_code = c.code AND s.edition < c.edition)
    SELECT d.code, d.name,
        (SELECT COALESCE(json_agg(json_build_object('old_name', f.old_name, 'new_name', f.new_name,
            'edition', f.edition, 'only_spelling', f.only_spelling, 'doubtful', f.doubtful)
            ORDER BY f.edition), '[]') FROM former_names f WHERE f.code = d.code) AS former_names,
        {_steps("became")} AS became,
        {_steps("came_from")} AS came_from
    FROM divisions d WHERE d.code = $1
    """,
    max_age=_MAX_AGE,
)

EDITIONS = HotList(
    "SELECT edition, source, divisions, loaded_at FROM editions WHERE edition < $2"
    " ORDER BY edition DESC LIMIT $1 + 1",
    key=("edition",),
    max_age=_MAX_AGE,
)

EXISTS = HotRow("SELECT code FROM divisions WHERE code = $1")


@cache
def _divisions(conditions: tuple[str, ...]) -> HotList:
    """A list for just these conditions: one statement with all of them could use no index."""
    where = " AND ".join(["code > $2", *conditions])
    return HotList(
        "SELECT code, name, short_name, tier, kind, parent_code, official, abolished_on"
        f" FROM divisions WHERE {where} ORDER BY code LIMIT $1 + 1",
        key=("code",),
        max_age=_MAX_AGE,
    )


def divisions(
    after: str,
    *,
    parent: str | None = None,
    tier: Tier | None = None,
    division: str | None = None,
    q: str | None = None,
    include_abolished: bool = False,
) -> tuple[HotList, list[Any]]:
    """The list for these filters, and the values for its statement behind the limit."""
    conditions: list[str] = []
    values: list[Any] = [after]

    def add(condition: str, *given: Any) -> None:
        first = len(values) + 2
        conditions.append(condition.format(*(f"${first + n}" for n in range(len(given)))))
        values.extend(given)

    if parent is not None:
        add("parent_code = {}", parent)
    if tier is not None:
        add("tier = {}", tier.value)
    if division is not None:
        add("code >= {} AND code < {}", division, upper(division))
    if q is not None:
        add("name ILIKE {}", f"%{_escaped(q)}%")
    if not include_abolished:
        add("abolished_on IS NULL")
    return _divisions(tuple(conditions)), values


def _escaped(q: str) -> str:
    return q.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def division_values(code: str) -> tuple[str, list[str]]:
    """The values for DIVISION."""
    return code, list(lineage(code))
