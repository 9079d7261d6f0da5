"""What a conflict changes that is found after the panel has done its work. As the service."""

from datetime import datetime

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import SERVICE, Caller
from services.venues.applications.models import Application
from services.venues.applications.queries import case as read_case
from services.venues.applications.trail import PLATFORM, decide
from services.venues.experts.conflicts.rules import Cause, said
from services.venues.experts.draws.models import PanelDraw
from services.venues.experts.invitations.models import Seat
from services.venues.experts.invitations.telling import place, speaker
from services.venues.experts.scores.models import Finding
from services.venues.experts.scores.rules import PanelResult, result
from services.venues.experts.scores.settling import work_of
from services.venues.honours.models import Honour


async def found_afterwards(
    db: AsyncSession,
    caller: Caller,
    application: Application,
    row: PanelDraw,
    seat: Seat,
    causes: tuple[Cause, ...],
    now: datetime,
) -> None:
    """Write down, once for a seat, what the result was and would be without this expert.

    Nothing is changed by it: staff decide (rectification, a new panel, revocation) and say why.
    """
    known = select(Finding.id).where(Finding.seat_id == seat.id)
    if (await db.exec(known)).first() is not None:
        return
    work = await work_of(db, application.id, row.stage_key)
    definition = (await read_case(db, SERVICE, application.id)).definition
    sheets = work.final if work else []
    whole = result(definition, [each.points for each in sheets])
    others = result(definition, [each.points for each in sheets if each.seat_id != seat.id])
    db.add(
        Finding(
            application_id=application.id,
            seat_id=seat.id,
            reasons=[cause.value for cause in causes],
            found_at=now,
            found_by=caller.subject or PLATFORM,
            with_them=whole.as_json() if whole else None,
            without_them=others.as_json() if others else None,
        )
    )
    named = select(Honour).where(Honour.application_id == application.id)
    await decide(
        db,
        application=application,
        honour=(await db.exec(named)).first(),
        action="expert_conflict_found",
        caller=speaker(caller),
        stage_key=row.stage_key,
        reason=f"{place(seat)}：{said(causes)}；{_effect(whole, others)}",
        acted_for=row.division_code,
        now=now,
    )


def changes(whole: PanelResult | None, others: PanelResult | None) -> bool:
    """Would the band, or whether it passes, be another without the expert?"""
    if whole is None or others is None:
        return whole is not others
    return (whole.band, whole.passes) != (others.band, others.passes)


def _effect(whole: PanelResult | None, others: PanelResult | None) -> str:
    return "剔除后结论改变" if changes(whole, others) else "剔除后结论不变"
