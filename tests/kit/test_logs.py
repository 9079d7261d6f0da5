"""The line of a request looks like every other line."""

import subprocess
import sys

import orjson

SAID = """
from services.kit import logs
from services.kit.context import Work, begin
logs.configure("test", "json")
begin(Work("01910000-0000-7000-8000-000000000000", "00-" + "a" * 32 + "-" + "b" * 16 + "-01",
           actor="somebody", division="6301"))
logs.log.info("request", method="GET", route="/x", status=200, ms=1.5)
logs.request_line("GET", "/x", 200, 1.5)
"""


def _lines(level: str) -> list[dict[str, object]]:
    script = SAID.replace('"json")', f'"json", "{level}")')
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, timeout=60, check=True
    )
    return [orjson.loads(line) for line in done.stdout.splitlines()]


def test_the_request_line_says_what_any_line_says() -> None:
    slow, fast = _lines("info")
    assert slow.pop("timestamp").__class__ is fast.pop("timestamp").__class__ is str
    assert (
        fast
        == slow
        == {
            "event": "request",
            "level": "info",
            "method": "GET",
            "route": "/x",
            "status": 200,
            "ms": 1.5,
            "request_id": "01910000-0000-7000-8000-000000000000",
            "trace_id": "a" * 32,
            "actor": "somebody",
            "division": "6301",
        }
    )


def test_a_higher_level_silences_both() -> None:
    assert _lines("warning") == []
