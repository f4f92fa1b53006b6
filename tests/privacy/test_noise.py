"""Scales, quantiles and shares against the distributions that they come from."""

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataspace.privacy.noise import (
    discrete_laplace_quantile,
    gaussian_event,
    laplace_event,
    laplace_quantile,
    laplace_scale,
    pure_epsilon,
    split_epsilon,
)


def mass_within(scale: float, k: int) -> float:
    """P(|X| ≤ k), added up term by term."""
    p = math.exp(-1 / scale)
    return (1 - p) / (1 + p) * (1 + 2 * math.fsum(p**x for x in range(1, k + 1)))


@pytest.mark.parametrize("scale", [0.05, 0.3, 1, 2.5, 10, 33.3, 250])
@pytest.mark.parametrize("level", [0.01, 0.5, 0.9, 0.95, 0.99, 0.999])
def test_the_quantile_is_the_smallest_k_that_holds_the_level(scale: float, level: float) -> None:
    k = discrete_laplace_quantile(scale, level)
    assert mass_within(scale, k) >= level - 1e-12
    assert k == 0 or mass_within(scale, k - 1) < level


def test_a_level_that_falls_exactly_on_a_whole_number_is_not_pushed_up() -> None:
    scale = 1 / math.log(3)  # p = 1/3: P(X = 0) = 1/2, P(|X| ≤ 1) = 5/6, P(|X| ≤ 2) = 17/18
    assert [
        discrete_laplace_quantile(scale, float(Fraction(n, d))) for n, d in ((1, 2), (5, 6), (17, 18))
    ] == [0, 1, 2]


@given(st.floats(50, 1e7), st.floats(0.5, 0.999))
def test_for_wide_noise_the_discrete_quantile_is_the_continuous_one(scale: float, level: float) -> None:
    assert abs(discrete_laplace_quantile(scale, level) - laplace_quantile(scale, level)) <= 1.5


def test_the_continuous_quantile_is_that_of_scipy() -> None:
    from scipy.stats import laplace

    for scale, level in ((1, 0.95), (10, 0.9), (0.2, 0.5)):
        assert laplace_quantile(scale, level) == pytest.approx(laplace(scale=scale).ppf((1 + level) / 2))


def test_a_count_at_a_tenth_has_the_scale_of_ten() -> None:
    assert laplace_scale(1, 0.1) == 10
    assert discrete_laplace_quantile(laplace_scale(1, 0.1), 0.95) == 30
    assert laplace_scale(120, 0.5) == 240


@given(st.floats(1e-6, 1e3), st.integers(1, 50))
def test_shares_of_epsilon_never_add_up_to_more(epsilon: float, parts: int) -> None:
    shares = split_epsilon(epsilon, parts)
    assert len(shares) == parts
    assert len(set(shares)) == 1
    assert sum(map(Fraction, shares)) <= Fraction(epsilon)
    assert math.fsum(shares) == pytest.approx(epsilon)


@pytest.mark.parametrize("bad", [0, -1, math.nan, math.inf])
def test_what_is_not_positive_is_refused(bad: float) -> None:
    for call in (
        lambda: laplace_scale(bad, 1),
        lambda: laplace_scale(1, bad),
        lambda: discrete_laplace_quantile(bad, 0.95),
        lambda: laplace_quantile(bad, 0.95),
        lambda: split_epsilon(bad, 2),
        lambda: laplace_event(bad),
        lambda: gaussian_event(bad),
        lambda: discrete_laplace_quantile(1, bad),
    ):
        with pytest.raises(ValueError, match=r"number|between"):
            call()


def test_noise_so_wide_or_narrow_that_it_has_no_double_is_refused() -> None:
    for sensitivity, epsilon in ((1e308, 1e-10), (1e-300, 1e300)):
        with pytest.raises(ValueError, match="the scale"):
            laplace_scale(sensitivity, epsilon)


def test_epsilon_adds_up_where_there_is_no_delta() -> None:
    assert pure_epsilon([laplace_event(0.1, 3), laplace_event(0.5)]) == pytest.approx(0.8)
    assert pure_epsilon([]) == 0
    assert pure_epsilon([laplace_event(0.1), gaussian_event(5)]) == math.inf
