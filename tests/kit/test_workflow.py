"""Lifecycles as tables."""

from enum import StrEnum

import pytest

from services.kit.access import P
from services.kit.problems import Conflict
from services.kit.workflow import Relation, Workflow, WrongState


class Door(StrEnum):
    OPEN = "open"
    SHUT = "shut"
    LOCKED = "locked"


class NoKey(Conflict): ...


def _has_key(*, keys: int) -> None:
    if keys == 0:
        raise NoKey()


DOOR: Workflow[Door] = Workflow(
    "door",
    ("shut", Door.OPEN, Door.SHUT, P.VENUE_EDIT),
    ("open", Door.SHUT, Door.OPEN, {P.VENUE_EDIT, Relation.OWN}),
    ("lock", {Door.SHUT}, Door.LOCKED, P.VENUE_APPROVE, _has_key),
)


@pytest.mark.parametrize("state", list(Door))
@pytest.mark.parametrize("action", ["shut", "open", "lock"])
def test_an_action_starts_only_from_its_rows(action: str, state: Door) -> None:
    table = {("shut", "open"): "shut", ("open", "shut"): "open", ("lock", "shut"): "locked"}
    if (action, state.value) in table:
        assert (
            DOOR.next(action, state, **({"keys": 1} if action == "lock" else {}))
            == table[action, state.value]
        )
    else:
        with pytest.raises(WrongState):
            DOOR.next(action, state)


def test_a_guard_refuses_by_name_and_hides_the_action() -> None:
    with pytest.raises(NoKey):
        DOOR.next("lock", Door.SHUT, keys=0)
    assert DOOR.allowed(Door.SHUT, lambda need: need is P.VENUE_APPROVE, keys=0) == []
    assert DOOR.allowed(Door.SHUT, lambda need: need is P.VENUE_APPROVE, keys=1) == ["lock"]


def test_any_one_of_the_needs_is_enough() -> None:
    assert DOOR.allowed(Door.SHUT, lambda need: need is Relation.OWN) == ["open"]


def test_the_diagram_has_a_line_for_each_source() -> None:
    assert DOOR.diagram().splitlines() == [
        "stateDiagram-v2",
        "    open --> shut: shut",
        "    shut --> open: open",
        "    shut --> locked: lock",
    ]
