"""What a division's overview is made of: a table of parts. Pure, no I/O."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from services.kit.access import Caller, P
from services.kit.divisions import covers

SHANGHAI = ZoneInfo("Asia/Shanghai")


class PartStatus(StrEnum):
    OK = "ok"
    SLOW = "slow"
    """No answer before the deadline."""
    DOWN = "down"
    """The service is away, or broke."""
    FORBIDDEN = "forbidden"
    ABSENT = "absent"
    """There is no such thing, or this installation has no such service."""


Params = dict[str, str | int]


@dataclass(frozen=True, slots=True)
class Part:
    """One question to one service. A required part's failure is the failure of the whole."""

    name: str
    service: str
    path: str
    params: Callable[[str, datetime], Params]
    required: bool = False
    needs: P | None = None


def _this_year(code: str, now: datetime) -> Params:
    today = now.astimezone(SHANGHAI).date()
    return {"division": code, "from": today.replace(month=1, day=1).isoformat(), "to": f"{today}"}


DIVISION_PARTS = (
    Part("division", "events", "/divisions/{code}", lambda code, now: {}, required=True),
    Part("children", "events", "/divisions/{code}/children", lambda code, now: {"limit": 100}),
    Part("rollup", "events", "/reports/rollup", _this_year),
    Part("upcoming", "events", "/occurrences", lambda code, now: {"division": code, "limit": 10}),
    Part(
        "waiting",
        "events",
        "/activities",
        lambda code, now: {"division": code, "state": "submitted", "limit": 10},
        needs=P.ACTIVITY_APPROVE,
    ),
    Part("venues", "venues", "/venues", lambda code, now: {"division": code, "limit": 10}),
)


def may_ask(part: Part, caller: Caller, code: str) -> bool:
    """Does the caller hold what the part needs somewhere at, above or below `code`?"""
    return part.needs is None or any(
        covers(held, code) or covers(code, held) for held in caller.reach(part.needs)
    )


def status_of_answer(code: int) -> PartStatus:
    """What a service's HTTP status says about its part."""
    if code < 400:
        return PartStatus.OK
    if code in (401, 403):
        return PartStatus.FORBIDDEN
    if code in (404, 410):
        return PartStatus.ABSENT
    return PartStatus.SLOW if code == 504 else PartStatus.DOWN


def reason_of(problem: Any) -> str:
    """The slug of a service's problem; its page is at /problems/<slug>."""
    kind = problem.get("type", "") if isinstance(problem, dict) else ""
    return str(kind).rpartition("/")[2] or "unavailable"
