"""Credit checks without the loop: turns at a moment of one's choice, with a provider of one's own."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.kit.access import SERVICE
from services.venues.applications.gates import Standing, Unmet
from services.venues.applications.models import Application, StageRun
from services.venues.credit import asking
from services.venues.credit.gate import entered, gate
from services.venues.credit.listed import Listed
from services.venues.credit.port import Provider
from services.venues.programmes.definition import read
from services.venues.programmes.models import ProgrammeVersion
from tests.support.apps import Running, staff

DECIDER = staff("approver", "63")


class Credit:
    """What the loop and the engine do, done now."""

    def __init__(self, running: Running) -> None:
        self.running = running
        self.provider: Provider = Listed(running.kit.database, 180)

    async def entered(self, application: UUID, now: datetime, stage: str | None = None) -> None:
        async with self.running.kit.database.transaction(SERVICE) as db:
            await entered(db, await self.standing(db, application, now, stage))

    async def unmet(self, application: UUID, now: datetime, stage: str | None = None) -> list[str]:
        async with self.running.kit.database.transaction(SERVICE) as db:
            found: list[Unmet] = await gate(db, await self.standing(db, application, now, stage))
            return [each.slug for each in found]

    async def standing(
        self, db: Any, application: UUID, now: datetime, stage: str | None
    ) -> Standing:
        """Where an application stands: in the stage in hand, or another one."""
        row = await db.get_one(Application, application)
        rule = read((await db.get_one(ProgrammeVersion, row.version_id)).definition)
        run_id = await self.running.scalar(
            "SELECT id FROM stage_runs WHERE application_id = :id", id=application
        )
        run = await db.get_one(StageRun, run_id)
        return Standing(row, rule, rule.stage(stage or row.stage_key), run, now)

    async def turned(self, now: datetime) -> bool:
        credit = asking.Credit(self.provider, timedelta(seconds=40))
        return await asking.turn(self.running.kit, credit, now)

    async def lines(self, *lines: dict[str, Any], confirmed_at: datetime) -> None:
        """Lines of the list, as an import leaves them."""
        for line in lines:
            values = {
                "uscc": None,
                "standing": "red_line",
                "grounds": "拖欠农民工工资",
                "listed_on": datetime(2026, 1, 1).date(),
                "until_on": None,
                **line,
            }
            await self.running.scalar(
                """INSERT INTO red_lines (id, uscc, name, standing, grounds, listed_on, until_on,
                    confirmed_at, division_code, recorded_code, version, created_by)
                VALUES (gen_random_uuid(), :uscc, :name, :standing, :grounds, :listed_on,
                    :until_on, :at, '63', '63', 1, gen_random_uuid()) RETURNING 1""",
                **values,
                at=confirmed_at,
            )


@pytest.fixture
def no_loop(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """The service's own loop asks nothing: the test's turns do."""

    async def idle(_: Any) -> None:
        return

    monkeypatch.setattr(asking, "_loop", idle)
    return lambda: None


@pytest.fixture
async def credit(no_loop: Callable[[], None], venues: Running) -> Credit:
    return Credit(venues)
