"""Programmes and applications as these tests need them: through the API, or straight in a state."""

from typing import Any

from httpx import AsyncClient, Response

from tests.support.apps import Running, staff

DIVISION, COUNTY, TOWNSHIP = "6301", "630123", "630123101"
"""An authority that no shipped programme has: a prefecture."""
STAGES = (
    ("village_word", "recommendation", "township", "乡镇科普站"),
    ("papers", "eligibility", "county", "县科协"),
    ("meeting", "deliberation", "prefecture", "市科协党组"),
    ("notice", "notice", "prefecture", "市科协科普部"),
    ("naming", "naming", "prefecture", "市科协"),
)
DEFINITION: dict[str, Any] = {
    "title": {"zh-CN": "西宁市高原科普驿站认定", "en": "Plateau science posts of Xining"},
    "honour": {"zh-CN": "西宁市高原科普驿站"},
    "authority": "西宁市科学技术协会",
    "division": DIVISION,
    "subject": "venue",
    "basis": "测试用规则",
    "categories": [{"key": "indoor", "title": {"zh-CN": "室内"}}],
    "conditions": [{"key": "place", "title": {"zh-CN": "有固定场所"}}],
    "channels": [{"key": "township", "title": {"zh-CN": "乡镇"}, "quota": 1}],
    "stages": [
        {"key": key, "kind": kind, "title": {"zh-CN": key}, "tier": tier, "office": office}
        for key, kind, tier, office in STAGES
    ],
    "safeguards": ["recommendation", "notice"],
    "notice": {"working_days": 1, "offices": ["市科协科普部", "市科协机关纪委"]},
    "number": "西科驿〔{year}〕{serial}号",
    "supplement_days": 5,
    "reapply_after_months": 12,
}
CONTACT = {"name": "多杰才让", "phone": "139 0000 7001", "duty": "馆长"}
FILLED = {
    "category": "indoor",
    "channel": "township",
    "declared": {"place": True},
    "contacts": [CONTACT],
    "summary": "高原生态主题",
}
ADMINISTRATOR = staff("administrator", DIVISION)
CITY = staff("approver", DIVISION)
COUNTY_STAFF = staff("approver", COUNTY)
TOWNSHIP_STAFF = staff("approver", TOWNSHIP)


def ok(answer: Response, status: int = 200) -> Any:
    """The body of an answer that has this status."""
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


async def published(client: AsyncClient, key: str = "plateau_post", **changes: Any) -> str:
    """A programme, created and put in force by an administrator; answers its id."""
    given = {"key": key, "definition": {**DEFINITION, **changes}}
    made = ok(await client.post("/programmes", json=given), 201)
    ok(await client.post(f"/programmes/{made['id']}/versions/1/publish"))
    return str(made["id"])


async def venue(running: Running, name: str = "湟源县科普馆", division: str = TOWNSHIP) -> str:
    """A venue that is open to the public."""
    found = await running.scalar(
        """INSERT INTO venues (id, name, kind, division_code, recorded_code, state, version,
            created_by) VALUES (gen_random_uuid(), :name, 'science_museum', :division, :division,
            'published', 1, gen_random_uuid()) RETURNING id""",
        name=name,
        division=division,
    )
    return str(found)


async def drafted(client: AsyncClient, programme: str, venue_id: str, **given: Any) -> Any:
    """A draft with everything that a submission needs."""
    body = {"programme_id": programme, "venue_id": venue_id, **FILLED, **given}
    return ok(await client.post("/applications", json=body), 201)


async def do(client: AsyncClient, row: Any, action: str, **given: Any) -> Any:
    """One action on an application; answers the application."""
    sent = {"json": given} if given else {}
    return ok(await client.post(f"/applications/{row['id']}/{action}", **sent))


async def represent(
    running: Running, venue_id: str, account: Any, until: str | None = None
) -> None:
    """The account acts for the venue, from long ago on."""
    await running.scalar(
        """INSERT INTO venue_representatives (id, venue_id, division_code, recorded_code,
            account_id, from_on, until_on, version, appointed_by)
        SELECT gen_random_uuid(), id, division_code, division_code, :account, '2020-01-01',
            CAST(CAST(:until AS text) AS date), 1, id
        FROM venues WHERE id = CAST(CAST(:venue AS text) AS uuid) RETURNING 1""",
        account=account,
        venue=venue_id,
        until=until,
    )


def rules(answer: Response) -> list[tuple[str, str]]:
    """The fields that a problem names, with their rules."""
    return [(one["pointer"], one["rule"]) for one in answer.json().get("errors", ())]


def slug(answer: Response) -> tuple[int, str]:
    """Status and slug of a problem."""
    return answer.status_code, answer.json()["type"].rpartition("/")[2]
