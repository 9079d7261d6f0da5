"""Recipes of self-assessment: written, handed in, corrected, with its evidence."""

from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import uuid4

from tests.contract.world import World
from tests.kit.files.makers import pdf
from tests.venues.assessment.cases import definition, stage

_PROGRAMME = """INSERT INTO programmes (id, key, division_code, recorded_code, created_by)
    VALUES ($1, $2, '63', '63', $1)"""
_VERSION = """INSERT INTO programme_versions (id, programme_id, number, definition, state, version,
    created_by) VALUES ($1, $2, 1, $3::text::jsonb, 'published', 1, $1)"""
_APPLICATION = """INSERT INTO applications (id, programme_id, version_id, venue_id, host_name,
    division_code, recorded_code, year, state, stage_key, version, applicant)
    SELECT $1, $2, $3, id, '县科协', division_code, recorded_code, 2026, $4, $5, 1, $1
    FROM venues ORDER BY id LIMIT 1 RETURNING venue_id"""
_RUN = """INSERT INTO stage_runs (id, application_id, stage_key, attempt, state, opened_at)
    VALUES (gen_random_uuid(), $1, $2, 1, 'open', now())"""
_VISIT = """INSERT INTO visits (id, venue_id, day, source, people, children, free, recorded_at)
    VALUES (gen_random_uuid(), $1, '2025-05-01', 'head_count', 500, 100, true, now())
    ON CONFLICT DO NOTHING"""


async def programme(world: World, **over: Any) -> tuple[str, str]:
    """A published programme; answers its id and its version's."""
    one, version = str(uuid4()), str(uuid4())
    await world.sql("venues", _PROGRAMME, one, f"recipe_{one[:8]}")
    rule = definition(**over).model_dump_json()
    await world.sql("venues", _VERSION, version, one, rule)
    return one, version


async def applied(
    world: World, rule: tuple[str, str], state: str, stage_key: str | None = None
) -> str:
    """An application of the first venue, in this state."""
    one = str(uuid4())
    ((venue,),) = await world.sql("venues", _APPLICATION, one, *rule, state, stage_key)
    await world.sql("venues", _VISIT, venue)
    if stage_key is not None:
        await world.sql("venues", _RUN, one, stage_key)
    return one


def told(content: bytes, **over: Any) -> dict[str, Any]:
    """A PDF to be sent."""
    return {
        "client_id": str(uuid4()),
        "name": "证书.pdf",
        "size": len(content),
        "sha256": sha256(content).hexdigest(),
        "media_type": "application/pdf",
        **over,
    }


async def assessment(world: World) -> None:
    """A draft is written, evidence announced and taken back, a figure corrected by another."""
    rule = await programme(world)
    one = {"application_id": await applied(world, rule, "draft")}
    at = "/applications/{application_id}"
    edit = await world.version("officer", f"{at}/assessment", **one)
    body = {"answers": {"guides": {"points": 8, "explanation": "讲解员六名"}}}
    await world.ask("officer", f"PATCH {at}/assessment", body, **one, **edit)
    given = told(pdf(), part="material", key="charter")
    made = await world.ask_twice("officer", f"POST {at}/files", given, **one)
    await world.ask("officer", f"GET {at}/files", **one)
    await world.ask("officer", f"DELETE {at}/files/{{file_id}}", **one, file_id=made["id"])
    at = f"{at}/assessment/corrections"
    ask = {"criterion": "people", "claimed": 900, "reason": "系统停机一日"}
    for action, who, more in (
        ("withdraw", "officer", None),
        ("refuse", "approver", {"reason": "证据不足"}),
        ("accept", "approver", {"reason": "已核对", "value": 800}),
    ):
        made = await world.ask("officer", f"POST {at}", ask, **one)
        this = {**one, "correction_id": made["id"]}
        await world.ask(who, f"POST {at}/{{correction_id}}/{action}", more, **this)
    await world.ask("officer", f"GET {at}", **one)


async def handed_in(world: World) -> None:
    """In a stage of its own it is handed in whole, and kept."""
    stages = [stage("assess", "self_assessment"), stage("notice"), stage("naming")]
    sections = [{"key": "team", "title": {"zh-CN": "队伍"}, "criteria": [
        {"key": "guides", "title": {"zh-CN": "讲解员"}, "most": 10}]}]  # fmt: skip
    rule = await programme(world, stages=stages, safeguards=["notice"], sections=sections)
    one = {"application_id": await applied(world, rule, "under_way", "assess")}
    at = "/applications/{application_id}/assessment"
    edit = await world.version("officer", at, **one)
    body = {"answers": {"guides": {"points": 8, "explanation": "讲解员六名"}}}
    await world.ask("officer", f"PATCH {at}", body, **one, **edit)
    await world.ask("officer", f"POST {at}/hand_in", **one)
    await world.ask("officer", f"GET {at}/snapshots", **one)


def today() -> str:
    """The present day there, as people here count."""
    return f"{datetime.now(UTC).date()}"


ASSESSMENT = (assessment, handed_in)
