"""Rows a second from the upload of a workbook to the end of its job, and what memory it takes.

A served process of services/events on PostgreSQL with fsync takes 50,000 drafts of activities:
received, sealed and stored, every cell read and checked, read again and written in one transaction
with its log. The memory is the peak of that process beyond what it held before, for 5,000 rows and
for 50,000: what grows with the file is the file itself, its texts and a number for each row.
"""

import json
import time
import urllib.request
from pathlib import Path
from typing import Any
from uuid import uuid4

from services.events.activities.sheet import IMPORTER
from services.kit.access import Caller, Grant, Kind, Role
from tests.bench.report import Figure
from tests.bench.stage import Stage, stage, wait_for
from tests.engines import free_port
from tests.support.workbooks import workbook

FEW, MANY = 5_000, 50_000
GOAL_ROWS = 5_000
GOAL_MB = 64

TOWNSHIPS = [f"6301231{n:02d}" for n in range(40)]
DIVISIONS = """INSERT INTO divisions (code, name, short_name, tier, kind, official, edition)
    SELECT '6301231' || lpad(n::text, 2, '0'), '乡' || n, '乡' || n, 'township', '乡', true, '2026'
    FROM generate_series(0, 39) n"""
HEADINGS = ("行政区划代码", "活动名称", "活动简介", "活动形式", "受众", "使用语言", "预计人数")
TIMES = ("开始时间", "结束时间", "地点")


def file_of(rows: int) -> bytes:
    """A workbook whose texts differ from row to row, as in earnest."""
    return workbook(
        (*HEADINGS, *TIMES),
        (
            (
                TOWNSHIPS[n % 40],
                f"第{n}场科普讲座",
                f"面向牧民的第{n}场，内容是雪灾防范与草原保护",
                "科普讲座",
                "农牧民、青少年",
                "藏语、汉语",
                n % 300,
                "2027-03-01 09:30",
                "2027-03-01 11:30",
                f"{n % 500}号文化室",
            )
            for n in range(rows)
        ),
    )


class Api:
    """A process of services/events, and an officer who speaks to it."""

    def __init__(self, on: Stage) -> None:
        port = free_port()
        self._process = on.spawn(
            "-m", "services.kit", "serve", "services.events", "--port", str(port)
        )
        self._base = f"http://127.0.0.1:{port}"
        wait_for(f"{self._base}/health/ready")
        caller = Caller(Kind.STAFF, uuid4(), (Grant(Role.OFFICER, "6301"),))
        self._signer, self._caller = on.signer, caller

    def ask(self, path: str, body: bytes | None = None) -> Any:
        """One request; its answer as JSON."""
        token = self._signer.sign(self._caller, "events")
        request = urllib.request.Request(
            f"{self._base}{path}", body, {"Authorization": f"Bearer {token}"}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def memory(self, name: str) -> float:
        """A line of /proc/…/status, in MB: VmRSS now, VmHWM the most so far."""
        status = Path(f"/proc/{self._process.pid}/status").read_text("utf-8")
        line = next(line for line in status.splitlines() if line.startswith(f"{name}:"))
        return int(line.split()[1]) / 1024

    def imports(self, content: bytes) -> tuple[float, float]:
        """Seconds until the import is done, and MB at the peak beyond what was held before."""
        self.ask("/activities/imports")  # what the first request loads is not the import's
        before = self.memory("VmRSS")
        begun = time.perf_counter()
        job = self.ask("/activities/imports", content)["job"]
        while (found := self.ask(f"/jobs/{job}"))["ended_at"] is None:
            time.sleep(0.05)
        seconds = time.perf_counter() - begun
        assert found["result"]["state"] == "done", found
        return seconds, self.memory("VmHWM") - before


def bench() -> list[Figure]:
    """Each size in a process of its own: a peak is remembered for ever."""
    assert IMPORTER.most_rows >= MANY
    with stage() as on:
        on.database("services.events")
        on.run_sql("events", DIVISIONS)
        _, small = Api(on).imports(file_of(FEW))
        seconds, large = Api(on).imports(file_of(MANY))
    rate, more = MANY / seconds, large - small
    return [
        Figure(
            f"import of {MANY:,} rows",
            f"{rate:,.0f} rows/s",
            "",
            "",
            f"≥ {GOAL_ROWS:,} rows/s",
            rate >= GOAL_ROWS,
        ),
        Figure(
            f"memory of {MANY:,} rows beyond {FEW:,}",
            f"{more:.0f} MB",
            "",
            "",
            f"< {GOAL_MB} MB",
            more < GOAL_MB,
        ),
    ]


if __name__ == "__main__":
    for figure in bench():
        print(figure.line())
