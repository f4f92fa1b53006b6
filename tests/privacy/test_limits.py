"""Exact sums of ε: every rounding goes against the requester."""

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataspace.errors import InvalidRequest
from dataspace.privacy.limits import LARGEST, UNITS, limit_units, spent_units


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
