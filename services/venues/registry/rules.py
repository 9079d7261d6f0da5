"""Vocabulary and lifecycle of a venue."""

from enum import StrEnum

from services.kit.access import P
from services.kit.workflow import Workflow


class VenueKind(StrEnum):
    """What a venue is. What it was named (科普教育基地 …) is an honour, not a kind."""

    SCIENCE_MUSEUM = "science_museum"  # 科技馆
    THEMED_MUSEUM = "themed_museum"  # 科学技术类博物馆
    MUSEUM = "museum"  # 其他博物馆、纪念馆
    EXHIBITION_HALL = "exhibition_hall"  # 科普馆
    ZOO = "zoo"  # 动物园、海洋馆
    NATURE_SITE = "nature_site"  # 国家公园、地质公园、森林公园
    FIELD_STATION = "field_station"  # 天文、气象、生态观测台站
    RESEARCH_INSTITUTE = "research_institute"  # 科研机构、高校
    FARM = "farm"  # 农业园区
    ENTERPRISE = "enterprise"  # 企业
    HOSPITAL = "hospital"  # 医疗机构
    AGENCY = "agency"  # 地震、气象、林业等部门
    BASE = "base"  # 科普基地, of which no more is known
    VOLUNTEER_STATION = "volunteer_station"  # 志愿服务站
    MOBILE_MUSEUM = "mobile_museum"  # 流动科技馆
    GALLERY = "gallery"  # 科普画廊
    ACTIVITY_ROOM = "activity_room"  # 社区科普活动室


class PlaceEvidence(StrEnum):
    """How the division of a venue that nobody entered is known."""

    CONFIRMED = "confirmed"  # a public page names it
    FROM_MEMORY = "from_memory"  # likely, and to be confirmed
    UNKNOWN = "unknown"  # somewhere in the province
    SEVERAL_COUNTIES = "several_counties"  # it lies in more than one


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
