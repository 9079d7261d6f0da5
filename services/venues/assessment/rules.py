"""How answers and figures become points, and when they may change: pure, no I/O."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from services.kit.access import P
from services.kit.problems import BrokenRule, Conflict, FieldError
from services.kit.workflow import Relation, Workflow
from services.venues.applications.rules import ApplicationState
from services.venues.programmes.definition import Criterion, Definition, Section, StageKind

MOST_FILES_OF_A_CRITERION = 10


class Cause(StrEnum):
    """Why a snapshot was taken."""

    SUBMITTED = "submitted"
    HANDED_IN = "handed_in"
    CORRECTED = "corrected"


class CorrectionState(StrEnum):
    ASKED = "asked"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class FilePart(StrEnum):
    """What a file is evidence of."""

    MATERIAL = "material"
    CRITERION = "criterion"


class AssessmentClosed(Conflict):
    """The application is with its reviewers: what it says stands as it was submitted."""


class CorrectionUnderWay(Conflict):
    """The figure has a correction that is not settled yet."""


class NothingToCorrect(Conflict):
    """What is asked for is what the platform says already."""


class TooManyFiles(Conflict):
    """The material or criterion has as many files as it takes."""


class FileSubmitted(Conflict):
    """A file that was submitted is kept: it can be replaced by a newer one, not removed."""


class FileReplaced(Conflict):
    """The file was replaced already, or never arrived."""


class AssessmentUnfinished(BrokenRule):
    """Something is missing before the assessment can be handed in: all of it, by criterion."""


class OwnCorrection(Conflict):
    """Whoever asked for a correction does not settle it."""


C = CorrectionState

CORRECTION: Workflow[CorrectionState] = Workflow(
    "correction",
    # action     from     to            needs
    ("accept", C.ASKED, C.ACCEPTED, P.APPLICATION_REVIEW),
    ("refuse", C.ASKED, C.REFUSED, P.APPLICATION_REVIEW),
    ("withdraw", C.ASKED, C.WITHDRAWN, Relation.OWN),
)


class Source(StrEnum):
    """Where the points of a criterion come from."""

    PLATFORM = "platform"
    CORRECTED = "corrected"
    APPLICANT = "applicant"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Figure:
    """What the platform knows of one measure in a period; `value` None: it does not know."""

    measure: str
    source: str
    """Where it is taken from: the slug of a text."""
    value: int | None = None
    unknown: str | None = None
    """Why it is not known: the slug of a text."""
    days: int | None = None
    """Days of the period that the figure rests on, where records do not cover all of it."""


@dataclass(frozen=True, slots=True)
class Line:
    """A criterion with its points, as it stands or stood."""

    section: str
    criterion: str
    most: int
    points: int | None
    by: Source
    explanation: str = ""
    figure: Figure | None = None

    def stored(self) -> dict[str, Any]:
        """As a snapshot keeps it."""
        figure = self.figure and asdict(self.figure)
        return {
            "section": self.section,
            "criterion": self.criterion,
            "most": self.most,
            "points": self.points,
            "by": self.by.value,
            "explanation": self.explanation,
            "figure": figure,
        }


def points_for(figure: int, most: int, full_at: int | None) -> int:
    """Whole points for a figure: all of them from `full_at` on, below it in proportion.

    >>> points_for(150, 10, 300), points_for(299, 10, 300), points_for(900, 10, 300)
    (5, 9, 10)
    """
    full = full_at or 1
    return most * min(figure, full) // full


def criteria(definition: Definition) -> Iterator[tuple[Section, Criterion]]:
    """Every criterion with its section, in the order of the definition."""
    for section in definition.sections:
        for criterion in section.criteria:
            yield section, criterion


def line(
    section: Section,
    criterion: Criterion,
    answer: Mapping[str, Any],
    figure: Figure | None,
    corrected: int | None,
) -> Line:
    """One criterion: a known figure is the platform's, whatever the applicant wrote."""
    points: int | None
    if corrected is not None and figure is not None:
        figure = Figure(figure.measure, "corrected-by-staff", corrected)
        points, by = points_for(corrected, criterion.most, criterion.full_at), Source.CORRECTED
    elif figure is not None and figure.value is not None:
        points, by = points_for(figure.value, criterion.most, criterion.full_at), Source.PLATFORM
    else:
        points = answer.get("points")
        by = Source.NOBODY if points is None else Source.APPLICANT
    return Line(
        section.key,
        criterion.key,
        criterion.most,
        points,
        by,
        answer.get("explanation", ""),
        figure,
    )


def period_of(definition: Definition, year: int) -> tuple[date, date]:
    """The days that figures are taken from: the definition's, or the calendar year before."""
    if definition.period is not None:
        return definition.period.first, definition.period.last
    return date(year - 1, 1, 1), date(year - 1, 12, 31)


def is_open(state: ApplicationState, stage_key: str | None, definition: Definition) -> bool:
    """May the applicant change the assessment and its files now?"""
    if state in (ApplicationState.DRAFT, ApplicationState.RETURNED):
        return True
    return (
        state is ApplicationState.UNDER_WAY
        and stage_key is not None
        and definition.stage(stage_key).kind is StageKind.SELF_ASSESSMENT
    )


def assessed_in_a_stage(definition: Definition) -> bool:
    """Is the self-assessment a stage of its own, after the application is submitted?"""
    return any(stage.kind is StageKind.SELF_ASSESSMENT for stage in definition.stages)


def merged(
    answers: Mapping[str, Any], given: Mapping[str, Mapping[str, Any]], definition: Definition
) -> dict[str, Any]:
    """The answers with those given; BrokenRule for points that the criterion does not have."""
    known = {criterion.key: criterion for _, criterion in criteria(definition)}
    errors = []
    for key, answer in given.items():
        where = f"/answers/{key}"
        if key not in known:
            errors.append(FieldError(where, "no-such-criterion"))
            continue
        points = answer.get("points")
        if points is not None and points > known[key].most:
            most = (("most", known[key].most),)
            errors.append(FieldError(f"{where}/points", "more-than-the-criterion-gives", most))
        if points is not None and not answer.get("explanation"):
            errors.append(FieldError(f"{where}/explanation", "explanation-needed"))
    if errors:
        raise BrokenRule(errors=tuple(errors))
    return {**answers, **{key: dict(answer) for key, answer in given.items()}}
