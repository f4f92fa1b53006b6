"""Noise for training: it is normal, it is wide enough, it is never the same, and it stays on its grid."""

import numpy as np
import pytest
from scipy import stats

from dataspace.adapters.gaussian import GRID, MOST, noised, normal


def test_the_numbers_are_normal_and_independent() -> None:
    drawn = normal(200_001, bytes(range(32)))
    assert stats.kstest(drawn, "norm").pvalue > 0.001
    assert abs(np.corrcoef(drawn[:-1], drawn[1:])[0, 1]) < 0.01
    assert abs(np.corrcoef(drawn[:100_000], drawn[100_000:200_000])[0, 1]) < 0.01
    assert np.abs(drawn).max() > 4


def test_the_tails_are_those_of_the_normal_distribution() -> None:
    drawn = np.abs(normal(1_000_000, bytes(32)))
    for far in (2.0, 3.0, 4.0):
        expected = 2 * stats.norm.sf(far) * 1_000_000
        assert abs((drawn > far).sum() - expected) < 5 * np.sqrt(expected)


def test_the_noise_is_as_wide_as_was_promised_and_a_little_wider() -> None:
    found = noised(np.zeros(100_000), 2.0, 3.0, bytes(32))
    assert 6.0 * 0.99 < found.std() < 6.0 * 1.02
    assert stats.kstest(found / 6.0, "norm").pvalue > 0.001


def test_what_leaves_stands_on_the_grid_whatever_was_hidden() -> None:
    for value in (0.1, 0.1 + 1e-12, np.pi):
        steps = noised(np.full(1_000, value), 1.0, 5.0) / GRID
        assert (steps == np.rint(steps)).all()


def test_two_draws_share_nothing() -> None:
    first, second = (noised(np.zeros(1_000), 1.0, 1.0) for _ in range(2))
    assert (first != second).mean() > 0.99
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.15


@pytest.mark.parametrize("values", [np.array([np.nan]), np.array([np.inf]), np.zeros(MOST + 1)])
def test_what_no_noise_can_hide_is_refused(values: np.ndarray) -> None:
    with pytest.raises(ValueError, match="no noise"):
        noised(values, 1.0, 1.0)


def test_the_shape_is_kept() -> None:
    assert noised(np.zeros((3, 5)), 1.0, 1.0).shape == (3, 5)
