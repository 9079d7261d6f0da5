"""The table of honours: what was named, by whom, until when, and what became of it."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlmodel import Field, SQLModel

from services.kit.columns import code_column, enum_column, now_column
from services.kit.ids import uuid7


class HonourState(StrEnum):
    PROVISIONAL = "provisional"  # 创建期
    VALID = "valid"
    RECTIFYING = "rectifying"  # 整改
    SUSPENDED = "suspended"  # 暂停
    REVOKED = "revoked"  # 摘牌
    EXPIRED = "expired"
    RENEWED = "renewed"  # followed by another honour
    UPGRADED = "upgraded"  # followed by a higher one


class Honour(SQLModel, table=True):
    """A venue or a division may hold several: the honour expires, not the venue."""

    __tablename__ = "honours"

    id: UUID = Field(default_factory=uuid7, primary_key=True)
    number: str | None = None
    application_id: UUID | None = Field(default=None, foreign_key="applications.id", unique=True)
    """None for one that was named before this platform, or elsewhere."""
    programme_id: UUID | None = Field(default=None, foreign_key="programmes.id")
    venue_id: UUID | None = Field(default=None, foreign_key="venues.id")
    subject_code: str | None = Field(default=None, sa_column=code_column(nullable=True))
    division_code: str = Field(sa_column=code_column())
    recorded_code: str = Field(sa_column=code_column())
    title: str
    issuer: str
    co_issuers: str = ""
    """The others who issue it, one a line."""
    level: str | None = None
    """national, provincial, prefecture, county: whose honour it is."""
    host_name: str | None = None
    issued_on: date | None = None
    valid_until: date | None = None
    """The last day; None: no term is known."""
    state: HonourState = Field(default=HonourState.VALID, sa_column=enum_column(HonourState))
    followed_by: UUID | None = None
    source: str | None = None
    """The public page that an honour named elsewhere is known from."""
    version: int = 1
    created_by: UUID
    created_at: datetime = Field(sa_column=now_column())
