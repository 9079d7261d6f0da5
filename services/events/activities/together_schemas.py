"""Wire shapes of activities taken together: under an umbrella, approved in bulk."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.events.activities.schemas import ReasonIn
from services.events.activities.umbrella_rules import AfterCancelling


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class CancelIn(ReasonIn):
    """The reason; and for an umbrella with children, what becomes of them."""

    children: AfterCancelling | None = None


class UmbrellaIn(_In):
    umbrella_id: UUID


class RowIn(_In):
    """An activity as the caller read it."""

    id: UUID
    version: int = Field(ge=1)


class BulkApproveIn(_In):
    """Up to 100 submitted activities. `all_or_none`: one that cannot be approved stops them all."""

    items: list[RowIn] = Field(min_length=1, max_length=100)
    all_or_none: bool = False


class ApprovedRow(BaseModel):
    """What became of one row: its new version, or the problem that it met."""

    id: UUID
    version: int | None
    problem: dict[str, Any] | None
    """As the problem+json of approving it alone."""


class BulkApproveOut(BaseModel):
    items: list[ApprovedRow]
    """In the order asked for."""
    next: None = None
    approved: int
    refused: int
