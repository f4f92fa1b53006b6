"""The guard over answers taken together: by brute force over small worlds, and what follows from the words alone."""

from collections.abc import Sequence, Set
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from dataspace.model.names import ColumnName, DatasetName
from dataspace.model.plans import AggregatePlan, Function, Key, Measure
from dataspace.model.predicates import All, Comparator, Compare, Not
from dataspace.planning import leverages
from dataspace.planning.differencing import MAXIMUM_SETS, UNITS, Audit, Box, Told, TooClose, boxes, follows

COHORT = 5
SEX, AGE = ColumnName("sex"), ColumnName("age")
COUNT = (Measure(Function.COUNT, None, "n"),)


def told(units: set[int], name: str, answer: int = 0) -> Told:
    return Told(UNITS, Box("cut", {"q": name}), BitMap(units), answer)


def about_few(rows: Sequence[Set[int]], cohort: int = COHORT) -> bool:
    """Whether some combination of sets, with any factors, is about somebody and about fewer than the cohort.

    By brute force: without the units of such a group, the rank is lower.
    """
    every = sorted(set().union(*rows))
    matrix = np.array([[unit in row for unit in every] for row in rows], float)
    patterns, sizes = np.unique(matrix, axis=1, return_counts=True)
    groups = [
        group
        for many in range(1, cohort)
        for group in combinations(range(len(sizes)), many)
        if sizes[list(group)].sum() < cohort
    ]
    if not groups:
        return False
    without = np.repeat(patterns[None], len(groups), axis=0)
    for at, group in enumerate(groups):
        without[at][:, list(group)] = 0.0
    return bool((np.linalg.matrix_rank(without) < np.linalg.matrix_rank(patterns)).any())


def given_out(asked: Sequence[Set[int]], cohort: int = COHORT) -> list[Set[int]]:
    audit = Audit(cohort)
    return [units for at, units in enumerate(asked) if audit.add(told(set(units), str(at), at)) is None]


PERSON = {99}
FOUR = [set(range(20 * at, 20 * at + 20)) for at in range(4)]
ATTACKS = {
    "one left out": [set(range(30)), set(range(29))],
    "three that differ by many in pairs": [set(range(20)), set(range(20, 40)), set(range(39))],
    "four with the same person, and their union": [*(one | PERSON for one in FOUR), set().union(*FOUR)],
    "each twice over": [
        FOUR[0] | FOUR[1] | PERSON,
        FOUR[1] | FOUR[2] | PERSON,
        FOUR[0] | FOUR[2] | PERSON,
        FOUR[0] | FOUR[1] | FOUR[2],
    ],
    "one counted four times beside ten others": [
        *(one | PERSON for one in FOUR),
        set().union(*FOUR) - set(range(10)),
    ],
    "nearer to another combination": [set(range(5)), {0, 1, 2, 3, 4, 5, 6, 7, 9, 10}, {0, 1, 2, 5, 8}],
}


@pytest.mark.parametrize("asked", ATTACKS.values(), ids=ATTACKS)
@pytest.mark.parametrize("turned", [0, 1, 2])
def test_no_trick_with_factors_singles_anybody_out(asked: list[set[int]], turned: int) -> None:
    for cohort in (5, 10):
        out = given_out([*asked[turned:], *asked[:turned]], cohort)
        assert not out or not about_few(out, cohort)
        assert len(out) < len(asked)


@given(st.lists(st.sets(st.integers(0, 13), min_size=COHORT), min_size=1, max_size=6))
def test_no_combination_of_answers_with_any_factors_is_about_fewer_than_the_cohort(
    asked: list[set[int]],
) -> None:
    out = given_out(asked)
    assert not out or not about_few(out)


@given(st.lists(st.sets(st.integers(0, 5), min_size=1), min_size=1, max_size=6), st.integers(0, 9))
def test_where_all_regions_have_the_cohort_nothing_new_is_refused(asked: list[set[int]], more: int) -> None:
    """Six groups of the cohort or more, and questions about whole groups."""
    sizes = [COHORT + (more * at) % 7 for at in range(6)]
    starts = np.cumsum([0, *sizes])
    whole = [{unit for at in one for unit in range(starts[at], starts[at + 1])} for one in asked]
    audit, rank = Audit(COHORT), 0
    for at, units in enumerate(whole):
        found = int(np.linalg.matrix_rank([[group in one for group in range(6)] for one in asked[: at + 1]]))
        assert (audit.add(told(units, str(at), at)) is None) is (found > rank)
        rank = found


@given(st.lists(st.sets(st.integers(0, 13), min_size=COHORT), min_size=2, max_size=5))
def test_an_answer_of_several_numbers_is_taken_in_whole_only_where_nothing_is_about_few(
    asked: list[set[int]],
) -> None:
    audit = Audit(COHORT)
    if audit.add_all([told(units, str(at)) for at, units in enumerate(asked)]):
        assert not about_few(asked)
    else:
        assert audit.add(told(asked[0], "0")) is None, "as if nothing had been asked"


def test_many_groups_that_share_a_person_each_are_all_told() -> None:
    """Of 40 groups any two have one person in common: each alone could be in many of them, and none is."""
    groups = [set(range(1_000 * at, 1_000 * at + 60)) for at in range(40)]
    for number, (one, other) in enumerate(combinations(groups, 2)):
        one.add(100_000 + number)
        other.add(100_000 + number)
    audit = Audit(COHORT)
    assert [audit.add(told(group, str(at))) for at, group in enumerate(groups)] == [None] * 40


def test_what_would_take_too_long_to_look_at_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leverages, "MOST_PATTERNS", 1)
    audit = Audit(COHORT)
    assert audit.add(told(set(range(30)), "all")) is None
    assert audit.add(told(set(range(25)), "all but five")) is not None


def test_who_came_with_a_new_version_hides_nobody_and_stops_nobody() -> None:
    before, after = set(range(100)), set(range(101))
    audit = Audit(COHORT)
    audit.known([Told(UNITS, Box("cut", {}), BitMap(units)) for units in (before, after)])
    assert audit.add(told(set(range(50)), "half")) is None
    assert audit.add(told({*range(60, 64), 100}, "four and the new one")) is not None
    assert audit.add(told({*range(60, 65), 100}, "five and the new one")) is None


@pytest.mark.parametrize(
    ("second", "given_out"),
    [
        (set(range(30)), False),  # the same persons in other words
        (set(range(29)), False),
        (set(range(26)), False),
        (set(range(25)), True),
        (set(range(31)), False),
        (set(range(1, 31)), False),  # one left and one came
        (set(range(35)), True),
        (set(range(40, 70)), True),
    ],
)
def test_two_answers_differ_by_the_cohort_or_are_not_both_given(second: set[int], given_out: bool) -> None:
    audit = Audit(COHORT)
    assert audit.add(told(set(range(30)), "a", 7)) is None
    refused = audit.add(told(second, "b"))
    assert (refused is None) is given_out
    assert refused is None or refused.answer == 7


def test_a_combination_of_several_names_none_of_them() -> None:
    audit = Audit(COHORT, [told(set(range(50)), "a", 1), told(set(range(50, 100)), "b", 2)])
    refused = audit.add(told(set(range(99)), "c"))
    assert refused is not None
    assert refused.answer is None


@pytest.mark.parametrize("size", range(2 * COHORT))
@pytest.mark.parametrize("trick", ["less the group", "tracker", "with factors"])
def test_a_refusal_is_the_same_for_every_size_of_the_group_under_the_cohort(trick: str, size: int) -> None:
    """Zero included: who asks could foresee it from what every withheld group is like, and learns no size."""
    group = set(range(200, 200 + size))
    before, last = {
        "less the group": ([FOUR[0] | group], FOUR[0]),
        "tracker": ([FOUR[0] | group, FOUR[1]], FOUR[0] | FOUR[1]),
        "with factors": ([one | group for one in FOUR], set().union(*FOUR)),
    }[trick]
    audit = Audit(COHORT)
    for at, units in enumerate(before):
        assert audit.add(told(units, str(at), at)) is None
    refused = audit.add(told(last, "last"))
    earlier = 0 if trick == "less the group" else None
    assert refused == (TooClose(earlier) if size < COHORT else None)


def test_a_scope_that_is_full_gives_nothing_more() -> None:
    audit = Audit(COHORT)
    audit.known([Told(UNITS, Box("cut", {}), BitMap())] * MAXIMUM_SETS)
    assert audit.add(told(set(range(100)), "a")) is not None


def box(**fixed: str) -> Box:
    return Box("cut", fixed, {"sex": ("0", "1")} if "sex" in fixed else {})


@pytest.mark.parametrize(
    ("new", "earlier", "does"),
    [
        (box(sex="1"), [box(sex="1")], True),
        (box(), [box(sex="1"), box(sex="0")], True),
        (box(sex="1"), [box(), box(sex="0")], True),
        (box(sex="1"), [box()], False),
        (box(age="3"), [box(), box(age="4")], False),  # nobody declared which ages there are
        (box(sex="1", age="3"), [box(age="3"), box(sex="0", age="3")], True),
        (box(sex="1", age="3"), [box(age="4"), box(sex="0", age="4")], False),
        (box(sex="1"), [Box("another cut", {"sex": "1"})], False),
        (box(), [], False),
    ],
)
def test_what_follows_from_the_questions_alone(new: Box, earlier: list[Box], does: bool) -> None:
    assert follows(new, earlier) is does


def test_a_condition_on_one_value_and_a_group_of_that_value_are_the_same_box() -> None:
    grouped = AggregatePlan(DatasetName("d"), (Key(SEX, (0, 1)),), COUNT)
    fixed = AggregatePlan(DatasetName("d"), (), COUNT, All((Compare(SEX, Comparator.EQ, 1),)))
    cell = boxes(grouped, "cut", [(0,), (1,)])[1]
    (asked,) = boxes(fixed, "cut", [()], {SEX: (0, 1)})
    assert cell == asked
    other = AggregatePlan(DatasetName("d"), (), COUNT, Not(Compare(SEX, Comparator.EQ, 0)))
    assert boxes(other, "cut", [()])[0].family != cell.family, (
        "that this is the same does not follow from words"
    )
    assert boxes(fixed, "another", [()])[0].family != asked.family


def test_what_is_added_to_a_copy_or_refused_leaves_no_trace() -> None:
    audit = Audit(COHORT)
    assert audit.add(told(set(range(30)), "a", 1)) is None
    copied = audit.copy()
    assert copied.add(told(set(range(20)), "b", 2)) is None
    assert copied.add(told(set(range(19)), "c", 3)) is not None
    assert audit.add(told(set(range(19)), "c", 3)) is None, (
        "neither the copy's answer nor its refusal counts here"
    )
