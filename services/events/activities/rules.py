"""Vocabulary and lifecycle of activities, and what each step asks of one: pure, no I/O."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Protocol, TypeVar
from zoneinfo import ZoneInfo

from services.kit.access import P
from services.kit.problems import BrokenRule, Conflict, FieldError
from services.kit.workflow import Workflow, WrongState

SHANGHAI = ZoneInfo("Asia/Shanghai")
"""The zone that a day of an activity is in."""


class Form(StrEnum):
    """What kind of activity (rules.md: KP-005 and the implementation plan)."""

    LECTURE = "lecture"  # 科普讲座
    EXHIBITION = "exhibition"  # 科普展览
    CONTEST = "contest"  # 科普竞赛
    OPEN_DAY = "open_day"  # 开放日
    CARAVAN_VISIT = "caravan_visit"  # 科普大篷车进乡村
    MOBILE_MUSEUM = "mobile_museum"  # 流动科技馆巡展
    TRAINING = "training"  # 实用技术培训
    LIVE_STREAM = "live_stream"  # 直播
    EXPERIMENT_SHOW = "experiment_show"  # 科学实验展演
    STUDY_TOUR = "study_tour"  # 研学
    OTHER = "other"


class Audience(StrEnum):
    MINORS = "minors"
    FARMERS_AND_HERDERS = "farmers_and_herders"
    WORKERS = "workers"
    ELDERLY = "elderly"
    OFFICIALS = "officials"
    WOMEN = "women"
    PUBLIC = "public"


class SpokenLanguage(StrEnum):
    """Languages that an activity is held in: BCP 47 tags."""

    CHINESE = "zh"
    TIBETAN = "bo"
    MONGOLIAN = "mn"
    SALAR = "slr"
    MONGUOR = "mjg"
    KAZAKH = "kk"


class HostRole(StrEnum):
    LEAD = "lead"
    CO = "co"


class ActivityState(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    APPROVED = "approved"
    PUBLISHED = "published"
    ONGOING = "ongoing"
    COMPLETED = "completed"
    ARCHIVED = "archived"
    CANCELLED = "cancelled"


class OccurrenceState(StrEnum):
    SCHEDULED = "scheduled"
    POSTPONED = "postponed"
    """Will take place, at a time that is not known yet."""
    CANCELLED = "cancelled"
    COMPLETED = "completed"


S = ActivityState

PUBLIC_STATES = frozenset({S.PUBLISHED, S.ONGOING, S.COMPLETED, S.ARCHIVED, S.CANCELLED})
"""What everybody may see, once it was published. A cancelled activity stays visible: those who
come should read why; one cancelled before its publication was never public, and is not now."""

EDITABLE = frozenset({S.DRAFT, S.RETURNED})
"""Everything may be edited, by whoever drafts. What is submitted or approved stands still: withdraw
it (or have it sent back), edit, submit again; so what was approved is what is published."""

RUNNING = frozenset({S.PUBLISHED, S.ONGOING})
"""Only texts may be edited, and occurrences added, moved and cancelled, by whoever runs it."""

UNTIL_OVER = frozenset(S) - {S.COMPLETED, S.ARCHIVED, S.CANCELLED}
"""Hosts join and leave, and the safety plan is added or replaced: neither changes what is held."""


class UnknownCampaign(BrokenRule):
    """The campaign that it names is not there."""


class Incomplete(BrokenRule):
    """What an activity lacks to be submitted, or to grow; each field is named."""


class NothingAhead(Conflict):
    """There is no occurrence left to come to."""


class NotOver(Conflict):
    """Some occurrence has not ended, or none was held."""


class Timed(Protocol):
    """What the rules read of an occurrence: a table row, or a test's own."""

    @property
    def starts_at(self) -> datetime: ...
    @property
    def ends_at(self) -> datetime: ...
    @property
    def state(self) -> OccurrenceState: ...


T = TypeVar("T", bound=Timed)


@dataclass(frozen=True)
class Standing:
    """An activity as the guards of its lifecycle look at it."""

    title: str
    occurrences: Sequence[Timed]
    headcount: int
    """People expected at one time and place, or places there: whichever is more."""
    safety_plan: str | None
    threshold: int
    now: datetime
    is_umbrella: bool = False
    waiting_pictures: Sequence[int] = ()
    """Positions of pictures that have not arrived."""


def live(occurrences: Sequence[T]) -> list[T]:
    """Those that are not cancelled."""
    return [one for one in occurrences if one.state is not OccurrenceState.CANCELLED]


def day_of(occurrences: Sequence[Timed]) -> date:
    """The day, in Asia/Shanghai, of the first that is not cancelled; of the first when all are."""
    first = min(one.starts_at for one in live(occurrences) or occurrences)
    return first.astimezone(SHANGHAI).date()


def is_over(occurrence: Timed, now: datetime) -> bool:
    """Has it been held, or will it never be?"""
    match occurrence.state:
        case OccurrenceState.CANCELLED | OccurrenceState.COMPLETED:
            return True
        case OccurrenceState.POSTPONED:
            return False
        case OccurrenceState.SCHEDULED:
            return occurrence.ends_at <= now


def may_submit(standing: Standing) -> None:
    """Raise Incomplete unless there is a title, an occurrence and, for a crowd, a safety plan.

    An umbrella may go without an occurrence: it is held through its children.
    """
    lacks = []
    if not standing.title:
        lacks.append(FieldError("/title", "title-needed"))
    if not live(standing.occurrences) and not standing.is_umbrella:
        lacks.append(FieldError("/occurrences", "occurrence-needed"))
    lacks += _plan_lacking(standing)
    # What is approved is what is seen: a picture that comes later would be neither.
    lacks += [FieldError(f"/pictures/{n}", "picture-waiting") for n in standing.waiting_pictures]
    if lacks:
        raise Incomplete(errors=tuple(lacks))


def _plan_lacking(standing: Standing) -> list[FieldError]:
    if standing.safety_plan or standing.headcount < standing.threshold:
        return []
    values = (("headcount", standing.headcount), ("threshold", standing.threshold))
    return [FieldError("/safety_plan", "safety-plan-needed", values)]


def require_plan(standing: Standing) -> None:
    """Raise Incomplete for a crowd without a safety plan."""
    if lacks := _plan_lacking(standing):
        raise Incomplete(errors=tuple(lacks))


def may_publish(standing: Standing) -> None:
    """Raise NothingAhead unless an occurrence is still to come, or an umbrella has none itself."""
    if standing.is_umbrella and not live(standing.occurrences):
        return
    if not any(
        one.state is OccurrenceState.SCHEDULED and one.starts_at > standing.now
        for one in standing.occurrences
    ):
        raise NothingAhead()


def may_complete(standing: Standing) -> None:
    """Raise NotOver unless every occurrence is over and at least one was held.

    An umbrella without occurrences is over when its owner says so; its children live on.
    """
    if standing.is_umbrella and not live(standing.occurrences):
        return
    if not live(standing.occurrences) or not all(
        is_over(one, standing.now) for one in standing.occurrences
    ):
        raise NotOver()


LIFECYCLE: Workflow[ActivityState] = Workflow(
    "activity",
    # action       from                       to           needs              guard
    ("submit", {S.DRAFT, S.RETURNED}, S.SUBMITTED, P.ACTIVITY_EDIT, may_submit),
    ("withdraw", {S.SUBMITTED, S.APPROVED}, S.DRAFT, P.ACTIVITY_EDIT),
    ("send_back", {S.SUBMITTED, S.APPROVED}, S.RETURNED, P.ACTIVITY_APPROVE),
    ("approve", S.SUBMITTED, S.APPROVED, P.ACTIVITY_APPROVE),
    ("publish", S.APPROVED, S.PUBLISHED, P.ACTIVITY_RUN, may_publish),
    ("begin", S.PUBLISHED, S.ONGOING, P.ACTIVITY_RUN),
    ("complete", {S.PUBLISHED, S.ONGOING}, S.COMPLETED, P.ACTIVITY_RUN, may_complete),
    ("cancel", {S.APPROVED, S.PUBLISHED, S.ONGOING}, S.CANCELLED, P.ACTIVITY_RUN),
    ("archive", S.COMPLETED, S.ARCHIVED, P.ACTIVITY_RUN),
)

OS = OccurrenceState

OCCURRENCE_LIFECYCLE: Workflow[OccurrenceState] = Workflow(
    "occurrence",
    # action       from                       to           needs: which one, `change_needs` says
    ("postpone", OS.SCHEDULED, OS.POSTPONED, {P.ACTIVITY_EDIT, P.ACTIVITY_RUN}),
    ("reschedule", {OS.SCHEDULED, OS.POSTPONED}, OS.SCHEDULED, {P.ACTIVITY_EDIT, P.ACTIVITY_RUN}),
    ("cancel", {OS.SCHEDULED, OS.POSTPONED}, OS.CANCELLED, {P.ACTIVITY_EDIT, P.ACTIVITY_RUN}),
)


def change_needs(action: str, state: ActivityState) -> P:
    """Who changes an activity in `state`: whoever drafts it, later whoever runs it.

    Raises WrongState for one that stands still (submitted, approved) or is over.
    """
    if state in EDITABLE:
        return P.ACTIVITY_EDIT
    if state in RUNNING:
        return P.ACTIVITY_RUN
    raise WrongState(action=action, state=state.value)


def needs_until_over(action: str, state: ActivityState) -> P:
    """Who at the lead invites and removes co-hosts, or sets the safety plan, in UNTIL_OVER: as
    `change_needs`, but also while the rest stands still.
    """
    if state not in UNTIL_OVER:
        raise WrongState(action=action, state=state.value)
    return P.ACTIVITY_RUN if state in RUNNING else P.ACTIVITY_EDIT


def pointer_exists(pointer: str, document: Any) -> bool:
    """Does a JSON pointer (RFC 6901) lead anywhere in `document`?"""
    if not pointer.startswith("/"):
        return False
    for part in pointer[1:].split("/"):
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(document, dict) and name in document:
            document = document[name]
        elif isinstance(document, list) and name.isdecimal() and int(name) < len(document):
            document = document[int(name)]
        else:
            return False
    return True
