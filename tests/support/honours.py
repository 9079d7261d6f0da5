"""Honours as tests need them: named at the end of an application, or entered from elsewhere."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from services.kit.access import Caller, Role
from services.kit.ids import uuid7
from services.venues.applications.gates import Standing
from services.venues.applications.models import Application, ApplicationState, StageRun
from services.venues.honours.actions import grant
from services.venues.programmes.definition import read
from services.venues.programmes.models import ProgrammeVersion
from tests.support.apps import Running, staff
from tests.support.certification import application

NAMED_AT = datetime(2026, 10, 13, 3, tzinfo=UTC)
NOTICED = """
WITH run AS (INSERT INTO stage_runs (id, application_id, stage_key, attempt, state, opened_at,
        closed_at)
    VALUES (:run, :application, 'notice', 1, 'passed', '2026-09-30 01:00Z', '2026-10-13 02:00Z')),
notice AS (INSERT INTO notices (id, programme_id, version_id, title, authority, basis, honour,
        offices, working_days, first_day_counts, first_on, division_code, recorded_code, state,
        version, opened_by, opened_at, closed_at)
    SELECT :notice, programme_id, version_id, '公示', '厅', '办法', '基地', '{甲,乙}', 5, true,
        '2026-09-30', '63', '63', 'finished', 1, :notice, '2026-09-30 01:00Z', '2026-10-13 02:00Z'
    FROM applications WHERE id = :application)
INSERT INTO notice_entries (id, notice_id, application_id, run_id, stage_key, position, name,
    host_name, state, last_on, closed_at)
VALUES (:entry, :notice, :application, :run, 'notice', 1, '馆', '单位', 'finished', '2026-10-12',
    '2026-10-13 02:00Z') RETURNING 1"""


async def named(
    venues: Running, version: UUID, *, caller: Caller | None = None, **application_has: Any
) -> UUID:
    """An honour that is granted to an application whose notice is over."""
    made = await application(venues, version, "naming", **application_has)
    ids = {name: uuid7() for name in ("run", "notice", "entry")}
    await venues.scalar(NOTICED, application=made, **ids)
    return await granted(venues, made, caller or staff(Role.APPROVER, "63"))


async def granted(venues: Running, made: UUID, caller: Caller, now: datetime = NAMED_AT) -> UUID:
    """As the engine does it at the end."""
    async with venues.kit.database.transaction(caller) as db:
        row = await db.get_one(Application, made)
        definition = read((await db.get_one(ProgrammeVersion, row.version_id)).definition)
        run = StageRun(application_id=made, stage_key="naming", attempt=1, opened_at=now)
        standing = Standing(row, definition, definition.stage("naming"), run, now)
        honour = await grant(db, standing, caller, now)
        row.state, row.stage_key = ApplicationState.NAMED, None
        return honour.id


def source(**given: Any) -> dict[str, Any]:
    """An honour that was named elsewhere, as it is entered."""
    entered = {
        "title": "全国科普教育基地",
        "issuer": "中国科学技术协会",
        "level": "national",
        "number": "2021-QH-008",
        "issued_on": "2022-03-29",
        "valid_until": "2027-12-31",
        "source": "https://www.cast.org.cn/xw/tzgg/KXPJ/art/2022/art_1.html",
    }
    return {**entered, **given}
