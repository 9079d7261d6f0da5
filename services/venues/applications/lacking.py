"""What an application lacks before it can be submitted: everything at once, each with its field."""

from collections.abc import Sequence

from sqlalchemy import func
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.db import as_service
from services.kit.problems import FieldError
from services.venues.applications.gates import Unmet
from services.venues.applications.models import Application, ApplicationContact
from services.venues.applications.queries import Case
from services.venues.assessment import gate as assessment_gate
from services.venues.programmes.definition import Definition


async def missing_for_submission(db: AsyncSession, case: Case) -> tuple[FieldError, ...]:
    """Conditions, category, channel, host and contacts here; materials and self-assessment by
    whoever holds them."""
    row, definition = case.application, case.definition
    counted = select(func.count()).where(ApplicationContact.application_id == row.id)
    async with as_service(db):
        contacts = (await db.exec(counted)).one()
        unmet = await assessment_gate.missing_for_submission(db, row, definition)
    return of_fields(row, definition, contacts) + field_errors(unmet, "/")


def of_fields(row: Application, definition: Definition, contacts: int) -> tuple[FieldError, ...]:
    """What the application's own fields lack."""
    errors = []
    for condition in definition.conditions:
        pointer = f"/declared/{condition.key}"
        values = (("condition", condition.title["zh-CN"]),)
        if condition.key not in row.declared:
            errors.append(FieldError(pointer, "condition-undeclared", values))
        elif not row.declared[condition.key]:
            errors.append(FieldError(pointer, "condition-unmet", values))
    if definition.categories and row.category is None:
        errors.append(FieldError("/category", "category-needed"))
    if definition.channels and row.channel is None:
        errors.append(FieldError("/channel", "channel-needed"))
    if definition.credit is not None and row.host_uscc is None:
        errors.append(FieldError("/host_uscc", "uscc-needed"))
    if not contacts:
        errors.append(FieldError("/contacts", "contact-needed"))
    return tuple(errors)


def unknown_keys(definition: Definition, given: dict[str, object]) -> tuple[FieldError, ...]:
    """Keys that are given and that the programme does not have."""
    known = {each.key for each in definition.conditions}
    declared = given.get("declared")
    errors = [
        FieldError(f"/declared/{key}", "unknown-condition")
        for key in (declared if isinstance(declared, dict) else ())
        if key not in known
    ]
    for name, options in (("category", definition.categories), ("channel", definition.channels)):
        key = given.get(name)
        if key is not None and key not in {each.key for each in options}:
            errors.append(FieldError(f"/{name}", f"unknown-{name}"))
    return tuple(errors)


def field_errors(unmet: Sequence[Unmet], pointer: str) -> tuple[FieldError, ...]:
    """What gates miss, as fields: each at its own `pointer` when it names one."""
    return tuple(
        FieldError(
            str(each.values.get("pointer", pointer)),
            each.slug,
            tuple((name, value) for name, value in each.values.items() if name != "pointer"),
        )
        for each in unmet
    )
