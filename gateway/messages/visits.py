"""Which facts of services/venues become messages about visits, and in which words.

A venue says its public name in the fact: nobody is asked for it when the message is read.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.messages.actions import send
from gateway.messages.rules import Template
from services.kit.facts import Envelope
from services.kit.inbox import Handler, Reads

CLOSED = "venue_closed"
"""The cause of a cancellation that came from the venue: it reads otherwise."""


class _Visit(BaseModel):
    """The subject is the reservation."""

    recipient: UUID | None
    venue_id: UUID
    venue: str
    starts_at: datetime


class _Places(_Visit):
    places: int


class _Offered(_Places):
    expires_at: datetime


class _Cancelled(_Visit):
    cause: str


class _Penalty(BaseModel):
    """The subject is the penalty."""

    recipient: UUID | None
    venue_id: UUID
    venue: str
    until_at: datetime


def _telling(template: Template, subject: str) -> Handler:
    """A handler that tells the fact's recipient; `subject` names what the fact's subject is."""

    async def tell(db: AsyncSession, envelope: Envelope, body: Any) -> None:
        if body.recipient is None:  # the desk reserved for somebody without an account
            return
        values = body.model_dump(mode="json", exclude={"recipient", "cause"})
        values[subject] = envelope.subject
        closed = getattr(body, "cause", None) == CLOSED
        await send(
            db,
            body.recipient,
            Template.VISIT_CLOSED if closed else template,
            values,
            division=envelope.division,
            fact_id=envelope.id,
            at=envelope.time,
        )

    return tell


T = Template
VISITS: Mapping[str, Reads] = MappingProxyType(
    {
        f"venues.{name}.v1": Reads(body, _telling(template, subject))
        for name, body, template, subject in (
            ("reservation_confirmed", _Places, T.VISIT_CONFIRMED, "reservation_id"),
            ("reservation_approved", _Places, T.VISIT_APPROVED, "reservation_id"),
            ("reservation_refused", _Visit, T.VISIT_REFUSED, "reservation_id"),
            ("reservation_waitlisted", _Visit, T.VISIT_WAITLISTED, "reservation_id"),
            ("visit_offered", _Offered, T.VISIT_OFFERED, "reservation_id"),
            ("reservation_lapsed", _Visit, T.VISIT_LAPSED, "reservation_id"),
            ("reservation_cancelled", _Cancelled, T.VISIT_CANCELLED, "reservation_id"),
            ("reservation_missed", _Visit, T.VISIT_MISSED, "reservation_id"),
            ("penalty_imposed", _Penalty, T.PENALTY_IMPOSED, "penalty_id"),
            ("penalty_upheld", _Penalty, T.PENALTY_UPHELD, "penalty_id"),
            ("penalty_lifted", _Penalty, T.PENALTY_LIFTED, "penalty_id"),
        )
    }
)
