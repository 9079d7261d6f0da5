"""People who came to an activity, straight into the database, and nights that pass."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx

from services.events.feedback.mixing import mix
from services.events.feedback.rules import day
from services.events.registrations.models import CheckIn, Member, Registration
from services.events.registrations.rules import RegistrationState
from services.kit.access import SERVICE, Caller
from services.kit.ids import uuid7
from tests.support.activities import Ids
from tests.support.apps import Running, citizen


async def came(
    running: Running,
    ids: Ids,
    *,
    division: str = "630123101",
    account: UUID | None = None,
    by_staff: bool = False,
    checked_in: bool = True,
) -> tuple[Caller, UUID]:
    """A party of one that is confirmed and has come: who it is, and its registration."""
    person = citizen(account)
    (ticket,) = ids.tickets.values()
    async with running.kit.database.transaction(SERVICE) as db:
        row = Registration(
            occurrence_id=ids.occurrence,
            pool_id=ids.pool,
            ticket_id=ticket,
            division_code=division,
            recorded_code=division,
            account_id=None if by_staff else person.subject,
            proxy_by=uuid7() if by_staff else None,
            party_size=1,
            number=uuid7().int % 2**31,
            state=RegistrationState.CONFIRMED,
            created_at=datetime.now(UTC),
        )
        db.add(row)
        await db.flush()
        member = Member(
            registration_id=row.id,
            division_code=division,
            account_id=row.account_id,
            proxy_by=row.proxy_by,
            position=1,
            name_sealed=running.kit.vault.seal("卓玛", "members.name"),
            name_masked="卓*",
        )
        db.add(member)
        await db.flush()
        if checked_in:
            db.add(
                CheckIn(
                    member_id=member.id,
                    occurrence_id=ids.occurrence,
                    division_code=division,
                    account_id=row.account_id,
                    by=uuid7(),
                    method="by_hand",
                )
            )
    return person, row.id


async def say(
    running: Running, person: Caller, registration: UUID, rating: int = 5, **more: Any
) -> httpx.Response:
    """Somebody's feedback over HTTP."""
    body = {"registration_id": str(registration), "rating": rating, **more}
    async with running.as_(person) as client:
        return await client.post("/feedback", json=body)


async def said(running: Running, ids: Ids, *ratings: int, **more: Any) -> None:
    """One person for each rating comes and says it."""
    for rating in ratings:
        answer = await say(running, *await came(running, ids), rating, **more)
        assert answer.status_code == 201, answer.text


async def night(running: Running, nights: int = 1) -> None:
    """The nightly work, as if so many days had passed."""
    today = day(datetime.now(UTC)) + timedelta(days=nights)
    while True:
        async with running.kit.database.transaction(SERVICE) as db:
            if not await mix(db, running.kit.vault, today):
                return
