"""From a cell as people type it to a value: one reader for each kind of column, pure."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from services.kit.divisions import normalise
from services.kit.sheets.cells import ZONE, Cell, Unusable, Wrong, moment, plain, shown
from services.kit.sheets.declare import NO, YES, Choice, Column, Kind, choice_words

Reader = Callable[[Cell], Any]

FIRST_SERIAL, LAST_SERIAL = 32874, 73051
"""1990 to 2099 as Excel counts days: a bare number in a date column within them is a date."""
_ISO = re.compile(r"\d{4}-\d\d-\d\d(?: \d\d:\d\d(?::\d\d)?)?", re.ASCII)
_DATE = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?")
_CLOCK = re.compile(
    r"(\d{1,2})\s*[:时点]\s*(?:(\d{1,2})\s*(?:[:分]\s*(?:(\d{1,2})(?:\.\d+)?\s*秒?)?)?)?"
)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_SCIENTIFIC = re.compile(r"\d(?:\.\d+)?E\+?\d+", re.IGNORECASE)
_SPLIT = re.compile(r"[,;|/、，；\n]+")
_PHONE = re.compile(r"\+?[0-9]{7,15}")
_CHINA = re.compile(r"(\+86|0086)(?=1\d{10}$)")
_REPEATING = frozenset({Kind.DIVISION, Kind.CHOICE, Kind.CHOICES, Kind.DAY, Kind.TIME})
_REMEMBERED = 1000
_EXACT_DIGITS = 15
"""Excel keeps 15 digits of a number; of an 18-digit id the rest became zeros."""


def reader(column: Column) -> Reader:
    """The reader of a column's cells that are not blank. It answers a value or raises Wrong."""
    read = _READERS[column.kind](column)

    def checked(cell: Cell) -> Any:
        if type(cell) is Unusable:
            raise Wrong(cell.rule)
        return read(cell)

    if column.kind not in _REPEATING:
        return checked
    known: dict[Cell, Any] = {}

    def remembered(cell: Cell) -> Any:
        # A county's file names forty divisions and three kinds, five thousand times.
        if type(cell) is not str:
            return checked(cell)
        found = known.get(cell)
        if found is None:
            found = checked(cell)
            if len(known) < _REMEMBERED:
                known[cell] = found
        return list(found) if type(found) is list else found

    return remembered


def _text(column: Column) -> Reader:
    def read(cell: Cell) -> str:
        text = (cell if isinstance(cell, str) else shown(cell)).strip()
        if "\0" in text:
            raise Wrong("cell-characters")
        if column.personal and "*" in text:
            # An export masks names: what comes back like that is nobody's name.
            raise Wrong("cell-masked")
        if len(text) < column.least:
            raise Wrong("string-too-short", min_length=column.least)
        if len(text) > column.most:
            raise Wrong("string-too-long", max_length=column.most)
        return text

    return read


def _digits(cell: Cell) -> str:
    """Text whose every digit counts. A number of more than 15 digits has lost some."""
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        if abs(cell) >= 10**_EXACT_DIGITS:
            raise Wrong("digits-lost")
        return shown(cell)
    text = plain(shown(cell))
    if _SCIENTIFIC.fullmatch(text):
        raise Wrong("digits-lost")
    return text


def _code(column: Column) -> Reader:
    def read(cell: Cell) -> str:
        text = _digits(cell)
        if len(text) > column.most:
            raise Wrong("string-too-long", max_length=column.most)
        return text

    return read


def _division(_: Column) -> Reader:
    def read(cell: Cell) -> str:
        try:
            return normalise(_digits(cell))
        except ValueError:
            raise Wrong("division-code") from None

    return read


def _phone(_: Column) -> Reader:
    def read(cell: Cell) -> str:
        # Digits only, without the country code: what a blind index is made of.
        text = _CHINA.sub("", re.sub(r"[\s\-()]", "", _digits(cell)))
        if not _PHONE.fullmatch(text):
            raise Wrong("cell-phone")
        return text

    return read


def _numeric(cell: Cell) -> float | int:
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return cell
    if isinstance(cell, bool | datetime):
        raise Wrong("float-parsing")
    text = plain(str(cell)).replace(",", "")
    try:
        return int(text) if text.lstrip("+-").isdecimal() else float(text)
    except ValueError:
        raise Wrong("float-parsing") from None


def _bounded(column: Column, number: float) -> None:
    # Written so that not-a-number is outside as well.
    if column.low is not None and not number >= column.low:
        raise Wrong("greater-than-equal", ge=f"{column.low:g}")
    if column.high is not None and not number <= column.high:
        raise Wrong("less-than-equal", le=f"{column.high:g}")


def _whole(column: Column) -> Reader:
    def read(cell: Cell) -> int:
        try:
            number = _numeric(cell)
            whole = int(number)
        except (Wrong, OverflowError, ValueError):
            raise Wrong("int-parsing") from None
        if whole != number:
            raise Wrong("int-parsing")
        _bounded(column, whole)
        return whole

    return read


def _number(column: Column) -> Reader:
    def read(cell: Cell) -> float:
        number = float(_numeric(cell))
        if number != number or number in (float("inf"), float("-inf")):
            raise Wrong("float-parsing")
        _bounded(column, number)
        return number

    return read


def _moment(cell: Cell, rule: str) -> datetime:
    if isinstance(cell, datetime):
        return cell
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        if FIRST_SERIAL <= cell <= LAST_SERIAL:
            return moment(cell)
        cell = shown(cell)
    text = plain(str(cell))
    try:
        if _ISO.fullmatch(text):
            return datetime.fromisoformat(text)
        if found := _COMPACT.fullmatch(text):
            year, month, day = (int(part) for part in found.groups())
            return datetime(year, month, day)
        found = _DATE.match(text)
        if found is None:
            raise Wrong(rule)
        year, month, day = (int(part) for part in found.groups())
        rest = text[found.end() :].strip(" T")
        if not rest:
            return datetime(year, month, day)
        if clock := _CLOCK.fullmatch(rest):
            hour, minute, second = (int(part or 0) for part in clock.groups())
            return datetime(year, month, day, hour, minute, second)
        zoned = datetime.fromisoformat(text)
    except ValueError:
        raise Wrong(rule) from None
    if zoned.tzinfo is None:
        raise Wrong(rule)
    return zoned.astimezone(ZONE).replace(tzinfo=None)


def _day(_: Column) -> Reader:
    def read(cell: Cell) -> date:
        return _moment(cell, "cell-day").date()

    return read


def _time(_: Column) -> Reader:
    def read(cell: Cell) -> datetime:
        return _moment(cell, "cell-time").replace(tzinfo=ZONE).astimezone(UTC)

    return read


def _names(choices: tuple[Choice, ...]) -> dict[str, str]:
    return {
        plain(word).casefold(): choice.value for choice in choices for word in choice_words(choice)
    }


def _expected(column: Column) -> str:
    return "、".join(choice.words.get("zh-CN", choice.value) for choice in column.choices)


def _choice(column: Column) -> Reader:
    names = _names(column.choices)

    def read(cell: Cell) -> str:
        found = names.get(plain(shown(cell)).casefold())
        if found is None:
            raise Wrong("enum", expected=_expected(column))
        return found

    return read


def _several(column: Column) -> Reader:
    one = _choice(column)

    def read(cell: Cell) -> list[str]:
        parts = (part.strip() for part in _SPLIT.split(shown(cell)))
        return list(dict.fromkeys(one(part) for part in parts if part))

    return read


def _yes_no(_: Column) -> Reader:
    truths = {word.casefold(): True for word in (*YES.values(), "true", "1", "y", "√", "有")}
    truths |= {word.casefold(): False for word in (*NO.values(), "false", "0", "n", "×", "无")}

    def read(cell: Cell) -> bool:
        found = truths.get(plain(shown(cell)).casefold())
        if found is None:
            raise Wrong("cell-yes-no")
        return found

    return read


_READERS: dict[Kind, Callable[[Column], Reader]] = {
    Kind.TEXT: _text,
    Kind.CODE: _code,
    Kind.DIVISION: _division,
    Kind.PHONE: _phone,
    Kind.WHOLE: _whole,
    Kind.NUMBER: _number,
    Kind.DAY: _day,
    Kind.TIME: _time,
    Kind.YES_NO: _yes_no,
    Kind.CHOICE: _choice,
    Kind.CHOICES: _several,
}
