"""What is wrong with a file, cell by cell, and how it is said in the reader's language."""

from dataclasses import dataclass, field
from typing import Any

from services.kit.languages import DEFAULT, WORDS, say
from services.kit.sheets.cells import Cell, shown
from services.kit.sheets.declare import Column, Kind, Sheet
from services.kit.sheets.package import letters
from services.kit.vault import mask_name, mask_phone

MOST_SHOWN = 200
"""Characters of a bad value that a report repeats."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One bad cell: row as Excel counts, column (0 is A), the value as it stood, why."""

    row: int
    column: int
    key: str
    value: str
    rule: str
    values: dict[str, Any] = field(default_factory=dict)

    def stored(self) -> dict[str, Any]:
        """As JSON, without words: they are added in the language of whoever reads it."""
        return {
            "row": self.row,
            "column": self.column,
            "key": self.key,
            "value": self.value,
            "rule": self.rule,
            "values": self.values,
        }


def fault(
    row: int, at: int, column: Column, cell: Cell, rule: str, values: dict[str, Any]
) -> Fault:
    """A fault about a cell; what a personal column says is masked at once."""
    text = shown(cell)
    if column.personal and text:
        text = mask_phone(text) if column.kind is Kind.PHONE else mask_name(text)
    return Fault(row, at, column.key, text[:MOST_SHOWN], rule, values)


def reason(rule: str, values: dict[str, Any], language: str) -> str:
    """Why, in words."""
    words, _ = say(WORDS.get(rule, {}).get("title", {}), language)
    try:
        return words.format(**values) or rule
    except (KeyError, IndexError):
        return words


def why(sheet: Sheet, found: Fault, language: str) -> str:
    """Why a cell is bad; choices are named in `language` too."""
    values = found.values
    if found.rule == "enum":
        words = (say(one.words, language)[0] for one in sheet.column(found.key).choices)
        values = {"expected": "、".join(words) if language == DEFAULT else ", ".join(words)}
    return reason(found.rule, values, language)


def told(sheet: Sheet, found: Fault, language: str) -> dict[str, Any]:
    """A fault as the API answers it."""
    return {
        "row": found.row,
        "column": letters(found.column),
        "cell": f"{letters(found.column)}{found.row}",
        "key": found.key,
        "title": sheet.column(found.key).title(language),
        "value": found.value,
        "rule": found.rule,
        "reason": why(sheet, found, language),
    }
