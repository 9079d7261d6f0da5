"""What passes through the door, and what does not."""

import asyncio

import pytest

from gateway.segments import SEGMENTS, service_of
from gateway.upstreams import ServiceDown
from services.kit.access import ANONYMOUS
from services.kit.tokens import Verifier
from tests.gateway.conftest import RunningGateway

CLAIMS = {
    "Authorization": "Bearer forged",
    "Cookie": "kepu_session=forged",
    "Kepu-Subject": "0191",
    "Kepu-Deadline-Ms": "1",
    "Kepu-Anything": "x",
    "X-Forwarded-For": "10.0.0.1",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-User": "root",
    "Forwarded": "for=10.0.0.1",
    "X-Real-Ip": "10.0.0.1",
    "Connection": "close, x-hop",
    "X-Hop": "1",
    "Te": "trailers",
}


async def test_a_request_arrives_with_its_path_and_query_untouched(
    lone_gateway: RunningGateway,
) -> None:
    async with lone_gateway.client(**{"Accept-Language": "bo", "If-Match": '"v1"'}) as client:
        answer = await client.get("/api/v1/volunteers/a%2Fb/%E7%A7%91?q=%2B&q=a%20b&empty=")
    assert answer.status_code == 200
    seen = lone_gateway.strange.requests[0]
    assert (seen["path"], seen["query"]) == (
        "/volunteers/a%2Fb/%E7%A7%91",
        "q=%2B&q=a%20b&empty=",
    )
    assert (seen["headers"]["accept-language"], seen["headers"]["if-match"]) == ("bo", '"v1"')


async def test_what_a_client_claims_about_itself_never_reaches_a_service(
    lone_gateway: RunningGateway,
) -> None:
    claims = {name: value for name, value in CLAIMS.items() if name != "Authorization"}
    async with lone_gateway.client(**claims) as client:
        await client.get("/api/v1/volunteers")
    assert set(lone_gateway.strange.requests[0]["headers"]) == {
        "accept",
        "accept-encoding",
        "host",
        "kepu-deadline-ms",
        "traceparent",
        "user-agent",
        "x-request-id",
    }
    headers = lone_gateway.strange.requests[0]["headers"]
    assert (headers["host"], headers["kepu-deadline-ms"]) == ("volunteers", "30000")


async def test_a_forged_token_is_refused_at_the_door(lone_gateway: RunningGateway) -> None:
    async with lone_gateway.client(**CLAIMS) as client:
        refused = await client.get("/api/v1/volunteers")
    assert (refused.status_code, refused.json()["type"]) == (401, "/api/v1/problems/bad-token")
    assert lone_gateway.strange.requests == []


async def test_a_service_is_told_who_speaks_in_the_gateways_words(
    lone_gateway: RunningGateway,
) -> None:
    officer = await lone_gateway.staff("officer", "630123")
    await officer.get("/api/v1/volunteers")
    sent = lone_gateway.strange.requests[0]["headers"]["authorization"]
    caller = Verifier(lone_gateway.running.kit.keys, "volunteers").verify(sent[7:])
    assert (caller.kind, [(g.role, g.division) for g in caller.grants]) == (
        "staff",
        [("officer", "630123")],
    )


async def test_the_request_id_and_the_trace_go_all_the_way(lone_gateway: RunningGateway) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    own = "01910000-0000-7000-8000-000000000001"
    async with lone_gateway.client(traceparent=trace, **{"X-Request-Id": own}) as client:
        answer = await client.get("/api/v1/volunteers")
    headers = lone_gateway.strange.requests[0]["headers"]
    assert (headers["x-request-id"], answer.headers.get_list("x-request-id")) == (own, [own])
    assert headers["traceparent"][:36] == trace[:36]
    assert headers["traceparent"] != trace


async def test_addresses_in_answers_are_those_that_clients_reach(
    lone_gateway: RunningGateway,
) -> None:
    async with lone_gateway.client() as client:
        created = await client.post("/api/v1/volunteers/created", json={})
        elsewhere = await client.get("/api/v1/volunteers/elsewhere")
        absolute = await client.get("/api/v1/volunteers/absolute")
    assert (created.status_code, created.headers["location"]) == (
        201,
        "/api/v1/volunteers/1?x=%2F",
    )
    assert elsewhere.headers["location"] == "https://example.org/a"
    assert absolute.headers["location"] == "/api/v1/volunteers/2"


async def test_cookies_and_hop_by_hop_headers_of_a_service_stay_inside(
    lone_gateway: RunningGateway,
) -> None:
    async with lone_gateway.client() as client:
        created = await client.post("/api/v1/volunteers/created", json={})
    assert set(created.headers) == {
        "content-length",
        "content-type",
        "etag",
        "location",
        "x-request-id",
    }


async def test_answers_pass_as_they_are(lone_gateway: RunningGateway) -> None:
    async with lone_gateway.client() as client:
        full = await client.get("/api/v1/volunteers/teapot")
        async with client.stream("GET", "/api/v1/volunteers/compressed") as compressed:
            raw = b"".join([piece async for piece in compressed.aiter_raw()])
        head = await client.head("/api/v1/volunteers")
    assert (full.status_code, full.json()["title"]) == (409, "full")
    assert full.headers["content-type"] == "application/problem+json"
    assert (raw, compressed.headers["content-encoding"]) == (b"not gzip", "gzip")
    assert (head.status_code, head.content) == (200, b"")


async def test_a_service_that_is_not_there_is_named(lone_gateway: RunningGateway) -> None:
    async with lone_gateway.client(**{"Accept-Language": "en"}) as client:
        answer = await client.get("/api/v1/works")
    body = answer.json()
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert (body["type"], body["detail"]) == (
        "/api/v1/problems/service-down",
        "The service that does not answer: content",
    )
    assert (answer.headers["content-language"], body["instance"]) == (
        "en",
        answer.headers["x-request-id"],
    )


@pytest.mark.parametrize(
    ("language", "title"),
    [
        ("zh-CN", "该功能暂时不可用，请稍后再试"),
        ("mn", "Энэ үйлчилгээ түр боломжгүй байна, дараа дахин оролдоно уу"),
        ("fr", "该功能暂时不可用，请稍后再试"),
    ],
)
async def test_problems_of_the_door_are_in_the_callers_language(
    lone_gateway: RunningGateway, language: str, title: str
) -> None:
    async with lone_gateway.client(**{"Accept-Language": language}) as client:
        answer = await client.get("/api/v1/works")
    assert answer.json()["title"] == title


@pytest.mark.parametrize(
    "path", ["/api/v1/nothing", "/api/v1/%76enues", "/api/v1/jobs/0191", "/api/v2/venues", "/x"]
)
async def test_what_belongs_to_nobody_is_not_found(lone_gateway: RunningGateway, path: str) -> None:
    async with lone_gateway.client() as client:
        answer = await client.get(path)
    assert (answer.status_code, answer.json()["type"]) == (404, "/api/v1/problems/not-found")


def test_every_segment_has_one_owner_and_jobs_follow_their_prefix() -> None:
    assert {SEGMENTS[name] for name in ("activities", "venues", "orders", "works", "me")} == {
        "events",
        "venues",
        "volunteers",
        "content",
        "gateway",
    }
    assert [
        service_of(path)
        for path in (
            "/api/v1/activities",
            "/api/v1/jobs/events-0191/cancel",
            "/api/v1/files/venues-0191",
            "/api/v1/jobs/gateway-0191",
            "/api/v1/jobs",
            "/api/v1/me",
            "/health/live",
        )
    ] == ["events", "events", "venues", None, "events", None, None]


async def test_real_services_answer_behind_the_door(gateway: RunningGateway) -> None:
    approver = await gateway.staff("approver", "630123")
    venue = {"name": "湟源县科技馆", "kind": "science_museum", "division_code": "630123"}
    entered = await approver.post("/api/v1/venues", json=venue)
    assert entered.status_code == 201
    where = entered.headers["location"]
    assert where == f"/api/v1/venues/{entered.json()['id']}"
    assert (await approver.post(f"{where}/publish")).json()["state"] == "published"
    async with gateway.client() as public:
        assert (await public.get(where)).json()["name"] == "湟源县科技馆"
        assert (await public.post("/api/v1/venues", json=venue)).status_code == 403


async def test_the_gateways_own_questions_know_a_silent_service(
    lone_gateway: RunningGateway,
) -> None:
    upstreams = lone_gateway.parts.upstreams
    answer = await upstreams.ask("volunteers", "/volunteers", ANONYMOUS, within_s=2)
    assert answer.json()["path"] == "/volunteers"
    with pytest.raises(ServiceDown):
        await upstreams.ask("content", "/works", ANONYMOUS, within_s=2)


async def test_concurrent_requests_do_not_wait_for_each_other(lone_gateway: RunningGateway) -> None:
    async with lone_gateway.client() as client:
        slow = asyncio.ensure_future(client.get("/api/v1/volunteers/stream"))
        quick = await client.get("/api/v1/volunteers")
        assert (quick.status_code, slow.done()) == (200, False)
        assert (await slow).text == "firstsecond"


async def test_metrics_name_the_segment_and_not_the_path(
    lone_gateway: RunningGateway,
) -> None:
    async with lone_gateway.client() as client:
        await client.get("/api/v1/volunteers/0191/secret-path")
        metrics = (await client.get("/metrics")).text
    assert 'route="/api/v1/volunteers/*"' in metrics
    assert "secret-path" not in metrics
