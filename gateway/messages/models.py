"""Tables of messages, and of what each channel did with them. Both stand behind a wall (RLS)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from gateway.messages.rules import Channel, DeliveryState, Template
from services.kit.columns import code_column, enum_column, time_column
from services.kit.ids import uuid7


class Message(SQLModel, table=True):
    """One notice to one account: ids, numbers and times. Its words come when it is read."""

    __tablename__ = "messages"

    id: UUID = Field(default_factory=uuid7, sa_column=Column(Uuid, primary_key=True))
    recipient: UUID
    template: Template = Field(sa_column=enum_column(Template))
    values: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    division_code: str = Field(sa_column=code_column())
    fact_id: UUID
    """Of which fact it tells: the same fact twice is one message."""
    created_at: datetime = Field(sa_column=time_column())
    """When what it tells became true."""
    read_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))


class MessageDelivery(SQLModel, table=True):
    """What one channel did with a message: the delivery log."""

    __tablename__ = "message_deliveries"

    message_id: UUID = Field(primary_key=True, foreign_key="messages.id")
    channel: Channel = Field(sa_column=enum_column(Channel, primary_key=True))
    recipient: UUID
    state: DeliveryState = Field(sa_column=enum_column(DeliveryState))
    at: datetime = Field(sa_column=time_column())
