"""From rows and lines to the wire, in the caller's language."""

from collections.abc import Iterable, Mapping
from typing import Any

from services.kit.access import Caller
from services.kit.context import current
from services.kit.files.schemas import public_id, url_of
from services.kit.languages import DEFAULT, WORDS, say
from services.kit.workflow import Needs, Relation
from services.venues.applications.queries import Case
from services.venues.assessment.actions import office
from services.venues.assessment.models import ApplicationFile, Assessment, Correction, Snapshot
from services.venues.assessment.queries import writable
from services.venues.assessment.rules import (
    CORRECTION,
    FilePart,
    assessed_in_a_stage,
    criteria,
    period_of,
)
from services.venues.assessment.schemas import (
    SERVICE,
    AssessmentOut,
    CorrectionOut,
    EvidenceOut,
    FigureOut,
    LineOut,
    SectionOut,
    SnapshotOut,
)
from services.venues.programmes.definition import Definition


def _language() -> str:
    work = current()
    return work.language if work else DEFAULT


def _text(slug: str | None) -> str | None:
    return None if slug is None else say(WORDS[slug]["title"], _language())[0]


def _said(texts: Mapping[Any, str]) -> str:
    return say({str(language): text for language, text in texts.items()}, _language())[0]


def _figure(figure: Mapping[str, Any] | None) -> FigureOut | None:
    if figure is None:
        return None
    return FigureOut(
        **figure,
        source_text=_text(figure["source"]) or "",
        unknown_text=_text(figure["unknown"]),
    )


def lines_out(definition: Definition, stored: Iterable[Mapping[str, Any]]) -> list[LineOut]:
    """Lines as a snapshot keeps them, with their titles."""
    titles = {criterion.key: _said(criterion.title) for _, criterion in criteria(definition)}
    return [
        LineOut(
            **{name: each for name, each in line.items() if name != "figure"},
            title=titles[line["criterion"]],
            figure=_figure(line["figure"]),
        )
        for line in stored
    ]


def assessment_out(
    found: Case,
    written: Assessment,
    stored: Iterable[Mapping[str, Any]],
    snapshot: int | None,
    *,
    applicant: bool,
) -> AssessmentOut:
    """The whole assessment, section by section."""
    definition = found.definition
    lines = lines_out(definition, stored)
    first, last = period_of(definition, found.application.year)
    sections = [
        SectionOut(
            key=section.key,
            title=_said(section.title),
            floor=section.floor,
            points=sum(line.points or 0 for line in lines if line.section == section.key),
            most=sum(criterion.most for criterion in section.criteria),
            lines=[line for line in lines if line.section == section.key],
        )
        for section in definition.sections
    ]
    return AssessmentOut(
        application_id=found.application.id,
        first_day=first,
        last_day=last,
        snapshot=snapshot,
        points=sum(section.points for section in sections),
        most=sum(section.most for section in sections),
        sections=sections,
        handed_in_at=written.handed_in_at,
        version=written.version,
        allowed_actions=_allowed(found) if applicant and writable(found) else [],
    )


def _allowed(found: Case) -> list[str]:
    in_stage = assessed_in_a_stage(found.definition) and found.application.state == "under_way"
    return ["write", "add_file", "ask_correction", *(["hand_in"] if in_stage else [])]


def snapshot_out(found: Case, row: Snapshot) -> SnapshotOut:
    """A snapshot, word for word as it was taken."""
    return SnapshotOut(
        number=row.number,
        cause=row.cause,
        version_id=row.version_id,
        first_day=row.first_day,
        last_day=row.last_day,
        points=row.total,
        lines=lines_out(found.definition, row.lines),
        taken_at=row.taken_at,
    )


def correction_out(found: Case, row: Correction, caller: Caller, applicant: bool) -> CorrectionOut:
    """A correction, and what this caller may do with it."""

    def holds(need: Needs) -> bool:
        if isinstance(need, Relation):
            return applicant
        return caller.may(need, at=office(found)) and not caller.is_(row.asked_by)

    return CorrectionOut(
        **row.model_dump(exclude={"settled_by", "asked_by"}),
        allowed_actions=CORRECTION.allowed(row.state, holds),
    )


def evidence_out(row: ApplicationFile, media_type: str, size: int, preview: Any) -> EvidenceOut:
    """A file of an application."""
    file = row.file_id
    return EvidenceOut(
        id=public_id(SERVICE, file),
        part=FilePart(row.part),
        key=row.key,
        name=row.name,
        caption=row.caption,
        media_type=media_type,
        size=size,
        ready=row.ready,
        submitted_at=row.submitted_at,
        superseded_at=row.superseded_at,
        replaces=public_id(SERVICE, row.replaces) if row.replaces else None,
        url=url_of(SERVICE, file) if row.ready else None,
        preview_url=url_of(SERVICE, file, "/preview") if row.ready and preview else None,
        upload_url=None if row.ready else url_of(SERVICE, file, "/upload"),
        added_at=row.added_at,
    )
