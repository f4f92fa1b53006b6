"""How far a withheld number stays from being known: the figures of its room, by the rules in the module's head."""

from dataclasses import replace
from typing import Any

import pytest

from dataspace.model.plans import Disclosure
from dataspace.planning.cells import ColumnCell
from dataspace.planning.rooms import added_up, few, tells, values_of_few
from dataspace.planning.suppression import Room

RULES = Disclosure(cohort=10, dominance_n=2, dominance_share=0.9, p_percent=0.1)
PLAIN = ColumnCell(20, 20, 1000.0, 1000.0, 20, (300.0, 200.0), 10, 10, 5)
"""A sum of twenty that tells about nobody."""


def column(has: int) -> ColumnCell:
    return ColumnCell(has, has)


def test_a_count_of_few_could_be_anything_from_nothing_to_the_cohort() -> None:
    demand = few([3, 10, 40, 0], {0, 1, 3}, 10)
    assert dict(demand.rooms) == {0: Room(7, 3), 3: Room(10, 0)}
    assert demand.values.tolist() == [3, 10, 40, 0]


def test_a_count_that_other_answers_come_close_to_could_be_more_or_less_by_the_cohort() -> None:
    demand = few([3, 12, 7], {0}, 10, close={0, 1, 2})
    assert dict(demand.rooms) == {0: Room(7, 3), 1: Room(10, 10), 2: Room(10, 7)}


def test_of_a_column_those_with_a_value_and_those_without_could_be_anything_up_to_the_cohort() -> None:
    units = [20, 20, 20, 20, 19, 20]
    parts = [column(has) for has in (3, 15, 20, 10, 10, 0)]
    demand = values_of_few(units, parts, set(range(6)), 10)
    assert dict(demand.rooms) == {0: Room(7, 3), 1: Room(5, 5), 4: Room(9, 1), 5: Room(10, 0)}
    assert demand.values.tolist() == [3, 15, 20, 10, 10, 0]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({}, False),
        ({"total": float("nan")}, True),
        ({"total": float("inf")}, True),
        ({"constant": True}, True),
        ({"nonzero": 9}, True),
        ({"nonzero": 10}, False),
        ({"between": 0}, False),
        ({"between": 0, "at_lowest": 9}, True),
        ({"between": 0, "at_highest": 9}, True),
        ({"at_lowest": 1, "at_highest": 1}, False),
        ({"largest": (500.0, 400.0)}, False),
        ({"largest": (500.0, 400.5)}, True),
        ({"largest": (901.0,)}, True),
        ({"largest": ()}, False),
    ],
)
def test_a_sum_tells_about_single_units_where_a_rule_says_so(change: dict[str, Any], told: bool) -> None:
    assert tells(replace(PLAIN, **change), RULES) is told


@pytest.mark.parametrize(("rest", "told"), [(49.0, True), (50.0, False)])
def test_the_second_largest_may_not_guess_the_largest_closer_than_a_tenth(rest: float, told: bool) -> None:
    lenient = replace(RULES, dominance_share=0.99)
    part = replace(PLAIN, total=850 + rest, absolute=850 + rest, largest=(500.0, 350.0))
    assert tells(part, lenient) is told
    alone = replace(PLAIN, total=540.0 + rest, absolute=500 + rest, largest=(500.0,))
    assert tells(alone, lenient) is told


def test_a_withheld_sum_keeps_a_tenth_of_itself_or_what_its_rule_asks_for_if_that_is_more() -> None:
    parts = [
        replace(PLAIN, constant=True),  # a tenth
        replace(PLAIN, largest=(999.0, 1.0)),  # until the two largest are nine tenths
        replace(
            PLAIN, total=30.0, absolute=30.0, nonzero=3, largest=(5.0, 1.0)
        ),  # seven more of the typical size
        PLAIN,
    ]
    demand = added_up(parts, {0, 1, 2, 3}, RULES)
    assert demand.signed is False
    assert demand.values.tolist() == [1000, 1000, 30, 1000]
    assert {index: (round(room.up, 6), round(room.down, 6)) for index, room in demand.rooms.items()} == {
        0: (100, 100),
        1: (111.111111, 111.111111),
        2: (70, 30),
    }


@pytest.mark.parametrize("part", [replace(PLAIN, total=-30.0), replace(PLAIN, total=10.0)])
def test_a_sum_that_may_be_below_zero_could_be_less_by_as_much_as_it_could_be_more(part: ColumnCell) -> None:
    low = replace(PLAIN, total=30.0, absolute=30.0, nonzero=3, largest=(5.0, 1.0))
    demand = added_up([low, part], {0}, RULES)
    assert demand.signed is True
    assert demand.rooms[0] == Room(70.0, 70.0)


def test_a_sum_that_is_no_number_counts_as_nothing_and_is_kept_apart_by_its_finite_parts() -> None:
    broken = replace(PLAIN, total=float("nan"), absolute=float("inf"), largest=(float("inf"), 90.0))
    demand = added_up([broken, replace(PLAIN, nonzero=0)], {0}, RULES)
    assert demand.values.tolist() == [0, 1000]
    assert demand.rooms[0].up == pytest.approx(100.0)
    assert added_up([replace(broken, nonzero=0)], {0}, RULES).rooms[0].up == pytest.approx(100.0)
