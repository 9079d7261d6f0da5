"""The trail of an application and its honour: who did what, when, under which rule and why."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import Caller, Kind
from services.kit.divisions import covers
from services.kit.languages import DEFAULT, WORDS
from services.venues.applications.gates import Finding
from services.venues.applications.models import Application, Decision
from services.venues.honours.models import Honour
from services.venues.programmes.speaking import Speaker

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
    grounds: Iterable[Finding] = (),
    public: bool = False,
    acted_for: str | None = None,
    now: datetime | None = None,
) -> Decision:
    """Write down a decision in the transaction of its effect; it is never changed afterwards.

    `public` ones are also shown on the page of the honour: no personal data in their reason.
    `acted_for` is the division in whose name; when nothing is said, that of the nearest grant by
    which staff reach the row. `fields`: [{"pointer": "/summary", "reason": "…"}]. `grounds` is what
    it rests on, besides what somebody wrote (`reason`).
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
        grounds=[{"rule": each.slug, "values": dict(each.values)} for each in grounds],
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


def as_entered(honour: Honour) -> Decision:
    """How an honour that came with a list (an import, the first load) came to be: its own row says
    who, when, and from which source. It has no decision of its own, which would stay for good: a
    list can be taken back."""
    return Decision(
        id=PLATFORM,  # before every other
        honour_id=honour.id,
        action="enter",
        actor=honour.created_by,
        reason=honour.source,
        public=True,
        decided_at=honour.created_at,
    )


def why(row: Decision, speaker: Speaker, *, told: bool = True) -> str:
    """Why it was decided so, in the reader's language: what somebody wrote (where that is `told`),
    else what it rests on, else what such a decision follows from."""
    if told and row.reason:
        return row.reason
    said = [_said(each["rule"], each["values"], speaker) for each in row.grounds]
    if said:
        return ("；" if speaker.language == DEFAULT else "; ").join(said)
    slug = f"why-{row.action.replace('_', '-')}"
    return _said(slug if slug in WORDS else "why-otherwise", {}, speaker)


def _said(slug: str, values: dict[str, Any], speaker: Speaker) -> str:
    texts = WORDS.get(slug, {}).get("title", {})
    return speaker.say(texts).format(**values) if texts else slug
