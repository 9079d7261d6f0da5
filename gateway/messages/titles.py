"""The titles of activities, asked of services/events when messages are read."""

from collections.abc import Iterable

import orjson

from gateway.upstreams import Upstreams
from services.kit.access import Caller
from services.kit.logs import log
from services.kit.problems import Problem

WITHIN_S = 0.5


async def titles(upstreams: Upstreams, caller: Caller, ids: Iterable[str]) -> dict[str, str]:
    """Title by activity id, in one question; what events does not say in time is left out."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    try:
        answer = await upstreams.ask(
            "events",
            "/activities",
            caller,
            within_s=WITHIN_S,
            params=[*(("id", each) for each in wanted), ("limit", str(len(wanted)))],
        )
    except Problem as problem:
        log.info("untitled", error=repr(problem))
        return {}
    if answer.status != 200:
        log.warning("untitled", status=answer.status)
        return {}
    return {item["id"]: item["title"] for item in orjson.loads(answer.content)["items"]}
