"""What is done with an assessment: written, handed in, corrected."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.kit.access import Caller, P
from services.kit.problems import BrokenRule, FieldError, broken
from services.kit.versions import require_version
from services.venues.applications.lacking import field_errors
from services.venues.applications.queries import Case, held
from services.venues.applications.rules import FINAL, ApplicationState, NotTheApplicant, office_of
from services.venues.applications.trail import decide
from services.venues.assessment import queries
from services.venues.assessment.freezing import take, take_corrected
from services.venues.assessment.gate import missing_answers
from services.venues.assessment.lines import lines
from services.venues.assessment.models import Correction
from services.venues.assessment.rules import (
    CORRECTION,
    AssessmentClosed,
    AssessmentUnfinished,
    Cause,
    NothingToCorrect,
    OwnCorrection,
    Source,
    merged,
)
from services.venues.assessment.schemas import CorrectionIn


async def write(
    db: AsyncSession,
    caller: Caller,
    application_id: UUID,
    version: int,
    given: Mapping[str, Mapping[str, Any]],
) -> Case:
    """Write answers; the platform's figures are not the applicant's to write.

    Raises AssessmentClosed, Stale, BrokenRule.
    """
    found = await queries.held_by_applicant(db, caller, application_id)
    row = await queries.written(db, found)
    require_version(row.version, version)
    answers = merged(row.answers, given, found.definition)
    await _not_measured(db, found, given)
    row.answers, row.version, row.handed_in_at = answers, row.version + 1, None
    db.add(row)
    await db.flush()
    return found


async def _not_measured(
    db: AsyncSession, found: Case, given: Mapping[str, Mapping[str, Any]]
) -> None:
    if all(answer.get("points") is None for answer in given.values()):
        return
    known = {
        line.criterion
        for line in await lines(db, found.application, found.definition)
        if line.by in (Source.PLATFORM, Source.CORRECTED)
    }
    errors = tuple(
        FieldError(f"/answers/{key}/points", "measured-by-the-platform")
        for key, answer in given.items()
        if key in known and answer.get("points") is not None
    )
    if errors:
        raise BrokenRule(errors=errors)


async def hand_in(db: AsyncSession, caller: Caller, application_id: UUID, now: datetime) -> Case:
    """The self-assessment is done, in its own stage: it is kept as it stands.

    Raises AssessmentClosed, AssessmentUnfinished with everything that is missing.
    """
    found = await queries.held_by_applicant(db, caller, application_id)
    row = found.application
    if row.state is not ApplicationState.UNDER_WAY:
        raise AssessmentClosed()
    missing = await missing_answers(db, row, found.definition)
    if missing:
        raise AssessmentUnfinished(errors=field_errors(missing, "/assessment"))
    assessment = await queries.written(db, found)
    assessment.handed_in_at, assessment.version = now, assessment.version + 1
    db.add(assessment)
    await take(db, row, found.definition, Cause.HANDED_IN, caller, now)
    await decide(
        db,
        application=row,
        action="hand_in_assessment",
        caller=caller,
        stage_key=row.stage_key,
        now=now,
    )
    return found


async def ask(
    db: AsyncSession, caller: Caller, application_id: UUID, given: CorrectionIn, now: datetime
) -> tuple[Case, Correction]:
    """Hold a figure of the platform for wrong. Raises NothingToCorrect, CorrectionUnderWay."""
    found = await queries.held_by_applicant(db, caller, application_id)
    line = next(
        (
            each
            for each in await lines(db, found.application, found.definition)
            if each.criterion == given.criterion
        ),
        None,
    )
    if line is None:
        raise broken("/criterion", "no-such-criterion")
    if line.figure is None or line.figure.value is None:
        raise broken("/criterion", "not-measured")
    if line.figure.value == given.claimed:
        raise NothingToCorrect()
    row = Correction(
        application_id=application_id,
        criterion=given.criterion,
        measure=line.figure.measure,
        figure=line.figure.value,
        claimed=given.claimed,
        reason=given.reason,
        asked_by=caller.known(),
        asked_at=now,
    )
    db.add(row)
    await db.flush()
    return found, row


async def settle(
    db: AsyncSession,
    caller: Caller,
    application_id: UUID,
    correction_id: UUID,
    action: str,
    reason: str,
    value: int | None,
    now: datetime,
) -> tuple[Case, Correction]:
    """Accept or refuse a correction, with the reason; what was submitted gets another snapshot.

    Raises OwnCorrection, WrongState, AssessmentClosed.
    """
    found = await held(db, caller, application_id)
    row = await queries.correction(db, found, correction_id)
    caller.require(P.APPLICATION_REVIEW, at=office(found))
    if found.application.state in FINAL:
        raise AssessmentClosed()
    if caller.is_(row.asked_by) or caller.is_(found.application.applicant):
        raise OwnCorrection()
    row.state = CORRECTION.next(action, row.state)
    row.settled_by, row.settled_at, row.settled_reason = caller.known(), now, reason
    if action == "accept":
        row.settled = row.claimed if value is None else value
    row.version += 1
    await db.flush()
    if action == "accept" and not queries.writable(found):
        await take_corrected(db, found.application, found.definition, row.criterion, caller, now)
    await decide(
        db,
        application=found.application,
        action=f"{action}_correction",
        caller=caller,
        stage_key=found.application.stage_key,
        reason=reason,
        fields=[{"pointer": f"/assessment/{row.criterion}", "reason": row.reason}],
        acted_for=office(found),
        now=now,
    )
    return found, row


def office(found: Case) -> str:
    """Whose staff review the application now: of the stage it stands in, or at its division."""
    row = found.application
    tier = found.definition.stage(row.stage_key).tier if row.stage_key else None
    return office_of(row.division_code, tier)


async def withdraw(
    db: AsyncSession, caller: Caller, application_id: UUID, correction_id: UUID
) -> tuple[Case, Correction]:
    """The applicant takes a correction back, at any time before it is settled."""
    found = await held(db, caller, application_id)
    if not await queries.is_applicant(db, caller, found):
        raise NotTheApplicant()
    row = await queries.correction(db, found, correction_id)
    row.state = CORRECTION.next("withdraw", row.state)
    row.version += 1
    await db.flush()
    return found, row
