"""HTTP for figures: parse, call one query, return.

Totals are public: they count only what everybody may read, published activities and the attendance
numbers of their occurrences, and hold no person. So a county sees itself beside its siblings, and
the province's page needs no second copy. The records behind a number are a list with its own
reach: GET /activities?division=…
"""

from collections.abc import Iterable
from typing import Annotated, Literal

from fastapi import Query, Request, Response

from services.events.reporting import queries
from services.events.reporting.rules import WHOLE, period
from services.events.reporting.schemas import (
    AttendanceOut,
    ChildOut,
    ComparedOut,
    DivisionOut,
    FiguresOut,
    RollupOut,
    SatisfactionOut,
    SeriesOut,
    StepOut,
    UnknownOut,
)
from services.kit.app import KitDep
from services.kit.context import current
from services.kit.days import Day
from services.kit.divisions import DivisionCode
from services.kit.hot import tagged
from services.kit.languages import DEFAULT, WORDS, content_language, say
from services.kit.problems import Missing
from services.kit.routing import Router

router = Router(prefix="/reports", tags=["reports"])

MAX_AGE_S = 10

At = Annotated[DivisionCode, Query(description="The figures are of everything at or below it")]
From = Annotated[Day, Query(alias="from", description="The first day, in Asia/Shanghai")]
To = Annotated[Day, Query(alias="to", description="The last day, included")]


OnMap = Annotated[
    queries.Map,
    Query(alias="map", description="Divisions as they are now, or as they were then"),
]


@router.get("/rollup", response_model=RollupOut)
async def read_rollup(
    request: Request, kit: KitDep, division: At, first: From, last: To, on: OnMap = "now"
) -> Response:
    """A division's figures over a period, its children's, and the same days a year earlier."""
    asked = period(first, last)
    before = asked.a_year_earlier
    found = await queries.figures(kit.database, division, [asked, before], children=True, on=on)
    here = next((each for each in found if each.division["code"] == division), None)
    if here is None:
        raise Missing()
    below = [each for each in found if each is not here]
    children = [
        ChildOut(**each.division, figures=_figures(each.sums[0]), compare=_figures(each.sums[1]))
        for each in below
        if each.division["abolished_on"] is None or any(map(_is_any, each.sums))
    ]
    figures, compare = map(_figures, here.sums)
    answer = RollupOut(
        first=asked.first,
        last=asked.last,
        division=DivisionOut(**here.division),
        figures=figures,
        own_share=(here.sums[0]["share"] - sum(each.sums[0]["share"] for each in below)) / WHOLE,
        compare=ComparedOut(first=before.first, last=before.last, figures=compare),
        children=children,
        unknown=_unknown(
            [figures, compare, *(each for c in children for each in (c.figures, c.compare))]
        ),
    )
    return _public(answer, request)


@router.get("/series", response_model=SeriesOut)
async def read_series(
    request: Request,
    kit: KitDep,
    division: At,
    first: From,
    last: To,
    by: Annotated[Literal["month"], Query()] = "month",
    on: OnMap = "now",
) -> Response:
    """A division's figures month by month; a month at either end may be a part of one."""
    steps = period(first, last).months()
    found = await queries.figures(kit.database, division, steps, on=on)
    if not found:
        raise Missing()
    items = [
        StepOut(first=step.first, last=step.last, figures=_figures(sums))
        for step, sums in zip(steps, found[0].sums, strict=True)
    ]
    answer = SeriesOut(
        division=DivisionOut(**found[0].division),
        items=items,
        unknown=_unknown([item.figures for item in items]),
    )
    return _public(answer, request)


def _figures(sums: dict[str, int]) -> FiguresOut:
    is_known = sums["attended"] or not sums["activities"]
    return FiguresOut(
        activities=sums["activities"],
        activity_share=sums["share"] / WHOLE,
        occurrences=sums["occurrences"],
        occurrences_with_attendance=sums["attended"],
        attendance=AttendanceOut(**{name: sums[name] for name in AttendanceOut.model_fields})
        if is_known
        else None,
        satisfaction=SatisfactionOut.of(sums["answers"], sums["satisfied"]),
    )


def _is_any(sums: dict[str, int]) -> bool:
    return any(sums.values())


def _unknown(shown: Iterable[FiguresOut]) -> list[UnknownOut]:
    reasons = {"activities_per_10000_people": "no-population"}
    if any(figures.attendance is None for figures in shown):
        reasons["attendance"] = "no-attendance"
    if any(figures.satisfaction is None for figures in shown):
        reasons["satisfaction"] = "too-few-answers"
    return [
        UnknownOut(field=field, reason=reason, detail=say(WORDS[reason]["title"], _language())[0])
        for field, reason in reasons.items()
    ]


def _language() -> str:
    work = current()
    return work.language if work else DEFAULT


def _public(answer: RollupOut | SeriesOut, request: Request) -> Response:
    response = tagged(answer.model_dump_json(by_alias=True).encode(), request, MAX_AGE_S)
    tags = [say(WORDS[each.reason]["title"], _language())[1] for each in answer.unknown]
    response.headers["Content-Language"] = content_language(tags)
    return response
