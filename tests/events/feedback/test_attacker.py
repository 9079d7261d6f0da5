"""An attacker who sees every published figure of every night, and knows who answered what when.

Worlds are generated; each night publishes, by the rules that the service uses, the figures of every
activity, division, day and month. The attacker solves all of them together.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.events.feedback.rules import LEAST, Answer, released
from services.events.reporting.rules import Added, Placed, differences

PRIME = 2**61 - 1
HOSTS = (("630123101",), ("630123102",), ("630123101", "630202"), ("630102",))
DAYS = (date(2026, 9, 18), date(2026, 9, 20), date(2026, 10, 2))
Vector = tuple[int, ...]
"""How often each person's answer is in a figure."""


@dataclass
class World:
    """Who answers about which activity on which night; activities have hosts and a day."""

    places: list[tuple[tuple[str, ...], date]]
    arrivals: list[list[int]]
    """Night by night, the activity of each answer."""
    groups: list[list[int]] = field(default_factory=list)
    figures: set[Vector] = field(default_factory=set)

    @property
    def people(self) -> int:
        return sum(map(len, self.arrivals))

    def pass_by(self, show: Callable[[Sequence[int], list[int]], list[int]]) -> None:
        """Every night: `show(shown, waiting)` says who is in an activity's figure from then on."""
        waiting: list[list[int]] = [[] for _ in self.places]
        shown: list[list[int]] = [[] for _ in self.places]
        person = 0
        for arrived in self.arrivals:
            for activity in arrived:
                waiting[activity].append(person)
                person += 1
            for activity in range(len(self.places)):
                group = show(shown[activity], waiting[activity])
                if group:
                    self.groups.append(group)
                shown[activity] += group
                waiting[activity] = [each for each in waiting[activity] if each not in group]
            self.publish(shown)

    def publish(self, shown: list[list[int]]) -> None:
        """Every cell of tonight's tables, as the sum over people that it is."""
        cells: dict[object, list[int]] = {}
        for activity, (hosts, on) in enumerate(self.places):
            cells[activity] = [int(each in shown[activity]) for each in range(self.people)]
            placed = Placed(on, hosts, Added(answers=1))
            for cell in differences([(None, placed)]):
                row = cells.setdefault(cell, [0] * self.people)
                for each in shown[activity]:
                    row[each] += 1
        self.figures |= {tuple(row) for row in cells.values()}


def small_groups_revealed(figures: set[Vector], people: int) -> list[tuple[int, ...]]:
    """Every group of fewer than LEAST people whose sum follows from the figures."""
    basis: list[tuple[int, list[int]]] = []
    for figure in sorted(figures):
        rest = _reduced(list(figure), basis)
        pivot = next((at for at, value in enumerate(rest) if value), None)
        if pivot is not None:
            inverse = pow(rest[pivot], -1, PRIME)
            basis.append((pivot, [value * inverse % PRIME for value in rest]))
    return [
        group
        for size in range(1, LEAST)
        for group in combinations(range(people), size)
        if not any(_reduced([int(each in group) for each in range(people)], basis))
    ]


def _reduced(row: list[int], basis: list[tuple[int, list[int]]]) -> list[int]:
    for pivot, other in basis:
        if factor := row[pivot]:
            row = [(a - factor * b) % PRIME for a, b in zip(row, other, strict=True)]
    return row


@st.composite
def worlds(draw: st.DrawFn) -> World:
    places = draw(
        st.lists(st.tuples(st.sampled_from(HOSTS), st.sampled_from(DAYS)), min_size=1, max_size=3)
    )
    activity = st.integers(0, len(places) - 1)
    sizes = draw(st.lists(st.integers(0, 7), min_size=1, max_size=4).filter(lambda n: sum(n) < 14))
    return World(places, [draw(st.lists(activity, min_size=n, max_size=n)) for n in sizes])


def by_the_rule(_: Sequence[int], waiting: list[int]) -> list[int]:
    group = released([Answer(5) for _ in waiting])
    return waiting if group is not None else []


@settings(max_examples=60, deadline=None)
@given(worlds())
def test_no_combination_of_published_figures_tells_of_fewer_than_five(world: World) -> None:
    world.pass_by(by_the_rule)
    assert [group for group in world.groups if len(group) < LEAST] == []
    assert small_groups_revealed(world.figures, world.people) == []


def test_the_attacker_sees_through_a_threshold_on_each_figure_alone() -> None:
    def each_alone(shown: Sequence[int], waiting: list[int]) -> list[int]:
        return waiting if len(shown) + len(waiting) >= LEAST else []

    world = World([(HOSTS[0], DAYS[0])], [[0] * 5, [0]])
    world.pass_by(each_alone)
    assert small_groups_revealed(world.figures, world.people) == [(5,)]


def test_the_attacker_sees_a_hidden_child_in_a_parent_that_counts_it() -> None:
    world = World([(HOSTS[0], DAYS[0]), (HOSTS[1], DAYS[0])], [[0] * 6 + [1] * 2])
    world.figures = {(1,) * 6 + (0, 0), (1,) * 8}
    assert small_groups_revealed(world.figures, world.people) == [(6, 7)]


@pytest.mark.parametrize(
    ("nights", "published"),
    [
        ([4], [0]),
        ([5], [5]),
        ([4, 1], [0, 5]),
        ([5, 4], [5, 5]),
        ([5, 4, 1], [5, 5, 10]),
        ([3, 9, 4], [0, 12, 12]),
    ],
)
def test_answers_are_added_in_whole_groups(nights: list[int], published: list[int]) -> None:
    world = World([(HOSTS[0], DAYS[0])], [[0] * night for night in nights])
    totals: list[int] = []
    publish = world.publish

    def noted(shown: list[list[int]]) -> None:
        publish(shown)
        totals.append(len(shown[0]))

    world.publish = noted  # type: ignore[method-assign]
    world.pass_by(by_the_rule)
    assert totals == published


def test_satisfied_is_four_or_five_of_five() -> None:
    group = released([Answer(rating) for rating in (1, 2, 3, 4, 5)])
    assert group is not None
    assert (group.answers, group.satisfied) == (5, 2)
    assert released([Answer(5)] * 4) is None
    assert Answer.of(Answer(3, "讲得“好”").text()) == Answer(3, "讲得“好”")
