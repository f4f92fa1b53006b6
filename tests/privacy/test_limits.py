"""Exact sums of ε: every rounding goes against the requester."""

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataspace.errors import InvalidRequest
from dataspace.model.charges import Limits, Overspent
from dataspace.privacy.limits import LARGEST, UNITS, Spent, limit_units, refusal, spent_units
from dataspace.testing.examples import example_charge
from dataspace.testing.ledgers import STAYS


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


def test_an_endless_limit_lets_everything_pass_that_a_charge_can_be() -> None:
    assert limit_units(math.inf) == LARGEST
    assert refusal(STAYS, example_charge(1e6), Spent(10**15, 10**15), Limits(math.inf, math.inf)) is None


def test_the_permit_binds_before_the_lineage_where_both_are_as_tight() -> None:
    refused = refusal(STAYS, example_charge(0.5), Spent(0, 0), Limits(lineage=0.2, permit=0.2))
    assert refused == Overspent(STAYS, 0.5, 0.2, "permit")


def test_an_overspent_account_has_nothing_left_not_less() -> None:
    refused = refusal(STAYS, example_charge(0.1), Spent(11 * UNITS, 0), Limits())
    assert refused == Overspent(STAYS, 0.1, 0.0, "lineage")
    assert refusal(STAYS, example_charge(0), Spent(11 * UNITS, 0), Limits()) is not None
