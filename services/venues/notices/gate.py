"""What has to be there before a notice stage is passed, and before anything is named."""

from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.venues.applications.gates import Finding, StageWork, Standing, Unmet
from services.venues.applications.models import StageRun
from services.venues.notices.models import Entry
from services.venues.notices.queries import newest_entry
from services.venues.notices.rules import EntryState
from services.venues.programmes.definition import StageKind


async def gate(db: AsyncSession, standing: Standing) -> list[Unmet]:
    """The newest run of the notice stage (when naming: of every one) was shown for all its days,
    and no objection is open or was upheld."""
    keys = _keys(standing)
    missing = [unmet for key in keys for unmet in await _unmet(db, standing.application.id, key)]
    # A programme always has a notice; one that could be saved without names nobody.
    return missing if keys else [Unmet("notice-not-opened")]


def _keys(standing: Standing) -> list[str]:
    """Of the notice stage in hand; for a name, of every one."""
    if standing.stage.kind is StageKind.NOTICE:
        return [standing.stage.key]
    return [each.key for each in standing.definition.stages if each.kind is StageKind.NOTICE]


async def _unmet(db: AsyncSession, application_id: UUID, stage_key: str) -> list[Unmet]:
    entry = await _entry(db, application_id, stage_key)
    return [Unmet("notice-not-opened")] if entry is None else missing_of(entry)


async def _entry(db: AsyncSession, application_id: UUID, stage_key: str) -> Entry | None:
    """What shows the newest run of a notice stage."""
    newest = (
        select(StageRun)
        .where(StageRun.application_id == application_id, StageRun.stage_key == stage_key)
        .order_by(col(StageRun.attempt).desc())
        .limit(1)
    )
    run = (await db.exec(newest)).first()
    return None if run is None else await newest_entry(db, run.id)


def missing_of(entry: Entry) -> list[Unmet]:
    """What an entry still lacks."""
    if entry.open_objections:
        return [Unmet("objection-open", {"count": entry.open_objections})]
    match entry.state:
        case EntryState.FINISHED:
            return []
        case EntryState.STOPPED:
            return [Unmet("objection-upheld")]
        case EntryState.OPEN if entry.last_on is None:
            return [Unmet("notice-due-open")]
        case EntryState.OPEN:
            return [Unmet("notice-running", {"last_on": str(entry.last_on)})]
        case _:
            return [Unmet("notice-not-opened")]


async def found(db: AsyncSession, standing: Standing) -> list[Finding]:
    """The window of the notice; and for the name, the document that it is given by."""
    entries = [await _entry(db, standing.application.id, key) for key in _keys(standing)]
    said = [found_of(entry) for entry in entries if entry is not None]
    if standing.stage.kind is StageKind.NAMING:
        said.append(Finding("found-naming", {"basis": standing.definition.basis}))
    return said


def found_of(entry: Entry) -> Finding:
    """That a window is over, without an objection that stands."""
    return Finding("found-notice", {"last_on": str(entry.last_on)})


WORK = StageWork(gate=gate, found=found)
