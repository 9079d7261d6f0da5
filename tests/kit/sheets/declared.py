"""A sheet for the tests of the kit: a column of every kind."""

from services.kit.sheets.declare import Choice, Column, Kind, Sheet, said

SHEET = Sheet(
    "things",
    said("事项", "Things"),
    columns=(
        Column("name", said("名称", "Name", "མིང", "Нэр"), required=True, most=20),
        Column("code", said("编号", "Code"), Kind.CODE, most=30),
        Column("division_code", said("区划代码", "Division"), Kind.DIVISION),
        Column("day", said("日期", "Day"), Kind.DAY),
        Column("at", said("时间", "Time"), Kind.TIME),
        Column("people", said("人数", "People"), Kind.WHOLE, low=0, high=1000),
        Column("height", said("海拔", "Height"), Kind.NUMBER),
        Column("open", said("开放", "Open"), Kind.YES_NO),
        Column(
            "kind",
            said("类型", "Kind"),
            Kind.CHOICE,
            choices=(
                Choice("station", said("科普站", "science station", "ས་ཚིགས")),
                Choice("venue", said("场所", "venue")),
            ),
        ),
        Column(
            "tongues",
            said("语言", "Languages"),
            Kind.CHOICES,
            choices=(Choice("zh", said("汉语", "Chinese")), Choice("bo", said("藏语", "Tibetan"))),
        ),
        Column("person", said("联系人", "Contact"), personal=True),
        Column("phone", said("电话", "Phone"), Kind.PHONE, personal=True),
    ),
    unique=("name",),
)
