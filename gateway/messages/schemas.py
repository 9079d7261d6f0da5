"""Wire shapes of messages."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from gateway.messages.rules import Template


class MessageOut(BaseModel):
    """A message in the reader's language. `values` are the ids and numbers that it is about."""

    id: UUID
    template: Template
    title: str
    detail: str
    values: dict[str, Any]
    division_code: str
    created_at: datetime
    read_at: datetime | None


class UnreadOut(BaseModel):
    unread: int


class ReadOut(BaseModel):
    """How many messages this request marked as read."""

    read: int
