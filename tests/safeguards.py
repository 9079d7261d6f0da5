"""Removes one safeguard at a time from a copy of the tree and expects a test to turn red.

    make safeguards                      all of them (minutes)
    python -m tests.safeguards within    those whose name contains a word

Found by itself: every call of `within` and `mine` in a service or the gateway. Listed below: locks,
unique keys, checks. A safeguard whose removal leaves everything green is reported, and fails.
"""

import ast
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.folders import throwaway

ROOT = Path(__file__).parents[1]
TREES = ("services", "gateway", "deploy", "tests")
SCOPES = ("within", "mine", "multirange")
REPLACEMENT = '__import__("sqlalchemy").true()'


@dataclass(frozen=True)
class Safeguard:
    """One text of one file, what it becomes without the safeguard, and the tests that watch it."""

    name: str
    file: str
    start: int
    end: int
    replacement: str
    tests: tuple[str, ...]


def listed(name: str, file: str, text: str, replacement: str, *tests: str) -> Safeguard:
    """A safeguard named by its exact text, which must stand in the file once."""
    source = (ROOT / file).read_text("utf-8")
    if source.count(text) != 1:
        raise SystemExit(f"{name}: {file} has {source.count(text)} times {text!r}, not once")
    start = source.index(text)
    return Safeguard(name, file, start, start + len(text), replacement, tests)


def scope_calls() -> Iterator[Safeguard]:
    """Every call of a query face in a service or the gateway."""
    for path in sorted((*ROOT.glob("services/*/**/*.py"), *ROOT.glob("gateway/**/*.py"))):
        file = str(path.relative_to(ROOT))
        if file.startswith("services/kit/"):
            continue
        source = path.read_text("utf-8")
        starts = [0]
        for line in source.splitlines(keepends=True):
            starts.append(starts[-1] + len(line))
        for node in ast.walk(ast.parse(source)):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in SCOPES
                and node.end_lineno is not None
            ):
                # ast counts columns in bytes of UTF-8.
                start = starts[node.lineno - 1] + _characters(source, node.lineno, node.col_offset)
                end = starts[node.end_lineno - 1] + _characters(
                    source, node.end_lineno, node.end_col_offset or 0
                )
                yield Safeguard(
                    f"{node.func.id} in {file}:{node.lineno}",
                    file,
                    start,
                    end,
                    REPLACEMENT,
                    _tests_of(file),
                )


def _characters(source: str, line: int, offset: int) -> int:
    return len(source.splitlines()[line - 1].encode()[:offset].decode())


def _tests_of(file: str) -> tuple[str, ...]:
    parts = Path(file).parent.parts
    folder = Path("tests", *parts[1:]) if parts[0] == "services" else Path("tests", *parts)
    while not (ROOT / folder).exists():
        folder = folder.parent
    extra = ["tests/events/test_two_walls.py"] if "events" in parts else []
    if "events" in parts and file.endswith("sheet.py"):
        extra.append("tests/events/imports")
    return (str(folder), *extra)


def watched(safeguard: Safeguard) -> bool:
    """Is a test red without it?"""
    with throwaway("safeguard") as tree:
        for name in TREES:
            shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "pyproject.toml", tree)
        target = tree / safeguard.file
        source = target.read_text("utf-8")
        target.write_text(
            source[: safeguard.start] + safeguard.replacement + source[safeguard.end :], "utf-8"
        )
        tests = [test for test in safeguard.tests if (tree / test).exists()]
        found = subprocess.run(
            [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests],
            cwd=tree,
            env={**os.environ, "PYTHONPATH": str(tree)},
            capture_output=True,
            text=True,
            timeout=900,
        )
        if found.returncode not in (0, 1):
            raise SystemExit(f"{safeguard.name}: pytest could not run\n{found.stdout[-3000:]}")
        return found.returncode == 1


def main() -> int:
    """Try each; 1 when one is not watched."""
    from tests.safeguard_list import LISTED

    word = sys.argv[1] if len(sys.argv) > 1 else ""
    chosen = [each for each in (*LISTED, *scope_calls()) if word in each.name]
    blind = []
    for each in chosen:
        began = time.monotonic()
        red = watched(each)
        print(
            f"{'red  ' if red else 'GREEN'} {time.monotonic() - began:5.0f} s  {each.name}",
            flush=True,
        )
        if not red:
            blind.append(each.name)
    print(f"{len(chosen) - len(blind)} watched, {len(blind)} not")
    return 1 if blind else 0


if __name__ == "__main__":
    raise SystemExit(main())
