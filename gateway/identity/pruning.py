"""What identity lets go of by the clock: old codes, tries, ended sessions, the file of codes."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.db import run
from services.kit.schedules import Schedule
from services.kit.settings import suite

BATCH = 1000
CODES_KEPT = timedelta(days=1)
TRIES_KEPT = timedelta(days=1)
"""Longer than any window or block of LIMITS."""
SESSIONS_KEPT = timedelta(days=30)
"""After their end: a person who finds something strange can still be told where it came from."""

# Each in batches of its own, so that no turn holds many rows for long.
_OLD = {
    "sign_in_codes": (
        "DELETE FROM sign_in_codes WHERE id IN (SELECT id FROM sign_in_codes"
        " WHERE expires_at < :before LIMIT :most)",
        CODES_KEPT,
    ),
    "throttles": (
        "DELETE FROM throttles WHERE key IN (SELECT key FROM throttles"
        " WHERE GREATEST(began_at, blocked_until) < :before LIMIT :most)",
        TRIES_KEPT,
    ),
    "sessions": (
        "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions"
        " WHERE LEAST(expires_at, revoked_at) < :before LIMIT :most)",
        SESSIONS_KEPT,
    ),
}


async def prune(db: AsyncSession) -> int:
    """One turn: a batch of each table; the file of codes once a day. Answers how many rows went."""
    now = datetime.now(UTC)
    gone = 0
    for statement, kept in _OLD.values():
        values = {"before": now - kept, "most": BATCH}
        gone += (await run(db, text(statement), values)).rowcount
    await asyncio.to_thread(rotate, suite().kepu_home / "messages" / "codes.jsonl", now)
    return gone


def rotate(file: Path, now: datetime) -> bool:
    """Put the file of codes aside when it began over a day ago; what lay aside for a day goes.

    Phone numbers stand in it: none is kept longer than two days. Writers open it by name for each
    line, so that none writes into what was put aside.
    """
    aside = file.with_suffix(".jsonl.1")
    if aside.exists() and now.timestamp() - aside.stat().st_mtime > CODES_KEPT.total_seconds():
        aside.unlink()
    try:
        with file.open(encoding="utf-8") as lines:
            began = datetime.fromisoformat(json.loads(lines.readline())["at"])
    except (FileNotFoundError, json.JSONDecodeError):  # none yet, or none that can be read
        return False
    if now - began < CODES_KEPT:
        return False
    file.replace(aside)
    return True


SCHEDULE = Schedule("prune_identity", 3600, prune)
