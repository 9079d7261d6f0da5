"""A provincial pool of 16,000 experts, the panel that is drawn from it, and its sheets."""

import asyncio
import hmac
import sys
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

from deploy.engines.process import PROJECT
from services.kit.vault import Vault
from services.venues.experts.shapes import person_index
from tests.faults.inside import rows
from tests.journeys.certifying import Base
from tests.support.province import Answer, Person

EXPERTS = 16_000
CONFLICTED = 200
"""Of them: 120 with the host, its body or a sister branch; 40 were there; 40 wrote with its head."""
FIELDS = ["science_popularization", "natural_sciences", "engineering"]
SOURCE = "中国福利彩票双色球第 2026134 期开奖号码"

_POOL = """WITH made AS (
    INSERT INTO experts (id, division_code, recorded_code, name_sealed, name_masked, kind, fields,
        tags, employer_id, state, entered_on, entry_reason, version, created_by)
    SELECT gen_random_uuid(), '63', '63', $1::bytea, '专*', 'research',
        ARRAY[($2::text[])[1 + n % 3]],
        CASE WHEN n <= 120 THEN ARRAY['同单位'] WHEN n <= 160 THEN ARRAY['曾任职']
            WHEN n <= 200 THEN ARRAY['合著'] ELSE '{}'::text[] END,
        CASE WHEN n <= 120 THEN ($3::uuid[])[1 + n / 3 % 3] ELSE $4::uuid END,
        'standing', '2020-01-01', '单位推荐', 1, $4::uuid
    FROM generate_series(1, $5::int) n RETURNING id, tags)
INSERT INTO expert_agreements (expert_id, year, agreed_at, recorded_by)
SELECT id, extract(year FROM now() AT TIME ZONE 'UTC'), now(), $4 FROM made"""
_TIES = """INSERT INTO expert_ties (id, expert_id, division_code, recorded_code, kind,
    institution_id, person_index, person_masked, until_on, set_by, set_at)
    SELECT gen_random_uuid(), id, '63', '63',
        CASE tags[1] WHEN '合著' THEN 'co_author' ELSE 'affiliation' END,
        CASE tags[1] WHEN '曾任职' THEN $1::uuid END,
        CASE tags[1] WHEN '合著' THEN $2::bytea END,
        CASE tags[1] WHEN '合著' THEN '赵*' END,
        CASE tags[1] WHEN '曾任职' THEN current_date - 400 END, id, now()
    FROM experts WHERE tags && ARRAY['曾任职', '合著']"""


async def pool(base: Base, host: dict[str, str], body: str, head: str) -> dict[str, str]:
    """The institutions as the province keeps them, and the experts straight into the database;
    answers the institutions by a short name. No name begins with another: the links alone tell."""
    made: dict[str, str] = {}
    branch = {"link": "branch"}
    for key, given in {
        "body": {"name": body},
        "host": {**host, **branch},
        "sister": {"name": "盱眙天文观测站", **branch},
        "elsewhere": {"name": "青海大学"},
    }.items():
        above = {"parent_id": made["body"]} if "link" in given else {}
        asked = {"division_code": "63", **given, **above}
        made[key] = (await base.approver.do("/experts/institutions", asked))["id"]
    vault = Vault(base.qinghai.installation.home.keys)
    related = [UUID(made[key]) for key in ("body", "host", "sister")]
    name = vault.seal("才让多杰", "experts.name")
    elsewhere = UUID(made["elsewhere"])
    await rows(base.qinghai, "venues", _POOL, name, FIELDS, related, elsewhere, EXPERTS)
    index = person_index(vault, head)
    await rows(base.qinghai, "venues", _TIES, UUID(made["body"]), index)
    return made


async def promised(base: Base) -> Answer:
    """The province promises a draw; the pool is frozen."""
    at = (datetime.now(UTC) + timedelta(minutes=2)).isoformat()
    body = {
        "application_id": base.application,
        "reason": "组建专家组",
        "source": {"name": SOURCE, "at": at},
    }
    return await base.approver.do("/draws", body)


async def replayed(report: bytes, commitment: str, folder: Path) -> tuple[int, str]:
    """What somebody without any part of the platform finds in the published report."""
    file = folder / "report.json"
    file.write_bytes(report)
    command = [sys.executable, "-m", "deploy.cli", "draw", "verify", str(file)]
    process = await asyncio.create_subprocess_exec(
        *command,
        *("--commitment", commitment),
        cwd=PROJECT,
        env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode()


async def slips_of_the_conflicted(base: Base, salt: str) -> set[str]:
    """How those who may not judge would stand in the pool, once its salt is told."""
    theirs = await rows(base.qinghai, "venues", "SELECT id FROM experts WHERE tags <> '{}'")
    key = bytes.fromhex(salt)
    return {hmac.digest(key, str(one).encode(), sha256)[:16].hex() for (one,) in theirs}


async def seats(base: Base, state: str) -> list[dict[str, Any]]:
    """The seats of the panel that are in this state, as the province sees them."""
    found = await base.approver.get(f"{base.at}/panel")
    return [seat for seat in found["seats"] if seat["state"] == state]


async def link(base: Base, seat: str) -> str:
    """The token of a link, as the province sends it to the expert."""
    made = await base.approver.do(
        f"/experts/invitations/{seat}/link", {"purpose": "短信发送邀请链接"}
    )
    page, _, token = made["link"].partition("#")
    assert token == made["token"]
    # What the link leads to: a page of ours, and the token is in no address that is asked for.
    async with base.http.get(page) as answer:
        assert (answer.status, answer.content_type) == (200, "text/html")
    return str(token)


async def score(expert: Person, seat: str, points: dict[str, int], most: dict[str, int]) -> None:
    """A sheet is saved and handed in; whoever gives little says why."""
    at = f"/experts/invitations/{seat}/sheet"
    why = {key: "佐证材料不足" for key, each in points.items() if each * 100 < most[key] * 60}
    tag = {"If-Match": (await expert.get(at)).headers["ETag"]}
    saved = await expert.ask("PUT", at, {"points": points, "comments": why}, **tag)
    assert saved.status == 200, saved
    await expert.do(f"{at}/submit", **{"If-Match": saved.headers["ETag"]})
