"""What is told of an application: to its applicant, by their account and nothing else of them."""

from datetime import date
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.facts import Fact, record
from services.venues.applications.models import Application
from services.venues.facts import ApplicationDecided, ApplicationReturned, ApplicationSubmitted


async def tell_submitted(db: AsyncSession, row: Application) -> None:
    """It was handed in, for the first time or again."""
    await _tell(db, row, ApplicationSubmitted(**_about(row), stage=row.stage_key))


async def tell_returned(db: AsyncSession, row: Application, due_on: date | None) -> None:
    """It waits for the applicant until a day."""
    fact = ApplicationReturned(**_about(row), stage=row.stage_key, due_on=due_on)
    await _tell(db, row, fact)


async def tell_decided(db: AsyncSession, row: Application) -> None:
    """It came to an end: named, not named, withdrawn."""
    await _tell(db, row, ApplicationDecided(**_about(row), outcome=row.state.value))


def _about(row: Application) -> dict[str, Any]:
    about = {"recipient": row.applicant, "programme_id": row.programme_id}
    return about | {"number": row.number or ""}


async def _tell(db: AsyncSession, row: Application, fact: Fact) -> None:
    await db.flush()
    await record(db, fact, subject=row.id, division=row.division_code, version=row.version)
