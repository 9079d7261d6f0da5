"""A base is judged: a panel is drawn and scores it, it is visited, and its credit is asked."""

import asyncio
import json
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.journeys import panel
from tests.journeys.applying import BODY, HEAD, NAME, USCC
from tests.journeys.certifying import Base, credit_says, imported, inspects, refusal, today
from tests.journeys.days import the_source_speaks
from tests.support.province import Person
from tests.support.workbooks import workbook

MOST = {
    "open_days": 15,
    "visits": 10,
    "free_days": 5,
    "facilities": 15,
    "conversion": 15,
    "languages": 5,
    "activities_held": 15,
    "satisfaction": 5,
    "people": 8,
    "management": 7,
}
GOOD = {
    "open_days": 14,
    "visits": 8,
    "free_days": 5,
    "facilities": 12,
    "conversion": 12,
    "languages": 4,
    "activities_held": 12,
    "satisfaction": 4,
    "people": 7,
    "management": 6,
}
"""84 of 100 points."""
THIN = {**GOOD, "facilities": 8, "conversion": 6, "languages": 2}
"""16 points of content; its floor is 20."""
FRIENDLY = {**GOOD, "facilities": 15, "conversion": 15, "languages": 5, "management": 7}
"""92: with it the mean is 85.14, without it 84."""


@dataclass
class Panel:
    """Who sits on it: seat by seat, the person who accepted."""

    institutions: dict[str, str]
    experts: dict[str, Person] = field(default_factory=dict)


async def a_panel_is_drawn_and_replayed(base: Base, folder: Path) -> Panel:
    """Seven and three out of 16,000, without whoever may not judge; a stranger finds the same."""
    assert await base.stays_in("expert_review") == [("panel-not-drawn", "尚未抽取专家")]
    host = {"name": NAME, "uscc": USCC}
    sitting = Panel(await panel.pool(base, host, BODY, HEAD))
    began = time.monotonic()
    frozen = await panel.promised(base)
    took = [time.monotonic() - began]
    base.draw = frozen["id"]
    assert frozen["entries"] == panel.EXPERTS - panel.CONFLICTED
    assert frozen["log"][0]["detail"]["left_out"] == {"conflict": panel.CONFLICTED}
    value = {"value": "03 07 11 19 24 30 + 08"}
    early = await base.approver.ask("POST", f"/draws/{base.draw}/value", value)
    assert refusal(early) == (409, "source-not-due")
    await the_source_speaks(base.qinghai, base.draw)
    began = time.monotonic()
    await base.approver.do(f"/draws/{base.draw}/value", value)
    took.append(time.monotonic() - began)
    # Conflicts and freeze, then draw and invitations: 0.4 s and 0.3 s on two cores.
    assert max(took) < 2

    drawn = {state: await panel.seats(base, state) for state in ("invited", "standing_by")}
    assert {state: len(found) for state, found in drawn.items()} == {
        "invited": 7,
        "standing_by": 3,
    }
    async with base.http.get(f"{base.public.api}/draws/{base.draw}/report") as answer:
        report = await answer.read()
    code, said = await panel.replayed(report, frozen["commitment_sha256"], folder)
    assert code == 0, said
    assert [line for line in said.splitlines() if line.startswith("✓")] == [
        f"✓ {field}: 结果一致 the same result" for field in panel.FIELDS
    ]
    shown = await base.public.ask("GET", f"/draws/{base.draw}/identities")
    assert refusal(shown) == (404, "missing")
    return sitting


async def invitations_are_answered_by_link(
    base: Base, sitting: Panel, experts: list[Person]
) -> None:
    """One declines and the alternate is asked; whoever accepts sees nothing of who applies."""
    first, *others = await panel.seats(base, "invited")
    declined = {"token": await panel.link(base, first["id"]), "answer": "decline", "reason": "出差"}
    await base.public.do("/experts/invitations/answer", declined)
    asked = await panel.seats(base, "invited")
    (alternate,) = [seat for seat in asked if seat["id"] not in {each["id"] for each in others}]
    quota = sum(seat["stratum"] == first["stratum"] for seat in (first, *others))
    assert (alternate["stratum"], alternate["rank"]) == (first["stratum"], quota + 1)

    async def accepts(expert: Person, seat: str) -> None:
        body = {"token": await panel.link(base, seat), "answer": "accept"}
        await expert.do("/experts/invitations/answer", body)
        sitting.experts[seat] = expert

    everybody = [seat["id"] for seat in asked]
    await asyncio.gather(*(accepts(*each) for each in zip(experts, everybody, strict=True)))
    expert, seat = experts[0], everybody[0]
    blind = json.dumps(
        (await expert.get(f"/experts/invitations/{seat}/material")).body, ensure_ascii=False
    )
    assert "每周二至周日开放" in blind
    assert [name for name in (NAME, BODY, HEAD, USCC) if name in blind] == []


async def a_floor_is_missed_then_reached(base: Base, sitting: Panel) -> None:
    """A section below its floor holds up what the band alone would let pass."""

    async def scored(points: dict[str, int], friendly: dict[str, int]) -> None:
        friend = min(sitting.experts)
        await asyncio.gather(
            *(
                panel.score(expert, seat, friendly if seat == friend else points, MOST)
                for seat, expert in sitting.experts.items()
            )
        )

    await scored(THIN, THIN)
    result = (await base.approver.get(f"{base.at}/panel"))["result"]
    below = [(each["key"], each["mean"]) for each in result["sections"] if not each["met"]]
    assert (below, result["band"], result["passes"]) == ([("content", 1600)], "qualified", False)
    ((rule, why),) = await base.stays_in("expert_review")
    assert (rule, "16.00" in why, "20" in why) == ("section-below-floor", True, True)

    # What the band alone would let pass goes back; the same panel judges what was added.
    fields = [{"pointer": "/assessment/facilities", "reason": "展教设施说明不足"}]
    back = {"stage": "expert_review", "reason": "科普内容未达底线，请补充", "fields": fields}
    await base.officer.do(f"{base.at}/send_back", back)
    more = {"facilities": {"points": 13, "explanation": "新增藏汉双语展板 40 块"}}
    await base.edits(f"{base.at}/assessment", {"answers": more})
    await base.applicant.do(f"{base.at}/submit")
    assert [rule for rule, _ in await base.stays_in("expert_review")] == ["panel-scores-missing"]
    await scored(GOOD, FRIENDLY)
    result = (await base.approver.get(f"{base.at}/panel"))["result"]
    assert (result["band"], result["mean"], result["divergent"]) == ("excellent", 8514, False)
    await base.passes("expert_review")


async def who_sat_there_is_told(base: Base) -> None:
    """Once the scoring is over, anybody turns slips into experts: the conflicted were never there."""
    await base.approver.do(f"/draws/{base.draw}/disclose")
    told = await base.public.get(f"/draws/{base.draw}/identities")
    assert sorted(seat["name"] for seat in told["seats"] if seat["name"]) == ["才让多杰"] * 7
    report = (await base.public.get(f"/draws/{base.draw}/report")).body
    slips = {entry["id"] for entry in report["pool"]}
    barred = await panel.slips_of_the_conflicted(base, told["salt"])
    assert (len(barred), barred & slips) == (panel.CONFLICTED, set())
    assert {seat["slip"] for seat in told["seats"]} <= slips


async def is_visited(base: Base) -> None:
    """Two of the province go there; the applicant reads what they found, not who went."""
    missing = [rule for rule, _ in await base.stays_in("site_visit")]
    assert missing == ["site-visit-missing"]
    due = await base.officer.get(f"/inspections?application_id={base.application}")
    (visit,) = [each["id"] for each in due["items"]]
    await inspects(base, visit, summary="观测站展厅与申报一致", result="passed")
    seen = await base.applicant.get(f"/inspections/{visit}")
    assert (seen["result"], seen["team"]) == ("passed", [])
    await base.passes("site_visit")


async def a_red_line_vetoes_until_it_is_repaired(base: Base) -> None:
    """The imported list vetoes; only a repair and a new clear answer let it go on."""
    at, lines = f"{base.at}/credit", "/applications/red-lines"
    headings = ("单位名称", "统一社会信用代码", "核查结论", "失信事由", "列入日期")
    line = (NAME, USCC, "失信红线", "未按期公示年度报告", "2026-01-31")
    # Without a list nobody is clear: it waits, and never passes.
    assert await base.stays_in("credit_check") != []
    assert await imported(base.approver, lines, workbook(headings, [line])) == "done"
    await base.approver.do(f"{at}/ask")
    assert await credit_says(base) == "red_line"
    ((rule, why),) = await base.stays_in("credit_check")
    assert (rule, "红线" in why) == ("credit-red-line", True)
    named = await base.approver.ask("POST", f"{base.at}/name", {"stage": "naming"})
    assert refusal(named) == (409, "wrong-state")

    (listed,) = (await base.approver.get(f"{lines}?uscc={USCC}"))["items"]
    tag = {"If-Match": f'"v{listed["version"]}"'}
    paper = "青信修〔2026〕1号"
    lifted = {"lifted_on": f"{today()}", "document": paper}
    await base.approver.do(f"{lines}/{listed['id']}/lift", lifted, **tag)
    repair = {"grounds": "已补报年度报告", "document": paper}
    await base.approver.do(f"{at}/repairs", repair)
    assert await credit_says(base) == "clear"
    await base.passes("credit_check")
    await base.passes("deliberation")
