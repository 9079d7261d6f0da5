"""What a programme is: data that an administrator writes, and that a running application obeys.

A definition says who names whom, in which stages, under which safeguards. Nothing of one programme
stands in code: another authority, another year, other stages are another definition.
"""

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.kit.days import Day
from services.kit.divisions import DivisionCode, Tier

Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,39}$")]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]
Texts = dict[Literal["zh-CN", "bo", "mn", "en"], Line]
"""A text by language; zh-CN is always there (rules.py checks it)."""


class _Exact(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class StageKind(StrEnum):
    """What is done in a stage; the work and gate of each stand in services/venues/stages.py."""

    RECOMMENDATION = "recommendation"  # 推荐
    ELIGIBILITY = "eligibility"  # 资格审查
    SELF_ASSESSMENT = "self_assessment"  # 自评
    EXPERT_REVIEW = "expert_review"  # 专家评审
    SITE_VISIT = "site_visit"  # 实地考察
    CREDIT_CHECK = "credit_check"  # 信用核查
    DELIBERATION = "deliberation"  # 厅务会审议
    NOTICE = "notice"  # 公示
    NAMING = "naming"  # 命名


class Safeguard(StrEnum):
    """What a programme may promise; a declared one is a stage that nothing can go around."""

    RECOMMENDATION = "recommendation"
    EXPERT_REVIEW = "expert_review"
    SITE_VISIT = "site_visit"
    CREDIT_CHECK = "credit_check"
    NOTICE = "notice"  # always declared


class Stage(_Exact):
    """One step on the way to a name, in the order of the list."""

    key: Key
    kind: StageKind
    title: Texts
    tier: Tier
    """Whose staff act: at the division of the application, or the one above it of this tier."""
    office: Line
    """Who is responsible, as the applicant reads it."""
    working_days: Annotated[int, Field(ge=1, le=250)] | None = None
    """The clock of the stage; None: no term is set."""
    at_least_months: Annotated[int, Field(ge=1, le=60)] | None = None
    """The stage is not passed before so many months have gone by since it was first entered
    (创建期)."""
    may_return: bool = True
    """May send the application back for supplement."""


class Criterion(_Exact):
    """One thing that is scored, in whole points."""

    key: Key
    title: Texts
    most: Annotated[int, Field(ge=1, le=1000)]
    measure: Key | None = None
    """A figure that the platform knows itself (services/venues/applications/measures.py)."""
    full_at: Annotated[int, Field(ge=1)] | None = None
    """The figure from which on the measure gives `most` points; below it in proportion."""


class Section(_Exact):
    """Criteria that stand together, with the floor that the section must reach."""

    key: Key
    title: Texts
    floor: Annotated[int, Field(ge=0, le=10_000)] = 0
    criteria: Annotated[tuple[Criterion, ...], Field(min_length=1)]


class Band(_Exact):
    """A published grade: reached from so many points of all sections on."""

    key: Key
    title: Texts
    at_least: Annotated[int, Field(ge=0)]
    passes: bool = True


class Condition(_Exact):
    """What must be so to be eligible; the applicant declares it, staff check it."""

    key: Key
    title: Texts


class Material(_Exact):
    """A document that is asked for."""

    key: Key
    title: Texts
    required: bool = True
    most: Annotated[int, Field(ge=1, le=50)] = 5


class Channel(_Exact):
    """Who recommends, and how many a year (None: as many as they like)."""

    key: Key
    title: Texts
    quota: Annotated[int, Field(ge=1)] | None = None


class PanelStratum(_Exact):
    """Experts of one field that a panel needs."""

    field: Key
    quota: Annotated[int, Field(ge=0, le=50)]
    alternates: Annotated[int, Field(ge=0, le=50)]


class Panel(_Exact):
    """How experts are drawn and how their scores are read."""

    strata: Annotated[tuple[PanelStratum, ...], Field(min_length=1)]
    divergence: Annotated[int, Field(ge=1)]
    """Points between the highest and the lowest total from which on a panel is flagged."""
    most_reviews_a_year: Annotated[int, Field(ge=1)] | None = None


class CreditRule(_Exact):
    """When the credit of the host institution is asked, and how old an answer may be."""

    before: Annotated[tuple[Literal["expert_review", "naming"], ...], Field(min_length=1)]
    valid_days: Annotated[int, Field(ge=1, le=366)]


class NoticeRule(_Exact):
    """公示: the window in working days, and the two offices that receive objections."""

    working_days: Annotated[int, Field(ge=1, le=60)]
    first_day_counts: bool = True
    offices: Annotated[tuple[Line, ...], Field(min_length=2, max_length=2)]


class Grade(StrEnum):
    """What an evaluation gives."""

    EXCELLENT = "excellent"  # 优秀
    QUALIFIED = "qualified"  # 合格
    RECTIFICATION = "rectification"  # 整改
    UNQUALIFIED = "unqualified"  # 不合格


class Inspection(_Exact):
    """The checks of an honour, and the grades of its evaluation."""

    cycle_months: Annotated[int, Field(ge=1, le=120)] | None = None
    annual: bool = True
    """Is every base looked at once a year?"""
    grades: Annotated[tuple[Grade, ...], Field(min_length=2)] = tuple(Grade)
    rectification_days: Annotated[int, Field(ge=1, le=730)] = 90
    rectification_in_working_days: bool = False


class Period(_Exact):
    """Days that figures are taken from, both included."""

    first: Day
    last: Day


class Definition(_Exact):
    """A programme's whole rule, of one version."""

    title: Texts
    honour: Texts
    """What is named, as it stands on the plaque."""
    authority: Line
    co_issuers: tuple[Line, ...] = ()
    division: DivisionCode
    """Where the authority sits; whoever may edit programmes there edits this one."""
    subject: Literal["venue", "division"]
    subject_levels: tuple[Tier, ...] = ()
    """For subject `division`: of which tiers."""
    basis: Line
    """The document that sets the rule."""
    source_url: Line | None = None
    uncertain: dict[str, Line] = {}
    """JSON pointer in this definition → why what stands there is not certain."""
    categories: tuple[Condition, ...] = ()
    conditions: tuple[Condition, ...] = ()
    sections: tuple[Section, ...] = ()
    bands: tuple[Band, ...] = ()
    materials: tuple[Material, ...] = ()
    channels: tuple[Channel, ...] = ()
    stages: Annotated[tuple[Stage, ...], Field(min_length=2, max_length=20)]
    safeguards: tuple[Safeguard, ...]
    panel: Panel | None = None
    credit: CreditRule | None = None
    notice: NoticeRule
    supplement_days: Annotated[int, Field(ge=1, le=250)] = 10
    """Working days to answer a return."""
    validity_months: Annotated[int, Field(ge=1, le=240)] | None = None
    provisional_months: Annotated[int, Field(ge=1, le=120)] | None = None
    """The creation period (创建期): an honour is provisional for so long, then to be confirmed."""
    number: Line
    """The pattern of honour numbers: {year} and {serial}."""
    inspection: Inspection = Inspection()
    reapply_after_months: Annotated[int, Field(ge=0, le=120)] = 0
    """After a refusal or a revocation."""
    opens_on: Day | None = None
    closes_on: Day | None = None
    period: Period | None = None
    """Where measured figures are taken from; None: the calendar year before the application's."""
    targets: dict[str, Annotated[int, Field(ge=0)]] = {}
    """Year → how many the plan wants named."""

    def stage(self, key: str) -> Stage:
        """The stage of this key; KeyError when there is none."""
        return {stage.key: stage for stage in self.stages}[key]


def read(stored: dict[str, Any]) -> Definition:
    """A definition as it was stored."""
    return Definition.model_validate(stored)
