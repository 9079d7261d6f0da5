"""Requests about stations and posts, as their users send them."""

from datetime import timedelta
from typing import Any

import httpx

from services.events.stations.queries import today

COUNTY, TOWNSHIP, VILLAGE, NEIGHBOUR = "630123", "630123101", "630123101201", "630121"
PHONE = "13897123456"


def day(days: int) -> str:
    """So many days from today, in Asia/Shanghai."""
    return (today() + timedelta(days=days)).isoformat()


def station(division: str = VILLAGE, **over: Any) -> dict[str, Any]:
    return {"division_code": division, "kind": "science_station", "name": "拉措科普站", **over}


def post(**over: Any) -> dict[str, Any]:
    return {"role": "informant", "name": "才让卓玛", "phone": PHONE, "begins_on": day(-30), **over}


async def opened(client: httpx.AsyncClient, division: str = VILLAGE, **over: Any) -> dict[str, Any]:
    """A station that was opened."""
    answer = await client.post("/stations", json=station(division, **over))
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def given(client: httpx.AsyncClient, **over: Any) -> dict[str, Any]:
    """A post that was given."""
    answer = await client.post("/posts", json=post(**over))
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def rules(answer: httpx.Response) -> list[tuple[str, str]]:
    """Which fields broke which rules."""
    return [(error["pointer"], error["rule"]) for error in answer.json()["errors"]]
