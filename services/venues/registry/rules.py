"""Vocabulary and lifecycle of a venue."""

from enum import StrEnum

from services.kit.access import P
from services.kit.problems import Conflict, FieldError
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
    CARAVAN = "caravan"  # 科普大篷车
    YOUTH_STATION = "youth_station"  # 青少年科技馆、站
    DEMONSTRATION_BASE = "demonstration_base"  # 农村科普示范基地
    COMMUNITY = "community"  # 科普社区
    GALLERY = "gallery"  # 科普画廊
    ACTIVITY_ROOM = "activity_room"  # 社区科普活动室


class PlaceEvidence(StrEnum):
    """How the division of a venue that nobody entered is known."""

    CONFIRMED = "confirmed"  # a public page names it
    FROM_MEMORY = "from_memory"  # likely, and to be confirmed
    UNKNOWN = "unknown"  # somewhere in the province
    SEVERAL_COUNTIES = "several_counties"  # it lies in more than one


class NameKind(StrEnum):
    """What another name of a venue is."""

    ALIAS = "alias"  # 别名、简称
    FORMER = "former"  # 曾用名
    TRANSLATION = "translation"  # 藏语、蒙古语、英语名称


class Datum(StrEnum):
    """What a point is given in; it is kept in WGS-84."""

    WGS84 = "wgs84"
    GCJ02 = "gcj02"  # 高德、腾讯, and every public map of China
    BD09 = "bd09"  # 百度


class Admission(StrEnum):
    """Whom it costs what (科普法 46: free or discounted for the young)."""

    FREE = "free"
    FREE_FOR_YOUTH = "free_for_youth"
    DISCOUNT_FOR_YOUTH = "discount_for_youth"
    PAID = "paid"  # and no discount for the young


class Language(StrEnum):
    """What is spoken to visitors: BCP 47."""

    CHINESE = "zh"
    TIBETAN = "bo"
    MONGOLIAN = "mn"
    MONGUOR = "mjg"  # 土族语
    SALAR = "slr"  # 撒拉语
    KAZAKH = "kk"
    ENGLISH = "en"
    SIGN = "csl"  # 中国手语


class Accessibility(StrEnum):
    """What people who need it find."""

    STEP_FREE = "step_free"  # 无障碍通道
    LIFT = "lift"  # 无障碍电梯
    TOILET = "toilet"  # 无障碍卫生间
    WHEELCHAIRS = "wheelchairs"  # 轮椅借用
    TACTILE_PAVING = "tactile_paving"  # 盲道
    BRAILLE = "braille"  # 盲文
    HEARING_LOOP = "hearing_loop"  # 助听
    NURSING_ROOM = "nursing_room"  # 母婴室
    PARKING = "parking"  # 无障碍车位
    OXYGEN = "oxygen"  # 供氧


class VenueState(StrEnum):
    DRAFT = "draft"
    PUBLISHED = "published"
    CLOSED = "closed"


class Editable(StrEnum):
    """What a caller may change of a venue."""

    ALL = "all"
    DESCRIPTION = "description"  # as its representative
    NOTHING = "nothing"


class VenueIsClosed(Conflict):
    """A closed venue is not edited."""


class VenueInUse(Conflict):
    """A venue that was public, or that something depends on, stays; the errors say what does."""


class RepresentsAlready(Conflict):
    """The account represents the venue in that time already."""


class AppointmentEnded(Conflict):
    """The appointment is over."""


S = VenueState

LIFECYCLE: Workflow[VenueState] = Workflow(
    "venue",
    # action    from         to           needs
    ("publish", S.DRAFT, S.PUBLISHED, P.VENUE_APPROVE),
    ("close", S.PUBLISHED, S.CLOSED, P.VENUE_APPROVE),
    ("reopen", S.CLOSED, S.PUBLISHED, P.VENUE_APPROVE),
)


def admission_errors(
    publicly_funded: bool | None, admission: Admission | None, open_all_year: bool | None
) -> list[FieldError]:
    """What 科普法 46 asks of a venue that was built with government money, and this one is not."""
    if not publicly_funded:
        return []
    found = []
    if admission is Admission.PAID:
        found.append(FieldError("/admission", "law-46-youth"))
    if open_all_year is False:
        found.append(FieldError("/open_all_year", "law-46-all-year"))
    return found
