"""Tables of requests about what is held (behind a wall), and of each service's part."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, LargeBinary, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from gateway.rights.rules import RequestKind
from services.kit.columns import enum_column, time_column
from services.kit.ids import uuid7

PHONE, RECEIPT = "rights.phone", "rights.receipt"
"""The vault's names of the sealed phone, and of the receipt's index."""


class RightsRequest(SQLModel, table=True):
    """One request. Once every service has confirmed it names nobody (a CHECK says so too)."""

    __tablename__ = "rights_requests"

    id: UUID = Field(default_factory=uuid7, sa_column=Column(Uuid, primary_key=True))
    kind: RequestKind = Field(sa_column=enum_column(RequestKind))
    receipt_index: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    subject: UUID | None
    phone_sealed: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    pseudonym: UUID | None
    """What rows that stay name from now on; forgotten with the request's end."""
    asked_at: datetime = Field(sa_column=time_column())
    finished_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))


class RightsPart(SQLModel, table=True):
    """One service's part of a request: waiting until it has confirmed."""

    __tablename__ = "rights_parts"

    request_id: UUID = Field(primary_key=True, foreign_key="rights_requests.id")
    service: str = Field(primary_key=True)
    attempts: int = 0
    due_at: datetime = Field(sa_column=time_column())
    done_at: datetime | None = Field(default=None, sa_column=time_column(nullable=True))
    touched: dict[str, int] = Field(default_factory=dict, sa_column=Column(JSONB, nullable=False))
    kept: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSONB, nullable=False))
