"""Reads a whole register and says where its files contradict one another."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from services.events.network.register.files import (
    edition_in_force,
    read_abolished,
    read_divisions,
    read_former_names,
    read_succession,
)
from services.events.network.register.lines import BadRegister, Fault
from services.events.network.register.rules import (
    Abolished,
    Change,
    Division,
    FormerName,
    Succession,
    by_old_code,
)


class Register(NamedTuple):
    """A province's divisions, those it had before, and what became of them."""

    edition: int
    divisions: tuple[Division, ...]
    changes: tuple[Change, ...]
    abolished: tuple[Abolished, ...]
    former_names: tuple[FormerName, ...]

    def succession(self) -> Succession:
        """The changes as `rules.resolve` wants them."""
        return by_old_code(self.changes)


def read_register(folder: Path | None = None) -> Register:
    """All files of a register, this package's or those in `folder`. Raises BadRegister."""
    register = Register(
        edition_in_force(folder),
        read_divisions(folder),
        read_succession(folder),
        read_abolished(folder),
        read_former_names(folder),
    )
    if faults := list(contradictions(register)):
        raise BadRegister(faults)
    return register


def contradictions(register: Register) -> Iterator[Fault]:
    """Where succession, former divisions and the divisions in force do not fit together."""
    living = {division.code for division in register.divisions}
    stood_until: dict[str, list[int]] = defaultdict(list)
    for gone in register.abolished:
        stood_until[gone.code].append(gone.last_edition)
    succession = register.succession()
    # Files hold one row a line, and the header is line 1.
    for row, change in enumerate(register.changes, start=2):

        def fault(column: str, value: str, rule: str, row: int = row) -> Fault:
            return Fault("succession.csv", row, column, value, rule)

        code, successor = change.old_code, change.successor_code
        if (code in living) != change.reused:
            yield fault(
                "reused",
                str(int(change.reused)),
                "1 when the code stands in the register in force, and only then",
            )
        if change.edition > register.edition:
            yield fault("edition", str(change.edition), "later than the register in force")
        later = any(c.edition > change.edition for c in succession.get(successor, ()))
        if successor and successor not in living and not later:
            yield fault("successor_code", successor, "neither stands today nor has a successor")
        if not any(edition < change.edition for edition in stood_until[code]):
            yield fault("old_code", code, "has no row in abolished.csv")
    for row, gone in enumerate(register.abolished, start=2):
        if not any(c.edition > gone.last_edition for c in succession.get(gone.code, ())):
            yield Fault("abolished.csv", row, "code", gone.code, "has no row in succession.csv")
