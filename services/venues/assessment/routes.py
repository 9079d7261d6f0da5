"""HTTP for self-assessment and evidence: parse, call one action or query, return."""

from datetime import UTC, datetime
from uuid import UUID

from fastapi import Response

from services.kit.access import Caller
from services.kit.db import Db
from services.kit.files.parts import FilesDep
from services.kit.files.schemas import FileOut, file_out, url_of
from services.kit.identity import CallerDep
from services.kit.pages import Page, PagingDep, page_of
from services.kit.problems import Problem
from services.kit.routing import Router
from services.kit.versions import IfMatch, tag
from services.venues.applications.queries import Case, case
from services.venues.assessment import actions, evidence, queries
from services.venues.assessment.freezing import newest
from services.venues.assessment.lines import lines
from services.venues.assessment.models import Correction
from services.venues.assessment.rules import CorrectionUnderWay
from services.venues.assessment.schemas import (
    AcceptIn,
    AnswersIn,
    AssessmentOut,
    CorrectionIn,
    CorrectionOut,
    EvidenceIn,
    EvidenceOut,
    RefuseIn,
    SnapshotOut,
)
from services.venues.assessment.shapes import (
    assessment_out,
    correction_out,
    evidence_out,
    snapshot_out,
)

CONSTRAINTS: dict[str, type[Problem]] = {"assessment_corrections_open": CorrectionUnderWay}
PRIVATE = {"Cache-Control": "private, no-store"}

router = Router(prefix="/applications", tags=["applications"])


def _now() -> datetime:
    return datetime.now(UTC)


async def _answer(db: Db, caller: Caller, found: Case, response: Response) -> AssessmentOut:
    written = await queries.written(db, found)
    # Once it is with its reviewers, what they decide on is shown, whatever was recorded since.
    kept = None if queries.writable(found) else await newest(db, found.application)
    if kept is None:
        stored = [line.stored() for line in await lines(db, found.application, found.definition)]
    else:
        stored = kept.lines
    tag(response, written.version)
    response.headers.update(PRIVATE)
    applicant = await queries.is_applicant(db, caller, found)
    number = kept.number if kept else None
    return assessment_out(found, written, stored, number, applicant=applicant)


@router.get("/{application_id}/assessment")
async def read_assessment(
    db: Db, caller: CallerDep, application_id: UUID, response: Response
) -> AssessmentOut:
    """The self-assessment: of this moment while it can be written, then as it was submitted."""
    return await _answer(db, caller, await case(db, caller, application_id), response)


@router.patch("/{application_id}/assessment")
async def write_assessment(
    db: Db,
    caller: CallerDep,
    application_id: UUID,
    given: AnswersIn,
    version: IfMatch,
    response: Response,
) -> AssessmentOut:
    """Write points and explanations for what the platform does not measure."""
    answers = given.model_dump()["answers"]
    found = await actions.write(db, caller, application_id, version, answers)
    return await _answer(db, caller, found, response)


@router.post("/{application_id}/assessment/hand_in")
async def hand_in_assessment(
    db: Db, caller: CallerDep, application_id: UUID, response: Response
) -> AssessmentOut:
    """In a stage of self-assessment: it is complete, and kept as it stands."""
    found = await actions.hand_in(db, caller, application_id, _now())
    return await _answer(db, caller, found, response)


@router.get("/{application_id}/assessment/snapshots")
async def list_snapshots(
    db: Db, caller: CallerDep, paging: PagingDep, application_id: UUID, response: Response
) -> Page[SnapshotOut]:
    """The assessment as it stood at each submission, oldest first; none is ever changed."""
    found = await case(db, caller, application_id)
    response.headers.update(PRIVATE)
    return page_of(
        await queries.snapshots(db, found, paging),
        paging,
        lambda row: (row.number,),
        lambda row: snapshot_out(found, row),
        response,
    )


@router.get("/{application_id}/assessment/corrections")
async def list_corrections(
    db: Db, caller: CallerDep, paging: PagingDep, application_id: UUID, response: Response
) -> Page[CorrectionOut]:
    """Figures that the applicant held for wrong, and what became of each."""
    found = await case(db, caller, application_id)
    applicant = await queries.is_applicant(db, caller, found)
    response.headers.update(PRIVATE)
    return page_of(
        await queries.corrections(db, found, paging),
        paging,
        lambda row: (row.id,),
        lambda row: correction_out(found, row, caller, applicant),
        response,
    )


@router.post("/{application_id}/assessment/corrections", status_code=201)
async def ask_correction(
    db: Db, caller: CallerDep, application_id: UUID, given: CorrectionIn
) -> CorrectionOut:
    """Ask for a figure of the platform to be corrected; evidence goes to the criterion's files."""
    found, row = await actions.ask(db, caller, application_id, given, _now())
    return correction_out(found, row, caller, applicant=True)


async def _settled(db: Db, caller: Caller, found: Case, row: Correction) -> CorrectionOut:
    applicant = await queries.is_applicant(db, caller, found)
    return correction_out(found, row, caller, applicant)


@router.post("/{application_id}/assessment/corrections/{correction_id}/accept")
async def accept_correction(
    db: Db, caller: CallerDep, application_id: UUID, correction_id: UUID, given: AcceptIn
) -> CorrectionOut:
    """The figure was wrong: this one counts from now on."""
    done = await actions.settle(
        db, caller, application_id, correction_id, "accept", given.reason, given.value, _now()
    )
    return await _settled(db, caller, *done)


@router.post("/{application_id}/assessment/corrections/{correction_id}/refuse")
async def refuse_correction(
    db: Db, caller: CallerDep, application_id: UUID, correction_id: UUID, given: RefuseIn
) -> CorrectionOut:
    """The figure stays as it is, for a reason."""
    done = await actions.settle(
        db, caller, application_id, correction_id, "refuse", given.reason, None, _now()
    )
    return await _settled(db, caller, *done)


@router.post("/{application_id}/assessment/corrections/{correction_id}/withdraw")
async def withdraw_correction(
    db: Db, caller: CallerDep, application_id: UUID, correction_id: UUID
) -> CorrectionOut:
    """The applicant takes it back."""
    done = await actions.withdraw(db, caller, application_id, correction_id)
    return await _settled(db, caller, *done)


@router.get("/{application_id}/files")
async def list_evidence(
    db: Db, caller: CallerDep, paging: PagingDep, application_id: UUID, response: Response
) -> Page[EvidenceOut]:
    """Its evidence, those that were superseded too; staff see what was submitted."""
    found = await case(db, caller, application_id)
    outside = not await queries.is_applicant(db, caller, found)
    response.headers.update(PRIVATE)
    return page_of(
        await queries.files_of(db, found, paging, submitted_only=outside),
        paging,
        lambda row: (row[0].file_id,),
        lambda row: evidence_out(*row),
        response,
    )


@router.post("/{application_id}/files", status_code=201, repeats=True)
async def add_evidence(
    db: Db,
    caller: CallerDep,
    parts: FilesDep,
    application_id: UUID,
    given: EvidenceIn,
    response: Response,
) -> FileOut:
    """Announce a file: Location is where its bytes go; 200 when its client_id came before."""
    file, new = await evidence.add(db, parts, caller, application_id, given, _now())
    response.status_code = 201 if new else 200
    if not new:
        response.headers["Idempotency-Replayed"] = "true"
    response.headers["Location"] = url_of(parts.service, file.id, "/upload").removeprefix("/api/v1")
    return file_out(parts.service, file)


@router.delete("/{application_id}/files/{file_id}", status_code=204)
async def remove_evidence(db: Db, caller: CallerDep, application_id: UUID, file_id: str) -> None:
    """Take a file back that was never submitted."""
    await evidence.remove(db, caller, application_id, file_id)
