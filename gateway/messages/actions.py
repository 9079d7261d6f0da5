"""The port: one function that sends, and the channels behind it."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.messages import queries
from gateway.messages.models import Message, MessageDelivery
from gateway.messages.rules import Channel, DeliveryState, Template
from gateway.messages.settings import channels
from services.kit.access import Caller, mine
from services.kit.app import Kit
from services.kit.db import run
from services.kit.ids import uuid7

_REFUSED = text("SELECT messages_off FROM accounts WHERE id = :recipient")

Provider = Callable[[AsyncSession, UUID], Awaitable[DeliveryState]]
"""Takes over a message within the transaction that wrote it. A provider that needs the network
answers WAITING and delivers from a schedule of its own: no transaction waits for a network."""


async def in_app(db: AsyncSession, message_id: UUID) -> DeliveryState:
    """The row is the delivery: the person reads it at /messages."""
    return DeliveryState.DELIVERED


PROVIDERS: dict[Channel, Provider] = {Channel.IN_APP: in_app}
"""SMS and WeChat need a contract with an operator; this build has none and never says it sent."""


async def check_channels(_: Kit) -> None:
    """For the gateway's `on_start`: a channel that nobody serves is refused, not pretended."""
    for channel in channels():
        if channel not in PROVIDERS:
            raise ValueError(
                f"GATEWAY_MESSAGE_CHANNELS names {channel.value}, for which this build has no"
                " provider: messages would be promised and never sent."
            )


async def send(
    db: AsyncSession,
    recipient: UUID,
    template: Template,
    values: dict[str, Any],
    *,
    division: str,
    fact_id: UUID,
    at: datetime,
) -> bool:
    """Tell `recipient`, through every channel in use.

    False when this fact was told before, or when they want no messages (or are erased).
    """
    if (await run(db, _REFUSED, {"recipient": recipient})).scalar():
        return False
    new = (
        await run(
            db,
            insert(Message)
            .values(
                id=uuid7(),
                recipient=recipient,
                template=template,
                values=values,
                division_code=division,
                fact_id=fact_id,
                created_at=at,
            )
            .on_conflict_do_nothing(constraint="messages_once")
            .returning(col(Message.id)),
        )
    ).scalar_one_or_none()
    if new is None:
        return False
    for channel in channels():
        state = await PROVIDERS[channel](db, new)
        await run(
            db,
            insert(MessageDelivery).values(
                message_id=new, channel=channel, recipient=recipient, state=state, at=at
            ),
        )
    return True


async def mark_read(db: AsyncSession, caller: Caller, message_id: UUID, now: datetime) -> Message:
    """The caller has read it; the first time counts."""
    row = await queries.message(db, caller, message_id)
    row.read_at = row.read_at or now
    return row


async def mark_all_read(db: AsyncSession, caller: Caller, now: datetime) -> int:
    """The caller has read everything; answers how many that were."""
    statement = (
        update(Message)
        .where(mine(col(Message.recipient), caller), col(Message.read_at).is_(None))
        .values(read_at=now)
    )
    return (await run(db, statement)).rowcount
