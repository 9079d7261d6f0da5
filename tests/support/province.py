"""A whole suite started by `kepu up`, and the people who use it through the gateway."""

import asyncio
import json
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from deploy.home import Home
from deploy.leftovers import leftovers
from tests.deploy.installations import Installation, Running, gone
from tests.support.folders import tails, throwaway

_ACCOUNT = re.compile(r"^\s+([a-z]+-\d+)\s+(\S+)\s", re.MULTILINE)


@dataclass
class Answer:
    """A status, its body as JSON, its headers."""

    status: int
    body: Any
    headers: Mapping[str, str]

    def __getitem__(self, key: str) -> Any:
        return self.body[key]


@dataclass
class Person:
    """Somebody who speaks to the gateway; each has an address of their own."""

    http: aiohttp.ClientSession
    api: str
    address: str
    token: str | None = None
    account: str | None = None

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """One request; what a phone would send."""
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        headers["X-Forwarded-For"] = self.address
        async with self.http.request(
            method, f"{self.api}{path}", json=body, headers=headers
        ) as answer:
            text = await answer.text()
            kind = answer.headers.get("Content-Type", "")
            body = json.loads(text) if text and "json" in kind else text
            return Answer(answer.status, body, answer.headers.copy())

    async def get(self, path: str, **headers: str) -> Answer:
        """A GET that must be answered 200."""
        answer = await self.ask("GET", path, **headers)
        assert answer.status == 200, (path, answer)
        return answer

    async def do(self, path: str, body: Any = None, **headers: str) -> Answer:
        """A POST that must succeed."""
        answer = await self.ask("POST", path, body, **headers)
        assert answer.status in (200, 201, 202), (path, answer)
        return answer


@dataclass
class Province:
    """A running suite and its demo accounts."""

    installation: Installation
    running: Running
    passwords: dict[str, str] = field(default_factory=dict)
    _people: int = 0

    @property
    def api(self) -> str:
        return f"http://127.0.0.1:{self.installation.port}/api/v1"

    @property
    def home(self) -> Path:
        return self.installation.home.folder

    def anybody(self, http: aiohttp.ClientSession) -> Person:
        """A new person, not signed in."""
        self._people += 1
        address = f"10.{self._people >> 16 & 255}.{self._people >> 8 & 255}.{self._people & 255}"
        return Person(http, self.api, address)

    async def staff(self, http: aiohttp.ClientSession, username: str) -> Person:
        """A member of staff with a demo account, signed in."""
        person = self.anybody(http)
        given = {"username": username, "password": self.passwords[username]}
        answer = await person.do("/sessions", given)
        person.token, person.account = answer["token"], answer["account"]["id"]
        return person

    async def citizens(self, http: aiohttp.ClientSession, first: int, many: int) -> list[Person]:
        """People of the public who sign in with a code to their phone."""
        people = {f"139{number:08d}": self.anybody(http) for number in range(first, first + many)}
        door = asyncio.Semaphore(20)

        async def ask_for_code(phone: str, person: Person) -> None:
            async with door:
                await person.do("/sessions/codes", {"phone": phone})

        await asyncio.gather(*(ask_for_code(*each) for each in people.items()))
        codes = {}
        for line in (self.home / "messages" / "codes.jsonl").read_text("utf-8").splitlines():
            told = json.loads(line)
            codes[told["phone"]] = told["code"]

        async def sign_in(phone: str, person: Person) -> None:
            async with door:
                answer = await person.do("/sessions", {"phone": phone, "code": codes[phone]})
                person.token, person.account = answer["token"], answer["account"]["id"]

        await asyncio.gather(*(sign_in(*each) for each in people.items()))
        return list(people.values())

    def up(self) -> None:
        """Start again after the supervisor has ended."""
        self.running = self.installation.up()


@contextmanager
def province(**environ: str) -> Iterator[Province]:
    """A suite in a home of its own, from nothing; stopped and gone afterwards."""
    with throwaway("p") as folder:
        installation = Installation(Home(folder / "home"))
        # Behind a proxy of ours, so that each person has an address of their own.
        installation.more = {"GATEWAY_TRUSTED_PROXIES": "1", **environ}
        running = installation.up()
        found = Province(installation, running, dict(_ACCOUNT.findall(running.said)))
        is_well = False
        try:
            yield found
            is_well = True
        finally:
            if not is_well:
                print(tails(installation.home), file=sys.stderr)
            installation.end()
            assert gone(lambda: leftovers(installation.home))
