"""The guard over answers taken together: by brute force over small worlds, and what follows from the words alone."""

from itertools import product

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pyroaring import BitMap

from dataspace.model.names import ColumnName, DatasetName
from dataspace.model.plans import AggregatePlan, Function, Key, Measure
from dataspace.model.predicates import All, Comparator, Compare, Not
from dataspace.planning.differencing import MAXIMUM_SETS, UNITS, Audit, Box, Told, boxes, follows

COHORT = 5
SEX, AGE = ColumnName("sex"), ColumnName("age")
COUNT = (Measure(Function.COUNT, None, "n"),)


def told(units: set[int], name: str, answer: int = 0) -> Told:
    return Told(UNITS, Box("cut", {"q": name}), BitMap(units), answer)


@given(st.lists(st.sets(st.integers(0, 23), min_size=COHORT), min_size=1, max_size=5))
@example([{0, 1, 2, 3, 4}, {0, 1, 2, 3, 4, 5, 6, 7, 9, 10}, {0, 1, 2, 5, 8}])
@settings(max_examples=300, deadline=None)
def test_no_sum_or_difference_of_answers_singles_out_fewer_than_the_cohort(asked: list[set[int]]) -> None:
    audit, given_out = Audit(COHORT), []
    for at, units in enumerate(asked):
        if audit.add(told(units, str(at), at)) is None:
            given_out.append(np.isin(np.arange(24), list(units)).astype(int))
        else:
            break
    for factors in product((-1, 0, 1), repeat=len(given_out)):
        found = sum((f * one for f, one in zip(factors, given_out, strict=True)), np.zeros(24, int))
        size = int(np.count_nonzero(found))
        assert size == 0 or size >= COHORT, (factors, given_out)


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


def test_a_scope_that_is_full_gives_nothing_more() -> None:
    audit = Audit(COHORT)
    for _ in range(MAXIMUM_SETS):
        audit.known(Told(UNITS, Box("cut", {}), BitMap()))
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
