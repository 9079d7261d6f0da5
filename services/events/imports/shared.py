"""What the importers of services/events share: choices in words, and where a row may be written."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import text

from services.events.activities.rules import SpokenLanguage
from services.kit.access import P
from services.kit.db import run
from services.kit.imports.rules import Desk, ImportInUse
from services.kit.languages import Words
from services.kit.problems import FieldError
from services.kit.sheets.declare import Choice, Column, Kind, said
from services.kit.sheets.reading import Record

_STANDING = text(
    "SELECT code FROM divisions WHERE code = ANY(CAST(:codes AS text[])) AND abolished_on IS NULL"
)
_SHOWN = 20


def choices(words: Mapping[Any, Words]) -> tuple[Choice, ...]:
    """The members of a vocabulary with what people call them, in its order."""
    return tuple(Choice(str(value), named) for value, named in words.items())


LANGUAGES = choices(
    {
        SpokenLanguage.CHINESE: said("汉语", "Chinese", "རྒྱ་སྐད", "Хятад"),
        SpokenLanguage.TIBETAN: said("藏语", "Tibetan", "བོད་སྐད", "Төвөд"),
        SpokenLanguage.MONGOLIAN: said("蒙古语", "Mongolian", "སོག་སྐད", "Монгол"),
        SpokenLanguage.SALAR: said("撒拉语", "Salar"),
        SpokenLanguage.MONGUOR: said("土族语", "Monguor"),
        SpokenLanguage.KAZAKH: said("哈萨克语", "Kazakh"),
    }
)


DIVISION = Column(
    "division_code",
    said("行政区划代码", "Division code", "སྲིད་འཛིན་ས་ཁུལ་ཨང་གྲངས", "Нэгжийн код"),
    Kind.DIVISION,
    required=True,
    example="630123101",
)


async def check_places(
    desk: Desk, records: Iterable[Record], permission: P, *keys: str, elsewhere: str | None = None
) -> None:
    """Every row is written within the caller's reach, at a division that stands today.

    The first of `keys` decides who may; `elsewhere` is one that only has to stand.
    """
    rows = list(records)
    named = (*keys, *((elsewhere,) if elsewhere else ()))
    codes = {code for row in rows for key in named if (code := row.values.get(key))}
    values = {"codes": list(codes)}
    standing = {found.code for found in (await run(desk.db, _STANDING, values)).all()}
    for row in rows:
        for key in named:
            code = row.values.get(key)
            if code is None:
                continue
            if key != elsewhere and not desk.caller.may(permission, at=code):
                desk.blame(row, key, "row-out-of-reach", code=code)
            elif code not in standing:
                desk.blame(row, key, "division-not-standing", code=code)


def blame_fields(desk: Desk, record: Record, errors: Iterable[FieldError]) -> None:
    """Errors of a rule that is shared with the API, at the columns that its pointers name."""
    for error in errors:
        desk.blame(record, error.pointer.rpartition("/")[2], error.rule, **dict(error.values))


def refuse_if_used(rows: Iterable[tuple[int, str, dict[str, Any]]]) -> None:
    """Raise ImportInUse when there are any: (row of the file, slug of why, its values)."""
    found = sorted(rows, key=lambda one: one[0])
    if found:
        raise ImportInUse(
            count=len(found),
            errors=tuple(
                FieldError(f"/rows/{row}", rule, (("row", row), *values.items()))
                for row, rule, values in found[:_SHOWN]
            ),
        )
