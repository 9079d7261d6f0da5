"""Vocabulary and lifecycles of stations and posts: pure, no I/O."""

from datetime import date, timedelta
from enum import StrEnum

from services.kit.access import P
from services.kit.divisions import Tier, tier_of
from services.kit.problems import Conflict, FieldError, broken
from services.kit.workflow import Workflow


class StationKind(StrEnum):
    """What a station is. Some kinds exist at one tier only."""

    PRACTICE_CENTRE = "practice_centre"  # 新时代文明实践中心
    PRACTICE_INSTITUTE = "practice_institute"  # 新时代文明实践所
    PRACTICE_STATION = "practice_station"  # 新时代文明实践站
    SCIENCE_STATION = "science_station"  # 科普站
    ACTIVITY_VENUE = "activity_venue"  # 科普活动场所: every county needs one
    OFFICE = "office"  # 科普工作机构: 科协, 科技局 …


TIER_OF_KIND = {
    StationKind.PRACTICE_CENTRE: Tier.COUNTY,
    StationKind.PRACTICE_INSTITUTE: Tier.TOWNSHIP,
    StationKind.PRACTICE_STATION: Tier.VILLAGE,
}


class Sector(StrEnum):
    """条: the department codes of the national statistics (全国科普统计)."""

    SCIENCE = "01"
    AST = "02"
    EDUCATION = "03"
    AGRICULTURE = "05"
    CULTURE = "06"
    HEALTH = "07"
    ENVIRONMENT = "09"
    FORESTRY = "11"
    TOURISM = "12"
    CAS = "13"
    EARTHQUAKE = "14"
    WEATHER = "15"
    YOUTH_LEAGUE = "16"
    WOMEN = "17"
    UNIONS = "18"
    POLICE = "20"
    ETHNIC_AFFAIRS = "21"
    EMERGENCY = "22"
    OTHER = "30"


SECTOR_NAMES: dict[Sector, str] = {
    Sector.SCIENCE: "科技",
    Sector.AST: "科协",
    Sector.EDUCATION: "教育",
    Sector.AGRICULTURE: "农业",
    Sector.CULTURE: "文化",
    Sector.HEALTH: "卫健",
    Sector.ENVIRONMENT: "环保",
    Sector.FORESTRY: "林业",
    Sector.TOURISM: "旅游",
    Sector.CAS: "中科院",
    Sector.EARTHQUAKE: "地震",
    Sector.WEATHER: "气象",
    Sector.YOUTH_LEAGUE: "共青团",
    Sector.WOMEN: "妇联",
    Sector.UNIONS: "工会",
    Sector.POLICE: "公安",
    Sector.ETHNIC_AFFAIRS: "民委",
    Sector.EMERGENCY: "应急",  # 安监 in the form; its duties are 应急管理 since 2018
    Sector.OTHER: "其他",
}


class StationState(StrEnum):
    OPEN = "open"
    CLOSED = "closed"


class PostRole(StrEnum):
    """What a person does at a division or station."""

    INFORMANT = "informant"  # 科普信息员
    STATION_HEAD = "station_head"  # 站长: of a station, one at a time
    INSTRUCTOR = "instructor"  # 科技辅导员
    COMMISSIONER = "commissioner"  # 科技特派员
    LOCAL_EXPERT = "local_expert"  # 乡土专家
    DOCENT = "docent"  # 科普讲解员
    COORDINATOR = "coordinator"  # 科普工作联络员


class PostState(StrEnum):
    """Follows from the days of a post; nothing stores it."""

    TO_COME = "to_come"
    HELD = "held"
    ENDED = "ended"


class StationExists(Conflict):
    """An open station of this kind and name stands at the division already."""


class StationHasPosts(Conflict):
    """Somebody still holds a post at the station, or will."""


class StationIsClosed(Conflict):
    """A closed station gives no posts and is not edited."""


class HeadTaken(Conflict):
    """Another person is head of the station in that time."""


class PostHeldAlready(Conflict):
    """The same phone holds this role there in that time."""


class PostHandedOver(Conflict):
    """The post has a successor."""


SS = StationState

STATION_LIFECYCLE: Workflow[StationState] = Workflow(
    "station",
    # action   from        to          needs
    ("close", SS.OPEN, SS.CLOSED, P.STATION_EDIT),
    ("reopen", SS.CLOSED, SS.OPEN, P.STATION_EDIT),
)

PS = PostState

POST_LIFECYCLE: Workflow[PostState] = Workflow(
    "post",
    # action       from                    to        needs
    ("hand_over", {PS.TO_COME, PS.HELD}, PS.ENDED, P.POST_MANAGE),
    ("end", {PS.TO_COME, PS.HELD}, PS.ENDED, P.POST_MANAGE),
)


def post_state(begins_on: date, ends_on: date | None, on: date) -> PostState:
    """The state of a post on a day; `ends_on` is its last day."""
    if on < begins_on:
        return PostState.TO_COME
    return PostState.ENDED if ends_on is not None and ends_on < on else PostState.HELD


def kind_errors(kind: StationKind, division_code: str) -> list[FieldError]:
    """What is wrong with a station of this kind at this division."""
    tier = TIER_OF_KIND.get(kind)
    if tier is None or tier is tier_of(division_code):
        return []
    values = (("tier", tier.value), ("given", tier_of(division_code).value))
    return [FieldError("/kind", f"kind-needs-{tier.value}", values)]


def point_errors(longitude: float | None, latitude: float | None) -> list[FieldError]:
    """Both coordinates or neither."""
    if (longitude is None) is (latitude is None):
        return []
    return [FieldError("/longitude" if longitude is None else "/latitude", "both-coordinates")]


def day_before_handover(begins_on: date, ends_on: date | None, successor_begins: date) -> date:
    """The last day of whoever hands over; BrokenRule when the successor comes too early or late."""
    if successor_begins <= begins_on:
        raise broken("/begins_on", "after-predecessor-began", day=begins_on.isoformat())
    if ends_on is not None and successor_begins > ends_on + timedelta(days=1):
        # A gap is no handover: give a new post instead.
        raise broken("/begins_on", "gap-after-predecessor", day=ends_on.isoformat())
    return successor_begins - timedelta(days=1)
