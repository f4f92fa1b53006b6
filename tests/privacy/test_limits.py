"""Exact sums of ε: every rounding goes against the requester."""

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataspace.errors import Conflict, InvalidRequest
from dataspace.model.charges import Account, Reservation
from dataspace.model.names import ColumnName, DatasetName
from dataspace.privacy.limits import LARGEST, MAX_EPSILON, UNITS, limit_units, same_question, spent_units
from dataspace.testing.examples import AT, example_charge


@given(st.floats(0, 1e6))
def test_a_charge_is_rounded_up_and_a_limit_down_by_less_than_a_billionth(epsilon: float) -> None:
    exact = Fraction(repr(epsilon)) * UNITS
    assert 0 <= spent_units(epsilon) - exact < 1
    assert 0 <= exact - limit_units(epsilon) < 1


def test_the_smallest_charge_still_costs_something() -> None:
    assert spent_units(5e-324) == 1
    assert limit_units(5e-324) == 0


@pytest.mark.parametrize("bad", [-1e-9, math.nan, -math.inf])
def test_a_limit_that_is_none_is_refused(bad: float) -> None:
    with pytest.raises(InvalidRequest):
        limit_units(bad)


def test_an_endless_limit_is_the_largest_number() -> None:
    assert limit_units(math.inf) == LARGEST


def test_epsilon_is_counted_in_billionths_that_a_database_can_add_up() -> None:
    """Its whole numbers have 64 bits; nine thousand charges of the most that may be asked still fit."""
    assert spent_units(1.0) == limit_units(1.0) == 1_000_000_000
    assert LARGEST == 9_223_372_036_854_775_807
    assert 9_000 * spent_units(1e6) < LARGEST


def test_a_charge_is_of_a_million_at_most_and_a_limit_above_that_is_none() -> None:
    assert spent_units(MAX_EPSILON) == limit_units(MAX_EPSILON) == 10**15
    assert limit_units(math.nextafter(MAX_EPSILON, math.inf)) == LARGEST
    assert MAX_EPSILON == 1_000_000


@pytest.mark.parametrize("bad", [-0.1, math.nan, math.inf, -math.inf, math.nextafter(1e6, math.inf)])
def test_a_charge_that_is_none_is_refused(bad: float) -> None:
    with pytest.raises(InvalidRequest, match="from 0 to 1,000,000"):
        spent_units(bad)


def test_a_key_stands_for_one_question_on_one_account() -> None:
    account = Account(DatasetName("stays"), ColumnName("person"))
    kept = Reservation("r-1", account, example_charge(0.1), AT)
    same_question(kept, account, example_charge(0.1))
    with pytest.raises(Conflict, match="used for another question"):
        same_question(kept, account, example_charge(0.2))
    with pytest.raises(Conflict, match="used for another question"):
        same_question(kept, Account(DatasetName("stays"), None), example_charge(0.1))
