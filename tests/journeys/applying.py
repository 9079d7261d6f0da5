"""A base applies: pre-scored from what was recorded, returned once, and found eligible."""

from datetime import date, timedelta
from uuid import uuid4

from tests.journeys.certifying import Base, refusal, sends, today
from tests.kit.files.makers import pdf
from tests.support.province import Person

NAME, BODY = "中国科学院紫金山天文台青海观测站", "紫金山天文台"
USCC = "12632802MB1A2K03X7"
HEAD = "赵明"
MATERIALS = ("application_form", "registration", "year_plan")
DECLARED = ("legal_person", "fixed_place", "research_content", "staff", "funds_and_plan")
ANSWERS = {
    "facilities": 12,
    "conversion": 10,
    "languages": 3,
    "activities_held": 12,
    "satisfaction": 4,
    "people": 6,
    "management": 6,
}
"""What the platform cannot know, so the applicant says it."""


async def applies_on_what_the_platform_knows(base: Base) -> None:
    """What the platform recorded is scored by itself; the applicant adds the rest, and hands it in."""
    year, first = today().year - 1, {"If-Match": '"v0"'}
    hours, at = [{"opens": "09:00", "closes": "17:00"}], f"/venues/{base.venue}"
    week = ("tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    days = {day: {"hours": hours, "free": day == "sunday"} for day in week}
    opening = {"from_on": f"{year}-01-01", "seasons": [{"days": days}]}
    assert (await base.applicant.ask("PUT", f"{at}/opening", opening, **first)).status == 200
    for month, counted in ((5, 1500), (7, 1200), (9, 800)):
        count = {"people": counted, "children": 300, "free": True}
        where = f"{at}/visits/{year}-{month:02d}-18"
        assert (await base.county.ask("PUT", where, count, **first)).status == 200

    programmes = (await base.public.get("/programmes?limit=100"))["items"]
    (programme,) = [each["id"] for each in programmes if each["key"] == "research_base"]
    given = {
        "client_id": str(uuid4()),
        "programme_id": programme,
        "venue_id": base.venue,
        "host_uscc": USCC,
        "declared": dict.fromkeys(DECLARED, True),
        "summary": f"{NAME}面向农牧区开放毫米波射电望远镜。",
        "contacts": [{"name": HEAD, "phone": "13997388000", "duty": "站长"}],
    }
    draft = await base.applicant.do("/applications", given)
    base.application = draft["id"]
    assert (draft["state"], draft["host_name"], draft["warnings"]) == ("draft", NAME, [])
    early = await base.applicant.ask("POST", f"{base.at}/submit")
    assert refusal(early) == (422, "application-incomplete")
    assert [each["pointer"] for each in early["errors"]] == [
        *(f"/files/{key}" for key in MATERIALS),
        *(f"/assessment/{key}" for key in ANSWERS),
    ]

    # Open days, visits and free days are known; whoever writes over them is told so.
    own = {"points": 15, "explanation": "全年开放"}
    read = await base.applicant.get(f"{base.at}/assessment")
    written = await base.applicant.ask(
        "PATCH",
        f"{base.at}/assessment",
        {"answers": {"open_days": own}},
        **{"If-Match": read.headers["ETag"]},
    )
    assert [each["rule"] for each in written["errors"]] == ["measured-by-the-platform"]
    answers = {key: {"points": each, "explanation": "见附件"} for key, each in ANSWERS.items()}
    assessed = await base.edits(f"{base.at}/assessment", {"answers": answers})
    lines = {each["criterion"]: each for one in assessed["sections"] for each in one["lines"]}
    every = [date(year, 1, 1) + timedelta(days=n) for n in range(366)]
    weekdays = [day.weekday() for day in every if day.year == year]
    assert {
        key: (line["by"], line["points"], line["figure"]["value"])
        for key, line in lines.items()
        if line["by"] == "platform"
    } == {
        "open_days": ("platform", 15, sum(day != 0 for day in weekdays)),
        "visits": ("platform", 7, 3500),
        "free_days": ("platform", 5, weekdays.count(6)),
    }
    unknown = {key: lines[key]["figure"]["unknown"] for key in ("activities_held", "satisfaction")}
    assert unknown == {
        "activities_held": "no-activities-known",
        "satisfaction": "too-little-feedback",
    }
    for key in MATERIALS:
        await sends(base, key, pdf())
    people = {"people": [{"name": HEAD, "duty": "站长"}]}
    assert (await base.applicant.ask("PUT", f"{base.at}/people", people)).status == 200
    assert (await base.applicant.get(f"{base.at}/missing"))["missing"] == []
    await base.applicant.do(f"{base.at}/submit")


async def is_returned_once_and_found_eligible(base: Base, stranger: Person) -> None:
    """Sent back with a reason at each field, supplemented, handed in again, and let through."""
    # A stranger finds nothing; the county reads along, and decides nothing at the province.
    for part in ("", "/timeline", "/assessment", "/trail"):
        assert refusal(await stranger.ask("GET", f"{base.at}{part}")) == (404, "missing")
    step = {"stage": "eligibility", "reason": "符合条件"}
    assert (await base.county.get(base.at))["state"] == "under_way"
    assert refusal(await base.county.ask("POST", f"{base.at}/pass", step)) == (403, "forbidden")

    fields = [
        {"pointer": "/files/year_plan", "reason": "缺安全制度"},
        {"pointer": "/assessment/languages", "reason": "请说明藏语讲解安排"},
        {"pointer": "/summary", "reason": "请写明开放时间"},
    ]
    back = {"stage": "eligibility", "reason": "材料需要补正", "fields": fields}
    await base.officer.do(f"{base.at}/send_back", back)
    told = await base.applicant.get(base.at)
    assert told["state"] == "returned"
    assert (told["returned"]["reason"], told["returned"]["fields"]) == ("材料需要补正", fields)
    files = (await base.applicant.get(f"{base.at}/files"))["items"]
    (plan,) = [each["id"] for each in files if each["key"] == "year_plan"]
    await sends(base, "year_plan", pdf(Lang="zh-CN"), replaces=plan)
    more = {"languages": {"points": 4, "explanation": "每周六有藏语讲解"}}
    await base.edits(f"{base.at}/assessment", {"answers": more})
    await base.edits(base.at, {"summary": f"{NAME}每周二至周日开放，面向农牧区。"})
    await base.applicant.do(f"{base.at}/submit")
    await base.officer.do(f"{base.at}/pass", step)
