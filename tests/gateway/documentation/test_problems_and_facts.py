"""The pages that a problem's `type` leads to, and the types of facts."""

from jsonschema import Draft202012Validator

from gateway.live.rules import VISIBLE, shown
from tests.gateway.conftest import RunningGateway
from tests.gateway.live.test_rules import OWNER, fact


async def test_the_type_of_a_problem_leads_to_its_documentation(gateway: RunningGateway) -> None:
    async with gateway.client() as nobody:
        refused = await nobody.get("/api/v1/venues/019a0000-0000-7000-8000-000000000000")
        documented = await nobody.get(refused.json()["type"])
    assert documented.status_code == 200
    assert documented.json()["status"] == 404
    assert documented.json()["title"]["en"] == "Not found"


async def test_every_problem_of_every_service_is_listed_once_with_its_status(
    gateway: RunningGateway,
) -> None:
    async with gateway.client() as nobody:
        items = (await nobody.get("/api/v1/problems")).json()["items"]
    slugs = [item["slug"] for item in items]
    assert slugs == sorted(set(slugs))
    by_slug = {item["slug"]: item for item in items}
    assert by_slug["stale"]["status"] == 412
    assert by_slug["too-many-live"]["status"] == 429
    assert by_slug["unknown-division"]["status"] == 404
    assert by_slug["missing-field"]["status"] is None
    assert [slug for slug in slugs if slug.startswith("message-")] == []


async def test_people_get_a_page_in_their_language(gateway: RunningGateway) -> None:
    headers = {"Accept": "text/html", "Accept-Language": "en"}
    async with gateway.client() as nobody:
        page = await nobody.get("/api/v1/problems/stale", headers=headers)
        chinese = await nobody.get("/api/v1/problems/stale", headers={"Accept": "text/html"})
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["content-language"] == "en"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "<h1>Changed by somebody else since you read it" in page.text
    assert '<html lang="zh-CN">' in chinese.text
    assert "HTTP 状态码 412" in chinese.text


async def test_an_unknown_problem_is_missing(gateway: RunningGateway) -> None:
    async with gateway.client() as nobody:
        answer = await nobody.get("/api/v1/problems/no-such-thing")
    assert answer.json()["type"] == "/api/v1/problems/unknown-problem"


async def test_every_fact_of_the_live_stream_has_a_schema_that_what_is_sent_obeys(
    gateway: RunningGateway,
) -> None:
    async with gateway.client() as nobody:
        items = (await nobody.get("/api/v1/event-types")).json()["items"]
    by_type = {item["type"]: item for item in items}
    assert sorted(by_type) == sorted(VISIBLE)
    for item in items:
        Draft202012Validator.check_schema(item["json_schema"])
    offer = by_type["events.place_offered.v1"]
    assert offer["audience"] == "recipient"
    assert "recipient" not in offer["json_schema"]["properties"]["data"]["properties"]
    given = fact(
        "events.place_offered.v1",
        recipient=str(OWNER),
        activity_id=str(OWNER),
        occurrence_id=str(OWNER),
        places=2,
        expires_at="2026-09-20T10:00:00Z",
    )
    validator = Draft202012Validator(offer["json_schema"])
    assert [error.message for error in validator.iter_errors(shown(given))] == []
    assert len(list(validator.iter_errors({**shown(given), "data": {}}))) == 4


async def test_one_type_is_read_by_its_name(gateway: RunningGateway) -> None:
    async with gateway.client() as nobody:
        one = await nobody.get("/api/v1/event-types/venues.venue_published.v1")
        none = await nobody.get("/api/v1/event-types/venues.attendance_changed.v1")
    assert (one.json()["audience"], none.status_code) == ("everybody", 404)
