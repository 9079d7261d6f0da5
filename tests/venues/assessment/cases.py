"""Venues, programmes and applications as rows: the states that self-assessment starts from."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from services.kit.access import SERVICE, Caller
from services.kit.db import run
from services.kit.ids import uuid7
from services.venues.applications.models import Application, RunState, StageRun
from services.venues.applications.rules import ApplicationState
from services.venues.programmes.definition import Definition
from services.venues.programmes.models import Programme, ProgrammeVersion, VersionState
from tests.support.apps import Running, citizen, staff

COUNTY, NEIGHBOUR = "630123", "630121"
YEAR = 2026
STAFF = UUID(int=7)


def texts(text: str) -> dict[str, str]:
    """A text in Chinese."""
    return {"zh-CN": text}


def stage(key: str, kind: str | None = None, tier: str = "province") -> dict[str, Any]:
    """A stage of this kind."""
    return {
        "key": key,
        "kind": kind or key,
        "title": texts(key),
        "tier": tier,
        "office": "科技厅基础处",
    }


def definition(**over: Any) -> Definition:
    """A programme with two measured criteria, one that only the applicant knows, one material."""
    given: dict[str, Any] = {
        "title": texts("青海省科研科普基地"),
        "honour": texts("青海省科研科普基地"),
        "authority": "青海省科学技术厅",
        "division": "63",
        "subject": "venue",
        "basis": "青科发外〔2021〕54号",
        "sections": [
            {
                "key": "opening",
                "title": texts("开放"),
                "floor": 5,
                "criteria": [
                    {"key": "days", "title": texts("开放天数"), "most": 10, "measure": "open_days",
                     "full_at": 200},
                    {"key": "people", "title": texts("参观人次"), "most": 20, "measure": "visits",
                     "full_at": 1000},
                ],
            },
            {
                "key": "team",
                "title": texts("队伍"),
                "criteria": [{"key": "guides", "title": texts("讲解员"), "most": 10}],
            },
        ],
        "materials": [{"key": "charter", "title": texts("单位证明"), "most": 2}],
        "stages": [
            stage("eligibility"),
            stage("site_visit"),
            stage("notice"),
            stage("naming"),
        ],
        "safeguards": ["notice", "site_visit"],
        "notice": {"working_days": 5, "offices": ["基础处", "机关纪委"]},
        "validity_months": 24,
        "number": "青科基〔{year}〕{serial}号",
    }  # fmt: skip
    return Definition.model_validate({**given, **over})


async def do(venues: Running, sql: str, **values: Any) -> None:
    """A statement as the service principal."""
    async with venues.kit.database.transaction(SERVICE) as db:
        await run(db, text(sql), values)


@dataclass
class World:
    """A venue that applies, and the people around it."""

    venues: Running
    rule: Definition
    venue_id: UUID
    programme_id: UUID
    version_id: UUID
    application: Application
    applicant: Caller
    reviewer: Caller
    """Staff of the province, who review."""

    @property
    def at(self) -> str:
        return f"/applications/{self.application.id}"

    async def stands(self, state: str, stage_key: str | None = None) -> UUID:
        """Put the application there, with an open run of the stage; answers the run's id."""
        run_id = uuid7()
        await do(self.venues,
            "UPDATE applications SET state = :state, stage_key = :stage WHERE id = :id",
            state=state, stage=stage_key, id=self.application.id,
        )  # fmt: skip
        await do(
            self.venues,
            "UPDATE stage_runs SET state = 'ended', closed_at = now() WHERE state = 'open'",
        )
        if stage_key is not None:
            async with self.venues.kit.database.transaction(SERVICE) as db:
                attempts = "SELECT count(*) FROM stage_runs WHERE application_id = :id"
                attempt = await self.venues.scalar(attempts, id=self.application.id)
                db.add(
                    StageRun(
                        id=run_id,
                        application_id=self.application.id,
                        stage_key=stage_key,
                        attempt=attempt + 1,
                        state=RunState.OPEN,
                        opened_at=datetime.now(UTC),
                    )
                )
        return run_id


async def world(venues: Running, rule: Definition | None = None) -> World:
    """A draft of a county's venue, by the account that represents it."""
    rule = rule or definition()
    applicant = citizen()
    assert applicant.subject is not None
    venue_id = uuid7()
    await do(
        venues,
        """INSERT INTO venues (id, name, kind, division_code, recorded_code, state, version,
            created_by) VALUES (:id, '湟源县科技馆', 'science_museum', :code, :code, 'published', 1,
            :by)""",
        id=venue_id, code=COUNTY, by=STAFF,
    )  # fmt: skip
    await do(
        venues,
        """INSERT INTO venue_representatives (id, venue_id, account_id, from_on, division_code,
            recorded_code, appointed_by, version) VALUES (:id, :venue, :account, '2020-01-01',
            :code, :code, :by, 1)""",
        id=uuid7(), venue=venue_id, account=applicant.subject, code=COUNTY, by=STAFF,
    )  # fmt: skip
    programme = Programme(key="research_base", division_code="63", recorded_code="63",
                          created_by=STAFF, created_at=datetime.now(UTC))  # fmt: skip
    version = ProgrammeVersion(
        programme_id=programme.id, number=1, definition=json.loads(rule.model_dump_json()),
        state=VersionState.PUBLISHED, created_by=STAFF, created_at=datetime.now(UTC),
    )  # fmt: skip
    application = Application(
        programme_id=programme.id, version_id=version.id, venue_id=venue_id,
        host_name="湟源县科学技术协会", division_code=COUNTY, recorded_code=COUNTY, year=YEAR,
        summary="湟源县科技馆由湟源县科学技术协会管理，联系电话13900001234。",
        state=ApplicationState.DRAFT, applicant=applicant.subject, created_at=datetime.now(UTC),
    )  # fmt: skip
    async with venues.kit.database.transaction(SERVICE) as db:
        for row in (programme, version, application):
            db.add(row)
            await db.flush()
    return World(
        venues, rule, venue_id, programme.id, version.id, application, applicant,
        staff("officer", "63"),
    )  # fmt: skip
