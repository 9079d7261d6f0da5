"""Where in a request a rule was broken, when the rule knows only its own part of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from services.kit.problems import BrokenRule


@contextmanager
def beneath(pointer: str) -> Iterator[None]:
    """Field errors raised inside name their fields beneath `pointer`."""
    try:
        yield
    except BrokenRule as problem:
        problem.errors = tuple(
            replace(error, pointer=pointer + error.pointer) for error in problem.errors
        )
        raise
