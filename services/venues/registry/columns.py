"""The columns of venues in a spreadsheet, with what people call each kind: in and out."""

from collections.abc import Mapping
from typing import Any

from services.kit.languages import Words
from services.kit.sheets.declare import Choice, Column, Kind, said
from services.venues.honours.rules import HonourState
from services.venues.registry.rules import Accessibility, Admission, Datum, Language, VenueKind

KINDS = {
    VenueKind.SCIENCE_MUSEUM: said("科技馆", "science museum", "ཚན་རྩལ་ཁང་"),
    VenueKind.THEMED_MUSEUM: said("科学技术类博物馆", "museum of science or technology"),
    VenueKind.MUSEUM: said("博物馆", "museum", "རྟེན་རྫས་བཤམས་མཛོད་ཁང་", "музей"),
    VenueKind.EXHIBITION_HALL: said("科普馆", "exhibition hall"),
    VenueKind.ZOO: said("动物园（海洋馆）", "zoo or aquarium"),
    VenueKind.NATURE_SITE: said("自然保护地（国家公园、地质公园、森林公园）", "nature site"),
    VenueKind.FIELD_STATION: said("野外台站", "field station"),
    VenueKind.RESEARCH_INSTITUTE: said("科研机构、高校", "research institute or university"),
    VenueKind.FARM: said("农业园区", "farm"),
    VenueKind.ENTERPRISE: said("企业", "enterprise"),
    VenueKind.HOSPITAL: said("医疗机构", "hospital"),
    VenueKind.AGENCY: said("政府部门（地震、气象、林业等）", "agency"),
    VenueKind.BASE: said("科普基地", "base"),
    VenueKind.VOLUNTEER_STATION: said("志愿服务站", "volunteer station"),
    VenueKind.MOBILE_MUSEUM: said("流动科技馆", "mobile museum"),
    VenueKind.CARAVAN: said("科普大篷车", "caravan"),
    VenueKind.YOUTH_STATION: said("青少年科技馆（站）", "youth science station"),
    VenueKind.DEMONSTRATION_BASE: said("农村科普示范基地", "rural demonstration base"),
    VenueKind.COMMUNITY: said("科普社区", "community"),
    VenueKind.GALLERY: said("科普画廊", "gallery"),
    VenueKind.ACTIVITY_ROOM: said("科普活动室", "activity room"),
}
LANGUAGES = {
    Language.CHINESE: said("汉语", "Chinese", "རྒྱ་སྐད", "Хятад"),
    Language.TIBETAN: said("藏语", "Tibetan", "བོད་སྐད", "Төвөд"),
    Language.MONGOLIAN: said("蒙古语", "Mongolian", "སོག་སྐད", "Монгол"),
    Language.SALAR: said("撒拉语", "Salar"),
    Language.MONGUOR: said("土族语", "Monguor"),
    Language.KAZAKH: said("哈萨克语", "Kazakh"),
    Language.ENGLISH: said("英语", "English"),
    Language.SIGN: said("手语", "Chinese Sign Language"),
}
ACCESSIBILITY = {
    Accessibility.STEP_FREE: said("无障碍通道", "step-free way"),
    Accessibility.LIFT: said("无障碍电梯", "lift"),
    Accessibility.TOILET: said("无障碍卫生间", "accessible toilet"),
    Accessibility.WHEELCHAIRS: said("轮椅借用", "wheelchairs to borrow"),
    Accessibility.TACTILE_PAVING: said("盲道", "tactile paving"),
    Accessibility.BRAILLE: said("盲文", "braille"),
    Accessibility.HEARING_LOOP: said("助听设备", "hearing loop"),
    Accessibility.NURSING_ROOM: said("母婴室", "nursing room"),
    Accessibility.PARKING: said("无障碍车位", "accessible parking"),
    Accessibility.OXYGEN: said("供氧", "oxygen"),
}
ADMISSIONS = {
    Admission.FREE: said("免费", "free", "རིན་མེད", "үнэгүй"),
    Admission.FREE_FOR_YOUTH: said("青少年免费", "free for the young"),
    Admission.DISCOUNT_FOR_YOUTH: said("青少年优惠", "discount for the young"),
    Admission.PAID: said("收费", "paid"),
}
HONOUR_STATES = {
    HonourState.PROVISIONAL: said("创建期", "provisional"),
    HonourState.VALID: said("有效", "valid"),
    HonourState.RECTIFYING: said("整改", "under rectification"),
    HonourState.SUSPENDED: said("暂停", "suspended"),
    HonourState.REVOKED: said("摘牌", "revoked"),
    HonourState.EXPIRED: said("已到期", "expired"),
    HonourState.RENEWED: said("已换发", "renewed"),
    HonourState.UPGRADED: said("已升级", "upgraded"),
}
DATUMS = {
    Datum.WGS84: said("WGS-84", "WGS-84"),
    Datum.GCJ02: said("GCJ-02", "GCJ-02"),
    Datum.BD09: said("BD-09", "BD-09"),
}


def choices(words: Mapping[Any, Words]) -> tuple[Choice, ...]:
    """The members of a vocabulary with what people call them, in its order."""
    return tuple(Choice(str(value), named) for value, named in words.items())


NAME = Column(
    "name",
    said("场馆名称", "Name", "མིང", "Нэр"),
    required=True,
    least=2,
    most=100,
    example="青海省科学技术馆",
)
KIND = Column(
    "kind",
    said("场馆类型", "Kind", "རིགས", "Төрөл"),
    Kind.CHOICE,
    required=True,
    choices=choices(KINDS),
    example="科技馆",
)
DIVISION = Column(
    "division_code",
    said("行政区划代码", "Division code", "སྲིད་འཛིན་ས་ཁུལ་ཨང་གྲངས", "Нэгжийн код"),
    Kind.DIVISION,
    required=True,
    example="630104",
)
POINT = (
    Column("longitude", said("经度", "Longitude", "གཞུང་ཐིག", "Уртраг"), Kind.NUMBER),
    Column("latitude", said("纬度", "Latitude", "འཕྲེད་ཐིག", "Өргөрөг"), Kind.NUMBER),
)
DATUM = Column(
    "datum",
    said("坐标系", "Datum"),
    Kind.CHOICE,
    choices=choices(DATUMS),
    note=said("高德、腾讯地图为 GCJ-02，百度地图为 BD-09；不填为 WGS-84", "WGS-84 when left out"),
)
DESCRIBED = (
    Column("altitude_m", said("海拔（米）", "Altitude (m)"), Kind.WHOLE, low=-500, high=9000),
    Column("address", said("地址", "Address", "ས་གནས", "Хаяг")),
    Column("phone", said("咨询电话", "Phone for the public"), most=60, least=5),
    Column("website", said("网址", "Website"), most=300),
    Column("languages", said("讲解语言", "Languages"), Kind.CHOICES, choices=choices(LANGUAGES)),
    Column(
        "accessibility",
        said("无障碍设施", "Accessibility"),
        Kind.CHOICES,
        choices=choices(ACCESSIBILITY),
    ),
    Column(
        "capacity",
        said("最大瞬时承载量（人）", "Most people inside"),
        Kind.WHOLE,
        low=1,
        high=1_000_000,
    ),
    Column("admission", said("门票", "Admission"), Kind.CHOICE, choices=choices(ADMISSIONS)),
    Column("open_all_year", said("常年开放", "Open all year"), Kind.YES_NO),
    Column("host_name", said("依托单位", "Host institution")),
    Column("host_uscc", said("依托单位统一社会信用代码", "Host's credit code"), Kind.CODE, most=18),
)
NAMES = (
    Column("aliases", said("别名", "Aliases"), note=said("用顿号隔开", "separated by commas")),
    Column("former_names", said("曾用名", "Former names"), note=said("用顿号隔开", "by commas")),
)
SOURCE = Column("source", said("信息来源", "Source"), most=500)

COLUMNS_OF_THE_PUBLIC = (
    said("科普场馆", "Venues", "ཚན་རིག་ཁྱབ་སྤེལ་ས་གནས", "Шинжлэх ухааны байгууламж"),
    (
        *(NAME, KIND, DIVISION, *POINT, *DESCRIBED, *NAMES),
        Column("honours", said("荣誉", "Honours")),
        SOURCE,
        Column("id", said("编号", "Id")),
    ),
)
