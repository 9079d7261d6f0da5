"""The first start and the operator's commands."""

import asyncio
import stat

import pytest
from click.testing import CliRunner

from gateway.identity.command import account
from gateway.load import FILE, demos, load
from tests.gateway.conftest import RunningGateway


async def test_the_first_start_makes_accounts_that_work_and_the_second_changes_nothing(
    lone_gateway: RunningGateway,
) -> None:
    said: list[str] = []
    await load(said.append)
    file = lone_gateway.home / FILE
    lines = [line.split() for line in file.read_text().splitlines()]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [line[0] for line in lines] == [demo.username for demo in demos()]
    assert len(lines) == 31
    username, password, _ = next(line for line in lines if line[0] == "approver-630123")
    async with lone_gateway.client(await lone_gateway.sign_in(username, password)) as client:
        me = (await client.get("/api/v1/me")).json()
    assert me["permissions"]["activity_approve"] == ["630123"]
    file.unlink()
    await load(said.append)
    assert (file.exists(), len(said)) == (False, 2)
    assert await lone_gateway.running.scalar("SELECT count(*) FROM accounts") == 31


async def test_demo_accounts_can_be_declined(
    lone_gateway: RunningGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEWAY_DEMO_ACCOUNTS", "false")
    await load(lambda _: None)
    assert await lone_gateway.running.scalar("SELECT count(*) FROM accounts") == 0


async def _command(*words: str) -> tuple[int, str]:
    done = await asyncio.to_thread(CliRunner().invoke, account, words)
    return done.exit_code, done.output.strip()


async def test_the_operator_adds_locks_and_lets_in_again(lone_gateway: RunningGateway) -> None:
    home = ("--name", "卓玛", "--home", "630123000", "--role", "officer")
    code, said = await _command("add", "drolma", *home)
    assert code == 0
    assert await lone_gateway.sign_in("drolma", said.split()[1])
    assert await _command("add", "drolma", *home) == (
        1,
        "Error: There is an account named drolma.",
    )
    listed = (await _command("list", "--division", "6301"))[1].split()
    assert listed == ["drolma", "active", "630123", "officer@630123"]
    assert await _command("list", "--division", "6302") == (0, "")
    assert (await _command("lock", "drolma"))[0] == 0
    assert await lone_gateway.running.scalar("SELECT state FROM accounts") == "locked"
    assert (await _command("unlock", "drolma"))[0] == 0
    new = (await _command("password", "drolma"))[1]
    assert await lone_gateway.sign_in("drolma", new)
    assert (await _command("lock", "nobody"))[0] == 1
    number, digest = (await _command("audit"))[1].split()
    assert (int(number), len(digest)) == (7, 64)
