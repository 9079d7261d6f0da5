"""How the lists of reservations grow, for tests/venues/test_lists_stay_flat.py."""

from tests.support.lists import Listed
from tests.venues.experts.lists import ACCOUNT

VENUE = "00000000-0000-7000-8004-000000000001"
HALL = "00000000-0000-7000-8005-000000000001"
GROW = {
    "a venue of a known id": f"""UPDATE venues SET id = '{VENUE}'
        WHERE id = (SELECT id FROM venues LIMIT 1) AND $1::int = 1 AND $2::int >= 1""",
    "reservations": f"""INSERT INTO reservations (id, venue_id, day, starts, ends, starts_at,
        held_until, division_code, recorded_code, account_id, turn, is_group, party_size, children,
        number, state, name_sealed, name_masked)
        SELECT gen_random_uuid(), '{VENUE}', date '2026-01-01' + n, 600, 660, '2999-01-01',
            '2999-01-01', '630123', '630123', '{ACCOUNT}', n, false, 2, 0, n, 'waiting', 'x', '才**'
        FROM generate_series($1::int, $2::int) n""",
    "penalties": f"""INSERT INTO penalties (id, venue_id, division_code, recorded_code, account_id,
        no_shows, from_at, until_at, state)
        SELECT gen_random_uuid(), '{VENUE}', '630123', '630123', '{ACCOUNT}', 3, now(), now(),
            'standing' FROM generate_series($1::int, $2::int) n""",
    "halls": f"""INSERT INTO halls (id, venue_id, name)
        SELECT ('00000000-0000-7000-8005-' || lpad(n::text, 12, '0'))::uuid, '{VENUE}', '厅' || n
        FROM generate_series($1::int, $2::int) n""",
    "hall_holds": f"""INSERT INTO hall_holds (id, hall_id, during, purpose)
        SELECT gen_random_uuid(), '{HALL}', tstzrange(timestamptz '2026-01-01' + n * interval '1 h',
            timestamptz '2026-01-01' + (n + 1) * interval '1 h'), '报告会'
        FROM generate_series($1::int, $2::int) n""",
}
# Behind its wall PostgreSQL expects a hundredth of the rows, and sorts them: there are few.
WALLED = frozenset({"reservations"})
LISTS = (
    Listed("/reservations", "staff", once=WALLED),
    Listed("/reservations", "expert", once=WALLED),
    Listed("/reservations", "staff", f"venue={VENUE}&state=waiting&division=6301", once=WALLED),
    Listed("/reservations/penalties", "staff", once=frozenset({"penalties"})),
    Listed("/reservations/penalties", "expert", once=frozenset({"penalties"})),
    Listed("/venues/{venue_id}/halls", "anybody", at=VENUE),
    Listed("/venues/{venue_id}/halls/{hall_id}/holds", "staff", at=f"{VENUE}/halls/{HALL}"),
)
