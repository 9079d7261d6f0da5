"""What an order does to each division that it touches, and where it contradicts the register."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from services.kit.access import P
from services.kit.divisions import covers, lineage
from services.kit.problems import BrokenRule, Conflict, FieldError, Missing
from services.kit.workflow import Workflow

MOST_LINES = 2000


class ChangeKind(StrEnum):
    """What an order does: another code, another name, several into one, one into several."""

    RECODE = "recode"
    RENAME = "rename"
    MERGE = "merge"
    SPLIT = "split"


class ChangeState(StrEnum):
    """Entered, under way (announced: no way back), applied; or withdrawn before it began."""

    ENTERED = "entered"
    RUNNING = "running"
    APPLIED = "applied"
    WITHDRAWN = "withdrawn"


LIFECYCLE: Workflow[ChangeState] = Workflow(
    "division_change",
    # action     from                 to                     needs
    ("rehearse", ChangeState.ENTERED, ChangeState.ENTERED, P.DIVISION_MANAGE),
    ("apply", ChangeState.ENTERED, ChangeState.RUNNING, P.DIVISION_MANAGE),
    ("resume", ChangeState.RUNNING, ChangeState.RUNNING, P.DIVISION_MANAGE),
    ("withdraw", ChangeState.ENTERED, ChangeState.WITHDRAWN, P.DIVISION_MANAGE),
)


class UnknownChange(Missing):
    """No such order, for this caller."""


class ChangeContradicts(BrokenRule):
    """The order and the register do not fit together; each line says where."""


class ChangeNotInForce(Conflict):
    """The order takes effect on a later day."""


@dataclass(frozen=True)
class Line:
    """One old code and one that follows it. Below both, codes keep their ends: …122001 → …106001.

    Of several lines with one code (a split) one `takes_rest`: what is recorded at the divided
    division itself, and all below it that no other line names. A division that only loses a part
    takes the rest itself (`successor` is `code`).
    """

    code: str
    successor: str
    name: str | None = None
    short_name: str | None = None
    kind: str | None = None
    takes_rest: bool = False


@dataclass(frozen=True)
class Standing:
    """A division of the register as this needs it."""

    code: str
    name: str
    short_name: str
    tier: str
    kind: str
    official: bool
    abolished: bool


@dataclass(frozen=True)
class Plan:
    """What becomes of each division. `codes`: old → where its rows go."""

    codes: dict[str, str] = field(default_factory=dict)
    founded: dict[str, Standing] = field(default_factory=dict)
    renamed: dict[str, Line] = field(default_factory=dict)
    also: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """The other successors of a division that was divided."""

    def successors(self, old: str) -> list[str]:
        """All that follow a division, in order of code."""
        return sorted({self.codes[old], *self.also.get(old, ())})

    @property
    def tops(self) -> list[str]:
        """The topmost codes that are given up: every row that moves stands at or below one."""
        return sorted(
            code
            for code in self.codes
            if not any(above in self.codes for above in lineage(code)[:-1])
        )


Register = Mapping[str, Standing]
"""Every division at or below the codes of an order and their parents, former ones too."""


def wanted_codes(lines: Iterable[Line]) -> set[str]:
    """The subtrees of the register that an order must be held against."""
    return {code for line in lines for code in (line.code, line.successor)}


def planned(kind: ChangeKind, lines: Sequence[Line], register: Register) -> Plan:
    """What the order does. Raises ChangeContradicts, each line named."""
    if errors := [*_in_itself(kind, lines)]:
        raise ChangeContradicts(errors=tuple(errors))
    renames = {line.code: line for line in lines if line.code == line.successor and line.name}
    moves = [(n, line) for n, line in enumerate(lines) if line.code != line.successor]
    stay = {line.code for line in lines if _stays(line)}
    rest = _rest(line for _, line in moves if line.code not in stay)
    plan = Plan(renamed=renames, also=_also(line for _, line in moves))
    number = {line.code: n for n, line in moves}
    for code, standing in register.items():
        nearest = next((above for above in reversed(lineage(code)) if above in rest), None)
        if nearest is not None and not standing.abolished:
            plan.codes[code] = rest[nearest].successor + code[len(nearest) :]
    if errors := [*_against(kind, lines, plan, register, number)]:
        raise ChangeContradicts(errors=tuple(errors))
    for _, line in moves:
        _found(plan, register, line.code, line.successor, line)
    for old, new in plan.codes.items():
        _found(plan, register, old, new, rest.get(old))
    return plan


def _rest(lines: Iterable[Line]) -> dict[str, Line]:
    """Of each code the line that takes what no other line names."""
    found: dict[str, Line] = {}
    for line in lines:
        if line.code not in found or line.takes_rest:
            found[line.code] = line
    return found


def _also(lines: Iterable[Line]) -> dict[str, tuple[str, ...]]:
    several: dict[str, list[str]] = defaultdict(list)
    for line in lines:
        several[line.code].append(line.successor)
    return {code: tuple(sorted(found)) for code, found in several.items() if len(found) > 1}


def _found(plan: Plan, register: Register, old: str, new: str, line: Line | None) -> None:
    """A successor that does not stand yet begins; as its predecessor was, but for the line."""
    if new in register or new in plan.founded:
        return
    was = register[old]
    name = line.name if line and line.name else was.name
    plan.founded[new] = Standing(
        code=new,
        name=name,
        short_name=(line.short_name if line else None) or (name if line else was.short_name),
        tier=was.tier,
        kind=line.kind if line and line.kind else was.kind,
        official=was.official,
        abolished=False,
    )


def _stays(line: Line) -> bool:
    """A part of it leaves, and it keeps the rest."""
    return line.code == line.successor and line.takes_rest


def _fault(number: int, rule: str, name: str = "code", **values: str) -> FieldError:
    return FieldError(f"/lines/{number}/{name}", rule, tuple(values.items()))


def _in_itself(kind: ChangeKind, lines: Sequence[Line]) -> Iterator[FieldError]:
    times = Counter(line.code for line in lines)
    rests = Counter(line.code for line in lines if line.takes_rest)
    pairs = Counter((line.code, line.successor) for line in lines)
    stay = {line.code for line in lines if _stays(line)}
    given_up = {line.code for line in lines if line.code != line.successor} - stay
    for number, line in enumerate(lines):
        if pairs[line.code, line.successor] > 1 or (
            times[line.code] > 1 and kind is not ChangeKind.SPLIT
        ):
            yield _fault(number, "change-twice", code=line.code)
        if times[line.code] > 1 and rests[line.code] != 1:
            yield _fault(number, "change-rest", "takes_rest", code=line.code)
        if len(line.code) != len(line.successor):
            yield _fault(number, "change-tier", "successor", code=line.successor)
        if line.code == line.successor and not line.name and not _stays(line):
            yield _fault(number, "change-nothing", "successor", code=line.code)
        # At or below a code that is given up there is nothing more.
        if any(covers(old, line.successor) for old in given_up):
            yield _fault(number, "change-in-a-circle", "successor", code=line.successor)


def _against(
    kind: ChangeKind,
    lines: Sequence[Line],
    plan: Plan,
    register: Register,
    number: Mapping[str, int],
) -> Iterator[FieldError]:
    named = {line.successor for line in lines}
    joins = kind in (ChangeKind.MERGE, ChangeKind.SPLIT)
    for at, line in enumerate(lines):
        here = register.get(line.code)
        if here is None:
            yield _fault(at, "change-unknown", code=line.code)
        elif here.abolished:
            yield _fault(at, "change-abolished", code=line.code)
        parent = register.get(_parent(line.successor))
        above = line.successor[: len(_parent(line.successor))]
        begins = above in named or above in plan.codes.values()
        if above and not begins and (parent is None or parent.abolished):
            yield _fault(at, "change-no-parent", "successor", code=above)
    several = Counter(plan.codes.values())
    for old, new in plan.codes.items():
        at = number[next(above for above in reversed(lineage(old)) if above in number)]
        found = register.get(new)
        if found is not None and found.abolished:
            yield _fault(at, "change-used-before", "successor", code=new)
        elif (found is not None or several[new] > 1) and not (joins and new in named):
            yield _fault(at, "change-taken", "successor", code=new)


def _parent(code: str) -> str:
    return next(iter(reversed(lineage(code)[:-1])), "")


def in_force(effective_on: date, today: date) -> None:
    """Raise ChangeNotInForce before the day on which the order takes effect."""
    if effective_on > today:
        raise ChangeNotInForce(day=effective_on.isoformat())


def scope_of(lines: Sequence[Line]) -> str:
    """The nearest division that holds all old and new codes; "" when there is none."""
    codes = sorted(wanted_codes(lines))
    return next(
        (above for above in reversed(lineage(codes[0])) if all(covers(above, c) for c in codes)),
        "",
    )


Translate = Callable[[str], str]


def counted_today(hosts: Sequence[str], today: Translate) -> tuple[str, ...]:
    """Hosts as of today, in order; two that became one count once."""
    return tuple(dict.fromkeys(today(host) for host in hosts))
