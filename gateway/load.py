"""First-start data of the gateway: one demo account per tier and role, with generated passwords."""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from gateway.grants.models import GrantRow
from gateway.identity.actions import staff_account
from gateway.identity.audit import note
from gateway.identity.passwords import hashed_of_chance
from gateway.identity.rules import new_password, today
from gateway.identity.schemas import AccountIn
from gateway.settings import GatewaySettings
from services.kit.access import SERVICE, Role
from services.kit.db import Database, run
from services.kit.settings import database_of, suite
from services.kit.vault import Vault

FILE = "demo-accounts.once"
PLACES = {
    "63": "青海省",
    "6301": "西宁市",
    "630123": "湟源县",
    "630123101": "大华镇",
    "630123101200": "拉拉口村",
}
ROLES = {
    Role.ADMINISTRATOR: "管理员",
    Role.APPROVER: "审核人",
    Role.OFFICER: "经办人",
    Role.INFORMANT: "科普信息员",
    Role.CHECKER: "签到员",
    Role.OBSERVER: "观察员",
}
# An officer of the county next door, to try out what they may not see.
NEXT_DOOR = ("630121", "大通回族土族自治县", Role.OFFICER)


@dataclass(frozen=True)
class Demo:
    """One demo account."""

    username: str
    name: str
    role: Role
    division: str


def demos() -> list[Demo]:
    """One per tier and role, and the officer next door."""
    places = [(code, name, role) for code, name in PLACES.items() for role in ROLES]
    return [
        Demo(f"{role.value}-{code}", f"{name}{ROLES[role]}", role, code)
        for code, name, role in (*places, NEXT_DOOR)
    ]


async def load(say: Callable[[str], None]) -> None:
    """Make the demo accounts where no staff account exists; otherwise change nothing."""
    if not GatewaySettings().gateway_demo_accounts:
        say("演示账号：按设置不创建 · no demo accounts, as set")
        return
    settings = suite()
    database = Database(database_of("gateway").database_url, name="gateway load")
    try:
        async with database.transaction(SERVICE) as db:
            await run(db, text("SELECT pg_advisory_xact_lock(hashtextextended('kepu demo', 0))"))
            found = await run(db, text("SELECT count(*) FROM accounts WHERE kind = 'staff'"))
            there = found.scalar_one()
            if not there:
                lines = await _make(db, Vault(settings.keys))
                # Before the commit: an account whose password nobody was told is of no use.
                _write(settings.kepu_home / FILE, lines)
    finally:
        await database.close()
    if there:
        say(f"账号：已有 {there} 个工作人员账号，未改动 · nothing to do")
    else:
        say(f"账号：已创建 {len(lines)} 个演示账号 · demo accounts made")


async def _make(db: AsyncSession, vault: Vault) -> list[str]:
    lines, since = [], today(datetime.now(UTC))
    for demo in demos():
        password = new_password()
        given = AccountIn(username=demo.username, name=demo.name, home_code=demo.division)
        row = staff_account(vault, given, hashed_of_chance(password), temporary=False)
        db.add(row)
        await db.flush()
        db.add(_grant(row.id, demo, since))
        lines.append(f"{demo.username:28} {password}   {demo.name}")
        await note(
            db, "account_created", actor=None, subject=row.id, division=demo.division, kind="demo"
        )
    return lines


def _grant(account_id: object, demo: Demo, since: date) -> GrantRow:
    return GrantRow.model_validate(
        {
            "account_id": account_id,
            "role": demo.role,
            "division_code": demo.division,
            "recorded_code": demo.division,
            "from_day": since,
            "reason": "演示账号",
        }
    )


def _write(path: Path, lines: Iterable[str]) -> None:
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
