"""Safeguards by their exact text: locks, unique keys, checks, walls."""

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
)
