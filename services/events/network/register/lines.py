"""One line of a register file at a time: typed values out, every broken rule collected."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from typing import NamedTuple, TypeVar

from services.events.network.register.rules import Tier, tier_of

Closed = TypeVar("Closed", bound=str)


class Fault(NamedTuple):
    """One bad value: the file, its line (the header is line 1), column, value, and the rule."""

    file: str
    row: int
    column: str
    value: str
    rule: str

    def __str__(self) -> str:
        return f"{self.file} row {self.row}, {self.column} {self.value!r}: {self.rule}"


class BadRegister(ValueError):
    """The register's files break its rules; `faults` has every one, the message the first ten."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        more = f"\n… and {len(self.faults) - 10} more" if len(self.faults) > 10 else ""
        super().__init__("\n".join(str(fault) for fault in self.faults[:10]) + more)


class Line:
    """One line of a file while it is read: gives typed values and collects what is wrong."""

    def __init__(self, file: str, number: int, values: dict[str, str], faults: list[Fault]) -> None:
        self.file, self.number, self.values, self._faults = file, number, values, faults

    def fault(self, column: str, rule: str) -> None:
        value = self.values.get(column) or ""
        self._faults.append(Fault(self.file, self.number, column, value, rule))

    def text(self, column: str, *, empty: bool = False) -> str:
        value = (self.values.get(column) or "").strip()
        if not value and not empty:
            self.fault(column, "must not be empty")
        return value

    def code(self, column: str = "code", *, empty: bool = False) -> str:
        value = self.text(column, empty=empty)
        if value and tier_of(value) is None:
            self.fault(column, "a code has 2, 4, 6, 9 or 12 digits, not padded")
        return value

    def tier(self, code: str) -> Tier:
        expected = tier_of(code)
        if expected is not None and self.values.get("tier") != expected:
            self.fault("tier", f"a code of {len(code)} digits is a {expected}")
        return expected or "province"

    def closed(self, column: str, allowed: tuple[Closed, ...]) -> Closed:
        value = self.text(column)
        for word in allowed:
            if word == value:
                return word
        self.fault(column, f"must be one of {', '.join(allowed)}")
        return allowed[0]

    def flag(self, column: str) -> bool:
        return self.closed(column, ("0", "1")) == "1"

    def year(self, column: str) -> int:
        value = self.text(column)
        if not re.fullmatch(r"(19|20)\d\d", value):
            self.fault(column, "must be a year")
            return 0
        return int(value)

    def day(self, column: str) -> date:
        value = self.text(column)
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fault(column, "must be a day, YYYY-MM-DD")
            return date.min

    def day_or_none(self, column: str) -> date | None:
        return self.day(column) if self.values.get(column) else None

    def degrees(self, column: str, limit: float) -> float:
        value = self.text(column)
        try:
            degrees = float(value)
        except ValueError:
            degrees = limit + 1
        if not -limit <= degrees <= limit:
            self.fault(column, f"must be degrees between -{limit:g} and {limit:g}")
        return degrees
