"""Counting tries: taken before the try is judged, so that a hundred at once count as a hundred."""

from datetime import datetime

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.identity.rules import LIMITS, Throttle
from services.kit.db import run
from services.kit.vault import Vault

# One statement holds the row: a window that has passed begins anew; the try beyond the limit
# closes the door until `blocked_until`.
_TAKE = text(
    """INSERT INTO throttles AS t (key, tries, began_at) VALUES (:key, 1, :now)
    ON CONFLICT (key) DO UPDATE SET
        tries = CASE WHEN t.blocked_until > :now THEN t.tries
            WHEN t.blocked_until <= :now OR t.began_at <= :since THEN 1 ELSE t.tries + 1 END,
        began_at = CASE WHEN t.blocked_until > :now THEN t.began_at
            WHEN t.blocked_until <= :now OR t.began_at <= :since THEN :now ELSE t.began_at END,
        blocked_until = CASE WHEN t.blocked_until > :now THEN t.blocked_until
            WHEN t.blocked_until <= :now OR t.began_at <= :since THEN NULL
            WHEN t.tries >= :most THEN :until ELSE NULL END
    RETURNING tries <= :most AND (blocked_until IS NULL OR blocked_until <= :now)"""
)
_GIVE_BACK = text("UPDATE throttles SET tries = GREATEST(tries - 1, 0) WHERE key = :key")
_CLEAR = text("DELETE FROM throttles WHERE key = :key")


def _key(vault: Vault, what: Throttle, who: str) -> bytes:
    return vault.index(who, f"throttles.{what}")


async def take(db: AsyncSession, vault: Vault, what: Throttle, who: str, now: datetime) -> bool:
    """Count a try of `who`; False when it is one too many. Commit it whatever comes of the try."""
    most, window, block = LIMITS[what]
    values = {
        "key": _key(vault, what, who),
        "now": now,
        "since": now - window,
        "until": now + block,
        "most": most,
    }
    return bool((await run(db, _TAKE, values)).scalar_one())


async def give_back(db: AsyncSession, vault: Vault, what: Throttle, who: str) -> None:
    """A try that turned out well does not count."""
    await run(db, _GIVE_BACK, {"key": _key(vault, what, who)})


async def clear(db: AsyncSession, vault: Vault, what: Throttle, who: str) -> None:
    """Forget what was counted for `who`."""
    await run(db, _CLEAR, {"key": _key(vault, what, who)})
