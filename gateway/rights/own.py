"""What the gateway itself holds about a person."""

from typing import Any

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.identity.models import NAME, PHONE
from services.kit.db import run
from services.kit.holdings import Holding, Subject, by_sql
from services.kit.vault import Vault

_ACCOUNT = text(
    """SELECT id, kind, state, username, home_code, name_sealed, phone_sealed, messages_off,
        created_at, signed_in_at,
        EXISTS (SELECT FROM second_factors f
            WHERE f.account_id = a.id AND f.confirmed_at IS NOT NULL) AS second_factor
    FROM accounts a WHERE id = :subject"""
)
_FORGET = (
    text("DELETE FROM recovery_codes WHERE account_id = :subject"),
    text("DELETE FROM second_factors WHERE account_id = :subject"),
    text(
        """DELETE FROM sign_in_codes WHERE phone_index =
            (SELECT phone_index FROM accounts WHERE id = :subject)"""
    ),
    text(
        """UPDATE accounts SET state = 'erased', username = NULL, home_code = NULL,
            recorded_code = NULL, name_sealed = NULL, phone_sealed = NULL, phone_index = NULL,
            password_hash = NULL, messages_off = true, version = version + 1
        WHERE id = :subject AND state <> 'erased'"""
    ),
)
_SILENCE = text("UPDATE accounts SET messages_off = true WHERE id = :subject AND NOT messages_off")


async def _copy_account(db: AsyncSession, vault: Vault, subject: Subject) -> list[dict[str, Any]]:
    rows = (await run(db, _ACCOUNT, {"subject": subject.id})).all()
    return [
        {
            **{
                name: value
                for name, value in row._mapping.items()
                if name not in ("name_sealed", "phone_sealed")
            },
            "name": row.name_sealed and vault.open(row.name_sealed, NAME),
            "phone": row.phone_sealed and vault.open(row.phone_sealed, PHONE),
        }
        for row in rows
    ]


async def _erase_account(db: AsyncSession, _: Vault, subject: Subject) -> int:
    touched = 0
    for statement in _FORGET:
        touched = (await run(db, statement, {"subject": subject.id})).rowcount
    return touched


async def _silence(db: AsyncSession, _: Vault, subject: Subject) -> int:
    return (await run(db, _SILENCE, {"subject": subject.id})).rowcount


HOLDINGS = (
    by_sql(
        "sessions",
        ("sessions",),
        copy="SELECT id, kind, device, created_at, last_used_at, expires_at, revoked_at"
        " FROM sessions WHERE account_id = :subject ORDER BY id",
        erase="DELETE FROM sessions WHERE account_id = :subject",
    ),
    by_sql(
        "messages",
        ("messages", "message_deliveries"),
        copy="SELECT id, template, values, division_code, created_at, read_at FROM messages"
        " WHERE recipient = :subject ORDER BY id",
        erase="DELETE FROM messages WHERE recipient = :subject",
    ),
    by_sql(
        "grants",
        ("grants",),
        copy="SELECT id, role, division_code, from_day, until_day, reason, ended_at FROM grants"
        " WHERE account_id = :subject ORDER BY id",
        # Who held which post when is a public record; whom the number meant is forgotten.
        erase="UPDATE grants SET reason = '' WHERE account_id = :subject AND reason <> ''",
        kept="kept-posts",
    ),
    by_sql(
        "audit",
        ("audit",),
        copy="SELECT number, at, action, division_code FROM audit"
        " WHERE actor = :subject OR subject = CAST(CAST(:subject AS uuid) AS text) ORDER BY number",
        kept="kept-audit",
    ),
    by_sql(
        "requests",
        ("rights_requests",),
        copy="SELECT id, kind, asked_at FROM rights_requests WHERE subject = :subject ORDER BY id",
        kept="kept-request",
    ),
    Holding(
        "account",
        ("accounts", "second_factors", "recovery_codes"),
        copy=_copy_account,
        withdraw=_silence,
        erase=_erase_account,
        kept="kept-account",
    ),
)
