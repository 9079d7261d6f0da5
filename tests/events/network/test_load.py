"""Loading the register: all of it or nothing, and a second time nothing."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from time import perf_counter

import click
import pytest

from services.events.load import load
from tests.support.apps import Running
from tests.support.registers import GONE, GUANGDONG, RECODED, STEP, write_register

NOTHING_CHANGED = "行政区划名册 2023 年版：在册 5192，历史 809，没有变化"
NO_CAMPAIGN = "主题活动：新增 0，变更 0"
NO_TARGET = "目标与数值：新增 0"


@pytest.fixture
def register(environment: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder that KEPU_REGISTER names, with the small register in it."""
    folder = write_register(tmp_path / "guangdong")
    environment.setenv("KEPU_REGISTER", str(folder))
    return folder


async def said() -> list[str]:
    lines: list[str] = []
    await load(lines.append)
    return lines


async def refused() -> str:
    with pytest.raises(click.ClickException) as error:
        await said()
    return str(error.value.message)


async def contents(running: Running) -> list[object]:
    tables = ("divisions", "successions", "former_names", "editions", "campaigns")
    return [await running.rows(f"SELECT xmin::text, t.* FROM {t} t ORDER BY 2, 3") for t in tables]


async def test_the_shipped_register_is_loaded_whole_and_soon(events: Running) -> None:
    started = perf_counter()
    assert await said() == [
        "行政区划名册 2023 年版：在册 5192，历史 809；新增 6001，变更 0，撤销 0，发出变更通知 0",
        "主题活动：新增 14，变更 0",
        "目标与数值：新增 10",
    ]
    assert perf_counter() - started < 3
    assert await events.rows(
        "SELECT tier, count(*) FROM divisions WHERE abolished_on IS NULL GROUP BY 1 ORDER BY 2"
    ) == [("province", 1), ("prefecture", 8), ("county", 45), ("township", 422), ("village", 4716)]
    assert await events.rows(
        "SELECT count(*) FILTER (WHERE abolished_on IS NOT NULL),"
        " count(*) FILTER (WHERE longitude IS NOT NULL AND point_source <> ''),"
        " count(*) FILTER (WHERE civil_affairs_code IS NOT NULL) FROM divisions"
    ) == [(809, 271, 394)]
    assert await events.scalar("SELECT count(*) FROM outbox") == 0


async def test_a_second_time_changes_nothing_and_says_so(events_with_register: Running) -> None:
    before = await contents(events_with_register)
    assert await said() == [NOTHING_CHANGED, NO_CAMPAIGN, NO_TARGET]
    assert await contents(events_with_register) == before


async def test_two_loads_at_once_make_one_register(events: Running) -> None:
    first, second = await asyncio.gather(said(), said())
    assert sorted(["没有变化" in first[0], "没有变化" in second[0]]) == [False, True]
    assert await events.scalar("SELECT count(*) FROM divisions") == 6001


async def test_what_differs_from_the_files_is_put_right(events_with_register: Running) -> None:
    await events_with_register.rows(
        "UPDATE divisions SET name = '某县' WHERE code = '630121' RETURNING code"
    )
    assert (await said())[0].endswith("；新增 0，变更 1，撤销 0，发出变更通知 0")
    assert (
        await events_with_register.scalar("SELECT name FROM divisions WHERE code = '630121'")
        == "大通回族土族自治县"
    )


@pytest.mark.parametrize(
    ("files", "fault"),
    [
        (
            {"divisions": (*GUANGDONG, "441900101,某镇,某镇,township,镇,4420,1,,")},
            "divisions-2023.csv 第 6 行 parent 列“4420”：there is no such division in the file",
        ),
        (
            {"divisions": (*GUANGDONG[:2], "441900003,东城街道,东城,village,街道,4419,1,,")},
            "divisions-2023.csv 第 4 行 tier 列“village”：a code of 9 digits is a township",
        ),
        (
            {"points": ("441900999,某镇,113.7,23.0,somebody",)},
            "township-points.csv 第 2 行 code 列“441900999”："
            "there is no such division in the register",
        ),
        (
            {"abolished": (GONE,), "divisions": GUANGDONG[:3]},
            "abolished.csv 第 2 行 code 列“441900003001”：has no row in succession.csv",
        ),
    ],
)
async def test_a_bad_register_is_refused_by_row_column_value_and_rule(
    events: Running, register: Path, files: dict[str, tuple[str, ...]], fault: str
) -> None:
    write_register(register, **files)  # type: ignore[arg-type]
    assert await refused() == f"行政区划名册有 1 处错误，未载入任何数据：\n{fault}"
    assert await events.scalar("SELECT count(*) FROM divisions") == 0


async def test_only_the_first_ten_of_many_faults_are_shown(events: Running, register: Path) -> None:
    bad = tuple(f"4419000{n},某镇,某镇,township,镇,4419,x,," for n in range(10, 22))
    write_register(register, (*GUANGDONG, *bad))
    lines = (await refused()).splitlines()
    assert (lines[0], len(lines), lines[-1]) == (
        "行政区划名册有 12 处错误，未载入任何数据：",
        12,
        "…… 还有 2 处",
    )


async def test_a_folder_without_a_register_is_said_in_a_sentence(
    events: Running, register: Path
) -> None:
    (register / "divisions-2023.csv").unlink()
    assert (await refused()).startswith(
        "行政区划名册读不出来，未载入任何数据：no divisions-YYYY.csv"
    )
    (register / "divisions-2023.csv").write_bytes("code,名称\n".encode("gb18030"))
    assert (await refused()).startswith("行政区划名册读不出来，未载入任何数据：'utf-8' codec")


async def test_another_provinces_register_serves_without_counties_or_our_campaigns(
    events: Running, register: Path
) -> None:
    write_register(register, points=("441900003,东城街道,113.78,23.02,made up for a test",))
    assert await said() == [
        "行政区划名册 2023 年版：在册 4，历史 0；新增 4，变更 0，撤销 0，发出变更通知 0",
        NO_CAMPAIGN,
        NO_TARGET,
    ]
    async with events.as_() as public:
        township = (await public.get("/divisions/441900003000")).json()
        below = (await public.get("/divisions/4419/children")).json()["items"]
        edition = (await public.get("/editions")).json()["items"][0]
        campaigns = (await public.get("/campaigns")).json()["items"]
    assert [one["code"] for one in township["path"]] == ["44", "4419"]
    assert (township["parent"]["name"], township["children"]) == ("东莞市", 1)
    assert township["point"] == {
        "longitude": 113.78,
        "latitude": 23.02,
        "source": "made up for a test",
    }
    assert [one["code"] for one in below] == ["441900003"]
    assert edition["source"] == "运行单位提供的名册（guangdong）"
    assert campaigns == []


async def test_a_newer_edition_says_what_it_did_tells_it_once_and_the_old_one_is_refused(
    events: Running, register: Path, environment: pytest.MonkeyPatch
) -> None:
    await said()
    newer = write_register(
        register.with_name("newer"), RECODED, edition=2024, succession=(STEP,), abolished=(GONE,)
    )
    environment.setenv("KEPU_REGISTER", str(newer))
    assert await said() == [
        "行政区划名册 2024 年版：在册 4，历史 1；新增 1，变更 0，撤销 1，发出变更通知 1",
        NO_CAMPAIGN,
        NO_TARGET,
    ]
    assert await said() == [
        "行政区划名册 2024 年版：在册 4，历史 1，没有变化",
        NO_CAMPAIGN,
        NO_TARGET,
    ]
    assert await events.rows("SELECT type, subject, division, version, data FROM outbox") == [
        (
            "events.division_changed.v1",
            "441900003001",
            "441900003001",
            2024,
            {
                "code": "441900003001",
                "successors": ["441900003002"],
                "kind": "recode",
                "takes": None,  # an edition says who follows, and not where rows go
                "change_id": None,
            },
        )
    ]
    async with events.as_() as public:
        old = (await public.get("/divisions/441900003001")).json()
        editions = (await public.get("/editions")).json()["items"]
    assert (old["abolished_on"], old["successors"][0]["code"]) == ("2024-06-30", "441900003002")
    assert [one["edition"] for one in editions] == ["2024", "2023"]
    environment.setenv("KEPU_REGISTER", str(register))
    assert await refused() == "行政区划名册未载入：数据库中已是 2024 年版，不能退回 2023 年版。"


async def test_a_register_that_forgets_a_code_is_refused(events: Running, register: Path) -> None:
    await said()
    write_register(register, RECODED)
    assert await refused() == (
        "行政区划名册有 1 处错误，未载入任何数据：\n"
        "divisions-2023.csv 第 1 行 code 列“441900003001”："
        "stands in the database, and neither here nor in abolished.csv"
    )
    assert await events.scalar("SELECT count(*) FROM divisions") == 4


async def test_another_provinces_register_does_not_replace_ours(
    events_with_register: Running, register: Path
) -> None:
    before = await contents(events_with_register)
    assert await refused() == "行政区划名册未载入：数据库中已是 63 的名册，不能换成另一个省的。"
    assert await contents(events_with_register) == before


async def test_the_command_loads_and_refuses_with_an_exit_code(
    events: Running, register: Path
) -> None:
    def run() -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "services.kit", "load", "services.events"]
        return subprocess.run(command, env=os.environ, capture_output=True, text=True, check=False)

    good = await asyncio.to_thread(run)
    assert (good.returncode, good.stderr) == (0, "")
    assert good.stdout.startswith("行政区划名册 2023 年版：在册 4")
    write_register(register, (*GUANGDONG, GUANGDONG[1]))
    bad = await asyncio.to_thread(run)
    assert (bad.returncode, bad.stdout) == (1, "")
    assert "第 6 行 code 列“4419”" in bad.stderr
    assert "Traceback" not in bad.stderr


async def test_a_newer_edition_that_changes_nothing_is_noted_all_the_same(
    events: Running, register: Path, environment: pytest.MonkeyPatch
) -> None:
    await said()
    newer = write_register(register.with_name("newer"), edition=2024)
    environment.setenv("KEPU_REGISTER", str(newer))
    assert (await said())[0] == (
        "行政区划名册 2024 年版：在册 4，历史 0；新增 0，变更 0，撤销 0，发出变更通知 0"
    )
    assert (await said())[0] == "行政区划名册 2024 年版：在册 4，历史 0，没有变化"
    assert await events.rows("SELECT DISTINCT edition FROM divisions") == [("2024",)]


async def test_the_fact_of_a_reused_code_names_who_followed_its_old_meaning(
    events: Running, register: Path, environment: pytest.MonkeyPatch
) -> None:
    await said()
    newer = write_register(
        register.with_name("newer"),
        (*RECODED, "441900003001,新村居委会,新村,village,居委会,441900003,1,,"),
        edition=2024,
        succession=(STEP.replace("edition,0,", "edition,1,"),),
        abolished=(GONE.removesuffix("0") + "1",),
    )
    environment.setenv("KEPU_REGISTER", str(newer))
    assert (await said())[0].endswith("；新增 1，变更 1，撤销 0，发出变更通知 1")
    assert await events.scalar("SELECT data->'successors' FROM outbox") == ["441900003002"]
    async with events.as_() as public:
        assert (await public.get("/divisions/441900003001")).json()["name"] == "新村居委会"
