"""`make bench`: every figure against its ceiling, in one run; 1 when a goal is missed."""

import asyncio
import sys

from tests.bench import (
    booking,
    coverage,
    home,
    hot_list,
    importing,
    nearest,
    panels,
    passing,
    registering,
    rollup,
)
from tests.bench.report import HEAD, Figure, at_most


def rolled_up() -> list[Figure]:
    """The roll-up at every depth of a province with a million activities."""
    found = asyncio.run(rollup.p95_by_tier())
    return [
        at_most(f"roll-up of 5 years, {tier}, 1,000,000 activities", p95, 50)
        for tier, p95 in found.items()
    ]


def covered() -> list[Figure]:
    """Coverage at every depth of ten times a province: quick, and by the same queries."""
    found = asyncio.run(coverage.measured())
    figures = [
        at_most(f"coverage, {tier}, 51,911 divisions", each["p95"], 50)
        for tier, each in found.items()
    ]
    queries = sorted({int(each["queries"]) for each in found.values()})
    said = " or ".join(str(number) for number in queries)
    alike = len(queries) == 1
    return [*figures, Figure("queries of coverage, any depth", said, "", "", "the same", alike)]


PARTS = {
    "hot list": hot_list.bench,
    "pass-through": passing.bench,
    "registrations": registering.bench,
    "slot reservations": booking.bench,
    "roll-up": rolled_up,
    "home": home.bench,
    "coverage": covered,
    "import": importing.bench,
    "panels": panels.bench,
    "nearest": nearest.bench,
}


def main() -> int:
    """Run the parts whose name contains a word given, or all."""
    word = " ".join(sys.argv[1:])
    print(HEAD)
    missed = 0
    for name, part in PARTS.items():
        if word in name:
            for figure in part():
                print(figure.line(), flush=True)
                missed += not figure.reached
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
