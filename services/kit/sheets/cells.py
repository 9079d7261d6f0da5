"""What a cell holds, how it is shown, and the word for one that breaks a rule: pure."""

import unicodedata
from datetime import datetime, time, timedelta, timezone
from typing import Any

Cell = str | int | float | bool | datetime | None
"""What a file holds: text, a number, a truth, a moment (a number in a date format), nothing."""


ZONE = timezone(timedelta(hours=8))
"""Times in a sheet carry no offset: China has one, and no summer time."""


EPOCH = datetime(1899, 12, 30)


class Wrong(Exception):
    """A cell that breaks a rule: the slug of its reason, and the values that the text names."""

    def __init__(self, rule: str, **values: Any) -> None:
        super().__init__(rule, values)
        self.rule = rule
        self.values_ = values


class Unusable(str):
    """A cell whose content is an Excel error (#N/A), or a formula that was never calculated."""

    __slots__ = ("rule",)
    rule: str

    def __new__(cls, text: str, rule: str) -> "Unusable":
        made = super().__new__(cls, text)
        made.rule = rule
        return made


def plain(text: str) -> str:
    """Full-width digits, letters and signs as ASCII, without blanks around: ６３０１ → 6301."""
    return (text if text.isascii() else unicodedata.normalize("NFKC", text)).strip()


def shown(cell: Cell) -> str:
    """A cell as text, whole numbers without a point: what the report says the value was."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e21 else format(cell, ".15g")
    if isinstance(cell, datetime):
        return cell.strftime("%Y-%m-%d" if cell.time() == time() else "%Y-%m-%d %H:%M:%S")
    return str(cell)


def blank(cell: Cell) -> bool:
    """Nothing, or only white space (WPS leaves ideographic spaces)."""
    return cell is None or (isinstance(cell, str) and not cell.strip() and type(cell) is str)


def moment(serial: float) -> datetime:
    """A serial number of Excel's 1900 calendar, to the second."""
    return EPOCH + timedelta(seconds=round(serial * 86400))
