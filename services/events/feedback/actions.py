"""What people do with feedback: those who came give it, the host opens the comments."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.events.activities.queries import activity as read_activity
from services.events.feedback import queries
from services.events.feedback.models import BoxedAnswer, FeedbackComment, FeedbackRight
from services.events.feedback.rules import Answer, NotAttended, OnlyWhoCame, day, require_open
from services.events.feedback.schemas import FeedbackIn, FeedbackTaken
from services.events.registrations import tickets
from services.events.registrations.queries import entry
from services.kit.access import Caller, P
from services.kit.db import as_service, run
from services.kit.ids import uuid7
from services.kit.pages import Paging
from services.kit.tables import openings
from services.kit.vault import Vault


async def give(
    db: AsyncSession, caller: Caller, keys: Path, vault: Vault, given: FeedbackIn, now: datetime
) -> FeedbackTaken:
    """Spend the right of a party that came, and put the answer into the box, apart from it.

    Raises NotAttended, FeedbackClosed, BadTicket; FeedbackGiven by the keys of the rights.
    """
    if given.ticket is not None:
        # Whoever holds the ticket speaks: many have no account, and who is signed in is not asked.
        party = await queries.party(db, tickets.verify(keys, given.ticket).registration)
    else:
        assert given.registration_id is not None
        me = caller.known()
        party = await queries.party(db, given.registration_id)
        if party.account_id != me:
            await entry(db, caller, given.registration_id)  # Missing for those who cannot see it
            raise OnlyWhoCame()
    if not party.came:
        raise NotAttended()
    require_open(now, party.ends_at)
    answer = Answer(given.rating, given.comment)
    async with as_service(db):
        db.add(
            FeedbackRight(
                registration_id=party.id,
                activity_id=party.activity_id,
                account_id=party.account_id,
            )
        )
        db.add(
            BoxedAnswer(
                activity_id=party.activity_id,
                given_on=day(now),
                sealed=vault.seal(answer.text(), "feedback.answer"),
            )
        )
    return FeedbackTaken(activity_id=party.activity_id, shown_after=day(now))


async def open_comments(
    db: AsyncSession, caller: Caller, activity_id: UUID, purpose: str, paging: Paging
) -> Sequence[FeedbackComment]:
    """The comments on an activity, for the lead host; that they were opened is written down."""
    me = caller.known()
    row = await read_activity(db, caller, activity_id)
    caller.require(P.PERSONAL_OPEN, at=row.division_code)
    await run(
        db,
        openings.insert().values(
            id=uuid7(),
            actor=me,
            subject=f"activities/{row.id}",
            fields="feedback.comment",
            purpose=purpose,
        ),
    )
    return await queries.comments(db, row.id, paging)
