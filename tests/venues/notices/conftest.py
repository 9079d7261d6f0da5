"""Notices at a moment of one's choice: what routes do now, done then."""

from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from services.kit.access import SERVICE, Caller
from services.venues.applications.gates import Standing, Unmet
from services.venues.applications.models import Application, StageRun
from services.venues.notices import actions, clock, objection_actions
from services.venues.notices.gate import gate
from services.venues.notices.objection_schemas import ObjectionIn
from services.venues.notices.schemas import NoticeIn
from services.venues.programmes.definition import read
from services.venues.programmes.models import ProgrammeVersion
from tests.support.apps import Running, staff

SHANGHAI = ZoneInfo("Asia/Shanghai")
OFFICER = staff("approver", "63")
OBJECTION = {
    "name": "多杰才让",
    "phone": "13812345678",
    "statement": "该馆全年开放不足一百天，不符合申报条件。",
}


def at(month: int, day: int, hour: int = 10, year: int = 2026) -> datetime:
    """A moment in Shanghai."""
    return datetime(year, month, day, hour, tzinfo=SHANGHAI)


class Then:
    """The actions of notices, each in a transaction of its own, at a given moment."""

    def __init__(self, running: Running) -> None:
        self._running = running

    async def opened(self, *applications: UUID, now: datetime) -> UUID:
        given = NoticeIn(application_ids=list(applications))
        async with self._running.kit.database.transaction(OFFICER) as db:
            return (await actions.open_notice(db, OFFICER, given, now)).id

    async def objected(self, notice: UUID, caller: Caller, now: datetime, **given: Any) -> UUID:
        vault = self._running.kit.vault
        objection = ObjectionIn(**{**OBJECTION, **given})
        async with self._running.kit.database.transaction(caller) as db:
            row, _ = await objection_actions.hand_in(db, caller, vault, notice, objection, now)
            return row.id

    async def taken(
        self, objection: UUID, action: str, now: datetime, caller: Caller = OFFICER
    ) -> None:
        async with self._running.kit.database.transaction(caller) as db:
            await objection_actions.take(db, caller, objection, action, "经核实，理由如下", now)

    async def turned(self, now: datetime) -> int:
        async with self._running.kit.database.transaction(SERVICE) as db:
            return await clock.turn(db, now)

    async def entries(self, notice: UUID) -> list[tuple[Any, ...]]:
        return await self._running.rows(
            "SELECT state, last_on, open_objections FROM notice_entries WHERE notice_id = :id"
            " ORDER BY position",
            id=notice,
        )

    async def unmet(self, application: UUID, stage: str | None = None) -> list[Unmet]:
        """What the gate says for the stage in hand, or another one."""
        async with self._running.kit.database.transaction(SERVICE) as db:
            row = await db.get_one(Application, application)
            rule = read((await db.get_one(ProgrammeVersion, row.version_id)).definition)
            run_id = await self._running.scalar(
                "SELECT id FROM stage_runs WHERE application_id = :id", id=application
            )
            run = await db.get_one(StageRun, run_id)
            asked = rule.stage(stage or row.stage_key or "")
            return await gate(db, Standing(row, rule, asked, run, at(1, 1)))


@pytest.fixture
def then(venues: Running) -> Then:
    return Then(venues)
