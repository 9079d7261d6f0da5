"""The gateway running over real HTTP: events and venues behind it, and a strange service."""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from argon2 import PasswordHasher

from gateway.grants.models import GrantRow
from gateway.identity import passwords
from gateway.identity.actions import staff_account
from gateway.identity.schemas import AccountIn
from services.kit.access import SERVICE, Role
from tests.gateway.servers import served
from tests.gateway.strange import Strange
from tests.support.apps import Running
from tests.support.folders import throwaway

PASSWORD = "a long enough password"
# A password costs what its hash says: here a hundredth of what it costs in earnest
# (test_passwords.py), of which the suite would else take half a minute.
EARNEST = passwords._HASHER
passwords._HASHER = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
_HASH = passwords.hashed_now(PASSWORD)


@dataclass
class RunningGateway:
    """The gateway at a unix socket; `client()` speaks to it as phones and browsers do."""

    running: Running
    socket: Path
    home: Path
    stack: AsyncExitStack
    strange: Strange

    @property
    def parts(self) -> Any:
        """gateway.parts.Gateway."""
        return self.running.app.state.gateway

    def client(self, token: str | None = None, **headers: str) -> httpx.AsyncClient:
        """A client with this bearer token; None is nobody."""
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        return httpx.AsyncClient(
            transport=httpx.AsyncHTTPTransport(uds=str(self.socket), verify=False),
            base_url="http://kepu.test",
            headers=headers,
            timeout=30,
        )

    async def account(
        self, username: str, home: str, *grants: tuple[Role | str, str], phone: str | None = None
    ) -> UUID:
        """A member of staff with `PASSWORD` and these grants (role, division), from long ago on."""
        kit = self.running.kit
        given = AccountIn(username=username, name="测试员", phone=phone, home_code=home)
        async with kit.database.transaction(SERVICE) as db:
            row = staff_account(kit.vault, given, _HASH, temporary=False)
            db.add(row)
            await db.flush()
            for role, code in grants:
                db.add(
                    GrantRow(
                        account_id=row.id,
                        role=Role(role),
                        division_code=code,
                        recorded_code=code,
                        from_day=date(2020, 1, 1),
                        reason="测试",
                    )
                )
        return row.id

    async def sign_in(self, username: str, password: str = PASSWORD) -> str:
        """The token of a member of staff."""
        async with self.client() as client:
            answer = await client.post(
                "/api/v1/sessions", json={"username": username, "password": password}
            )
        assert answer.status_code == 201, answer.text
        return str(answer.json()["token"])

    async def staff(self, role: Role | str, division: str) -> httpx.AsyncClient:
        """A client signed in as a new member of staff with one grant; closed with the gateway."""
        username = f"{Role(role).value}-{division}"
        await self.account(username, division, (role, division))
        client = self.client(await self.sign_in(username))
        return await self.stack.enter_async_context(client)

    async def citizen(self, phone: str = "13897123456") -> httpx.AsyncClient:
        """A client signed in as a citizen, through a code; closed with the gateway."""
        async with self.client() as client:
            await client.post("/api/v1/sessions/codes", json={"phone": phone})
            answer = await client.post(
                "/api/v1/sessions", json={"phone": phone, "code": self.codes()[-1]["code"]}
            )
        assert answer.status_code == 201, answer.text
        return await self.stack.enter_async_context(self.client(answer.json()["token"]))

    def codes(self) -> list[dict[str, str]]:
        """The codes that were sent, oldest first."""
        file = self.home / "messages" / "codes.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()]


@pytest.fixture(scope="session")
def gateway_template(templates: Callable[[str], str]) -> str:
    """gateway, migrated."""
    return templates("gateway")


@pytest.fixture
def sockets() -> Iterator[Path]:
    """A folder with a short path: a socket's is at most 107 bytes long."""
    with throwaway("s") as folder:
        yield folder


@asynccontextmanager
async def running_gateway(
    start: Callable[[str, str], Any],
    template: str,
    environment: pytest.MonkeyPatch,
    sockets: Path,
    home: Path,
) -> AsyncIterator[RunningGateway]:
    """The gateway on its own database, with the strange service where volunteers will be."""
    strange = Strange()
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(served(strange, sockets / "volunteers.sock"))
        environment.setenv("VOLUNTEERS_URL", url)
        environment.setenv("KEPU_PUBLIC_URL", "http://kepu.test")
        running: Running = await start("gateway", template)
        socket = sockets / "gateway.sock"
        await stack.enter_async_context(served(running.app, socket))
        yield RunningGateway(running, socket, home, stack, strange)


@pytest.fixture
async def lone_gateway(
    start: Callable[[str, str], Any],
    gateway_template: str,
    environment: pytest.MonkeyPatch,
    sockets: Path,
    tmp_path: Path,
) -> AsyncIterator[RunningGateway]:
    """The gateway with only the strange service behind it, where volunteers will be."""
    async with running_gateway(start, gateway_template, environment, sockets, tmp_path) as gateway:
        yield gateway


@pytest.fixture
async def gateway(
    events: Running,
    venues: Running,
    start: Callable[[str, str], Any],
    gateway_template: str,
    environment: pytest.MonkeyPatch,
    sockets: Path,
    tmp_path: Path,
) -> AsyncIterator[RunningGateway]:
    """The gateway with services/events and services/venues behind it."""
    async with AsyncExitStack() as stack:
        for service in (events, venues):
            url = await stack.enter_async_context(
                served(service.app, sockets / f"{service.name}.sock")
            )
            environment.setenv(f"{service.name.upper()}_URL", url)
        yield await stack.enter_async_context(
            running_gateway(start, gateway_template, environment, sockets, tmp_path)
        )
