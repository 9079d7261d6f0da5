"""Bases that were named, and the steps of an inspection over HTTP."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx

from services.kit.access import SERVICE
from services.kit.ids import uuid7
from services.kit.workdays import day_of
from services.venues.honours.models import Honour
from services.venues.honours.rules import HonourState
from tests.venues.assessment.cases import COUNTY, STAFF, World

TEAM = [str(UUID(int=1)), str(UUID(int=2))]


def today() -> date:
    """The day that the service counts by."""
    return day_of(datetime.now(UTC))


def in_days(days: int) -> str:
    return f"{today() + timedelta(days=days)}"


async def named(case: World, issued_on: date = date(2024, 3, 1), **over: Any) -> UUID:
    """An honour of the programme that the venue holds; answers its id."""
    values: dict[str, Any] = {
        "id": uuid7(),
        "number": f"青科基〔{issued_on.year}〕{uuid7()}号",
        "programme_id": case.programme_id,
        "venue_id": case.venue_id,
        "division_code": COUNTY,
        "recorded_code": COUNTY,
        "title": "青海省科研科普基地",
        "issuer": "青海省科学技术厅",
        "issued_on": issued_on,
        "state": HonourState.VALID,
        "state_since": datetime.now(UTC),
        "created_by": STAFF,
        "created_at": datetime.now(UTC),
        **over,
    }
    async with case.venues.kit.database.transaction(SERVICE) as db:
        db.add(Honour(**values))
    found: UUID = values["id"]
    return found


async def step(
    client: httpx.AsyncClient, inspection_id: str, action: str, body: Any = None
) -> httpx.Response:
    """A step with the version that is there now."""
    read = await client.get(f"/inspections/{inspection_id}")
    version = {"If-Match": read.headers.get("etag", '"v1"')}
    return await client.post(f"/inspections/{inspection_id}/{action}", json=body, headers=version)


def found(result: str | None = "failed", grade: str | None = None, **over: Any) -> dict[str, Any]:
    """What was found."""
    return {
        "held_on": f"{today()}",
        "findings": [{"criterion": "guides", "standing": "not_met", "text": "讲解员不足"}],
        "summary": "现场检查：讲解员不足，开放记录不全",
        "result": result,
        "grade": grade,
        **over,
    }


async def inspected(
    client: httpx.AsyncClient, inspection_id: str, *, release: bool = True, **over: Any
) -> dict[str, Any]:
    """Planned, recorded, and released to the venue."""
    plan = {"planned_on": f"{today()}", "team": TEAM}
    steps = [("plan", plan), ("record", found(**over)), *([("release", None)] if release else [])]
    for action, body in steps:
        answer = await step(client, inspection_id, action, body)
        assert answer.status_code == 200, answer.text
    done: dict[str, Any] = answer.json()
    return done


async def asked(client: httpx.AsyncClient, honour_id: UUID, kind: str = "annual") -> str:
    """One more check to be done; answers its id."""
    body = {"kind": kind, "honour_id": str(honour_id)}
    answer = await client.post("/inspections", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])
