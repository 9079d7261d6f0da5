"""The trail of an application and its honour: who did what, when, under which rule and why."""

from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import Caller, Kind
from services.kit.divisions import covers
from services.venues.applications.models import Application, Decision
from services.venues.honours.models import Honour

PLATFORM = UUID(int=0)
"""The actor of what no person does: a handler, a schedule."""


async def decide(
    db: AsyncSession,
    *,
    application: Application | None = None,
    honour: Honour | None = None,
    action: str,
    caller: Caller,
    stage_key: str | None = None,
    reason: str | None = None,
    fields: Iterable[dict[str, str]] = (),
    public: bool = False,
    acted_for: str | None = None,
    now: datetime | None = None,
) -> Decision:
    """Write down a decision in the transaction of its effect; it is never changed afterwards.

    `public` ones are also shown on the page of the honour: no personal data in their reason.
    `acted_for` is the division in whose name; when nothing is said, that of the nearest grant by
    which staff reach the row. `fields`: [{"pointer": "/summary", "reason": "…"}].
    """
    subject = application or honour
    if subject is None:
        raise ValueError("a decision is about an application or an honour")
    if acted_for is None and caller.kind is Kind.STAFF:
        acted_for = nearest(caller, subject.division_code)
    if application is None and honour is not None and honour.application_id is not None:
        # What becomes of an honour that was named here follows the rule that it was named under.
        application = await db.get(Application, honour.application_id)
    row = Decision(
        application_id=application.id if application else None,
        honour_id=honour.id if honour else None,
        action=action,
        stage_key=stage_key,
        version_id=application.version_id if application else None,
        actor=caller.subject or PLATFORM,
        acted_for=acted_for,
        reason=reason,
        fields=list(fields),
        public=public,
        decided_at=now or datetime.now(UTC),
    )
    db.add(row)
    # An honour or application that is new in this transaction is written before what tells of it.
    await db.flush()
    return row


def nearest(caller: Caller, code: str) -> str | None:
    """The lowest division at which the caller holds a role that reaches `code`."""
    reached = [grant.division for grant in caller.grants if covers(grant.division, code)]
    return max(reached, key=len, default=None)
