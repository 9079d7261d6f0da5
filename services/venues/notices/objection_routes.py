"""HTTP for objections: handing one in, what the offices do with it, what the applicant is told."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Response

from services.kit.access import Caller
from services.kit.app import KitDep
from services.kit.db import Db
from services.kit.files.parts import FilesDep
from services.kit.files.schemas import FileIn, FileOut, file_out, public_id, url_of
from services.kit.identity import CallerDep
from services.kit.pages import Page, PagingDep, page_of
from services.kit.routing import Router
from services.kit.versions import tag
from services.venues.notices import attachments, objection_actions, objection_queries
from services.venues.notices.models import Objection
from services.venues.notices.objection_queries import Wanted
from services.venues.notices.objection_rules import LIFECYCLE, ObjectionState
from services.venues.notices.objection_schemas import (
    AnswerIn,
    AttachmentOut,
    ObjectionIn,
    ObjectionLine,
    ObjectionOut,
    ObjectionTold,
    OpenIn,
    PersonOpened,
    ReleaseIn,
)

PERSONAL = {"Cache-Control": "private, no-store"}


async def _personal(response: Response) -> None:
    response.headers.update(PERSONAL)


router = Router(tags=["objections"], dependencies=[Depends(_personal)])


def _line(row: Objection, subject: str, caller: Caller) -> ObjectionLine:
    return ObjectionLine(
        **row.model_dump(include=set(ObjectionLine.model_fields)),
        subject=subject,
        by_letter=row.account_id is None,
        own=caller.is_(row.account_id),
        name=row.name_masked,
        phone=row.phone_masked,
        allowed_actions=LIFECYCLE.allowed(
            row.state, lambda need: objection_actions.holds(caller, row, need)
        ),
    )


def _out(row: Objection, subject: str, caller: Caller, service: str) -> ObjectionOut:
    return ObjectionOut(
        **_line(row, subject, caller).model_dump(),
        **row.model_dump(include={"accepted_reason", "outcome", "released"}),
        attachments=[
            AttachmentOut(
                id=public_id(service, each["file"]), name=each["name"], ready=each["ready"]
            )
            for each in row.attachments
        ],
    )


async def _answer(
    db: Db, caller: Caller, kit: KitDep, objection_id: UUID, response: Response
) -> ObjectionOut:
    await db.flush()
    row, subject = await objection_queries.objection(db, caller, objection_id)
    tag(response, row.version)
    return _out(row, subject, caller, kit.service.name)


@router.post("/notices/{notice_id}/objections", status_code=201, keyed=False, repeats=True)
async def hand_in_objection(
    db: Db,
    caller: CallerDep,
    kit: KitDep,
    notice_id: UUID,
    given: ObjectionIn,
    response: Response,
) -> ObjectionOut:
    """Object to a name, in writing and under real name; an anonymous objection is refused.

    200 when its client_id came before.
    """
    now = datetime.now(UTC)
    row, new = await objection_actions.hand_in(db, caller, kit.vault, notice_id, given, now)
    response.status_code = 201 if new else 200
    response.headers["Location"] = f"/objections/{row.id}"
    return await _answer(db, caller, kit, row.id, response)


async def _wanted(
    notice_id: UUID | None = None, state: ObjectionState | None = None, own: bool = False
) -> Wanted:
    return Wanted(notice_id, state, own)


@router.get("/objections")
async def list_objections(
    db: Db,
    caller: CallerDep,
    paging: PagingDep,
    wanted: Annotated[Wanted, Depends(_wanted)],
    response: Response,
) -> Page[ObjectionLine]:
    """One's own objections; for the offices those to their notices, unless they ask for `own`."""
    caller.known()
    found = await objection_queries.objections(db, caller, paging, wanted)
    return page_of(
        found,
        paging,
        lambda each: (each[0].division_code, each[0].id),
        lambda each: _line(*each, caller),
        response,
    )


@router.get("/objections/{objection_id}")
async def read_objection(
    db: Db, caller: CallerDep, kit: KitDep, objection_id: UUID, response: Response
) -> ObjectionOut:
    """One objection; who objects is masked."""
    return await _answer(db, caller, kit, objection_id, response)


async def _take(
    db: Db,
    caller: Caller,
    kit: KitDep,
    objection_id: UUID,
    action: str,
    given: AnswerIn,
    response: Response,
) -> ObjectionOut:
    now = datetime.now(UTC)
    await objection_actions.take(db, caller, objection_id, action, given.reason, now)
    return await _answer(db, caller, kit, objection_id, response)


@router.post("/objections/{objection_id}/accept")
async def accept_objection(
    db: Db, caller: CallerDep, kit: KitDep, objection_id: UUID, given: AnswerIn, response: Response
) -> ObjectionOut:
    """受理: it is looked into."""
    return await _take(db, caller, kit, objection_id, "accept", given, response)


@router.post("/objections/{objection_id}/refuse")
async def refuse_objection(
    db: Db, caller: CallerDep, kit: KitDep, objection_id: UUID, given: AnswerIn, response: Response
) -> ObjectionOut:
    """不予受理: it is no matter of this notice."""
    return await _take(db, caller, kit, objection_id, "refuse", given, response)


@router.post("/objections/{objection_id}/uphold")
async def uphold_objection(
    db: Db, caller: CallerDep, kit: KitDep, objection_id: UUID, given: AnswerIn, response: Response
) -> ObjectionOut:
    """异议成立: what it is about is not named."""
    return await _take(db, caller, kit, objection_id, "uphold", given, response)


@router.post("/objections/{objection_id}/reject")
async def reject_objection(
    db: Db, caller: CallerDep, kit: KitDep, objection_id: UUID, given: AnswerIn, response: Response
) -> ObjectionOut:
    """异议不成立: the window goes on."""
    return await _take(db, caller, kit, objection_id, "reject", given, response)


@router.post("/objections/{objection_id}/withdraw")
async def withdraw_objection(
    db: Db, caller: CallerDep, kit: KitDep, objection_id: UUID, given: AnswerIn, response: Response
) -> ObjectionOut:
    """Take it back: who objected, or for a letter its office."""
    return await _take(db, caller, kit, objection_id, "withdraw", given, response)


@router.post("/objections/{objection_id}/release")
async def release_objection(
    db: Db, caller: CallerDep, kit: KitDep, objection_id: UUID, given: ReleaseIn, response: Response
) -> ObjectionOut:
    """Tell the applicant what is objected, in words that do not say by whom."""
    await objection_actions.release(db, caller, objection_id, given.released, datetime.now(UTC))
    return await _answer(db, caller, kit, objection_id, response)


@router.post("/objections/{objection_id}/open", keyed=False)
async def open_objector(
    db: Db, caller: CallerDep, kit: KitDep, objection_id: UUID, given: OpenIn
) -> PersonOpened:
    """Who objected and what they wrote, for a stated purpose that is written down."""
    return await objection_actions.open_person(db, caller, kit.vault, objection_id, given.purpose)


@router.post("/objections/{objection_id}/attachments", status_code=201, repeats=True)
async def add_attachment(
    db: Db,
    caller: CallerDep,
    parts: FilesDep,
    objection_id: UUID,
    given: FileIn,
    response: Response,
) -> FileOut:
    """Announce a file: Location is where its bytes go; 200 when its client_id came before."""
    file, new = await attachments.add(db, parts, caller, objection_id, given)
    response.status_code = 201 if new else 200
    if not new:
        response.headers["Idempotency-Replayed"] = "true"
    response.headers["Location"] = url_of(parts.service, file.id, "/upload").removeprefix("/api/v1")
    return file_out(parts.service, file)


@router.get("/applications/{application_id}/objections")
async def list_told(db: Db, caller: CallerDep, application_id: UUID) -> list[ObjectionTold]:
    """What the applicant learns of the objections to an application: never who objects."""
    rows = await objection_queries.told(db, caller, application_id)
    return [
        ObjectionTold(**row.model_dump(include=set(ObjectionTold.model_fields))) for row in rows
    ]
