"""The audit chain: every change in the gateway and every opening, each row sealing the one before.

A row's hash covers its content and the hash of the row before it, so a changed, removed or
inserted row breaks the chain from there on. The service's role may add rows and change none.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import Query, Response
from pydantic import BaseModel
from sqlalchemy import BigInteger, Column, DateTime, LargeBinary, String, Table, Text, Uuid, text
from sqlalchemy import select as select_columns
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import Caller, P, at_or_below, within
from services.kit.context import current
from services.kit.db import Db, run
from services.kit.divisions import DivisionCode
from services.kit.identity import CallerDep
from services.kit.pages import Page, PagingDep, keyset, page_of
from services.kit.problems import NotHeld
from services.kit.routing import Router
from services.kit.tables import kit_metadata

START = b"\0" * 32
BATCH = 5_000

chain = Table(
    "audit",
    kit_metadata,
    Column("number", BigInteger, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("actor", Uuid),
    Column("action", String(40), nullable=False),
    Column("subject", Text, nullable=False),
    Column("division_code", String(12, collation="C")),
    Column("details", JSONB, nullable=False),
    Column("request_id", Text),
    Column("previous", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)

# Held to the end of the transaction: the next writer reads the row that this one committed.
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('kepu audit', 0))")
_LAST = select_columns(chain.c.number, chain.c.hash).order_by(chain.c.number.desc()).limit(1)


def sealed(row: dict[str, Any]) -> bytes:
    """The hash of a row: of all its columns but `hash`, in a form that has one spelling."""
    content = {
        **{str(name): value for name, value in row.items() if name != "hash"},
        "at": row["at"].astimezone(UTC).isoformat(timespec="microseconds"),
        "actor": str(row["actor"]) if row["actor"] else None,
        "previous": row["previous"].hex(),
    }
    return sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).digest()


async def note(
    db: AsyncSession,
    action: str,
    *,
    actor: UUID | None,
    subject: UUID | str,
    division: str | None = None,
    **details: Any,
) -> None:
    """Add a row in the transaction of what it tells. `details` hold ids and codes, no names.

    The lock is taken here: call it last, so that others wait for a moment only.
    """
    await run(db, _LOCK)
    last = (await run(db, _LAST)).one_or_none()
    work = current()
    row: dict[str, Any] = {
        "number": last.number + 1 if last else 1,
        "at": datetime.now(UTC),
        "actor": actor,
        "action": action,
        "subject": str(subject),
        "division_code": division,
        "details": orjson.loads(orjson.dumps(details, default=str)),
        "request_id": work.request_id if work else None,
        "previous": last.hash if last else START,
    }
    await run(db, chain.insert().values(**row, hash=sealed(row)))


async def first_broken(db: AsyncSession) -> int | None:
    """The number of the first row that does not fit, or None when the chain is whole.

    Rows cut off at the end leave a whole chain: compare its length and last hash with a copy kept
    elsewhere (`kepu account audit` says both).
    """
    number, previous = 0, START
    while True:
        rows = (
            await run(
                db,
                select_columns(chain)
                .where(chain.c.number > number)
                .order_by(chain.c.number)
                .limit(BATCH),
            )
        ).all()
        for row in rows:
            found = dict(row._mapping)
            number += 1
            if row.number != number or row.previous != previous or row.hash != sealed(found):
                return number
            previous = row.hash
        if len(rows) < BATCH:
            return None


class AuditOut(BaseModel):
    """One change or opening: who, what, whose, when."""

    number: int
    at: datetime
    actor: UUID | None
    action: str
    subject: str
    division_code: str | None
    details: dict[str, Any]
    request_id: str | None
    hash: str


router = Router(prefix="/api/v1/audit", tags=["audit"])


async def rows_of(
    db: AsyncSession, caller: Caller, paging: Any, division: str | None, subject: str | None
) -> Sequence[Any]:
    """Rows within the caller's reach, newest first."""
    statement = select_columns(chain).where(within(chain.c.division_code, caller, P.ACCOUNT_MANAGE))
    if division is not None:
        statement = statement.where(at_or_below(chain.c.division_code, division))
    if subject is not None:
        statement = statement.where(chain.c.subject == subject)
    return (await run(db, keyset(statement, paging, chain.c.number, descending=True))).all()


@router.get("")
async def list_audit(
    db: Db,
    caller: CallerDep,
    paging: PagingDep,
    response: Response,
    division: Annotated[DivisionCode | None, Query()] = None,
    subject: Annotated[str | None, Query(max_length=80)] = None,
) -> Page[AuditOut]:
    """Changes and openings in the caller's divisions, newest first."""
    caller.known()
    if not caller.reach(P.ACCOUNT_MANAGE):
        raise NotHeld(permission=P.ACCOUNT_MANAGE.value)
    response.headers["Cache-Control"] = "private, no-store"
    return page_of(
        await rows_of(db, caller, paging, division, subject),
        paging,
        lambda row: (row.number,),
        lambda row: AuditOut(**{**row._mapping, "hash": row.hash.hex()}),
        response,
    )
