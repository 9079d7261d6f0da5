"""What administrators do with programmes: write versions, publish one, withdraw it."""

from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import Caller, P
from services.kit.facts import Fact, record
from services.kit.problems import FieldError
from services.kit.versions import require_version
from services.venues.applications.measures import MEASURES
from services.venues.facts import ProgrammePublished, ProgrammeWithdrawn
from services.venues.programmes import queries
from services.venues.programmes.definition import Definition, read
from services.venues.programmes.models import Programme, ProgrammeVersion, VersionState
from services.venues.programmes.rules import LIFECYCLE, FaultyDefinition, require_sound
from services.venues.programmes.schemas import ProgrammeIn

KNOWN = frozenset(MEASURES)


def check(caller: Caller, definition: Definition) -> None:
    """Raise FaultyDefinition with every fault; nothing is kept."""
    caller.require(P.PROGRAMME_EDIT, at=definition.division)
    require_sound(definition, KNOWN)


async def create(db: AsyncSession, caller: Caller, given: ProgrammeIn, now: datetime) -> Programme:
    """A programme, with the draft of its first version."""
    check(caller, given.definition)
    division = given.definition.division
    row = Programme(
        key=given.key,
        division_code=division,
        recorded_code=division,
        created_by=caller.known(),
        created_at=now,
    )
    db.add(row)
    await db.flush()
    await _add(db, caller, row, given.definition, now)
    return row


async def _add(
    db: AsyncSession, caller: Caller, row: Programme, definition: Definition, now: datetime
) -> ProgrammeVersion:
    version = ProgrammeVersion(
        programme_id=row.id,
        number=await queries.last_number(db, row.id) + 1,
        definition=definition.model_dump(mode="json"),
        created_by=caller.known(),
        created_at=now,
    )
    db.add(version)
    await db.flush()
    return version


async def add_version(
    db: AsyncSession,
    caller: Caller,
    programme_id: UUID,
    definition: Definition | None,
    now: datetime,
) -> tuple[Programme, ProgrammeVersion]:
    """The draft of a next version: as given, or a copy of the newest."""
    row = await queries.programme(db, caller, programme_id, lock=True)
    caller.require(P.PROGRAMME_EDIT, at=row.division_code)
    if definition is None:
        newest = await queries.last_number(db, programme_id)
        _, before = await queries.version(db, caller, programme_id, newest)
        # Its authority may stand at another code by now.
        definition = read({**before.definition, "division": row.division_code})
    _require_whole(row, definition)
    return row, await _add(db, caller, row, definition, now)


def _require_whole(row: Programme, definition: Definition) -> None:
    if definition.division != row.division_code:
        raise FaultyDefinition(errors=(FieldError("/division", "another-authority"),))
    require_sound(definition, KNOWN)


async def _hold(
    db: AsyncSession, caller: Caller, programme_id: UUID, number: int, action: str
) -> tuple[Programme, ProgrammeVersion]:
    """The programme, held, and a version that the caller may do this with from where it is."""
    row, version = await queries.version(db, caller, programme_id, number, lock=True)
    for need in LIFECYCLE.steps[action].needs:
        caller.require(P(need), at=row.division_code)
    LIFECYCLE.next(action, version.state)
    return row, version


async def edit(
    db: AsyncSession,
    caller: Caller,
    programme_id: UUID,
    number: int,
    definition: Definition,
    expected: int,
) -> tuple[Programme, ProgrammeVersion]:
    """Change a draft; what was published is changed by a next version only."""
    row, version = await _hold(db, caller, programme_id, number, "edit")
    require_version(version.version, expected)
    _require_whole(row, definition)
    version.definition = definition.model_dump(mode="json")
    version.version += 1
    await db.flush()
    return row, version


async def discard(db: AsyncSession, caller: Caller, programme_id: UUID, number: int) -> None:
    """Delete a draft; with the only one goes the programme, which was nothing else."""
    row, version = await _hold(db, caller, programme_id, number, "edit")
    await db.delete(version)
    await db.flush()
    if not await queries.last_number(db, programme_id):
        await db.delete(row)


async def publish(
    db: AsyncSession, caller: Caller, programme_id: UUID, number: int, now: datetime
) -> tuple[Programme, ProgrammeVersion]:
    """New applications start under it; what was in force stays the rule of those that run."""
    row, version = await _hold(db, caller, programme_id, number, "publish")
    _require_whole(row, read(version.definition))
    before = await queries.in_force(db, programme_id)
    if before is not None:
        before.state = LIFECYCLE.next("withdraw", before.state)
        before.version += 1
        await db.flush()
    version.state = LIFECYCLE.next("publish", version.state)
    version.published_by, version.published_at = caller.known(), now
    version.version += 1
    await _tell(db, row, version, ProgrammePublished(number=version.number))
    return row, version


async def withdraw(
    db: AsyncSession, caller: Caller, programme_id: UUID, number: int
) -> tuple[Programme, ProgrammeVersion]:
    """No new application starts; running ones go on under it."""
    row, version = await _hold(db, caller, programme_id, number, "withdraw")
    version.state = LIFECYCLE.next("withdraw", version.state)
    version.version += 1
    await _tell(db, row, version, ProgrammeWithdrawn(number=version.number))
    return row, version


async def _tell(db: AsyncSession, row: Programme, version: ProgrammeVersion, fact: Fact) -> None:
    await db.flush()
    await record(
        db,
        fact,
        subject=row.id,
        division=row.division_code,
        version=version.number * 2 + (version.state is VersionState.WITHDRAWN),
    )


async def shown(db: AsyncSession, caller: Caller, programme_id: UUID) -> queries.Told:
    """A programme with the version that the caller is shown of it."""
    row = await queries.programme(db, caller, programme_id)
    (told,) = await queries.told(db, caller, [row])
    return told
