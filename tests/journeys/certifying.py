"""A base on its way to its name: who acts, what they send in, and what the public reads of it."""

import asyncio
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from html import unescape
from io import BytesIO
from typing import Any
from uuid import uuid4

import aiohttp
import pikepdf
import segno

from tests.support.province import Answer, Person, Province

PART = {"Content-Type": "application/offset+octet-stream", "Tus-Resumable": "1.0.0"}
XLSX = {"Content-Type": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
_VERDICT = re.compile(r"<h1>(.*?)</h1>\s*<p>(.*?)</p>", re.DOTALL)


def today() -> date:
    """The day there."""
    return (datetime.now(UTC) + timedelta(hours=8)).date()


@dataclass
class Base:
    """The venue that applies, its application, its honour, and everybody who has to do with it."""

    qinghai: Province
    http: aiohttp.ClientSession
    applicant: Person
    county: Person
    officer: Person
    approver: Person
    public: Person
    venue: str
    application: str = ""
    draw: str = ""
    honour: str = ""

    @property
    def at(self) -> str:
        return f"/applications/{self.application}"

    async def passes(self, stage: str) -> None:
        """The province lets it go on from a stage."""
        await self.approver.do(f"{self.at}/pass", {"stage": stage, "reason": "符合规定"})

    async def stays_in(self, stage: str) -> list[tuple[str, str]]:
        """The province tries the same, and is told what is missing: rule and sentence of each."""
        answer = await self.approver.ask("POST", f"{self.at}/pass", {"stage": stage})
        assert refusal(answer) == (409, "stage-not-ready"), answer
        return [(each["rule"], each["detail"]) for each in answer["errors"]]

    async def edits(self, path: str, body: Any) -> Answer:
        """The applicant changes what they read there."""
        read = await self.applicant.get(path)
        tag = {"If-Match": read.headers["ETag"]}
        answer = await self.applicant.ask("PATCH", path, body, **tag)
        assert answer.status == 200, answer
        return answer


def refusal(answer: Answer) -> tuple[int, str]:
    """The status of a problem, and which one it is."""
    return answer.status, str(answer["type"]).rpartition("/")[2]


async def colleague(qinghai: Province, http: aiohttp.ClientSession, code: str, name: str) -> Person:
    """An approver of a county that has no demo account, let in by the province."""
    administrator = await qinghai.staff(http, "administrator-63")
    given = {"username": name, "name": "县级审核人", "home_code": code}
    made = await administrator.do("/accounts", given)
    person = qinghai.anybody(http)
    person.account = made["account"]["id"]
    grant = {"account_id": person.account, "role": "approver", "division_code": code}
    await administrator.do("/grants", {**grant, "from_day": f"{today()}", "reason": "到岗"})
    first = {"username": name, "password": made["password"]}
    person.token = (await person.do("/sessions", first))["token"]
    passwords = {"current": made["password"], "new": "qaidam-zijinshan-7391"}
    assert (await person.ask("POST", "/me/password", passwords)).status == 204
    return person


async def raw(person: Person, method: str, path: str, content: bytes, **headers: str) -> Answer:
    """Bytes as they are: a part of a file, a workbook."""
    headers |= {"Authorization": f"Bearer {person.token}", "X-Forwarded-For": person.address}
    async with person.http.request(
        method, f"{person.api}{path}", data=content, headers=headers
    ) as answer:
        told = await answer.read()
        body = await answer.json(content_type=None) if told else None
        return Answer(answer.status, body, answer.headers.copy())


async def sends(base: Base, key: str, content: bytes, **more: Any) -> str:
    """A document of the application, from its announcement to its arrival; answers its id."""
    told = {
        "client_id": str(uuid4()),
        "part": "material",
        "key": key,
        "name": f"{key}.pdf",
        "size": len(content),
        "sha256": sha256(content).hexdigest(),
        "media_type": "application/pdf",
    }
    made = await base.applicant.do(f"{base.at}/files", {**told, **more})
    at = f"/files/{made['id']}"
    sent = await raw(
        base.applicant, "PATCH", f"{at}/upload", content, **PART, **{"Upload-Offset": "0"}
    )
    assert sent.status == 204, sent
    assert (await base.applicant.do(f"{at}/finish"))["state"] == "ready"
    return str(made["id"])


async def imported(person: Person, path: str, book: bytes) -> str:
    """A workbook is sent in; answers the state in which it settles."""
    made = await raw(person, "POST", f"{path}/imports", book, **XLSX)
    assert made.status == 202, made
    for _ in range(150):
        found = await person.get(f"{path}/imports/{made['id']}")
        if found["state"] not in ("checking", "writing"):
            break
        await asyncio.sleep(0.1)
    return str(found["state"])


async def credit_says(base: Base) -> str:
    """The newest answer about the host, once no question waits for one."""
    for _ in range(150):
        found = await base.approver.get(f"{base.at}/credit")
        if all(check["state"] == "answered" for check in found["checks"]):
            return str(found["answers"][0]["result"])
        await asyncio.sleep(0.1)
    raise AssertionError(found)


async def inspects(base: Base, inspection: str, **found: Any) -> Answer:
    """Two of the province plan a visit, make it, write down what they found, and release it."""
    at = f"/inspections/{inspection}"
    steps: Iterable[tuple[str, dict[str, Any]]] = (
        ("plan", {"planned_on": f"{today()}", "team": [base.officer.account, base.approver.account]}),
        ("record", {"held_on": f"{today()}", **found}),
    )  # fmt: skip
    for step, body in steps:
        tag = {"If-Match": (await base.officer.get(at)).headers["ETag"]}
        await base.officer.do(f"{at}/{step}", body, **tag)
    return await base.officer.do(f"{at}/release")


async def page(base: Base, address: str, language: str) -> tuple[str, str]:
    """What somebody reads who scanned the code: the verdict, and the sentence below it."""
    async with base.http.get(f"{address}?lang={language}") as answer:
        html = await answer.text()
        assert (answer.status, answer.headers["Content-Language"]) == (200, language), html
    found = _VERDICT.search(html)
    assert found is not None
    return unescape(found[1]), unescape(found[2])


async def certificate(base: Base) -> bytes:
    """The PDF, as anybody gets it."""
    async with base.http.get(f"{base.public.api}/certificates/{base.honour}/document") as answer:
        assert (answer.status, answer.content_type) == (200, "application/pdf")
        return await answer.read()


def address_of(pdf: bytes) -> str:
    """Where the QR code of a certificate leads, as its alternative text says: the strokes drawn are
    those of the code of this very address."""
    with pikepdf.open(BytesIO(pdf)) as document:
        (told,) = [
            str(each.Alt)
            for each in document.objects
            if isinstance(each, pikepdf.Dictionary) and "/Alt" in each
        ]
        (sheet,) = document.pages
        drawn = list(_strokes(sheet))
    address = told.partition("：")[2]
    assert drawn == list(_dark(address))
    return address


def _strokes(sheet: pikepdf.Page) -> Iterable[tuple[float, float, float]]:
    """Lines that are drawn by themselves: row, from, to."""
    steps = [(str(name), values) for values, name in pikepdf.parse_content_stream(sheet)]
    for (move, begins), (line, ends), (after, _) in zip(steps, steps[1:], steps[2:], strict=False):
        if (move, line) == ("m", "l") and after != "l":
            yield float(begins[1]), float(begins[0]), float(ends[0])


def _dark(address: str) -> Iterable[tuple[float, float, float]]:
    """The dark runs of a code, inside its quiet zone of two modules."""
    for row, modules in enumerate(segno.make(address, error="m", micro=False).matrix):
        for run in re.finditer(rb"\x01+", bytes(modules)):
            yield row + 2.5, run.start() + 2.0, run.end() + 2.0
