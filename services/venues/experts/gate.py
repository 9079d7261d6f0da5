"""What the stage of expert review needs to be passed, what it came to, and what ends when it is
left otherwise."""

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.settings import suite
from services.kit.vault import Vault
from services.venues.applications.gates import Finding, StageWork, Standing, Unmet
from services.venues.applications.rules import RunState
from services.venues.experts.conflicts.finding import conflicts_of
from services.venues.experts.draws import queries as draws
from services.venues.experts.draws.actions import void_held
from services.venues.experts.draws.models import PanelDraw
from services.venues.experts.draws.rules import DrawState
from services.venues.experts.invitations.rules import LIFECYCLE, SeatState
from services.venues.experts.scores.models import Result
from services.venues.experts.scores.rules import PanelResult, band_passes, stored
from services.venues.experts.scores.settling import Work, work_of

ENDED = "申报已终止，不再抽取"


async def gate(db: AsyncSession, standing: Standing) -> list[Unmet]:
    """A whole panel without a conflict, all of its sheets, and a result that passes."""
    if standing.definition.panel is None:
        return [Unmet("panel-rule-missing")]
    work = await work_of(db, standing.application.id, standing.stage.key)
    if work is None or not work.seats:
        return [Unmet("panel-not-drawn")]
    return [
        *_open_seats(work, standing),
        *await _conflicts(db, work, standing),
        *await _scores(db, work, standing),
    ]


def _open_seats(work: Work, standing: Standing) -> list[Unmet]:
    return [
        Unmet("panel-seats-open", {"stratum": stratum, "missing": missing})
        for stratum, missing in work.missing(standing.definition).items()
    ]


async def _conflicts(db: AsyncSession, work: Work, standing: Standing) -> list[Unmet]:
    experts = [seat.expert_id for seat in work.seated]
    found = await conflicts_of(db, standing.application, standing.now.date(), experts)
    return [Unmet("panel-conflict-open", {"count": len(found)})] if found else []


async def _scores(db: AsyncSession, work: Work, standing: Standing) -> list[Unmet]:
    if missing := len(work.seated) - len(work.final):
        return [Unmet("panel-scores-missing", {"missing": missing})]
    found = await db.get(Result, work.run.id)
    if found is None:
        return [Unmet("panel-result-missing")]
    return _below(stored(found.result), standing)


def _below(found: PanelResult, standing: Standing) -> list[Unmet]:
    titles = {each.key: each.title["zh-CN"] for each in standing.definition.sections}
    unmet = [
        Unmet(
            "section-below-floor",
            {"section": titles[each.key], "mean": _points(each.mean), "floor": each.floor},
        )
        for each in found.sections
        if not each.met
    ]
    if not band_passes(standing.definition, found.band):
        unmet.append(Unmet("band-does-not-pass", {"mean": _points(found.mean)}))
    return unmet


def _points(hundredths: int) -> str:
    return f"{hundredths // 100}.{hundredths % 100:02d}"


async def came_to(db: AsyncSession, standing: Standing) -> list[Finding]:
    """How many judged, and the band: its scores are not published."""
    work = await work_of(db, standing.application.id, standing.stage.key)
    kept = await db.get(Result, work.run.id) if work else None
    if kept is None:
        return []
    result = stored(kept.result)
    titles = {each.key: each.title["zh-CN"] for each in standing.definition.bands}
    if result.band is None:
        return [Finding("found-panel", {"sheets": result.sheets})]
    return [Finding("found-panel-band", {"sheets": result.sheets, "band": titles[result.band]})]


async def left(db: AsyncSession, standing: Standing) -> None:
    """Refused or withdrawn: nobody is asked any more. Sent back: the panel waits."""
    if standing.run.state is RunState.RETURNED:
        return
    application = standing.application
    live = select(PanelDraw).where(
        PanelDraw.application_id == application.id, PanelDraw.state == DrawState.FROZEN
    )
    for row in (await db.exec(live.with_for_update())).all():
        await void_held(db, Vault(suite().keys), row, ENDED, standing.now)
    for seat in await draws.seats(db, application.id, standing.stage.key):
        if seat.state in (SeatState.INVITED, SeatState.STANDING_BY):
            seat.state, seat.reason = LIFECYCLE.next("close", seat.state), ENDED
            seat.version += 1
    await db.flush()


WORK = StageWork(gate=gate, found=came_to, left=left)
