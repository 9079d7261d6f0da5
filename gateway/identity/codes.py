"""One-time codes for phones: made, delivered through a port, tried at most five times."""

import asyncio
import hmac
import json
import os
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select as select_columns
from sqlalchemy import update
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.identity import throttles
from gateway.identity.models import PHONE, SignInCode
from gateway.identity.rules import CODE_LIFE, CODE_TRIES, Throttle, TooManyCodes, new_code
from services.kit.access import SERVICE
from services.kit.db import Database, run
from services.kit.vault import Vault

DeliverCode = Callable[[str, str], Awaitable[None]]
"""`deliver(phone, code)`: the port that an SMS provider stands behind."""


def into_file(home: Path) -> DeliverCode:
    """The embedded default: a JSON line in `messages/codes.jsonl`, for whoever runs the machine."""

    def write(phone: str, code: str) -> None:
        folder = home / "messages"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        line = {"at": datetime.now(UTC).isoformat(), "phone": phone, "code": code}
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        descriptor = os.open(folder / "codes.jsonl", flags, 0o600)
        try:
            os.write(descriptor, json.dumps(line).encode() + b"\n")
        finally:
            os.close(descriptor)

    async def deliver(phone: str, code: str) -> None:
        await asyncio.to_thread(write, phone, code)

    return deliver


async def send_code(
    database: Database, vault: Vault, deliver: DeliverCode, phone: str, address: str
) -> None:
    """Make a code for `phone` and send it, account or none. Raises TooManyCodes."""
    now, code = datetime.now(UTC), new_code()
    async with database.transaction(SERVICE) as db:
        allowed = True
        for what, who in (
            (Throttle.CODE_ADDRESS, address),
            (Throttle.CODE_PAUSE, phone),
            (Throttle.CODE_PHONE, phone),
        ):
            allowed = allowed and await throttles.take(db, vault, what, who, now)
        if allowed:
            db.add(
                SignInCode(
                    phone_index=vault.index(phone, PHONE),
                    code_index=vault.index(f"{phone} {code}", "sign_in_codes.code"),
                    expires_at=now + CODE_LIFE,
                )
            )
    if not allowed:
        raise TooManyCodes()
    await deliver(phone, code)


async def try_code(db: AsyncSession, vault: Vault, phone: str, code: str) -> bool:
    """Is this the newest code of the phone? Counts the try; a code works once."""
    now, codes = datetime.now(UTC), col(SignInCode.id)
    newest = (
        select_columns(codes)
        .where(
            col(SignInCode.phone_index) == vault.index(phone, PHONE),
            col(SignInCode.expires_at) > now,
        )
        .order_by(codes.desc())
        .limit(1)
        .scalar_subquery()
    )
    tried = await run(
        db,
        update(SignInCode)
        .where(
            codes == newest,
            col(SignInCode.tries) < CODE_TRIES,
            col(SignInCode.used_at).is_(None),
        )
        .values(tries=col(SignInCode.tries) + 1)
        .returning(codes, col(SignInCode.code_index)),
    )
    found = tried.one_or_none()
    given = vault.index(f"{phone} {code}", "sign_in_codes.code")
    if found is None or not hmac.compare_digest(found.code_index, given):
        return False
    await run(db, update(SignInCode).where(codes == found.id).values(used_at=now))
    return True
