"""Wire shapes of figures."""

from datetime import date

from pydantic import AliasChoices, BaseModel, Field

from services.kit.divisions import Tier


class AttendanceOut(BaseModel):
    """People by grade of evidence; grades are never added together."""

    verified: int
    """Checked in, one by one."""
    counted: int
    estimated: int
    online: int
    """Views, not people."""


class SatisfactionOut(BaseModel):
    """What those who came and were asked said, in whole groups of at least five."""

    answers: int
    satisfied: int
    rate: float
    """Satisfied of all answers, from 0 to 1."""

    @classmethod
    def of(cls, answers: int, satisfied: int) -> "SatisfactionOut | None":
        """The rate among released answers; None when there are none: unknown, not 0."""
        if not answers:
            return None
        return cls(answers=answers, satisfied=satisfied, rate=satisfied / answers)


class FiguresOut(BaseModel):
    """Totals at or below a division."""

    activities: int
    """Each counted once, by the day of its first occurrence, however many divisions host it."""
    activity_share: float
    """Each host's equal part of what it hosts with others, to the millionth. Shares of divisions
    that do not contain one another add up; counts of activities do not."""
    occurrences: int
    """Of the activities above."""
    occurrences_with_attendance: int
    """Occurrences of the period whose attendance is known."""
    attendance: AttendanceOut | None
    """Null while activities are there and no attendance is known: unknown, not 0."""
    satisfaction: SatisfactionOut | None
    """Null while no group of answers is big enough to be shown."""
    activities_per_10000_people: float | None = None
    """Null until a sourced population is loaded."""


class DivisionOut(BaseModel):
    code: str
    name: str
    tier: Tier
    abolished_on: date | None


class PeriodOut(BaseModel):
    # The document is drawn from what is validated: there, too, they are called as on the wire.
    first: date = Field(validation_alias=AliasChoices("from", "first"), serialization_alias="from")
    last: date = Field(validation_alias=AliasChoices("to", "last"), serialization_alias="to")


class ComparedOut(PeriodOut):
    """The same days of the year before."""

    figures: FiguresOut


class ChildOut(DivisionOut):
    figures: FiguresOut
    compare: FiguresOut


class UnknownOut(BaseModel):
    """Why a field is null in this answer: nothing unknown is shown as 0."""

    field: str
    reason: str
    """A stable slug."""
    detail: str


class RollupOut(PeriodOut):
    """A division's figures, those of each of its children, and the same days a year earlier."""

    division: DivisionOut
    figures: FiguresOut
    own_share: float
    """The part of `activity_share` that no child holds: what the division hosts itself."""
    compare: ComparedOut
    children: list[ChildOut]
    """Every child of the register; one that is abolished when it has figures here."""
    unknown: list[UnknownOut]


class StepOut(PeriodOut):
    """One month, or the part of it within the period."""

    figures: FiguresOut


class SeriesOut(BaseModel):
    division: DivisionOut
    items: list[StepOut]
    next: None = None
    """A series is whole: there is no further page."""
    unknown: list[UnknownOut]
