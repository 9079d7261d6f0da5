"""What stations and posts hold about a person, and what becomes of it when they leave.

A post that was held stays without its person, as a figure of its time; one that is held ends the
day before, since nobody holds it any more; one to come goes. Whom to ask at a station is forgotten.
"""

from datetime import date, timedelta
from typing import Any

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.events.activities.rules import SHANGHAI
from services.events.facts import PostEnded
from services.kit.db import run
from services.kit.facts import record_all
from services.kit.holdings import Holding, Subject
from services.kit.vault import Vault

ERASED_NAME = "已注销"

_THEIRS = """(p.account_id = :subject OR (p.account_id IS NULL AND p.phone_index = :phone_index
    AND p.created_at <= :asked_at))"""
# A contact has no account; a phone may have changed hands since.
_ASKED = "c.phone_index = :contact_index AND c.written_at <= :asked_at"
_COPY_POSTS = text(
    f"""SELECT p.id, p.role, p.division_code, s.name AS station, p.name_sealed, p.phone_sealed,
        p.begins_on, p.ends_on, p.created_at
    FROM posts p LEFT JOIN stations s ON s.id = p.station_id WHERE {_THEIRS} ORDER BY p.id"""
)
_COPY_CONTACTS = text(
    f"""SELECT s.id, s.name AS station, s.division_code, c.name_sealed, c.phone_sealed
    FROM station_contacts c JOIN stations s ON s.id = c.station_id WHERE {_ASKED} ORDER BY s.id"""
)
_DROP_POSTS = text(
    f"""DELETE FROM posts p WHERE p.begins_on > :last AND {_THEIRS}
        AND NOT EXISTS (SELECT FROM posts after WHERE after.predecessor_id = p.id)
    RETURNING p.id, p.role, p.station_id, p.division_code, p.version + 1 AS version"""
)
_ERASE_POSTS = text(
    f"""UPDATE posts p SET name_sealed = :name_sealed, name_masked = :name, phone_sealed = NULL,
        phone_masked = NULL, phone_index = NULL, version = version + 1,
        account_id = CASE WHEN account_id = :subject THEN CAST(:pseudonym AS uuid) END,
        ends_on = GREATEST(begins_on, LEAST(ends_on, CAST(:last AS date)))
    WHERE {_THEIRS}
    RETURNING p.id, p.role, p.station_id, p.division_code, p.version"""
)
_FORGET_CONTACTS = text(f"DELETE FROM station_contacts c WHERE {_ASKED}")


def _who(vault: Vault, subject: Subject) -> dict[str, Any]:
    phone = subject.phone
    return {
        "subject": subject.id,
        "asked_at": subject.asked_at,
        "phone_index": phone and vault.index(phone, "posts.phone"),
        "contact_index": phone and vault.index(phone, "station_contacts.phone"),
    }


def _told(row: Any, vault: Vault, table: str) -> dict[str, Any]:
    phone = row.phone_sealed
    shown = {n: v for n, v in row._mapping.items() if not n.endswith("_sealed")}
    return shown | {
        "name": vault.open(row.name_sealed, f"{table}.name"),
        "phone": phone and vault.open(phone, f"{table}.phone"),
    }


def _of(statement: Any, values: dict[str, Any]) -> dict[str, Any]:
    return {name: values[name] for name in statement._bindparams}


async def _copy(db: AsyncSession, vault: Vault, subject: Subject) -> list[dict[str, Any]]:
    values = _who(vault, subject)
    posts = (await run(db, _COPY_POSTS, _of(_COPY_POSTS, values))).all()
    contacts = (await run(db, _COPY_CONTACTS, _of(_COPY_CONTACTS, values))).all()
    return [
        *(_told(row, vault, "posts") for row in posts),
        *(_told(row, vault, "station_contacts") for row in contacts),
    ]


def _last_day(subject: Subject) -> date:
    # The day before: from the request on nobody holds it.
    return subject.asked_at.astimezone(SHANGHAI).date() - timedelta(days=1)


def _ended(row: Any) -> PostEnded:
    return PostEnded(role=row.role, station_id=row.station_id)


async def _erase(db: AsyncSession, vault: Vault, subject: Subject) -> int:
    values = {
        **_who(vault, subject),
        "pseudonym": subject.pseudonym,
        "last": _last_day(subject),
        "name": ERASED_NAME,
        "name_sealed": vault.seal(ERASED_NAME, "posts.name"),
    }
    ended = [
        row
        for statement in (_DROP_POSTS, _ERASE_POSTS)
        for row in (await run(db, statement, _of(statement, values))).all()
    ]
    await record_all(
        db,
        ((_ended(row), row.id, row.division_code, row.version) for row in ended),
    )
    forgotten = (await run(db, _FORGET_CONTACTS, _of(_FORGET_CONTACTS, values))).rowcount
    return len(ended) + forgotten


POSTS = Holding("posts", ("posts", "station_contacts"), copy=_copy, erase=_erase, kept="kept-post")
