"""HTTP for programmes: parse, call one action or query, return."""

from datetime import UTC, date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Path, Query, Response

from services.kit.access import Caller, P
from services.kit.db import Db
from services.kit.divisions import DivisionCode
from services.kit.identity import CallerDep
from services.kit.pages import Page, PagingDep, page_of
from services.kit.problems import Problem
from services.kit.routing import Router
from services.kit.versions import IfMatch, tag
from services.kit.workdays import day_of
from services.venues.programmes import actions, queries
from services.venues.programmes.definition import Definition, read
from services.venues.programmes.models import Programme, ProgrammeVersion, VersionState
from services.venues.programmes.rules import LIFECYCLE, AnotherInForce, KeyTaken
from services.venues.programmes.schemas import (
    CheckedOut,
    CheckIn,
    PlacesOut,
    ProgrammeIn,
    ProgrammeLine,
    ProgrammeOut,
    ProgressOut,
    StageLine,
    VersionIn,
    VersionLine,
    VersionOut,
    VersionPatch,
    YearOut,
)
from services.venues.programmes.speaking import Speaker

router = Router(prefix="/programmes", tags=["programmes"])

CONSTRAINTS: dict[str, type[Problem]] = {
    "programmes_key": KeyTaken,
    "programme_versions_in_force": AnotherInForce,
}


Number = Annotated[int, Path(ge=1, le=100_000)]


def _now() -> datetime:
    return datetime.now(UTC)


def _line(told: queries.Told, caller: Caller, today: date, speaker: Speaker) -> ProgrammeLine:
    definition, row = read(told.shown.definition), told.row
    opens, closes = definition.opens_on, definition.closes_on
    in_window = (opens is None or opens <= today) and (closes is None or today <= closes)
    return ProgrammeLine(
        **row.model_dump(include={"id", "key", "division_code"}),
        title=speaker.say(definition.title),
        honour=speaker.say(definition.honour),
        authority=definition.authority,
        subject=definition.subject,
        number=told.shown.number,
        state=told.shown.state,
        open=told.shown.state is VersionState.PUBLISHED and in_window,
        opens_on=opens,
        closes_on=closes,
        drafts=told.drafts,
        allowed_actions=["draft"] if caller.may(P.PROGRAMME_EDIT, at=row.division_code) else [],
    )


async def _answer(db: Db, caller: Caller, programme_id: UUID, response: Response) -> ProgrammeOut:
    told, speaker = await actions.shown(db, caller, programme_id), Speaker()
    line = _line(told, caller, day_of(_now()), speaker)
    speaker.tag(response)
    tag(response, told.shown.version)
    return ProgrammeOut(**line.model_dump(), definition=read(told.shown.definition))


def _version_line(
    row: Programme, version: ProgrammeVersion, caller: Caller, speaker: Speaker
) -> VersionLine:
    allowed = LIFECYCLE.allowed(
        version.state, lambda need: caller.may(P(need), at=row.division_code)
    )
    return VersionLine(
        **version.model_dump(include=set(VersionLine.model_fields)),
        title=speaker.say(version.definition["title"]),
        allowed_actions=allowed,
    )


def _version(
    found: tuple[Programme, ProgrammeVersion], caller: Caller, response: Response
) -> VersionOut:
    row, version = found
    speaker = Speaker()
    line = _version_line(row, version, caller, speaker)
    speaker.tag(response)
    tag(response, version.version)
    return VersionOut(**line.model_dump(), programme_id=row.id, definition=read(version.definition))


@router.get("")
async def list_programmes(
    db: Db,
    caller: CallerDep,
    paging: PagingDep,
    response: Response,
    division: Annotated[
        DivisionCode | None, Query(description="Whose authority sits at or below it")
    ] = None,
) -> Page[ProgrammeLine]:
    """Programmes by key; everybody sees those that were published."""
    rows = await queries.programmes(db, caller, paging, division)
    today, speaker = day_of(_now()), Speaker()
    told = {
        one.row.id: _line(one, caller, today, speaker)
        for one in await queries.told(db, caller, rows)
    }
    speaker.tag(response)
    return page_of(rows, paging, lambda row: (row.key,), lambda row: told[row.id], response)


@router.post("", status_code=201)
async def create_programme(
    db: Db, caller: CallerDep, given: ProgrammeIn, response: Response
) -> ProgrammeOut:
    """A programme with the draft of its first version, checked."""
    row = await actions.create(db, caller, given, _now())
    response.headers["Location"] = f"/programmes/{row.id}"
    return await _answer(db, caller, row.id, response)


@router.post("/check")
async def check_definition(caller: CallerDep, given: CheckIn) -> CheckedOut:
    """Look a definition through without keeping it: every fault is answered with its place."""
    actions.check(caller, given.definition)
    return _checked(given.definition)


def _checked(definition: Definition) -> CheckedOut:
    speaker, declared = Speaker(), {guard.value for guard in definition.safeguards}
    points = (each.most for section in definition.sections for each in section.criteria)
    return CheckedOut(
        stages=[
            StageLine(
                **stage.model_dump(include={"key", "kind", "tier", "office"}),
                title=speaker.say(stage.title),
                safeguard=stage.kind.value in declared,
            )
            for stage in definition.stages
        ],
        points=sum(points),
        uncertain=definition.uncertain,
    )


@router.get("/{programme_id}")
async def read_programme(
    db: Db, caller: CallerDep, programme_id: UUID, response: Response
) -> ProgrammeOut:
    """One programme with the version in force."""
    return await _answer(db, caller, programme_id, response)


@router.get("/{programme_id}/progress")
async def read_progress(
    db: Db,
    caller: CallerDep,
    programme_id: UUID,
    year: Annotated[int | None, Query(ge=2000, le=2999, description="Of the places")] = None,
) -> ProgressOut:
    """What the plan wants, what is named and under way by year; and the places of channels."""
    told = await actions.shown(db, caller, programme_id)
    definition = read(told.shown.definition)
    figures = await queries.figures(db, programme_id, definition.honour["zh-CN"])
    targets = {int(key): most for key, most in definition.targets.items()}
    years = sorted({*targets, *figures.named, *figures.under_way})
    places = await queries.places(db, programme_id, year or day_of(_now()).year)
    return ProgressOut(
        named_without_a_year=figures.undated,
        years=[
            YearOut(
                year=one,
                target=targets.get(one),
                named=figures.named.get(one, 0),
                named_so_far=sum(many for when, many in figures.named.items() if when <= one),
                under_way=figures.under_way.get(one, 0),
            )
            for one in years
        ],
        recommendations=[PlacesOut(**dict(row._mapping)) for row in places],
    )


@router.get("/{programme_id}/versions")
async def list_versions(
    db: Db, caller: CallerDep, paging: PagingDep, programme_id: UUID, response: Response
) -> Page[VersionLine]:
    """Every version, the newest first; drafts for those who may edit."""
    row, rows = await queries.versions(db, caller, paging, programme_id)
    speaker = Speaker()
    page = page_of(
        rows,
        paging,
        lambda one: (one.number,),
        lambda one: _version_line(row, one, caller, speaker),
        response,
    )
    speaker.tag(response)
    return page


@router.post("/{programme_id}/versions", status_code=201)
async def draft_version(
    db: Db, caller: CallerDep, programme_id: UUID, given: VersionIn, response: Response
) -> VersionOut:
    """Draft a next version: as given, or a copy of the newest."""
    found = await actions.add_version(db, caller, programme_id, given.definition, _now())
    response.headers["Location"] = f"/programmes/{programme_id}/versions/{found[1].number}"
    return _version(found, caller, response)


@router.get("/{programme_id}/versions/{number}")
async def read_version(
    db: Db, caller: CallerDep, programme_id: UUID, number: Number, response: Response
) -> VersionOut:
    """One version, whole."""
    return _version(await queries.version(db, caller, programme_id, number), caller, response)


@router.patch("/{programme_id}/versions/{number}")
async def edit_version(
    db: Db,
    caller: CallerDep,
    programme_id: UUID,
    number: Number,
    given: VersionPatch,
    version: IfMatch,
    response: Response,
) -> VersionOut:
    """Change a draft; every fault is answered with its place, and nothing is kept then."""
    found = await actions.edit(db, caller, programme_id, number, given.definition, version)
    return _version(found, caller, response)


@router.delete("/{programme_id}/versions/{number}", status_code=204)
async def discard_version(db: Db, caller: CallerDep, programme_id: UUID, number: Number) -> None:
    """Delete a draft."""
    await actions.discard(db, caller, programme_id, number)


@router.post("/{programme_id}/versions/{number}/publish")
async def publish_version(
    db: Db, caller: CallerDep, programme_id: UUID, number: Number, response: Response
) -> VersionOut:
    """Put it in force: new applications start under it, running ones keep theirs."""
    found = await actions.publish(db, caller, programme_id, number, _now())
    return _version(found, caller, response)


@router.post("/{programme_id}/versions/{number}/withdraw")
async def withdraw_version(
    db: Db, caller: CallerDep, programme_id: UUID, number: Number, response: Response
) -> VersionOut:
    """No new application starts under it; running ones go on."""
    found = await actions.withdraw(db, caller, programme_id, number)
    return _version(found, caller, response)
