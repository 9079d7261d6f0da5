"""Lifecycles as tables: one row per verb, and everything that follows from a row.

The same rows check a transition, name the permission, answer `allowed_actions`, draw the diagram
in the docs and drive the actions × states tests.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, TypeVar

from services.kit.access import P
from services.kit.problems import Conflict, Problem


class Relation(StrEnum):
    """What makes a row mine, where no permission is needed."""

    OWN = "own"
    REPRESENTS = "represents"
    """Acts for the venue that the row belongs to."""


S = TypeVar("S", bound=StrEnum)
Needs = P | Relation
Guard = Callable[..., None]
"""Looks at the subject (and what else it is told) and raises the named problem, or returns."""


class WrongState(Conflict):
    """The action does not start from the state that the row is in."""


@dataclass(frozen=True, slots=True)
class Step(Generic[S]):
    """One row: the verb, where it starts, where it leads, and any one of what it needs."""

    action: str
    sources: frozenset[S]
    target: S
    needs: frozenset[Needs]
    guard: Guard | None = None


class Workflow(Generic[S]):
    """A lifecycle: rows of (action, from, to, needs[, guard])."""

    def __init__(self, name: str, *rows: tuple[Any, ...]) -> None:
        self.name = name
        self.steps: dict[str, Step[S]] = {}
        for action, sources, target, needs, *guard in rows:
            if action in self.steps:
                raise ValueError(f"{name}: two rows for {action}")
            self.steps[action] = Step(
                action,
                frozenset(sources if isinstance(sources, set | frozenset) else {sources}),
                target,
                frozenset(needs if isinstance(needs, set | frozenset) else {needs}),
                guard[0] if guard else None,
            )

    def __iter__(self) -> Iterator[Step[S]]:
        return iter(self.steps.values())

    def next(self, action: str, state: S, **facts: Any) -> S:
        """The state that `action` leads to; WrongState, or what the row's guard raises."""
        step = self.steps[action]
        if state not in step.sources:
            raise WrongState(action=action, state=state.value)
        if step.guard is not None:
            step.guard(**facts)
        return step.target

    def allowed(self, state: S, holds: Callable[[Needs], bool], **facts: Any) -> list[str]:
        """The actions that start from `state`, whose need is held and whose guard lets pass."""
        return [
            step.action
            for step in self
            if state in step.sources
            and any(holds(need) for need in step.needs)
            and _passes(step.guard, facts)
        ]

    def diagram(self) -> str:
        """The table as a Mermaid state diagram."""
        lines = [
            f"    {source} --> {step.target}: {step.action}"
            for step in self
            for source in sorted(step.sources)
        ]
        return "\n".join(["stateDiagram-v2", *lines])


def _passes(guard: Guard | None, facts: dict[str, Any]) -> bool:
    if guard is None:
        return True
    try:
        guard(**facts)
    except Problem:
        return False
    return True
