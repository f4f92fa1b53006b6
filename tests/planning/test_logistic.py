"""The federated fit is the pooled fit, and the pooled fit is statsmodels' fit."""

import numpy as np
import pytest
import statsmodels.api as sm

from dataspace.model.names import ColumnName, DatasetName
from dataspace.model.plans import Family, TrainingPlan
from dataspace.planning.logistic import (
    FitStatistics,
    Matrix,
    Vector,
    auc,
    combine,
    design_matrix,
    evaluate,
    fit_statistics,
    held_out,
    newton_step,
    standard_errors,
)

DIED, AGE, KIND, SEX = (ColumnName(n) for n in ("died", "age", "kind", "sex"))
PLAN = TrainingPlan(
    DatasetName("d"), Family.LOGISTIC, DIED, (AGE, KIND, SEX), {KIND: (1, 2, 3), SEX: ("f", "m")}, "research"
)


def rows(n: int = 900, seed: int = 4) -> tuple[Matrix, Vector]:
    chance = np.random.default_rng(seed)
    x = np.column_stack(
        [np.ones(n), chance.normal(size=n), chance.integers(0, 2, n), chance.exponential(2.0, n)]
    )
    score = x @ np.array([-0.5, 0.8, -0.4, 0.2])
    return x, (chance.random(n) < 1 / (1 + np.exp(-score))).astype(float)


def fit(
    sites: list[tuple[Matrix, Vector]], rounds: int = 12, ridge: float = 0.0
) -> tuple[Vector, FitStatistics]:
    beta = np.zeros(sites[0][0].shape[1])
    for _ in range(rounds):
        beta = newton_step(beta, combine([fit_statistics(x, y, beta) for x, y in sites]), ridge)
    return beta, combine([fit_statistics(x, y, beta) for x, y in sites])


def test_three_sites_of_unequal_size_fit_what_statsmodels_fits_on_all_rows() -> None:
    x, y = rows()
    beta, stats = fit([(x[:100], y[:100]), (x[100:350], y[100:350]), (x[350:], y[350:])])
    oracle = sm.Logit(y, x).fit(disp=0, tol=1e-12)
    np.testing.assert_allclose(beta, oracle.params, rtol=1e-8)
    np.testing.assert_allclose(standard_errors(stats), oracle.bse, rtol=1e-6)
    assert stats.log_likelihood == pytest.approx(oracle.llf, rel=1e-12)
    assert (stats.n, stats.events) == (900, int(y.sum()))


def test_each_round_is_the_same_wherever_the_rows_are() -> None:
    x, y = rows(200)
    beta = np.array([0.3, -1.0, 0.2, 0.05])
    whole = fit_statistics(x, y, beta)
    parts = combine([fit_statistics(x[at::4], y[at::4], beta) for at in range(4)])
    np.testing.assert_allclose(parts.gradient, whole.gradient, atol=1e-10)
    np.testing.assert_allclose(parts.hessian, whole.hessian, atol=1e-10)


def test_the_gradient_and_the_information_are_derivatives_of_the_likelihood() -> None:
    x, y = rows(60)
    beta, width = np.array([0.1, 0.2, -0.3, 0.1]), 1e-5
    stats = fit_statistics(x, y, beta)
    for at in range(4):
        move = np.eye(4)[at] * width
        up, down = fit_statistics(x, y, beta + move), fit_statistics(x, y, beta - move)
        assert (up.log_likelihood - down.log_likelihood) / (2 * width) == pytest.approx(
            stats.gradient[at], rel=1e-5
        )
        np.testing.assert_allclose((down.gradient - up.gradient) / (2 * width), stats.hessian[at], rtol=1e-5)


def test_a_ridge_shrinks_all_but_the_intercept_and_saves_a_singular_fit() -> None:
    x, y = rows()
    plain, _ = fit([(x, y)])
    shrunk, _ = fit([(x, y)], ridge=200.0)
    assert np.all(np.abs(shrunk[1:]) < np.abs(plain[1:]))
    twice = np.column_stack([x, x[:, 1]])
    with pytest.raises(ValueError, match="cannot be told"):
        fit([(twice, y)])
    saved, _ = fit([(twice, y)], ridge=1.0)
    assert saved[1] == pytest.approx(saved[4])


def test_extreme_scores_neither_overflow_nor_give_nonsense() -> None:
    x, y = np.array([[1.0, 1e6], [1.0, -1e6]]), np.array([0.0, 1.0])
    with np.errstate(all="raise", under="ignore"):
        stats = fit_statistics(x, y, np.array([0.0, 1.0]))
    assert stats.log_likelihood == pytest.approx(-2e6)
    assert np.isfinite(stats.gradient).all()


def test_no_answering_site_is_an_error() -> None:
    with pytest.raises(ValueError, match="no site"):
        combine([])


def test_the_columns_are_the_terms_of_the_plan() -> None:
    columns = {
        DIED: np.array([1.0, 0.0, 1.0, 0.0, 2.0, np.nan, 1.0, 0.0]),
        AGE: np.array([50.0, 60.0, 70.0, np.nan, 1.0, 1.0, 40.0, 45.0]),
        KIND: np.array([1.0, 2.0, 3.0, 1.0, 1.0, 1.0, 9.0, 2.0]),
        SEX: np.array(["f", "m", "m", "f", "f", "f", "m", None], dtype=object),
    }
    x, y, whole = design_matrix(PLAN, columns)
    assert PLAN.terms() == ("(intercept)", "age", "kind=2", "kind=3", "sex=m")
    assert whole.tolist() == [True, True, True, False, False, False, False, False]
    assert x.tolist() == [[1, 50, 0, 0, 0], [1, 60, 1, 0, 1], [1, 70, 0, 1, 1]]
    assert y.tolist() == [1.0, 0.0, 1.0]


@pytest.mark.parametrize(
    ("scores", "y", "expected"),
    [
        ([1, 2, 3, 4], [0, 0, 1, 1], 1.0),
        ([4, 3, 2, 1], [0, 0, 1, 1], 0.0),
        ([1, 1, 1, 1], [0, 1, 0, 1], 0.5),
        ([1, 2, 2, 3], [0, 0, 1, 1], 0.875),
        ([1, 2, 3], [0, 1, 0], 0.5),
    ],
)
def test_auc_by_hand(scores: list[float], y: list[float], expected: float) -> None:
    assert auc(np.array(scores, dtype=float), np.array(y, dtype=float)) == pytest.approx(expected)


def test_auc_is_the_share_of_pairs_in_order() -> None:
    chance = np.random.default_rng(1)
    scores, y = chance.integers(0, 9, 120).astype(float), (chance.random(120) < 0.4).astype(float)
    pairs = [(a > b) + (a == b) / 2 for a in scores[y == 1] for b in scores[y == 0]]
    assert auc(scores, y) == pytest.approx(np.mean(pairs))


def test_auc_of_one_class_is_not_a_number() -> None:
    assert np.isnan(evaluate(np.ones((3, 1)), np.zeros(3), np.zeros(1)).auc)


def test_the_held_out_rows_depend_on_the_unit_alone_and_have_the_share() -> None:
    units = np.arange(20_000)
    kept = held_out(units, 0.25)
    assert kept.mean() == pytest.approx(0.25, abs=0.015)
    assert (held_out(units[::-1].copy(), 0.25)[::-1] == kept).all()
    assert (held_out(units, 0.5) >= kept).all()
    assert not held_out(units, 0.0).any()


def test_all_rows_of_a_unit_are_on_one_side() -> None:
    units = np.repeat(np.arange(50), 4)
    kept = held_out(units, 0.5)
    assert all(len(set(kept[units == unit])) == 1 for unit in range(50))
