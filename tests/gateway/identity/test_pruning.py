"""What identity lets go of by the clock, and what it keeps."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateway.identity.pruning import prune, rotate
from services.kit.access import SERVICE
from tests.gateway.conftest import RunningGateway

OLD = """
    INSERT INTO sign_in_codes (id, phone_index, code_index, expires_at) VALUES
        (gen_random_uuid(), 'a', 'a', now() - interval '25 hours'),
        (gen_random_uuid(), 'a', 'a', now() - interval '1 hour');
    INSERT INTO throttles (key, tries, began_at, blocked_until) VALUES
        ('old', 5, now() - interval '26 hours', now() - interval '25 hours'),
        ('barred', 5, now() - interval '26 hours', now() + interval '1 minute'),
        ('new', 1, now(), NULL);
    INSERT INTO sessions (id, account_id, kind, token_hash, device, expires_at, revoked_at)
        SELECT gen_random_uuid(), id, 'bearer', t.hash, '', t.expires, t.revoked FROM accounts,
        (VALUES ('a'::bytea, now() - interval '31 days', NULL::timestamptz),
            ('b', now() + interval '1 hour', now() - interval '31 days'),
            ('c', now() - interval '29 days', NULL),
            ('d', now() + interval '1 hour', NULL)) AS t (hash, expires, revoked)
"""


async def test_a_turn_prunes_what_is_over_and_keeps_the_rest(lone_gateway: RunningGateway) -> None:
    running = lone_gateway.running
    await lone_gateway.account("sonam", "630123")
    for statement in OLD.split(";"):
        await running.rows(f"{statement} RETURNING 1")
    async with running.kit.database.transaction(SERVICE) as db:
        # The schedule of the running gateway may have been here first.
        await prune(db)
        assert await prune(db) == 0
    left = {
        table: await running.scalar(f"SELECT count(*) FROM {table}")
        for table in ("sign_in_codes", "throttles", "sessions")
    }
    assert left == {"sign_in_codes": 1, "throttles": 2, "sessions": 2}
    keys = await running.rows("SELECT key FROM throttles ORDER BY key")
    assert keys == [(b"barred",), (b"new",)]


def test_phone_numbers_in_the_file_of_codes_are_kept_for_two_days_at_most(tmp_path: Path) -> None:
    file, aside = tmp_path / "codes.jsonl", tmp_path / "codes.jsonl.1"
    now = datetime.now(UTC)
    assert rotate(file, now) is False
    file.write_text(json.dumps({"at": (now - timedelta(hours=23)).isoformat()}) + "\n")
    assert rotate(file, now) is False
    assert rotate(file, now + timedelta(hours=2)) is True
    assert (file.exists(), aside.exists()) == (False, True)
    rotate(file, now + timedelta(hours=26))
    assert aside.exists() is False


def test_a_broken_first_line_stops_nothing(tmp_path: Path) -> None:
    file = tmp_path / "codes.jsonl"
    file.write_text('{"at": "2026-')
    assert rotate(file, datetime.now(UTC)) is False
