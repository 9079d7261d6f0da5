"""From rows to the wire: what was found is shown to the venue once it is released."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from services.kit.access import Caller, P
from services.kit.draws import read
from services.kit.files.schemas import public_id, url_of
from services.kit.vault import Vault
from services.kit.workflow import Needs, Relation
from services.venues.inspections.evidence import is_staff
from services.venues.inspections.models import InspectionAnswer, InspectionFile, Sample
from services.venues.inspections.queries import Found
from services.venues.inspections.rectification_queries import Righting
from services.venues.inspections.rules import (
    LIFECYCLE,
    RECTIFICATION,
    SAMPLE,
    TO_DO,
    InspectionState,
    RectificationState,
    SampleState,
    is_overdue,
)
from services.venues.inspections.schemas import (
    SERVICE,
    AnswerOut,
    FindingOut,
    InspectionFileOut,
    InspectionLine,
    InspectionOut,
    RectificationOut,
    SampleOut,
)

_UNRELEASED: dict[str, Any] = {
    "held_on": None,
    "result": None,
    "grade": None,
    "findings": [],
    "summary": "",
    "team": [],
}


def _values(found: Found, caller: Caller, today: date) -> dict[str, Any]:
    row = found.row
    inside = is_staff(caller, found)
    values = row.model_dump(
        exclude={"recorded_code", "applicant", "stage_run_id", "sample_id", "created_by"}
    )
    if not inside:
        values["team"] = []
        if row.state is InspectionState.RECORDED:
            values |= _UNRELEASED | {"state": InspectionState.PLANNED}

    def holds(need: Needs) -> bool:
        if isinstance(need, Relation):
            return found.own
        return caller.may(need, at=found.office)

    return {
        **values,
        "venue_name": found.venue,
        "overdue": row.state in TO_DO and is_overdue(row.due_on, today),
        "allowed_actions": LIFECYCLE.allowed(values["state"], holds),
    }


def line_out(found: Found, caller: Caller, today: date) -> InspectionLine:
    """In a list."""
    values = _values(found, caller, today)
    return InspectionLine(**{name: values[name] for name in InspectionLine.model_fields})


def inspection_out(
    found: Found, caller: Caller, today: date, answers: Sequence[InspectionAnswer]
) -> InspectionOut:
    """An inspection with what was found and answered."""
    values = _values(found, caller, today)
    values["findings"] = [FindingOut(**each) for each in values["findings"]]
    said = [AnswerOut(**answer.model_dump()) for answer in answers]
    names = InspectionOut.model_fields.keys() - {"answers"}
    return InspectionOut(**{name: values[name] for name in names}, answers=said)


def file_out(
    row: InspectionFile, name: str, media_type: str, size: int, preview: str | None
) -> InspectionFileOut:
    """A file of an inspection."""
    file = row.file_id
    return InspectionFileOut(
        id=public_id(SERVICE, file),
        part=row.part,
        finding=row.finding,
        name=name,
        caption=row.caption,
        media_type=media_type,
        size=size,
        ready=row.ready,
        url=url_of(SERVICE, file) if row.ready else None,
        preview_url=url_of(SERVICE, file, "/preview") if row.ready and preview else None,
        upload_url=None if row.ready else url_of(SERVICE, file, "/upload"),
        added_at=row.added_at,
    )


def rectification_out(found: Righting, caller: Caller, today: date) -> RectificationOut:
    """A rectification, and what this caller may do with it."""
    row = found.row
    late = row.closed_at is None and is_overdue(row.due_on, today)

    def holds(need: Needs) -> bool:
        if isinstance(need, Relation):
            return found.own
        return caller.may(need, at=found.authority)

    allowed = RECTIFICATION.allowed(row.state, holds)
    closed = {"extend"} if row.extended else set()
    if row.state is RectificationState.ORDERED and not late:
        closed.add("lapse")
    return RectificationOut(
        **row.model_dump(exclude={"recorded_code", "ordered_by"}),
        venue_name=found.venue,
        overdue=late,
        allowed_actions=[action for action in allowed if action not in closed],
    )


def sample_out(row: Sample, caller: Caller, vault: Vault, hidden: set[Any]) -> SampleOut:
    """A sample; who was drawn can be told once nobody is to be surprised any more."""
    report = read(row.report)
    over = row.state is SampleState.DRAWN and row.id not in hidden

    def holds(need: Needs) -> bool:
        return isinstance(need, P) and caller.may(need, at=row.division_code)

    return SampleOut(
        **row.model_dump(
            exclude={"recorded_code", "secret_sealed", "salt_sealed", "report", "created_by"}
        ),
        commitment_sha256=report.commitment_sha256,
        pool_sha256=report.freeze.pool_sha256,
        entries=len(report.pool),
        foreseeable=report.foreseeable,
        salt=vault.open(row.salt_sealed, "inspection_samples.salt") if over else None,
        allowed_actions=SAMPLE.allowed(row.state, holds),
    )
