"""Applications put straight into a stage: for tests of what happens there, not of the way to it."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from services.kit.ids import uuid7
from tests.support.apps import Running

OFFICES = ("省科技厅科普业务处 0971-8231735", "省科技厅机关纪委 0971-8231736")
STAGES = (
    ("eligibility", "eligibility"),
    ("review", "expert_review"),
    ("credit", "credit_check"),
    ("notice", "notice"),
    ("naming", "naming"),
)
DEFINITION: dict[str, Any] = {
    "title": {"zh-CN": "青海省科研科普基地"},
    "honour": {"zh-CN": "青海省科研科普基地"},
    "authority": "青海省科学技术厅",
    "division": "63",
    "subject": "venue",
    "basis": "青科发外〔2021〕54号",
    "categories": [{"key": "museum", "title": {"zh-CN": "科技场馆类"}}],
    "stages": [
        {
            "key": key,
            "kind": kind,
            "title": {"zh-CN": key},
            "tier": "province",
            "office": "省科技厅",
        }
        for key, kind in STAGES
    ],
    "safeguards": ["credit_check", "notice"],
    "credit": {"before": ["expert_review", "naming"], "valid_days": 30},
    "notice": {"working_days": 5, "first_day_counts": True, "offices": list(OFFICES)},
    "number": "{year}-{serial}",
}
USCC = "91350100M000100Y43"


async def programme(running: Running, **changes: Any) -> UUID:
    """A published programme; answers the id of its version."""
    version, key = uuid7(), f"p{uuid7().hex[-12:]}"
    await running.scalar(
        """WITH made AS (INSERT INTO programmes (id, key, division_code, recorded_code, created_by)
            VALUES (:programme, :key, '63', '63', :programme))
        INSERT INTO programme_versions (id, programme_id, number, definition, state, version,
            created_by) VALUES (:version, :programme, 1, CAST(:definition AS jsonb), 'published', 1,
            :programme) RETURNING 1""",
        programme=uuid7(),
        key=key,
        version=version,
        definition=json.dumps({**DEFINITION, **changes}),
    )
    return version


async def application(
    running: Running,
    version: UUID,
    stage: str,
    *,
    host: str = "湟源县科学技术协会",
    uscc: str | None = USCC,
    applicant: UUID | None = None,
    opened_at: datetime | None = None,
) -> UUID:
    """An application that stands in `stage`, of a venue of its own in 湟源."""
    ids = {name: uuid7() for name in ("id", "venue", "run")}
    who = applicant or uuid7()
    await running.scalar(
        """WITH venue AS (INSERT INTO venues (id, name, kind, division_code, recorded_code, state,
                version, created_by)
            VALUES (:venue, '湟源县科技馆', 'science_museum', '630123', '630123', 'published', 1,
                :who)),
        made AS (INSERT INTO applications (id, programme_id, version_id, venue_id, host_name,
                host_uscc, division_code, recorded_code, category, year, number, state, stage_key,
                version, applicant, submitted_at)
            SELECT CAST(:id AS uuid), programme_id, id, :venue, :host, :uscc, '630123', '630123', 'museum', 2026,
                gen_random_uuid()::text, 'under_way', CAST(:stage AS text), 1, :who, now()
            FROM programme_versions WHERE id = :version)
        INSERT INTO stage_runs (id, application_id, stage_key, attempt, state, opened_at)
        VALUES (:run, CAST(:id AS uuid), CAST(:stage AS text), 1, 'open', :opened_at) RETURNING 1""",
        **ids,
        version=version,
        stage=stage,
        host=host,
        uscc=uscc,
        who=who,
        opened_at=opened_at or datetime.now(UTC),
    )
    return ids["id"]
