"""Networks: gradients are those of the likelihood, one person moves a clipped sum by no more than the norm."""

from dataclasses import replace

import numpy as np
import pytest

from dataspace.model.names import ColumnName, DatasetName
from dataspace.model.plans import Family, TrainingPlan
from dataspace.model.training import Network
from dataspace.planning.logistic import fit_statistics, newton_step, standard_errors
from dataspace.planning.network import (
    CHUNK,
    chances,
    clipped,
    clipped_sum,
    fit_sums,
    initial,
    local_update,
    score,
    shapes,
    size,
)

PLAN = TrainingPlan(
    DatasetName("stays"),
    Family.MLP,
    ColumnName("kind"),
    (ColumnName("a"), ColumnName("b")),
    {},
    "research",
    classes=("x", "y", "z"),
    network=Network(hidden=(4, 3), steps=30, batch=16),
)
LINEAR = replace(PLAN, family=Family.MULTINOMIAL)


def rows(n: int = 120, seed: int = 3):  # type: ignore[no-untyped-def]
    draw = np.random.default_rng(seed)
    x = np.column_stack([np.ones(n), draw.normal(size=(n, 2))])
    y = np.argmax(x @ draw.normal(size=(3, 3)) + draw.gumbel(size=(n, 3)), axis=1).astype(float)
    return x, y


def test_the_shapes_of_a_network_follow_from_the_plan() -> None:
    assert shapes(PLAN) == ((3, 4), (5, 3), (4, 2))
    assert size(PLAN) == len(initial(PLAN)) == 35
    assert shapes(LINEAR) == ((3, 2),)


@pytest.mark.parametrize("plan", [PLAN, LINEAR])
def test_the_gradient_is_the_slope_of_the_likelihood(plan: TrainingPlan) -> None:
    x, y = rows(9)
    found, weights = shapes(plan), np.random.default_rng(1).normal(size=size(plan))
    ours = clipped_sum(x, y, np.arange(9), weights, found, 1e9)
    for at in range(len(weights)):
        step = np.zeros_like(weights)
        step[at] = 1e-6
        up, down = (score(x, y, weights + s, found).log_likelihood for s in (step, -step))
        assert ours[at] == pytest.approx((up - down) / 2e-6, abs=1e-5)


def test_one_person_changes_a_clipped_sum_by_the_norm_at_most_however_many_rows_they_have() -> None:
    x, y = rows()
    x[:40] *= 100
    units = np.array([7] * 40 + list(range(100, 180)))
    weights, found = np.random.default_rng(2).normal(size=size(PLAN)), shapes(PLAN)
    with_them = clipped_sum(x, y, units, weights, found, 0.5)
    without = clipped_sum(x[40:], y[40:], units[40:], weights, found, 0.5)
    assert 0.1 < np.linalg.norm(with_them - without) <= 0.5 + 1e-12
    assert np.linalg.norm(clipped_sum(x[:40], y[:40], units[:40], weights, found, 0.5)) <= 0.5 + 1e-12


def test_many_rows_in_pieces_give_the_same_sum(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = rows()
    units, weights = np.arange(120) // 7, np.random.default_rng(2).normal(size=size(PLAN))
    whole = clipped_sum(x, y, units, weights, shapes(PLAN), 0.5)
    monkeypatch.setattr("dataspace.planning.network.CHUNK", 35 * 10)
    assert CHUNK > 35 * 10
    np.testing.assert_allclose(clipped_sum(x, y, units, weights, shapes(PLAN), 0.5), whole, atol=1e-12)
    assert not clipped_sum(x[:0], y[:0], units[:0], weights, shapes(PLAN), 0.5).any()


def test_two_classes_are_logistic_regression() -> None:
    x, y = rows()
    y, beta = (y > 0).astype(float), np.array([0.3, -0.2, 0.5])
    ours, known = fit_sums(x, y, beta, 2), fit_statistics(x, y, beta)
    np.testing.assert_allclose(ours.gradient, known.gradient)
    np.testing.assert_allclose(ours.hessian, known.hessian)
    assert ours.log_likelihood == pytest.approx(known.log_likelihood)
    assert (ours.n, ours.events) == (known.n, known.events)


def test_newton_steps_reach_the_multinomial_fit_of_statsmodels() -> None:
    api = pytest.importorskip("statsmodels.api")
    x, y = rows(300)
    beta = np.zeros(6)
    for _ in range(8):
        beta = newton_step(beta, fit_sums(x, y, beta, 3), intercepts=2)
    known = api.MNLogit(y, x).fit(disp=False)
    np.testing.assert_allclose(beta.reshape(3, 2), known.params, atol=1e-6)
    errors = standard_errors(fit_sums(x, y, beta, 3), intercepts=2)
    np.testing.assert_allclose(errors.reshape(3, 2), known.bse, atol=1e-4)


def test_local_steps_make_the_rows_likelier_and_stay_within_the_norm() -> None:
    x, y = rows(300)
    weights, found = initial(PLAN), shapes(PLAN)
    before = score(x, y, weights, found)
    moved = weights
    for number in range(1, 6):
        moved = moved + local_update(x, y, moved, PLAN, number)
    after = score(x, y, moved, found)
    assert after.log_likelihood > before.log_likelihood + 20
    assert after.correct > before.correct
    tight = replace(PLAN, network=replace(PLAN.network, clip=0.01))
    assert np.linalg.norm(local_update(x, y, weights, tight, 1)) == pytest.approx(0.01)


def test_what_is_within_the_norm_stays_as_it_is() -> None:
    vector = np.array([3.0, 4.0])
    assert clipped(vector, 5.0) is vector
    assert np.linalg.norm(clipped(vector, 1.0)) == pytest.approx(1.0)


def test_chances_add_up_to_one_also_far_out() -> None:
    found = chances(np.array([[1.0, 1e6, -1e6]]), np.full(6, 3.0), shapes(LINEAR))
    assert np.isfinite(found).all()
    assert found.sum() == pytest.approx(1.0)
