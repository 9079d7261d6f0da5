"""What a certificate is worth now, for machines and signed for those who have no line."""

from datetime import UTC, datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from services.venues.honours import queries
from services.venues.honours.models import Certificate, Honour
from services.venues.honours.queries import Held
from services.venues.honours.rules import (
    IN_FORCE,
    HonourState,
    NotGivenOut,
    creation_over,
    local_day,
    standing,
    state_today,
)
from services.venues.honours.schemas import EditionOut, VerificationOut
from services.venues.honours.signing import Issuer

STAMP_LIFE = timedelta(days=1)
"""How long a stamp may be shown where there is no line."""
STAMP_TYP = "honour-standing+jwt"


def page_of(origin: str, honour: Honour) -> str:
    """Where people read it; what the QR code says."""
    return f"{origin}/api/v1/certificates/verify/{honour.id}"


def as_of(now: datetime, since: datetime) -> datetime:
    """The minute that an answer speaks of, so that it is the same bytes meanwhile; not one from
    before the honour came into its state."""
    minute = now.astimezone(UTC).replace(second=0, microsecond=0)
    return max(minute, since.astimezone(UTC))


async def verification(
    db: AsyncSession, issuer: Issuer, origin: str, found: Held, now: datetime
) -> VerificationOut:
    """Everything that anybody may know of a certificate."""
    row = found.honour
    state = state_today(row.state, row.valid_until, local_day(now))
    given = await queries.editions(db, row.id)
    moment = as_of(now, row.state_since)
    about = f"/api/v1/certificates/{row.id}"
    is_given = state in IN_FORCE and any(each.withdrawn_at is None for each in given)
    return VerificationOut(
        **row.model_dump(
            include={
                "number",
                "title",
                "titles",
                "venue_id",
                "subject_code",
                "division_code",
                "issuer",
                "level",
                "host_name",
                "issued_on",
                "valid_until",
                "provisional_until",
                "followed_by",
                "plaque_returned_on",
                "certificate_returned_on",
                "source",
            }
        ),
        honour_id=row.id,
        standing=standing(state),
        state=state,
        creation_over=creation_over(state, row.provisional_until, local_day(now)),
        # The clock may not have come by yet: then no decision tells of it either.
        since=row.state_since,
        reason=row.state_reason,
        holder=found.holder,
        co_issuers=row.co_issuers.splitlines(),
        editions=[EditionOut(**each.model_dump()) for each in given],
        document=f"{about}/document" if is_given else None,
        credential=f"{about}/credential" if is_given else None,
        page=page_of(origin, row),
        as_of=moment,
        stamp=_stamp(issuer, found, state, moment),
    )


def _stamp(issuer: Issuer, found: Held, state: HonourState, moment: datetime) -> str:
    row = found.honour
    told = {
        "number": row.number,
        "title": row.title,
        "holder": found.holder,
        "state": state.value,
        "standing": standing(state),
        "valid_until": row.valid_until.isoformat() if row.valid_until is not None else None,
    }
    seconds = int(moment.timestamp())
    payload = {
        "iss": issuer.did,
        "sub": f"urn:uuid:{row.id}",
        "iat": seconds,
        "exp": seconds + int(STAMP_LIFE.total_seconds()),
        "honour": told,
    }
    return issuer.sign(payload, STAMP_TYP)


async def given_out(db: AsyncSession, found: Held, now: datetime) -> Certificate:
    """The edition that may be given out today. Raises NotGivenOut."""
    row = found.honour
    state = state_today(row.state, row.valid_until, local_day(now))
    if state in IN_FORCE:
        for each in await queries.editions(db, row.id):
            if each.withdrawn_at is None:
                return each
    raise NotGivenOut(state=state.value)
