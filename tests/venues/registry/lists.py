"""How the lists of the register grow, for tests/venues/test_lists_stay_flat.py."""

from tests.support.lists import Listed
from tests.venues.reservations.lists import VENUE

IMPORT = "00000001-0000-7000-8012-000000000001"
RED_LINES = "00000001-0000-7000-8013-000000000001"
GROW = {
    "points of venues": """UPDATE venues SET longitude = 101 + random(), latitude = 36 + random()
        WHERE longitude IS NULL AND $1::int > 0 AND $2::int > 0""",
    "venue_contacts": f"""INSERT INTO venue_contacts (id, venue_id, division_code, recorded_code,
        name_sealed, name_masked)
        SELECT gen_random_uuid(), '{VENUE}', '630123', '630123', 'x', '才**'
        FROM generate_series($1::int, $2::int) n""",
    "venue_representatives": f"""INSERT INTO venue_representatives (id, venue_id, division_code,
        recorded_code, account_id, from_on, version, appointed_by)
        SELECT gen_random_uuid(), '{VENUE}', '630123', '630123', gen_random_uuid(), '2026-01-01', 1,
            gen_random_uuid() FROM generate_series($1::int, $2::int) n""",
    "venue_closings": f"""INSERT INTO venue_closings (id, venue_id, reason, closed_by, closed_at,
        settled_at, reopened_at)
        SELECT gen_random_uuid(), '{VENUE}', '改造', gen_random_uuid(), now(), now(), now()
        FROM generate_series($1::int, $2::int) n""",
    "venue_deletions": """INSERT INTO venue_deletions (id, name, kind, division_code, recorded_code,
        entered, reason, deleted_by, deleted_at)
        SELECT gen_random_uuid(), '馆', 'science_museum', '630123', '630123', '{}', '重复',
            gen_random_uuid(), now() FROM generate_series($1::int, $2::int) n""",
    "imports of venues": """INSERT INTO imports (id, sheet, name, digest, size, mode, again, owner,
        division_code, recorded_code, state)
        SELECT (lpad(n::text, 8, '0') || '-0000-7000-8012-000000000001')::uuid, 'venues', '表.xlsx',
            '\\x00', 9, 'check', true, gen_random_uuid(), '63', '63', 'discarded'
        FROM generate_series($1::int, $2::int) n""",
    "faults of venues": f"""INSERT INTO import_faults (import_id, number, "row", "column", key, value,
        rule, "values")
        SELECT '{IMPORT}', n, n, 0, 'name', '', 'required', '{{}}'
        FROM generate_series($1::int, $2::int) n""",
    "imports of red lines": """INSERT INTO imports (id, sheet, name, digest, size, mode, again, owner,
        division_code, recorded_code, state)
        SELECT (lpad(n::text, 8, '0') || '-0000-7000-8013-000000000001')::uuid, 'red_lines', '表.xlsx',
            '\\x00', 9, 'check', true, gen_random_uuid(), '63', '63', 'discarded'
        FROM generate_series($1::int, $2::int) n""",
    "faults of red lines": f"""INSERT INTO import_faults (import_id, number, "row", "column", key, value,
        rule, "values")
        SELECT '{RED_LINES}', n, n, 0, 'name', '', 'required', '{{}}'
        FROM generate_series($1::int, $2::int) n""",
    "jobs": """INSERT INTO jobs (id, name, reach, owner, caller, division_code, recorded_code, language,
        traceparent, given, state, ended_at)
        SELECT gen_random_uuid(), 'import-venues', 'venue_edit', gen_random_uuid(), '{}', '63', '63',
            'zh-CN', '', '{}', 'done', now() FROM generate_series($1::int, $2::int) n""",
}
LISTS = (
    Listed("/venues", "anybody", "near=101.778,36.617"),
    Listed("/venues", "anybody", "near=101.778,36.617&kind=science_museum&within_km=2000"),
    Listed("/venues", "staff", "q=科技&state=published&kind=science_museum"),
    # Behind its wall PostgreSQL expects a hundredth of the rows, and sorts them: there are few.
    Listed("/venues/{venue_id}/contacts", "staff", at=VENUE, once=frozenset({"venue_contacts"})),
    Listed(
        "/venues/{venue_id}/representatives",
        "staff",
        at=VENUE,
        once=frozenset({"venue_representatives"}),
    ),
    Listed("/venues/{venue_id}/closings", "anybody", at=VENUE),
    Listed("/venues/deletions", "staff"),
    Listed("/venues/imports", "staff"),
    Listed("/venues/imports/{import_id}/faults", "staff", at=IMPORT),
    # The same tables, and the same routes from kit/imports.
    Listed("/applications/red-lines/imports", "keeper"),
    Listed("/applications/red-lines/imports/{import_id}/faults", "keeper", at=RED_LINES),
    Listed("/jobs", "staff"),
)
