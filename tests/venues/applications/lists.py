"""The lists of programmes and applications for tests/venues/test_lists_stay_flat.py."""

import json
from collections.abc import Callable

from tests.support.lists import Listed, page
from tests.venues.applications.cases import DEFINITION

PROGRAMME = "00000000-0000-7000-8026-000000000001"
"""One with as many versions; it stands at the end of the list."""
APPLICATION = "00000000-0000-7000-8021-000000000001"
_RULE = json.dumps(DEFINITION, ensure_ascii=False)
_ROWS = "FROM generate_series($1::int, $2::int) n"


def more(there: int) -> Callable[[int], int]:
    """A page of so many, and of those that other lists need."""
    return lambda size: page(size + there)


def _id(family: int) -> str:
    return f"('00000000-0000-7000-{8000 + family}-' || lpad(n::text, 12, '0'))::uuid"


GROW = {
    "listed programmes": f"""INSERT INTO programmes (id, key, division_code, recorded_code,
        created_by) SELECT {_id(20)}, 'listed_' || n, '6301', '6301', gen_random_uuid() {_ROWS}""",
    "their versions": f"""INSERT INTO programme_versions (id, programme_id, number, definition, state,
        version, created_by) SELECT {_id(22)}, {_id(20)}, 1, '{_RULE}', 'published', 1,
        gen_random_uuid() {_ROWS}""",
    "one more": f"""INSERT INTO programmes (id, key, division_code, recorded_code, created_by)
        SELECT '{PROGRAMME}', 'zz', '6301', '6301', gen_random_uuid()
        WHERE $1::int = 1 AND $2::int >= 1""",
    "its versions": f"""INSERT INTO programme_versions (id, programme_id, number, definition,
        state, version, created_by) SELECT {_id(23)}, '{PROGRAMME}', n, '{_RULE}', 'withdrawn', 1,
        gen_random_uuid() {_ROWS}""",
    "listed applications": f"""INSERT INTO applications (id, programme_id, version_id, venue_id,
        host_name, division_code, recorded_code, year, state, stage_key, version, applicant)
        SELECT {_id(21)}, {_id(20)}, {_id(22)}, gen_random_uuid(), '馆 ' || n, '630123', '630123', 2026,
            'under_way', 'papers', 1, gen_random_uuid() {_ROWS}""",
    "their runs": f"""INSERT INTO stage_runs (id, application_id, stage_key, attempt, state, opened_at,
        due_on) SELECT {_id(24)}, {_id(21)}, 'papers', 1, 'open', now(), '2026-01-05' {_ROWS}""",
    "decisions about one": f"""INSERT INTO decisions (id, application_id, action, stage_key,
            actor, grounds)
        SELECT {_id(25)}, '{APPLICATION}', 'pass', 'papers', gen_random_uuid(),
            '[{{"rule": "found-eligibility", "values": {{}}}}]' {_ROWS}""",
}
LISTS = (
    Listed("/programmes", "anybody", shown=more(2)),
    Listed("/programmes", "staff", "division=63", shown=more(2)),
    Listed("/programmes/{programme_id}/versions", "anybody", at=PROGRAMME),
    Listed("/applications", "staff", shown=more(1)),
    Listed("/applications", "staff", "division=6301&state=under_way&stage=papers&year=2026"),
    Listed("/applications", "staff", "overdue=true"),
    Listed("/applications/{application_id}/trail", "staff", at=APPLICATION),
)
