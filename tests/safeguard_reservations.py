"""Safeguards of reservations, halls and opening hours by their exact text."""

from tests.safeguards import listed

CODE = "services/venues/reservations"
TESTS = "tests/venues/reservations"
CLOSING = "services/venues/closing"
CLOSED = "tests/venues/closing/test_closing.py"
TABLES = "services/venues/migrations/versions/0005_reservations.py"

RESERVATIONS_LISTED = (
    listed(
        "reservations: the lock on a day and its quarters",
        f"{CODE}/booking.py",
        "ORDER BY b.minute FOR NO KEY UPDATE OF d, b",
        "ORDER BY b.minute",
        f"{TESTS}/test_race.py",
    ),
    listed(
        "reservations: the check on a day",
        TABLES,
        "CONSTRAINT visit_days_capacity CHECK (taken BETWEEN 0 AND capacity)",
        "CONSTRAINT visit_days_capacity CHECK (true)",
        f"{TESTS}/test_race.py",
    ),
    listed(
        "reservations: the check on a quarter",
        TABLES,
        "CONSTRAINT visit_buckets_capacity CHECK (taken BETWEEN 0 AND capacity)",
        "CONSTRAINT visit_buckets_capacity CHECK (true)",
        f"{TESTS}/test_race.py",
    ),
    listed(
        "reservations: one a day",
        TABLES,
        '"CREATE UNIQUE INDEX reservations_once',
        '"CREATE INDEX reservations_once',
        f"{TESTS}/test_booking.py",
    ),
    listed(
        "reservations: as many as one person may have",
        TABLES,
        '"CREATE UNIQUE INDEX reservations_turn',
        '"CREATE INDEX reservations_turn',
        f"{TESTS}/test_booking.py",
    ),
    listed(
        "reservations: nobody passes who waits for the same slot",
        f"{CODE}/booking.py",
        "if waiting == 0 and room.fits(",
        "if room.fits(",
        f"{TESTS}/test_waiting.py",
    ),
    listed(
        "reservations: who is under a penalty does not reserve",
        f"{CODE}/booking.py",
        'elif known["penalised_until"] is not None:',
        "elif False:",
        f"{TESTS}/test_door.py",
    ),
    listed(
        "reservations: what was punished is not counted again",
        f"{CODE}/no_shows.py",
        "COALESCE((SELECT max(p.from_at) FROM penalties p",
        "COALESCE((SELECT '-infinity'::timestamptz FROM penalties p",
        f"{TESTS}/test_door.py",
    ),
    listed(
        "reservations: no-shows of a day without a door do not count",
        f"{CODE}/no_shows.py",
        "UPDATE reservations SET counted = EXISTS (SELECT",
        "UPDATE reservations SET counted = true OR EXISTS (SELECT",
        f"{TESTS}/test_door.py",
    ),
    listed(
        "reservations: a cap is not below what is taken",
        f"{CODE}/changing.py",
        "        raise CapBelowTaken(errors=tuple(errors[:MOST_SAID]))\n",
        "        pass\n",
        f"{TESTS}/test_caps.py",
    ),
    listed(
        "opening: weekly hours do not cut reservations",
        f"{CODE}/changing.py",
        "if gone and reason is None:",
        "if False:",
        "tests/venues/opening",
    ),
    listed(
        "opening: the past stays",
        "services/venues/opening/actions.py",
        "if before and from_on < today(now):",
        "if False:",
        "tests/venues/opening",
    ),
    listed(
        "halls: holds of one hall are kept apart",
        TABLES,
        "EXCLUDE USING gist (hall_id WITH =, during WITH &&)",
        "EXCLUDE USING gist (id WITH =)",
        f"{TESTS}/test_halls.py",
    ),
    listed(
        "halls: late facts change nothing",
        f"{CODE}/hall_inbox.py",
        "WHERE a.version < excluded.version",
        "WHERE true",
        f"{TESTS}/test_halls.py",
    ),
    listed(
        "reservations: who acts for a venue",
        f"{CODE}/actions.py",
        "if not await represents(db, caller, venue_id):",
        "if False:",
        f"{TESTS}/test_halls.py",
    ),
    listed(
        "reservations: a head-count is not overwritten unseen",
        f"{CODE}/visits.py",
        "    require_version(row.version if row else 0, version)\n",
        "",
        f"{TESTS}/test_door.py",
    ),
    listed(
        "closing: nothing is called off unsaid",
        f"{CLOSING}/actions.py",
        "    found.require_called_off(given.reason, call_off=given.call_off)\n",
        "",
        CLOSED,
    ),
    listed(
        "closing: days are shut before they are counted",
        f"{CLOSING}/actions.py",
        "    await shut_days(db, venue_id, now)\n",
        "",
        CLOSED,
    ),
    listed(
        "closing: a closed venue makes no new day",
        f"{CODE}/days.py",
        "    if found is None or not await receives(db, venue_id):\n",
        "    if found is None:\n",
        CLOSED,
    ),
    listed(
        "closing: who is late is called off, and no no-show",
        f"{CODE}/changing.py",
        "'confirmed') AND held_until > :now",
        "'confirmed') AND starts_at > :now",
        CLOSED,
    ),
    listed(
        "closing: a closed venue gives out no hall",
        f"{CODE}/halls.py",
        "    if found.has_closed:\n",
        "    if False:\n",
        CLOSED,
    ),
    listed(
        "closing: a batch has a size",
        f"{CLOSING}/calling_off.py",
        '"most": BATCH}',
        '"most": None}',
        CLOSED,
    ),
    listed(
        "opening: a hold that goes beyond a closed day stays",
        f"{CODE}/halls.py",
        "AND o.during <@ tstzrange(:first, :last)",
        "AND o.during && tstzrange(:first, :last)",
        CLOSED,
    ),
)
