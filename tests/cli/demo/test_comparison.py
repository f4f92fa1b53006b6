"""The pooled fit that federation is held against is that of an independent library, on the same rows."""

import math
import os
from pathlib import Path

import numpy as np
import pytest

from dataspace.cli.demo.comparison import auc_error, compare, fit, split
from dataspace.cli.demo.stays import HOSPITALS, Row, read_stays, share_out
from dataspace.model.names import ColumnName, DatasetName
from dataspace.model.plans import Family, TrainingPlan
from dataspace.planning.logistic import auc

ROOT = Path(__file__).resolve().parents[3]
PLAN = TrainingPlan(
    dataset=DatasetName("medpar"),
    family=Family.LOGISTIC,
    target=ColumnName("died"),
    features=tuple(ColumnName(name) for name in ("age80", "hmo", "white", "type")),
    categorical={ColumnName("type"): (1, 2, 3)},
    purpose="train AI systems",
)


@pytest.fixture(scope="module")
def rows() -> dict[str, tuple[Row, ...]]:
    path = Path(os.environ.get("DATASPACE_MEDPAR") or ROOT / ".cache" / "medpar.csv")
    if not path.is_file():
        pytest.skip("the medpar stays are not there: run `make setup`")
    return {group.name: group.rows for group in share_out(read_stays(path)) if group.name in HOSPITALS}


def test_the_pooled_fit_is_that_of_statsmodels(rows: dict[str, tuple[Row, ...]]) -> None:
    import statsmodels.api as sm

    parts = [split(PLAN, rows[name]).train for name in HOSPITALS]
    ours = fit(PLAN, parts)
    oracle = sm.Logit(np.concatenate([y for _, y in parts]), np.vstack([x for x, _ in parts])).fit(disp=0)
    assert np.allclose(ours.beta, oracle.params, atol=1e-8)
    assert np.allclose(ours.errors, oracle.bse, atol=1e-8)


def test_every_hospital_has_enough_to_train_and_to_be_tested_on(rows: dict[str, tuple[Row, ...]]) -> None:
    for stays in rows.values():
        halves = split(PLAN, stays)
        for _, died in (halves.train, halves.held):
            assert len(died) >= 50
            assert min(died.sum(), len(died) - died.sum()) >= 10
        assert len(halves.train[1]) + len(halves.held[1]) == len(stays)


def test_federated_coefficients_that_are_the_pooled_ones_differ_by_nothing(
    rows: dict[str, tuple[Row, ...]],
) -> None:
    three = HOSPITALS[:3]
    pooled = fit(PLAN, [split(PLAN, rows[name]).train for name in three])
    same = compare(PLAN, rows, three, pooled.beta.tolist())
    assert same.largest_difference == 0.0
    assert same.federated == same.pooled
    moved = compare(PLAN, rows, three, [value + 0.25 for value in pooled.beta])
    assert math.isclose(moved.largest_difference, 0.25)


def test_a_hospital_that_has_not_seen_a_kind_of_admission_has_no_model_of_its_own(
    rows: dict[str, tuple[Row, ...]],
) -> None:
    no_emergencies = tuple(row for row in rows["hospital-a"] if row[6] != "3")
    found = compare(PLAN, {**rows, "hospital-a": no_emergencies}, HOSPITALS[1:], [0.0] * 6)
    assert found.alone["hospital-a"] is None
    assert found.alone["hospital-b"] is not None


def test_the_error_of_an_auc_is_its_spread_over_many_samples() -> None:
    draw = np.random.default_rng(7)
    events, others = 26, 52
    target = np.array([1.0] * events + [0.0] * others)
    found = [auc(np.r_[draw.normal(0.5, 1, events), draw.normal(0, 1, others)], target) for _ in range(2000)]
    assert math.isclose(auc_error(float(np.mean(found)), events, others), float(np.std(found)), rel_tol=0.1)
