"""What people do with posts: give, correct, hand over, end, take back one that has not begun."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.events.activities.queries import unknown_divisions
from services.events.facts import PostChanged, PostEnded, PostTaken
from services.events.stations import queries
from services.events.stations.actions import opened
from services.events.stations.models import Post, Station
from services.events.stations.queries import Held
from services.events.stations.rules import (
    POST_LIFECYCLE,
    PostHandedOver,
    PostRole,
    PostState,
    StationIsClosed,
    StationState,
    day_before_handover,
    post_state,
)
from services.events.stations.schemas import EndIn, HandOverIn, PersonOpened, PostIn, PostPatch
from services.kit.access import Caller, P
from services.kit.facts import Fact, record
from services.kit.problems import BrokenRule, Missing, broken
from services.kit.vault import Vault, mask_name, mask_phone
from services.kit.versions import require_version
from services.kit.workflow import WrongState


def sealed(vault: Vault, *, name: str | None = None, phone: str | None = None) -> dict[str, Any]:
    """The columns of a person's name and phone, as far as they are given."""
    columns: dict[str, Any] = {}
    if name is not None:
        columns |= {"name_sealed": vault.seal(name, "posts.name"), "name_masked": mask_name(name)}
    if phone is not None:
        columns |= {
            "phone_sealed": vault.seal(phone, "posts.phone"),
            "phone_masked": mask_phone(phone),
            "phone_index": vault.index(phone, "posts.phone"),
        }
    return columns


async def _station(db: AsyncSession, station_id: UUID) -> Station:
    # Held: nobody closes it while a post is given there.
    try:
        station = await queries.locked_station(db, station_id)
    except Missing:
        raise broken("/station_id", "unknown-station") from None
    if station.state is StationState.CLOSED:
        raise StationIsClosed()
    return station


async def give(db: AsyncSession, caller: Caller, vault: Vault, given: PostIn) -> Post:
    """Give a post at a division that stands today, or at an open station."""
    code, sector = given.division_code, given.sector
    if given.station_id is not None:
        station = await _station(db, given.station_id)
        if code not in (None, station.division_code):
            raise broken("/division_code", "not-of-the-station", code=station.division_code)
        code, sector = station.division_code, sector or station.sector
    elif given.role is PostRole.STATION_HEAD:
        raise broken("/station_id", "head-needs-a-station")
    if code is None:
        raise broken("/division_code", "division-or-station")
    caller.require(P.POST_MANAGE, at=code)
    if unknown := await unknown_divisions(db, {"/division_code": code}):
        raise BrokenRule(errors=tuple(unknown))
    _in_order(given.begins_on, given.ends_on)
    row = Post(
        division_code=code,
        recorded_code=code,
        sector=sector,
        **given.model_dump(include={"station_id", "role", "account_id", "begins_on", "ends_on"}),
        **sealed(vault, name=given.name, phone=given.phone),
        created_by=caller.known(),
    )
    db.add(row)
    await _tell(db, row, PostTaken(role=row.role, station_id=row.station_id))
    return row


def _in_order(begins_on: date, ends_on: date | None) -> None:
    if ends_on is not None and ends_on < begins_on:
        raise broken("/ends_on", "post-ends-before-it-begins")


async def _tell(db: AsyncSession, row: Post, fact: Fact) -> None:
    await db.flush()
    await record(db, fact, subject=row.id, division=row.division_code, version=row.version)


async def _changing(db: AsyncSession, caller: Caller, post_id: UUID) -> Held:
    held = await queries.post(db, caller, post_id, lock=True)
    caller.require(P.POST_MANAGE, at=held.row.division_code)
    return held


async def edit(
    db: AsyncSession, caller: Caller, vault: Vault, post_id: UUID, given: PostPatch, version: int
) -> Post:
    """Correct what was written down wrongly."""
    row = (await _changing(db, caller, post_id)).row
    require_version(row.version, version)
    changes = given.model_dump(exclude_unset=True)
    if changes.get("role", row.role) is PostRole.STATION_HEAD and row.station_id is None:
        raise broken("/role", "head-needs-a-station")
    _in_order(changes.get("begins_on", row.begins_on), row.ends_on)
    name, phone = changes.pop("name", None), changes.get("phone")
    if "phone" in changes and changes.pop("phone") is None:
        row.phone_sealed = row.phone_masked = row.phone_index = None
    for column, value in (changes | sealed(vault, name=name, phone=phone)).items():
        setattr(row, column, value)
    row.version += 1
    await _tell(db, row, PostChanged(role=row.role, station_id=row.station_id))
    return row


async def hand_over(
    db: AsyncSession, caller: Caller, vault: Vault, post_id: UUID, given: HandOverIn, day: date
) -> Post:
    """Give the post to somebody else from a day on; the predecessor's ends the day before."""
    held = await _changing(db, caller, post_id)
    row = held.row
    if held.successor_id is not None:
        raise PostHandedOver()
    POST_LIFECYCLE.next("hand_over", post_state(row.begins_on, row.ends_on, day))
    row.ends_on = day_before_handover(row.begins_on, row.ends_on, given.begins_on)
    _in_order(given.begins_on, given.ends_on)
    row.end_reason = None
    row.version += 1
    await _tell(db, row, PostEnded(role=row.role, station_id=row.station_id))
    successor = Post(
        **row.model_dump(include={"division_code", "recorded_code", "station_id", "sector"}),
        role=row.role,
        predecessor_id=row.id,
        **given.model_dump(include={"account_id", "begins_on", "ends_on"}),
        **sealed(vault, name=given.name, phone=given.phone),
        created_by=caller.known(),
    )
    db.add(successor)
    await _tell(db, successor, PostTaken(role=row.role, station_id=row.station_id))
    return successor


async def end(db: AsyncSession, caller: Caller, post_id: UUID, given: EndIn, day: date) -> Post:
    """Say which day is the last."""
    held = await _changing(db, caller, post_id)
    row = held.row
    if held.successor_id is not None:
        raise PostHandedOver()
    POST_LIFECYCLE.next("end", post_state(row.begins_on, row.ends_on, day))
    _in_order(row.begins_on, given.ends_on)
    row.ends_on, row.end_reason = given.ends_on, given.reason
    row.version += 1
    await _tell(db, row, PostEnded(role=row.role, station_id=row.station_id))
    return row


async def take_back(db: AsyncSession, caller: Caller, post_id: UUID, day: date) -> None:
    """Delete a post that has not begun; whoever was to hand it over holds it on."""
    held = await _changing(db, caller, post_id)
    row = held.row
    state = post_state(row.begins_on, row.ends_on, day)
    if held.successor_id is not None:
        raise PostHandedOver()
    if state is not PostState.TO_COME:
        raise WrongState(action="delete", state=state.value)
    await db.delete(row)
    await db.flush()
    about = {"role": row.role, "station_id": row.station_id}
    code = row.division_code
    await record(db, PostEnded(**about), subject=row.id, division=code, version=row.version + 1)
    if row.predecessor_id is not None:
        before = (await queries.post(db, caller, row.predecessor_id, lock=True)).row
        before.ends_on = None
        before.version += 1
        await _tell(db, before, PostChanged(**about))


async def open_person(
    db: AsyncSession, caller: Caller, vault: Vault, post_id: UUID, purpose: str
) -> PersonOpened:
    """Name and phone unmasked, for that person or a holder of PERSONAL_OPEN; written down."""
    row = (await queries.post(db, caller, post_id)).row
    if not caller.is_(row.account_id):
        caller.require(P.PERSONAL_OPEN, at=row.division_code)
    opening_id = await opened(db, caller, f"posts/{row.id}", "posts.name posts.phone", purpose)
    phone = row.phone_sealed
    return PersonOpened(
        opening_id=opening_id,
        name=vault.open(row.name_sealed, "posts.name"),
        phone=phone and vault.open(phone, "posts.phone"),
    )
