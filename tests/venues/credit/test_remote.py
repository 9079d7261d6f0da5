"""A provider behind CREDIT_URL: believed only when it answers in time, whole and signed."""

import asyncio
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

import orjson
import pytest

from services.kit.keys import unbase64
from services.venues.credit.port import CreditSettings
from services.venues.credit.remote import Remote
from tests.support import credit_provider
from tests.support.certification import application, programme
from tests.venues.credit.conftest import Credit

NOW = datetime(2026, 9, 1, 4, tzinfo=UTC)
DEADLINE_S = 0.5


@pytest.fixture
async def socket(tmp_path: Path) -> AsyncIterator[Path]:
    """A provider in a process of its own."""
    path = tmp_path / "credit.sock"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.support.credit_provider", str(path)),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"listening\n"
    yield path
    process.terminate()
    await process.wait()


def _settings(url: str) -> CreditSettings:
    key = credit_provider.public_key()
    return CreditSettings(url=url, public_key=key, token="t", deadline_s=DEADLINE_S)


FOUND = {
    "clear": [],
    "red_line": ["credit-red-line"],
    "unknown": ["credit-unknown"],
    "hanging": ["credit-slow"],
    "dripping": ["credit-slow"],
    "gone": ["credit-unreachable"],
    "broken": ["credit-failed"],
    "no JSON": ["credit-unreadable"],
    "red without items": ["credit-unreadable"],
    "long": ["credit-unreadable"],
    "unsigned": ["credit-unsigned"],
    "wrong signature": ["credit-unsigned"],
    "elsewhere": ["credit-elsewhere"],
    "other code": ["credit-elsewhere"],
}


async def test_only_a_signed_answer_to_the_question_in_time_lets_pass(
    credit: Credit, socket: Path
) -> None:
    credit.provider = Remote(_settings(f"unix://{socket}"))
    rule = await programme(credit.running)
    found = {}
    for how in FOUND:
        one = await application(credit.running, rule, "credit", host=how)
        await credit.entered(one, NOW)
        began = monotonic()
        assert await credit.turned(NOW) is True
        found[how] = await credit.unmet(one, NOW)
        assert monotonic() - began < DEADLINE_S + 3
    assert found == FOUND
    # The very bytes that were signed are kept with what we signed ourselves.
    for document, signature in await credit.running.rows(
        "SELECT provider_document, provider_signature FROM credit_answers"
    ):
        key = credit_provider.KEY.public_key()
        key.verify(unbase64(signature), document.encode())
    red = await credit.running.scalar(
        "SELECT document FROM credit_answers WHERE result = 'red_line'"
    )
    assert [item["grounds"] for item in orjson.loads(red)["items"]] == ["骗取财政资金"]


async def test_no_transaction_is_open_while_a_provider_is_silent(
    credit: Credit, socket: Path
) -> None:
    credit.provider = Remote(_settings(f"unix://{socket}"))
    one = await application(
        credit.running, await programme(credit.running), "credit", host="hanging"
    )
    await credit.entered(one, NOW)
    asking = asyncio.create_task(credit.turned(NOW))
    await asyncio.sleep(DEADLINE_S / 2)
    # Everything that the question touched is free, and nobody asks it a second time.
    open_ones = """SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
        AND pid <> pg_backend_pid() AND state LIKE 'idle in transaction%'"""
    assert await credit.running.scalar(open_ones) == 0
    assert await credit.turned(NOW) is False
    assert await asking is True


async def test_a_provider_that_is_not_there_is_unreachable(credit: Credit, tmp_path: Path) -> None:
    credit.provider = Remote(_settings(f"unix://{tmp_path}/nobody.sock"))
    one = await application(credit.running, await programme(credit.running), "credit")
    await credit.entered(one, NOW)
    await credit.turned(NOW)
    assert await credit.unmet(one, NOW) == ["credit-unreachable"]


@pytest.mark.parametrize("key", ["", "short", "!"])
def test_a_provider_without_a_key_is_refused_at_the_start(key: str) -> None:
    with pytest.raises(ValueError, match="CREDIT_PUBLIC_KEY is not the provider's Ed25519 key"):
        Remote(CreditSettings(url="https://credit.example", public_key=key))
