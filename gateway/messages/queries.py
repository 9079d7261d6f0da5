"""Reads of messages: one's own, and nobody else's."""

from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.messages.models import Message
from services.kit.access import Caller, mine
from services.kit.pages import Paging, keyset
from services.kit.problems import Missing


async def list_messages(
    db: AsyncSession, caller: Caller, paging: Paging, unread: bool | None
) -> list[Message]:
    """The caller's messages, newest first."""
    statement = select(Message).where(mine(col(Message.recipient), caller))
    if unread is not None:
        statement = statement.where(col(Message.read_at).is_(None) == unread)
    page = keyset(statement, paging, col(Message.created_at), col(Message.id), descending=True)
    return list((await db.exec(page)).all())


async def message(db: AsyncSession, caller: Caller, message_id: UUID) -> Message:
    """One message of the caller's; Missing for anybody else's."""
    statement = select(Message).where(
        Message.id == message_id, mine(col(Message.recipient), caller)
    )
    found = (await db.exec(statement.with_for_update())).first()
    if found is None:
        raise Missing()
    return found


async def unread(db: AsyncSession, caller: Caller) -> int:
    """How many of the caller's messages are unread."""
    statement = select(func.count()).where(
        mine(col(Message.recipient), caller), col(Message.read_at).is_(None)
    )
    return (await db.exec(statement)).one()
