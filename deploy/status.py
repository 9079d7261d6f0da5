"""What runs now: processes, whether they are ready, their memory and age."""

import json
import os
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.health import ask
from deploy.suite import SERVICES, Suite


@dataclass(frozen=True)
class Line:
    """One process of the suite with its children."""

    name: str
    pid: int
    ready: bool
    memory_mb: float
    up_s: float
    restarts: int
    told: dict[str, Any]  # what its /health/ready says besides


def read(suite: Suite) -> list[Line]:
    """The processes of the running suite; none when it does not run."""
    if not suite.home.state.exists() or not suite.home.is_locked():
        return []
    state = json.loads(suite.home.state.read_text())
    children = _children()
    urls = {
        name: suite.url(service, name) for service in SERVICES for name in suite.processes(service)
    }
    lines = [_line("supervisor", state["pid"], 0, {}, None)]
    for name, process in state["processes"].items():
        lines.append(_line(name, process["pid"], process["restarts"], children, urls.get(name)))
    return lines


def _line(
    name: str, pid: int, restarts: int, children: dict[int, list[int]], url: str | None
) -> Line:
    answer = ask(url, "/health/ready") if url else None
    return Line(
        name=name,
        pid=pid,
        ready=answer[0] == 200 if answer else url is None and Path(f"/proc/{pid}").exists(),
        memory_mb=sum(memory(member) for member in _tree(pid, children)) / 1024,
        up_s=_age(pid),
        restarts=restarts,
        told={key: value for key, value in answer[1].items() if key != "status"} if answer else {},
    )


def memory(pid: int) -> int:
    """KB of a process, memory shared with others counted in parts (PSS); 0 when unknown."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))


def _children() -> dict[int, list[int]]:
    found: dict[int, list[int]] = defaultdict(list)
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            # The name in brackets may hold anything, also spaces.
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        found[parent].append(int(stat.parent.name))
    return found


def _tree(pid: int, children: dict[int, list[int]]) -> list[int]:
    return [pid, *(member for child in children.get(pid, []) for member in _tree(child, children))]


def _age(pid: int) -> float:
    try:
        started = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    except OSError:
        return 0
    return time.clock_gettime(time.CLOCK_BOOTTIME) - started / os.sysconf("SC_CLK_TCK")
