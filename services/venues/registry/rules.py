"""Vocabulary and lifecycle of a venue."""

from enum import StrEnum

from services.kit.access import P
from services.kit.workflow import Workflow


class VenueKind(StrEnum):
    """Kinds of venue (glossary); more come with certification."""

    SCIENCE_MUSEUM = "science_museum"  # 科技馆
    THEMED_MUSEUM = "themed_museum"  # 科学技术类博物馆
    BASE = "base"  # 科普基地
    MOBILE_MUSEUM = "mobile_museum"  # 流动科技馆
    GALLERY = "gallery"  # 科普画廊
    ACTIVITY_ROOM = "activity_room"  # 社区科普活动室


class VenueState(StrEnum):
    DRAFT = "draft"
    PUBLISHED = "published"
    CLOSED = "closed"


S = VenueState

LIFECYCLE: Workflow[VenueState] = Workflow(
    "venue",
    # action    from         to           needs
    ("publish", S.DRAFT, S.PUBLISHED, P.VENUE_APPROVE),
    ("close", S.PUBLISHED, S.CLOSED, P.VENUE_APPROVE),
    ("reopen", S.CLOSED, S.PUBLISHED, P.VENUE_APPROVE),
)
