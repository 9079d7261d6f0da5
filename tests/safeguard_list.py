"""Safeguards by their exact text: locks, unique keys, checks, walls."""

from tests.safeguard_applications import APPLICATIONS_LISTED
from tests.safeguard_experts import EXPERTS_LISTED
from tests.safeguard_honours import HONOURS_LISTED
from tests.safeguard_notices import NOTICES_LISTED
from tests.safeguard_parts import PARTS
from tests.safeguard_registry import REGISTRY_LISTED
from tests.safeguard_reservations import RESERVATIONS_LISTED
from tests.safeguards import listed

REGISTRATIONS = "tests/events/registrations"

LISTED = (
    listed(
        "the lock on capacity",
        "services/events/registrations/registering.py",
        '" WHERE id = :id FOR NO KEY UPDATE"',
        '" WHERE id = :id"',
        f"{REGISTRATIONS}/test_race.py",
    ),
    listed(
        "the check on capacity",
        "services/events/migrations/versions/0001_foundation.py",
        "CONSTRAINT pools_capacity CHECK (confirmed + offered <= capacity)",
        "CONSTRAINT pools_capacity CHECK (true)",
        REGISTRATIONS,
    ),
    listed(
        "the unique key of the inbox",
        "services/kit/migrations.py",
        'PRIMARY KEY (consumer, fact_id))""",\n    """CREATE TABLE dead_letters',
        'UNIQUE (taken_at, consumer, fact_id))""",\n    """CREATE TABLE dead_letters',
        "tests/kit/test_inbox.py",
    ),
    listed(
        "facts below the oldest running transaction",
        "services/kit/relay.py",
        "xid < pg_snapshot_xmin(pg_current_snapshot())",
        "true",
        "tests/kit/test_relay.py",
    ),
    listed(
        "the wall around rows about people",
        "services/kit/walls.py",
        'f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY"',
        'f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY"',
        "tests/kit/test_walls.py",
    ),
    listed(
        "the lock on an idempotency key",
        "services/kit/routing.py",
        "if not (await run(db, select(lock))).scalar_one():",
        "if False:",
        "tests/kit/test_second_user.py",
    ),
    listed(
        "one head of a station at a time",
        "services/events/migrations/versions/0002_stations.py",
        "WHERE (role = 'station_head'),",
        "WHERE (false),",
        "tests/events/stations/test_posts.py",
    ),
    listed(
        "one open station of a name",
        "services/events/migrations/versions/0002_stations.py",
        "CREATE UNIQUE INDEX stations_once",
        "CREATE INDEX stations_once",
        "tests/events/stations/test_stations.py",
    ),
    listed(
        "the wall around posts",
        "services/events/migrations/versions/0002_stations.py",
        'for statement in wall("posts", P.POST_READ, relations=("account_id",)):',
        "for statement in ():",
        "tests/events/stations/test_posts.py",
    ),
    listed(
        "one count of coverage at a time",
        "services/events/coverage/counting.py",
        "pg_advisory_xact_lock(hashtextextended('kepu coverage', 0))",
        "1",
        "tests/events/coverage/test_counting.py",
    ),
    listed(
        "the unique key of an imported file",
        "services/kit/imports/tables.py",
        "CREATE UNIQUE INDEX imports_same_file",
        "CREATE INDEX imports_same_file",
        "tests/events/imports/test_stations_in.py",
    ),
    listed(
        "what depends on an import holds its undo up",
        "services/events/imports/shared.py",
        "    if found:\n        raise ImportInUse(",
        "    if False:\n        raise ImportInUse(",
        "tests/events/imports",
    ),
    listed(
        "a row outside the reach is a bad cell",
        "services/events/imports/shared.py",
        "if key != elsewhere and not desk.caller.may(permission, at=code):",
        "if False:",
        "tests/events/imports/test_stations_in.py",
    ),
    listed(
        "texts in an export do not act",
        "services/kit/sheets/formulas.py",
        """return f"'{text}" if acts(text) else text""",
        "return text",
        "tests/kit/sheets/test_cells.py",
    ),
    listed(
        "a workbook that inflates is refused",
        "services/kit/sheets/package.py",
        "sum(one.file_size for one in entries) > MOST_INFLATED",
        "False",
        "tests/kit/sheets/test_files.py",
    ),
    listed(
        "an uploaded file lies sealed",
        "services/kit/imports/files.py",
        'kit.vault.seal_bytes(given.data, f"{_FIELD}.{import_id}")',
        "given.data",
        "tests/events/imports/test_stations_in.py",
    ),
    *PARTS,
    *EXPERTS_LISTED,
    *HONOURS_LISTED,
    *APPLICATIONS_LISTED,
    *NOTICES_LISTED,
    *REGISTRY_LISTED,
    *RESERVATIONS_LISTED,
)
