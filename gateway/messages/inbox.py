"""Which facts become messages. Redeclared here: only the fields that are read."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.messages.actions import send
from gateway.messages.applications import APPLICATIONS
from gateway.messages.rules import Template
from gateway.messages.visits import VISITS
from services.kit.facts import Envelope
from services.kit.inbox import Consumer, Handler, Reads


class _Activity(BaseModel):
    """The subject is the activity."""

    recipient: UUID | None


class _Hall(_Activity):
    starts_at: datetime


class _Registration(BaseModel):
    """The subject is the registration."""

    recipient: UUID | None
    activity_id: UUID
    occurrence_id: UUID


class _Confirmed(_Registration):
    places: int


class _Offered(_Registration):
    places: int
    expires_at: datetime


class _Rescheduled(_Registration):
    starts_at: datetime | None


def _telling(template: Template, subject: str) -> Handler:
    """A handler that tells the fact's recipient; `subject` names what the fact's subject is."""

    async def tell(db: AsyncSession, envelope: Envelope, body: Any) -> None:
        if body.recipient is None:  # registered by staff, without an account
            return
        values = body.model_dump(mode="json", exclude={"recipient"}, exclude_none=True)
        values[subject] = envelope.subject
        said = template
        if template is Template.REGISTRATION_RESCHEDULED and body.starts_at is None:
            said = Template.REGISTRATION_POSTPONED
        await send(
            db,
            body.recipient,
            said,
            values,
            division=envelope.division,
            fact_id=envelope.id,
            at=envelope.time,
        )

    return tell


T = Template
CONSUMER = Consumer(
    "messages",
    {
        f"events.{name}.v1": Reads(body, _telling(template, subject))
        for name, body, template, subject in (
            ("place_offered", _Offered, T.PLACE_OFFERED, "registration_id"),
            ("offer_lapsed", _Registration, T.OFFER_LAPSED, "registration_id"),
            ("registration_confirmed", _Confirmed, T.REGISTRATION_CONFIRMED, "registration_id"),
            ("registration_entered", _Registration, T.REGISTRATION_ENTERED, "registration_id"),
            (
                "registration_waitlisted",
                _Registration,
                T.REGISTRATION_WAITLISTED,
                "registration_id",
            ),
            ("registration_cancelled", _Registration, T.REGISTRATION_CANCELLED, "registration_id"),
            (
                "registration_rescheduled",
                _Rescheduled,
                T.REGISTRATION_RESCHEDULED,
                "registration_id",
            ),
            ("activity_returned", _Activity, T.ACTIVITY_RETURNED, "activity_id"),
            ("activity_approved", _Activity, T.ACTIVITY_APPROVED, "activity_id"),
            ("hall_lost", _Hall, T.HALL_LOST, "activity_id"),
        )
    }
    | dict(VISITS)
    | dict(APPLICATIONS),
)
