"""Doors that are open now, people with tickets, and phones enrolled at them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from services.events.registrations import tickets
from services.kit.access import SERVICE
from services.kit.ids import uuid7
from tests.support.activities import Ids, published_activity
from tests.support.apps import Running, staff
from tests.support.scanner import Phone

TOWNSHIP, HALL, FOREIGN = "630123101", "630102", "632801"
CHECKER = staff("checker", TOWNSHIP)


async def today(running: Running, **over: Any) -> Ids:
    """An activity of the township that began half an hour ago, in the hall of another division."""
    start = datetime.now(UTC) - timedelta(minutes=30)
    return await published_activity(
        running, TOWNSHIP, **{"starts_at": start, "division_code": HALL, **over}
    )


async def phone(
    running: Running, name: str = "手机", division: str = TOWNSHIP, **how: Any
) -> Phone:
    """An enrolled device."""
    made = Phone(running, name, **how)
    answer = await made.enrol(staff("checker", division), division)
    assert answer.status_code == 201, answer.text
    return made


async def people(running: Running, ids: Ids, parties: list[int]) -> list[tuple[UUID, str]]:
    """Confirmed parties of these sizes, straight into the database: registration and ticket."""
    from services.events.registrations.models import Member, Registration
    from services.events.registrations.rules import RegistrationState

    made = []
    async with running.kit.database.transaction(SERVICE) as db:
        for number, size in enumerate(parties, start=1):
            row = Registration(
                occurrence_id=ids.occurrence,
                pool_id=ids.pool,
                ticket_id=next(iter(ids.tickets.values())),
                division_code=TOWNSHIP,
                recorded_code=TOWNSHIP,
                account_id=uuid7(),
                party_size=size,
                number=number,
                state=RegistrationState.CONFIRMED,
            )
            db.add(row)
            await db.flush()
            for position in range(1, size + 1):
                db.add(
                    Member(
                        registration_id=row.id,
                        division_code=TOWNSHIP,
                        account_id=row.account_id,
                        position=position,
                        name_sealed=b"-",
                        name_masked="卓**",
                    )
                )
            claims = tickets.TicketClaims(row.id, ids.occurrence, tuple(range(1, size + 1)))
            made.append((row.id, tickets.sign(running.kit.keys, claims, datetime.now(UTC))))
    return made


def slug(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].rpartition("/")[2]


def outcomes(answer: dict[str, Any]) -> list[str]:
    return [scan["outcome"] for scan in answer["scans"]]
