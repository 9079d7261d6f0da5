"""What a sheet is: its columns with their titles, kinds and rules, declared once."""

from dataclasses import dataclass, field
from enum import StrEnum

from services.kit.languages import DEFAULT, LANGUAGES, Words, say


class Kind(StrEnum):
    """What a column's cells are; `readers.py` has a reader for each."""

    TEXT = "text"
    CODE = "code"
    """Text that looks like a number and is none: leading zeros and all digits matter."""
    DIVISION = "division"
    PHONE = "phone"
    WHOLE = "whole"
    NUMBER = "number"
    DAY = "day"
    TIME = "time"
    YES_NO = "yes_no"
    CHOICE = "choice"
    CHOICES = "choices"


def said(zh: str, en: str, bo: str | None = None, mn: str | None = None) -> Words:
    """A text in the platform's languages. bo and mn are drafts; what is missing falls back."""
    words = {DEFAULT: zh, "bo": bo, "mn": mn, "en": en}
    return {tag: text for tag, text in words.items() if text is not None}


YES = said("是", "yes", "ཡིན", "тийм")
NO = said("否", "no", "མིན", "үгүй")


@dataclass(frozen=True, slots=True)
class Choice:
    """A value as the API names it, and what people call it."""

    value: str
    words: Words


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `least` and `most` are characters; `low` and `high` bound numbers."""

    key: str
    titles: Words
    kind: Kind = Kind.TEXT
    required: bool = False
    least: int = 1
    most: int = 200
    low: float | None = None
    high: float | None = None
    choices: tuple[Choice, ...] = ()
    example: str = ""
    note: Words = field(default_factory=dict)
    personal: bool = False
    """Names and phones: never shown whole in a report, never exported unmasked."""

    def title(self, language: str) -> str:
        """Its heading for people."""
        return say(self.titles, language)[0]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A kind of sheet.

    `unique`: columns whose values together differ in every row of a file; a row without a value
    in the last of them repeats nothing.
    """

    name: str
    titles: Words
    columns: tuple[Column, ...]
    unique: tuple[str, ...] = ()
    note: Words = field(default_factory=dict)

    def title(self, language: str) -> str:
        """What the sheet is called."""
        return say(self.titles, language)[0]

    @property
    def personal(self) -> bool:
        """Does a file of this kind hold personal data?"""
        return any(column.personal for column in self.columns)

    def column(self, key: str) -> Column:
        """The column with this key; KeyError when there is none."""
        return {column.key: column for column in self.columns}[key]


def choice_words(choice: Choice) -> set[str]:
    """Everything that names a choice: its value, and its word in each language."""
    return {choice.value, *(choice.words[tag] for tag in LANGUAGES if tag in choice.words)}
