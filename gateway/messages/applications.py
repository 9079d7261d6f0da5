"""Which facts of services/venues become messages to applicants, objectors and experts."""

from collections.abc import Callable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.messages.actions import send
from gateway.messages.rules import Template
from services.kit.facts import Envelope
from services.kit.inbox import Handler, Reads


class _Application(BaseModel):
    """The subject is the application."""

    recipient: UUID
    number: str


class _Returned(_Application):
    due_on: date | None


class _Decided(_Application):
    outcome: str


class _Credit(BaseModel):
    """The subject is the application."""

    recipient: UUID
    result: str


class _Objection(BaseModel):
    """The subject is the objection; without a recipient it came by letter."""

    recipient: UUID | None
    notice_id: UUID
    state: str


class _Invited(BaseModel):
    """The subject is the seat."""

    recipient: UUID
    application_id: UUID


def _returned(body: Any) -> Template:
    known = body.due_on is not None
    return Template.APPLICATION_RETURNED if known else Template.APPLICATION_RETURNED_OPEN


def _decided(body: Any) -> Template:
    return Template(f"application-{body.outcome.replace('_', '-')}")


def _credit(body: Any) -> Template | None:
    # A clear answer lets the application go on, and one that is not known is asked for again.
    return Template.CREDIT_RED_LINE if body.result == "red_line" else None


def _objection(body: Any) -> Template | None:
    known = f"objection-{body.state}"
    return Template(known) if known in set(Template) else None  # they withdrew it themselves


def _telling(choose: Callable[[Any], Template | None], subject: str = "application_id") -> Handler:
    """A handler that tells the fact's recipient; `subject` names what the fact's subject is."""

    async def tell(db: AsyncSession, envelope: Envelope, body: Any) -> None:
        template = choose(body)
        if template is None or body.recipient is None:
            return
        left_out = {"recipient", "outcome", "result", "state"}
        values = body.model_dump(mode="json", exclude=left_out, exclude_none=True)
        await send(
            db,
            body.recipient,
            template,
            values | {subject: envelope.subject},
            division=envelope.division,
            fact_id=envelope.id,
            at=envelope.time,
        )

    return tell


APPLICATIONS: Mapping[str, Reads] = MappingProxyType(
    {
        "venues.application_submitted.v1": Reads(
            _Application, _telling(lambda _: Template.APPLICATION_SUBMITTED)
        ),
        "venues.application_returned.v1": Reads(_Returned, _telling(_returned)),
        "venues.application_decided.v1": Reads(_Decided, _telling(_decided)),
        "venues.credit_answered.v1": Reads(_Credit, _telling(_credit)),
        "venues.objection_answered.v1": Reads(_Objection, _telling(_objection, "objection_id")),
        "venues.expert_invited.v1": Reads(
            _Invited, _telling(lambda _: Template.EXPERT_INVITED, "seat_id")
        ),
    }
)
