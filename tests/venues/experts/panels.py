"""A pool of experts, a programme with a panel of 7 + 3, and the people who bring it to its end."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx

from services.kit.access import Caller
from services.kit.ids import uuid7
from services.venues.experts.pool.rules import name_key
from tests.support import certification
from tests.support.apps import Running, citizen, staff

BOSS = staff("approver", "63")
HOST = "湟源县科学技术协会"
SOURCE = "福彩双色球第 2026133 期开奖号码"
PANEL = {
    "strata": [
        {"field": "physics", "quota": 4, "alternates": 2},
        {"field": "education", "quota": 3, "alternates": 1},
    ],
    "divergence": 30,
    "most_reviews_a_year": 2,
}


def section(key: str, floor: int, *criteria: str) -> dict[str, Any]:
    """A section of criteria with 20 points each."""
    return {
        "key": key,
        "title": {"zh-CN": key},
        "floor": floor,
        "criteria": [{"key": each, "title": {"zh-CN": each}, "most": 20} for each in criteria],
    }


SECTIONS = [section("place", 24, "room", "staff"), section("work", 0, "events")]
BANDS = [
    {"key": "excellent", "title": {"zh-CN": "优秀"}, "at_least": 50},
    {"key": "good", "title": {"zh-CN": "合格"}, "at_least": 36},
    {"key": "poor", "title": {"zh-CN": "不合格"}, "at_least": 0, "passes": False},
]


async def institution(
    running: Running,
    name: str,
    uscc: str | None = None,
    above: UUID | None = None,
    link: str = "branch",
) -> UUID:
    """An institution, straight into the database."""
    made = uuid7()
    await running.scalar(
        """INSERT INTO institutions (id, division_code, recorded_code, name, name_keys, uscc,
            parent_id, link, version, created_by)
        VALUES (:id, '63', '63', :name, :keys, :uscc, :above,
            CASE WHEN CAST(:above AS uuid) IS NULL THEN NULL ELSE :link END, 1, :id) RETURNING 1""",
        id=made,
        name=name,
        keys=[name_key(name)],
        uscc=uscc,
        above=above,
        link=link,
    )
    return made


async def pool(
    running: Running,
    many: int,
    employer: UUID,
    fields: tuple[str, ...] = ("physics", "education"),
    division: str = "6301",
) -> None:
    """So many experts, their fields in turn, all with this year's agreement."""
    await running.scalar(
        """WITH made AS (INSERT INTO experts (id, division_code, recorded_code, name_sealed,
                name_masked, kind, fields, employer_id, state, entered_on, entry_reason, version,
                created_by)
            SELECT gen_random_uuid(), :division, :division, :name, '专*', 'research',
                ARRAY[(CAST(:fields AS text[]))[1 + n % cardinality(CAST(:fields AS text[]))]],
                :employer, 'standing', '2026-01-01', '推荐入库', 1, :employer
            FROM generate_series(1, :many) n RETURNING id)
        INSERT INTO expert_agreements (expert_id, year, agreed_at, recorded_by)
        SELECT id, extract(year FROM now()), now(), :employer FROM made RETURNING 1""",
        division=division,
        name=running.kit.vault.seal("专家", "experts.name"),
        fields=list(fields),
        employer=employer,
        many=many,
    )


@dataclass
class Panel:
    """An application in review, and what was drawn for it."""

    running: Running
    application: UUID
    draw: dict[str, Any] = field(default_factory=dict)

    async def ask(
        self, who: Caller | None, method: str, path: str, body: Any = None, **headers: str
    ) -> httpx.Response:
        """One request."""
        async with self.running.as_(who) as client:
            return await client.request(method, path, json=body, headers=headers)

    async def do(self, who: Caller | None, path: str, body: Any = None, **headers: str) -> Any:
        """A POST that must succeed."""
        answer = await self.ask(who, "POST", path, body, **headers)
        assert answer.status_code in (200, 201, 204), (path, answer.text)
        return answer.json() if answer.content else None

    async def get(self, who: Caller | None, path: str) -> Any:
        """A GET that must succeed."""
        answer = await self.ask(who, "GET", path)
        assert answer.status_code == 200, (path, answer.text)
        return answer.json()

    async def freeze(self, **over: Any) -> httpx.Response:
        """Promise a draw."""
        body = {
            "application_id": str(self.application),
            "reason": "组建专家组",
            "source": {"name": SOURCE, "at": (datetime.now(UTC) + timedelta(hours=1)).isoformat()},
            **over,
        }
        answer = await self.ask(BOSS, "POST", "/draws", body)
        self.draw = answer.json()
        return answer

    async def reveal(self, value: str = "03 07 11 19 24 30 + 08") -> httpx.Response:
        """The source has spoken, and its value is entered."""
        await self.running.scalar(
            "UPDATE panel_draws SET source_at = now() - interval '1 second' RETURNING 1"
        )
        path = f"/draws/{self.draw['id']}/value"
        return await self.ask(BOSS, "POST", path, {"value": value})

    async def seats(self) -> list[dict[str, Any]]:
        """The panel as its keeper sees it."""
        found = await self.get(BOSS, f"/applications/{self.application}/panel")
        return list(found["seats"])

    async def in_state(self, state: str) -> list[dict[str, Any]]:
        """Its seats in this state."""
        return [seat for seat in await self.seats() if seat["state"] == state]

    async def token(self, seat: dict[str, Any]) -> str:
        """The token of a link to an invitation."""
        path = f"/experts/invitations/{seat['id']}/link"
        made = await self.do(BOSS, path, {"purpose": "发送邀请"})
        assert made["link"].endswith(f"#{made['token']}")
        return str(made["token"])

    async def accept(self, seat: dict[str, Any]) -> Caller:
        """The invited expert accepts by link, under an account of their own."""
        who = citizen()
        body = {"token": await self.token(seat), "answer": "accept"}
        await self.do(who, "/experts/invitations/answer", body)
        return who

    async def score(self, who: Caller, seat_id: str, points: dict[str, int]) -> Any:
        """Save and submit a sheet; low points get a comment."""
        path = f"/experts/invitations/{seat_id}/sheet"
        version = (await self.ask(who, "GET", path)).headers["etag"]
        low = {key: "不足" for key, each in points.items() if each < 12}
        saved = await self.ask(
            who, "PUT", path, {"points": points, "comments": low}, **{"If-Match": version}
        )
        assert saved.status_code == 200, saved.text
        return await self.do(who, f"{path}/submit", **{"If-Match": saved.headers["etag"]})


async def panel(running: Running, **over: Any) -> Panel:
    """An application that stands in the stage of expert review."""
    version = await certification.programme(
        running, panel=PANEL, sections=SECTIONS, bands=BANDS, **over
    )
    made = await certification.application(running, version, "review", host=HOST, uscc=None)
    return Panel(running, made)


async def seated(running: Running, many: int = 40) -> tuple[Panel, dict[str, Caller]]:
    """A panel that was drawn and has accepted: the account of each seat."""
    made = await panel(running)
    await pool(running, many, await institution(running, "青海大学"))
    assert (await made.freeze()).status_code == 201
    assert (await made.reveal()).status_code == 200
    accounts = {seat["id"]: await made.accept(seat) for seat in await made.in_state("invited")}
    return made, accounts
