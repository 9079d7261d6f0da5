"""Vocabulary and lifecycle of activities: pure, no I/O."""

from enum import StrEnum

from services.kit.access import P
from services.kit.workflow import Workflow


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
"""What everybody may see. A cancelled activity stays visible: those who come should read why."""

LIFECYCLE: Workflow[ActivityState] = Workflow(
    "activity",
    # action       from                       to           needs
    ("submit", {S.DRAFT, S.RETURNED}, S.SUBMITTED, P.ACTIVITY_EDIT),
    ("withdraw", S.SUBMITTED, S.DRAFT, P.ACTIVITY_EDIT),
    ("send_back", {S.SUBMITTED, S.APPROVED}, S.RETURNED, P.ACTIVITY_APPROVE),
    ("approve", S.SUBMITTED, S.APPROVED, P.ACTIVITY_APPROVE),
    ("publish", S.APPROVED, S.PUBLISHED, P.ACTIVITY_RUN),
    ("begin", S.PUBLISHED, S.ONGOING, P.ACTIVITY_RUN),
    ("complete", {S.PUBLISHED, S.ONGOING}, S.COMPLETED, P.ACTIVITY_RUN),
    ("cancel", {S.APPROVED, S.PUBLISHED, S.ONGOING}, S.CANCELLED, P.ACTIVITY_RUN),
    ("archive", S.COMPLETED, S.ARCHIVED, P.ACTIVITY_RUN),
)
