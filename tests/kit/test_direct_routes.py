"""A direct route answers and does exactly what a general one does."""

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import asyncpg
import httpx
import orjson
import pytest
from fastapi import Response

from services.kit.app import KitDep
from services.kit.db import Db
from services.kit.identity import CallerDep
from services.kit.routing import Router
from services.kit.settings import suite
from services.kit.tokens import Signer
from tests.kit.twins import main as twins
from tests.support.apps import Running, citizen

if TYPE_CHECKING:
    from tests.engines import TestCluster

JSON = {"Content-Type": "application/json"}
KEY = {**JSON, "Idempotency-Key": "k"}
LONG = {**JSON, "Idempotency-Key": "k" * 201}
WAYS = ("general", "direct")
AFRESH = "WITH keys AS (DELETE FROM idempotency_keys), gone AS (DELETE FROM noted) SELECT 1"


@pytest.fixture
async def twin(
    postgres: "TestCluster", environment: pytest.MonkeyPatch, events_template: str
) -> AsyncIterator[Running]:
    name = await postgres.create_database("events", template=events_template)
    connection = await asyncpg.connect(postgres.dsn(name))
    await connection.execute(twins.TABLE)
    await connection.execute("GRANT ALL ON noted TO kepu_events")
    await connection.close()
    for variable, value in postgres.environ("events", name).items():
        environment.setenv(variable, value)
    app = twins.create_app()
    async with app.router.lifespan_context(app):
        yield Running(app, "events", Signer(suite().keys), name)
    await postgres.drop_database(name)


def told(answer: httpx.Response, way: str) -> dict[str, Any]:
    """What the answer says, but for what differs from request to request."""
    headers = {
        name: value
        for name, value in answer.headers.items()
        if name not in ("x-request-id", "traceparent", "server-timing", "date")
    }
    body = answer.text.replace(f"/notes/{way}", "/notes/…")
    if "problem" in answer.headers.get("content-type", ""):
        body = {name: value for name, value in orjson.loads(body).items() if name != "instance"}
    return {"status": answer.status_code, "headers": headers, "body": body}


def sent(number: int, **more: Any) -> bytes:
    return orjson.dumps({"number": number, **more})


REQUESTS: list[tuple[str, list[tuple[bytes, dict[str, str]]]]] = [
    ("well", [(sent(1), JSON)]),
    ("with another status", [(sent(1, words=["是", "ཡིན།"]), JSON)]),
    ("twice, against a constraint", [(sent(1), JSON), (sent(1), JSON)]),
    ("beyond what it takes: nothing stays", [(sent(101), JSON), (sent(101, most=200), JSON)]),
    ("a key twice", [(sent(1), KEY), (sent(1), KEY)]),
    ("a key for another body", [(sent(1), KEY), (sent(2), KEY)]),
    ("a key after a failure", [(sent(101), KEY), (sent(1), KEY)]),
    ("a key that is too long", [(sent(1), LONG)]),
    ("an empty key", [(sent(1), {**JSON, "Idempotency-Key": ""})]),
    ("a charset", [(sent(1), {"Content-Type": "application/json; charset=utf-8"})]),
    ("a kind of JSON", [(sent(1), {"Content-Type": "application/merge-patch+json"})]),
    ("a form", [(b"number=1", {"Content-Type": "application/x-www-form-urlencoded"})]),
    ("no type", [(sent(1), {})]),
    ("nothing", [(b"", JSON)]),
    ("null", [(b"null", JSON)]),
    ("a list", [(b"[1]", JSON)]),
    ("no JSON", [(b'{"number": 1', JSON)]),
    ("no text", [(b'{"number": "\xff"}', JSON)]),
    ("too deep", [(b"[" * 100_000, JSON)]),
    ("too long a number", [(b'{"number": ' + b"9" * 5_000 + b"}", JSON)]),
    ("not a number", [(b'{"number": NaN}', JSON)]),
    ("two faults", [(b'{"number": -1, "words": 3, "x": 1}', JSON)]),
    ("a number as text", [(b'{"number": "7"}', JSON)]),
    ("half a character", [(rb'{"number": 1, "words": ["\ud800"]}', JSON)]),
    ("a bad token", [(sent(1), {**JSON, "Authorization": "Bearer x"})]),
    ("a bad token and a bad body", [(b"{}", {**JSON, "Authorization": "Bearer x"})]),
    ("nobody", [(sent(1), {**JSON, "Authorization": ""})]),
]


@pytest.mark.parametrize("open_", ["", "-open"], ids=["keyed", "open"])
async def test_it_answers_as_a_general_one(twin: Running, open_: str) -> None:
    someone = citizen()
    async with twin.as_(someone) as client:
        for name, requests in REQUESTS:
            answers, left = {}, {}
            for way in WAYS:
                await twin.scalar(AFRESH)
                answers[way] = [
                    told(
                        await client.post(f"/notes/{way}{open_}", content=body, headers=headers),
                        way,
                    )
                    for body, headers in requests
                ]
                left[way] = await twin.rows("SELECT number, who FROM noted")
            assert answers["direct"] == answers["general"], name
            assert left["direct"] == left["general"], name


async def test_it_is_committed_before_the_answer_and_undone_with_a_refusal(twin: Running) -> None:
    async with twin.as_(citizen()) as client:
        assert (await client.post("/notes/direct", json={"number": 5})).status_code == 201
        assert await twin.scalar("SELECT array_agg(number) FROM noted") == [5]
        assert (await client.post("/notes/direct", json={"number": 500})).status_code == 409
        assert await twin.scalar("SELECT array_agg(number) FROM noted") == [5]


async def test_ten_at_once_with_one_key_have_one_effect(twin: Running) -> None:
    async with twin.as_(citizen(), **KEY) as client:
        answers = await asyncio.gather(
            *(client.post("/notes/direct", json={"number": 1}) for _ in range(10))
        )
    assert {answer.status_code for answer in answers} <= {201, 409}
    refused = {answer.json()["type"] for answer in answers if answer.status_code == 409}
    assert refused <= {"/api/v1/problems/key-in-use"}
    assert await twin.scalar("SELECT count(*) FROM noted") == 1


def test_another_shape_is_refused_where_it_is_declared() -> None:
    async def other(db: Db, caller: CallerDep, kit: KitDep, number: int) -> Response:
        return Response()

    with pytest.raises(TypeError, match="is no direct route"):
        Router().post("/other", direct=True)(other)
