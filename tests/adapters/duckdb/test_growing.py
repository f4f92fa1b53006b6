"""Trees as nodes: they say what XGBoost's trees say, no leaf is small, and a stranger's tree leads nowhere."""

from dataclasses import replace

import numpy as np
import pytest

from dataspace.adapters.duckdb.growing import grow
from dataspace.model.names import ColumnName, DatasetName
from dataspace.model.plans import Family, TrainingPlan
from dataspace.planning import trees

PLAN = TrainingPlan(
    DatasetName("stays"),
    Family.TREES,
    ColumnName("died"),
    (ColumnName("los"), ColumnName("age")),
    {},
    "research",
    scales={ColumnName("los"): (0.0, 64.0), ColumnName("age"): (0.0, 100.0)},
)


def rows(n: int = 600, seed: int = 1):  # type: ignore[no-untyped-def]
    draw = np.random.default_rng(seed)
    x = np.column_stack([np.ones(n), draw.uniform(-5, 80, n), draw.uniform(0, 100, n)])
    y = (draw.random(n) < np.where((x[:, 1] > 30) ^ (x[:, 2] > 50), 0.8, 0.2)).astype(float)
    return trees.binned(PLAN, x), y


def test_values_become_bins_between_the_declared_bounds() -> None:
    x, _ = rows()
    assert set(np.unique(x[:, 1])) == set(range(32))
    assert (x[:, 0] == 1).all()


def test_rounds_of_trees_tell_what_one_line_cannot() -> None:
    x, y = rows()
    model = trees.none()
    for _ in range(10):
        _, tree = grow(PLAN, x, y, np.arange(len(y)), {"trees": model}, 10)
        model = trees.together(model, [tree])
    trees.check(PLAN, model, 10)
    assert ((trees.margin(model, x) > 0) == y).mean() > 0.75


def test_our_nodes_say_what_the_booster_says() -> None:
    import xgboost

    x, y = rows()
    _, tree = grow(PLAN, x, y, np.arange(len(y)), {"trees": trees.none()}, 1)
    settings = {
        "objective": "binary:logistic",
        "base_score": 0.5,
        "tree_method": "exact",
        "max_depth": 3,
        "eta": 0.3,
        "lambda": 1.0,
        "min_child_weight": 0.25,
    }
    booster = xgboost.train(settings, xgboost.DMatrix(x, label=y), 1)
    expected = booster.predict(xgboost.DMatrix(x), output_margin=True)
    np.testing.assert_allclose(trees.margin(trees.together(trees.none(), [tree]), x), expected, atol=1e-6)


def test_no_leaf_stands_for_fewer_persons_than_the_cohort_also_where_persons_have_many_rows() -> None:
    x, y = rows()
    units = np.arange(len(y)) // 20
    said, tree = grow(
        replace(PLAN, boosting=replace(PLAN.boosting, depth=6)), x, y, units, {"trees": trees.none()}, 15
    )
    assert said["smallest_leaf"] == trees.smallest(tree, x, units) >= 15
    alone, one = grow(PLAN, x, y, np.zeros(len(y), int), {"trees": trees.none()}, 15)
    assert len(one) == 1
    assert alone["smallest_leaf"] == 1


def test_a_rounds_trees_count_together_as_one() -> None:
    x, y = rows()
    _, tree = grow(PLAN, x, y, np.arange(len(y)), {"trees": trees.none()}, 10)
    once, twice = (trees.together(trees.none(), [tree] * times) for times in (1, 2))
    np.testing.assert_allclose(trees.margin(once, x), trees.margin(twice, x))


def node(*row: float) -> np.ndarray:
    return np.array([list(row)], float)


@pytest.mark.parametrize(
    "nodes",
    [
        np.zeros((3, 5)),
        node(0, -1, 0, 0, 0, np.nan),
        node(0, -1, 0, 0, 0, 1e9),
        node(0, 1, 0.5, 0, 0, 0),
        node(0, 1, 0.5, 1, 2, 0),
        node(0, 7, 0.5, 1, 2, 0),
        node(0, 0.5, 0, 0, 0, 0),
        node(3, -1, 0, 0, 0, 0),
        np.repeat(node(0, -1, 0, 0, 0, 0), 17, axis=0),
        np.concatenate([node(0, -1, 0, 0, 0, 0), node(1, -1, 0, 0, 0, 0), node(2, -1, 0, 0, 0, 0)]),
    ],
)
def test_what_is_no_tree_of_the_plan_is_refused(nodes: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"node|tree"):
        trees.check(PLAN, nodes, 2)
