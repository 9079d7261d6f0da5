"""What can go wrong, by name: the exception tree behind every problem+json answer.

    Problem
    ├── Unauthenticated     401  who are you
    ├── Forbidden           403  you may see it but not do this
    ├── Missing             404  not there, for you
    ├── Conflict            409  not in this state
    ├── Stale               412  changed since you read it
    ├── TooLarge            413
    ├── BrokenRule          422  the request breaks a rule (carries field errors)
    ├── VersionNeeded       428  an edit without If-Match
    ├── TooMany             429
    ├── Unavailable         503  a part is down
    └── TooSlow             504  the deadline passed

A capability derives its own beside its rule (`class CapacityReached(Conflict)`); the slug is the
class name in kebab case and its texts stand in the capability's `words.toml`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class FieldError:
    """One field that breaks a rule: JSON pointer, slug of the rule, values its text names."""

    pointer: str
    rule: str
    values: tuple[tuple[str, Any], ...] = ()


class Problem(Exception):
    """An answer other than the one asked for. Keyword values fill the texts in `words.toml`."""

    retry_after: ClassVar[int | None] = None

    def __init__(self, *, errors: tuple[FieldError, ...] = (), **values: Any) -> None:
        super().__init__(slug_of(type(self)), values)
        self.errors = errors
        self.values = values


class Unauthenticated(Problem): ...


class Forbidden(Problem): ...


class NotHeld(Forbidden):
    """The permission is held nowhere: there is no division to name."""


class Missing(Problem): ...


class Conflict(Problem): ...


class Stale(Problem): ...


class TooLarge(Problem): ...


class BrokenRule(Problem): ...


class VersionNeeded(Problem): ...


class TooMany(Problem): ...


class Unavailable(Problem): ...


class TooSlow(Problem): ...


STATUS: dict[type[Problem], int] = {
    Unauthenticated: 401,
    Forbidden: 403,
    Missing: 404,
    Conflict: 409,
    Stale: 412,
    TooLarge: 413,
    BrokenRule: 422,
    VersionNeeded: 428,
    TooMany: 429,
    Unavailable: 503,
    TooSlow: 504,
}


def status_of(kind: type[Problem]) -> int:
    """The HTTP status of a problem: that of its nearest ancestor in STATUS."""
    return next((STATUS[base] for base in kind.__mro__ if base in STATUS), 500)


def slug_of(kind: type[Problem]) -> str:
    """`CapacityReached` → `capacity-reached`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", kind.__name__).lower()


def all_problems(base: type[Problem] = Problem) -> Iterator[type[Problem]]:
    """Every problem that this process can answer with."""
    for kind in base.__subclasses__():
        yield kind
        yield from all_problems(kind)


def broken(pointer: str, rule: str, **values: Any) -> BrokenRule:
    """A BrokenRule about one field; the text of `rule` stands in a `words.toml`."""
    return BrokenRule(errors=(FieldError(pointer, rule, tuple(values.items())),))
