"""The pictures of an activity as its row keeps them, in order: pure, no I/O."""

from collections.abc import Sequence
from typing import Any, TypedDict
from uuid import UUID

from services.kit.problems import Conflict

MOST_PICTURES = 12
"""Also a CHECK of the table."""


class Picture(TypedDict):
    """`width` and `height` are null until the file has arrived whole and was found good."""

    file: str
    alt: dict[str, str]
    width: int | None
    height: int | None


class TooManyPictures(Conflict):
    """An activity has MOST_PICTURES already."""


class PicturesDiffer(Conflict):
    """The order given does not name exactly the pictures that are there."""


def with_one_more(pictures: Sequence[Any], file: UUID, alt: dict[str, str]) -> list[Any]:
    """A picture that is still arriving, at the end. Raises TooManyPictures."""
    if len(pictures) >= MOST_PICTURES:
        raise TooManyPictures(most=MOST_PICTURES)
    return [*pictures, Picture(file=str(file), alt=alt, width=None, height=None)]


def arranged(pictures: Sequence[Any], wanted: Sequence[tuple[UUID, dict[str, str]]]) -> list[Any]:
    """In the order given, with the texts given. Raises PicturesDiffer unless each is named once."""
    there = {picture["file"]: picture for picture in pictures}
    if sorted(str(file) for file, _ in wanted) != sorted(there):
        raise PicturesDiffer()
    return [{**there[str(file)], "alt": alt} for file, alt in wanted]


def arrived(pictures: Sequence[Any], file: UUID, width: int, height: int) -> list[Any]:
    """With the measures of one that is ready."""
    measures = {"width": width, "height": height}
    return [{**each, **(measures if each["file"] == str(file) else {})} for each in pictures]


def without(pictures: Sequence[Any], file: UUID) -> list[Any]:
    """All but one."""
    return [each for each in pictures if each["file"] != str(file)]


def waiting(pictures: Sequence[Any]) -> list[int]:
    """The positions of those that have not arrived."""
    return [number for number, each in enumerate(pictures) if each["width"] is None]
