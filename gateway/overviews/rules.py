"""What overviews are made of: tables of parts. Pure, no I/O."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from gateway.segments import GATEWAY
from gateway.upstreams import ServiceDown
from services.kit.access import Caller, P
from services.kit.divisions import covers

SHANGHAI = ZoneInfo("Asia/Shanghai")


class ServiceNotInstalled(ServiceDown):
    """This installation has no such service (yet)."""


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


def _always(_: str) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Part:
    """One question to one service. A required part's failure is the failure of the whole."""

    name: str
    service: str
    path: str
    params: Callable[[str, datetime], Params]
    required: bool = False
    needs: P | None = None
    public: bool = False
    """The same for everybody: asked in nobody's name, and its answer is kept for all."""
    signed_in: bool = False
    """About whoever is signed in."""
    applies: Callable[[str], bool] = _always
    """Is there such a thing for this division? A part that does not apply is left out."""


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


def _listed(code: str, now: datetime) -> Params:
    return {"division": code, "limit": 10}


def around(code: str) -> str:
    """The division around a place that is near by: the county of a village or township, else the
    next one up.

    >>> around("630123101200"), around("630123"), around("63")
    ('630123', '6301', '')
    """
    return code[:6] if len(code) > 6 else code[:-2]


def _around(code: str, now: datetime) -> Params:
    return {"division": around(code), "limit": 10}


def _has_around(code: str) -> bool:
    return around(code) != ""


HOME_PARTS = (
    Part("division", "events", "/divisions/{code}", lambda *_: {}, required=True, public=True),
    Part("alerts", "content", "/alerts", _listed, public=True),
    Part("upcoming", "events", "/occurrences", _listed, public=True),
    Part("nearby", "events", "/occurrences", _around, public=True, applies=_has_around),
    Part("venues", "venues", "/venues", _listed, public=True),
    Part("works", "content", "/works", _listed, public=True),
    Part("messages", GATEWAY, "", lambda *_: {}, signed_in=True),
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
