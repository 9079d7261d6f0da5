"""The draw core by property: same inputs same panel, quotas met, nobody from outside, every byte counts."""

import json
import random
import time
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.kit.draw_report import (
    BadReport,
    Commitment,
    Entry,
    PanelRule,
    PlacesRule,
    Report,
    Source,
    Stratum,
)
from services.kit.draw_rules import Standing, allot, fill
from services.kit.draws import (
    canonical,
    digest,
    draw,
    freeze,
    hash_of_secret,
    read,
    replay,
    salted,
    verify,
)

SECRET = "5e" * 32
NAMES = ("基础", "应用", "财务")
PLACES = PlacesRule(kind="places", list_rule="greedy", one_per_family=False, winners_after_days=0)


def commitment(rule: PanelRule | PlacesRule, *, source: bool = True) -> Commitment:
    return Commitment(
        subject="occurrences/0191",
        rule=rule,
        secret_sha256=hash_of_secret(SECRET),
        source=Source(name="福彩双色球第 2026133 期", at="2026-11-19T21:30:00+08:00")
        if source
        else None,
        committed_at="2026-11-01T08:00:00+08:00",
    )


def entry(
    number: int, *strata: str, size: int = 1, after: int = 0, family: int | None = None
) -> Entry:
    return Entry(
        id=salted(b"salt", str(number)),
        strata=strata,
        size=size,
        after=after,
        family=None if family is None else salted(b"family", str(family)),
    )


def drawn(rule: PanelRule | PlacesRule, entries: list[Entry], **places: int) -> Report:
    made = freeze(commitment(rule), entries, "2026-11-18T18:00:00+08:00", places)
    return draw(made, SECRET, "03 07 11 19 24 30 + 08")


@st.composite
def panels(draws: st.DrawFn) -> tuple[PanelRule, list[Entry]]:
    strata = [
        Stratum(name=name, quota=draws(st.integers(0, 3)), alternates=draws(st.integers(0, 2)))
        for name in NAMES
    ]
    fields = draws(st.lists(st.sets(st.sampled_from(NAMES), min_size=1), max_size=9))
    entries = [entry(number, *sorted(each)) for number, each in enumerate(fields)]
    return PanelRule(kind="panel", strata=tuple(strata)), entries


@given(panels(), st.randoms(use_true_random=False))
def test_the_same_inputs_give_the_same_panel_in_whatever_order_they_came(
    panel: tuple[PanelRule, list[Entry]], chance: random.Random
) -> None:
    rule, entries = panel
    shuffled = chance.sample(entries, len(entries))
    assert drawn(rule, entries) == drawn(rule, shuffled)


@given(panels())
def test_nobody_outside_the_pool_is_drawn_and_nobody_twice(
    panel: tuple[PanelRule, list[Entry]],
) -> None:
    rule, entries = panel
    result = verify(drawn(rule, entries))
    strata_of = {each.id: each.strata for each in entries}
    named = [
        (name, one)
        for name, found in result.strata.items()
        for one in (*found.chosen, *found.following)
    ]
    assert len({one for _, one in named}) == len(named)
    assert [one for name, one in named if name not in strata_of.get(one, ())] == []


@settings(max_examples=60)
@given(panels())
def test_a_quota_stays_open_only_when_no_choice_could_fill_it(
    panel: tuple[PanelRule, list[Entry]],
) -> None:
    rule, entries = panel
    result = verify(drawn(rule, entries))
    seats = [stratum.name for stratum in rule.strata for _ in range(stratum.quota)]
    few = entries[:7]
    if len(few) < len(entries) or len(seats) > 6:
        return

    def most(left: tuple[str, ...], people: tuple[Entry, ...]) -> int:
        if not people:
            return 0
        first, *rest = people
        found = most(left, tuple(rest))
        for name in set(left) & set(first.strata):
            fewer = list(left)
            fewer.remove(name)
            found = max(found, 1 + most(tuple(fewer), tuple(rest)))
        return found

    assert sum(len(each.chosen) for each in result.strata.values()) == most(
        tuple(seats), tuple(entries)
    )


def test_the_first_of_the_rank_is_always_in_where_anybody_is() -> None:
    a, b = Standing("a", ("x", "y")), Standing("b", ("x",))
    found = fill([a, b], [("x", 1, 0), ("y", 1, 0)])
    assert {name: each.chosen for name, each in found.items()} == {"x": ["b"], "y": ["a"]}
    assert fill([a, b], [("x", 1, 5)])["x"].following == ["b"]


@given(
    st.lists(st.tuples(st.integers(1, 5), st.sampled_from("xy")), max_size=12),
    st.integers(0, 12),
    st.booleans(),
)
def test_places_are_never_more_than_there_are_and_parties_stay_whole(
    parties: list[tuple[int, str]], free: int, strict: bool
) -> None:
    order = [Standing(f"{n}", (name,), size) for n, (size, name) in enumerate(parties)]
    found = allot(order, {"x": free, "y": 3}, strict=strict, one_per_family=False)
    size = {each.id: each.size for each in order}
    for name, places in (("x", free), ("y", 3)):
        assert sum(size[one] for one in found[name].chosen) <= places
        here = [each.id for each in order if each.strata == (name,)]
        assert sorted((*found[name].chosen, *found[name].following), key=int) == here
        if strict:
            fitting = [one for one in here if size[one] <= places]
            assert found[name].chosen == fitting[: len(found[name].chosen)]


def test_a_second_entry_of_a_family_and_a_recent_winner_stand_behind() -> None:
    order = [Standing("a", ("x",), 1, "f"), Standing("b", ("x",), 1, "f"), Standing("c", ("x",))]
    once = allot(order, {"x": 2}, strict=True, one_per_family=True)["x"]
    each = allot(order, {"x": 2}, strict=True, one_per_family=False)["x"]
    assert (once.chosen, once.following, each.chosen) == (["a", "c"], ["b"], ["a", "b"])
    report = drawn(PLACES, [entry(0, "x", after=1), entry(1, "x"), entry(2, "x")], x=2)
    assert verify(report).strata["x"].following == (salted(b"salt", "0"),)


def whole() -> dict[str, Any]:
    entries = [entry(number, "x", size=number % 3 + 1) for number in range(20)]
    found: dict[str, Any] = drawn(PLACES, entries, x=12).model_dump(mode="json")
    return found


def test_a_report_is_replayed_from_its_file_alone() -> None:
    report = read(json.dumps(whole(), ensure_ascii=False, indent=2))
    assert verify(report) == report.result
    assert report.foreseeable is False


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_changing_one_byte_of_the_commitment_breaks_the_report(data: st.DataObject) -> None:
    text = canonical(whole()).decode()
    start = text.index('"commitment":')
    end = text.index('"freeze":')
    at = data.draw(st.integers(start, end - 1))
    other = data.draw(st.sampled_from('0a1b}",x藏'))
    changed = text[:at] + other + text[at + 1 :]
    if changed == text:
        return
    with pytest.raises(BadReport):
        verify(read(changed))


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        (("commitment", "rule", "list_rule"), "strict", "The commitment is not the one whose"),
        (("pool", 3, "size"), 9, "The pool is not the one whose hash"),
        (("reveal", "secret"), "00" * 32, "The secret is not the one"),
        (("reveal", "value"), "其他号码", "Replaying gives another result"),
        (("reveal", "value"), None, "The value of the named source is missing"),
        (("freeze", "places", "x"), 13, "Replaying gives another result"),
        (("freeze", "frozen_at"), "2026-11-20T00:00:00+08:00", "The source's value could be known"),
        (("freeze", "frozen_at"), "2026-10-20T00:00:00+08:00", "The pool was frozen before"),
        (("freeze", "frozen_at"), "昨天", "'昨天' is not a time"),
        (("result", "strata", "x", "chosen"), [], "Replaying gives another result"),
        (("reveal",), None, "Nothing is drawn yet"),
        (("pool", 0, "size"), 1.0, "Not a report of a draw: pool/0/size"),
        (("pool", 0, "size"), True, "Not a report of a draw: pool/0/size"),
        (("more",), 1, "Not a report of a draw: more"),
    ],
)
def test_what_was_tampered_with_is_said_in_one_sentence(
    path: tuple[Any, ...], value: Any, sentence: str
) -> None:
    report = whole()
    at: Any = report
    for step in path[:-1]:
        at = at[step]
    assert at.get(path[-1]) is not value
    at[path[-1]] = value
    with pytest.raises(BadReport) as refused:
        verify(read(json.dumps(report)))
    assert str(refused.value).startswith(sentence)


def test_a_pool_rewritten_with_its_hashes_draws_something_else() -> None:
    report = whole()
    left_out = report["result"]["strata"]["x"]["chosen"][0]
    report["pool"] = [each for each in report["pool"] if each["id"] != left_out]
    report["freeze"]["pool_sha256"] = digest(report["pool"])
    with pytest.raises(BadReport):
        verify(read(json.dumps(report)))


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"format": 1, "format": 2}', "[" * 100_000, b"\xff"]
)
def test_what_is_no_report_is_refused(text: str | bytes) -> None:
    with pytest.raises(BadReport):
        read(text)


def test_one_spelling_knows_whole_numbers_only() -> None:
    assert canonical({"b": [1, None], "a": "青海"}) == '{"a":"青海","b":[1,null]}'.encode()
    with pytest.raises(TypeError):
        canonical({"a": [0.5]})


def test_without_a_public_source_the_report_says_that_it_was_foreseeable() -> None:
    made = freeze(
        commitment(PLACES, source=False), [entry(1, "x")], "2026-11-18T18:00:00+08:00", {"x": 1}
    )
    report = draw(made, SECRET, None)
    assert (verify(report), report.foreseeable) == (report.result, True)


def test_every_order_of_three_comes_up_when_the_source_changes() -> None:
    entries = [entry(number, "x") for number in range(3)]
    made = freeze(commitment(PLACES), entries, "2026-11-18T18:00:00+08:00", {"x": 3})
    orders = [replay_order(draw(made, SECRET, str(value))) for value in range(600)]
    counts = [orders.count(order) for order in permutations([each.id for each in entries])]
    assert sum(counts) == 600
    assert min(counts) > 60


def replay_order(report: Report) -> tuple[str, ...]:
    return replay(report).strata["x"].chosen


def test_sixteen_thousand_experts_are_drawn_in_under_two_seconds() -> None:
    rule = PanelRule(
        kind="panel",
        strata=tuple(Stratum(name=f"领域{n}", quota=7, alternates=7) for n in range(12)),
    )
    entries = [entry(n, f"领域{n % 11}", f"领域{n % 7}") for n in range(16_000)]
    began = time.process_time()
    report = drawn(rule, entries)
    assert verify(report) == report.result
    assert time.process_time() - began < 2
