"""A process killed in the middle of writing an import: nothing of it stays, and the next one goes on."""

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import httpx
import pytest

from services.kit.access import Role
from services.kit.settings import suite
from services.kit.tokens import Signer
from tests.support.apps import run_app, staff, until
from tests.support.workbooks import settled, workbook

if TYPE_CHECKING:
    from tests.engines import TestCluster

OFFICER = staff(Role.OFFICER, "630123")
ROWS = 4000


async def test_a_kill_while_rows_are_written_leaves_none_and_the_next_process_writes_each_once(
    postgres: "TestCluster",
    environment: pytest.MonkeyPatch,
    clean_streams: None,
    register_template: str,
    tmp_path: Path,
) -> None:
    name = await postgres.create_database("events", template=register_template)
    for variable, value in postgres.environ("events", name).items():
        environment.setenv(variable, value)
    environment.setenv("EVENTS_JOB_LEASE_S", "1")
    connection = await asyncpg.connect(postgres.dsn(name))
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "services.kit", "serve", "services.events", "--uds", str(tmp_path / "s")),
        env=dict(os.environ),
        stdout=asyncio.subprocess.DEVNULL,
    )
    token = Signer(suite().keys).sign(OFFICER, "events")
    transport = httpx.AsyncHTTPTransport(uds=str(tmp_path / "s"), verify=False)
    async with httpx.AsyncClient(
        transport=transport,
        base_url="http://service",
        headers={"Authorization": f"Bearer {token}"},
    ) as client:

        async def answers() -> bool:
            try:
                return (await client.get("/health/live")).status_code == 200
            except httpx.TransportError:
                return False

        async def writing() -> bool:
            row = await connection.fetchrow("SELECT phase, done FROM jobs")
            return row is not None and row["phase"] == "writing" and row["done"] >= 1000

        try:
            await until(answers, within_s=30)
            rows = [("630123101", "科普站", f"第{number}站") for number in range(ROWS)]
            content = workbook(("行政区划代码", "阵地类型", "阵地名称"), rows)
            sent = (await client.post("/stations/imports", content=content)).json()
            await until(writing, within_s=30, every_s=0.005)
        finally:
            process.send_signal(signal.SIGKILL)
            await process.wait()
    assert await connection.fetchval("SELECT count(*) FROM stations") == 0
    assert await connection.fetchval("SELECT state FROM imports") == "writing"
    async with run_app("services.events") as running, running.as_(OFFICER) as client:
        done = await settled(client, "/stations", sent["id"])
        assert (done["state"], done["written"]) == ("done", ROWS)
    assert await connection.fetchval("SELECT count(*) FROM stations") == ROWS
    assert await connection.fetchval("SELECT count(*) FROM import_rows") == ROWS
    await connection.close()
    await postgres.drop_database(name)
