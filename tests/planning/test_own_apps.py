"""Weights of an own app between hub and site, and what a plan that names one may ask."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from dataspace.model.codec import from_json, to_json
from dataspace.model.names import ColumnName, DatasetName
from dataspace.model.own_apps import DeclaredWeight, OwnApp, Start, Weight
from dataspace.model.plans import Family, TrainingPlan
from dataspace.model.training import Network, Scaling, TrainingPrivacy
from dataspace.planning.network import size
from dataspace.planning.own_apps import by_name, first_weights, flat_of
from dataspace.planning.training_bounds import problem

WEIGHTS = (Weight("a", (2, 3)), Weight("b", (2,), Start.ZEROS), Weight("c", (1,), Start.ONES))
PLAN = TrainingPlan(
    DatasetName("visits"),
    Family.APP,
    ColumnName("died"),
    (ColumnName("dose"),),
    {},
    "research",
    app=OwnApp("0" * 64, WEIGHTS),
    privacy=TrainingPrivacy(),
)


def test_weights_go_from_a_vector_to_arrays_and_back() -> None:
    flat = np.arange(9.0)
    named = by_name(WEIGHTS, flat)
    assert {name: part.shape for name, part in named.items()} == {"a": (2, 3), "b": (2,), "c": (1,)}
    assert flat_of(WEIGHTS, named).tolist() == flat.tolist()


@pytest.mark.parametrize(
    "arrays",
    [{}, {"a": np.zeros((2, 3))}, {"a": np.zeros((3, 2)), "b": np.zeros(2), "c": np.zeros(1)}],
    ids=["none", "too few", "another shape"],
)
def test_other_arrays_than_the_manifest_declares_are_none(arrays: Mapping[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"declares|shape"):
        flat_of(WEIGHTS, arrays)
    with pytest.raises(ValueError, match="do not fit"):
        by_name(WEIGHTS, np.zeros(8))


def test_the_first_weights_are_those_that_are_declared_and_the_same_for_the_same_seed() -> None:
    first = first_weights(WEIGHTS, 0)
    assert first[6:].tolist() == [0.0, 0.0, 1.0]
    assert first.tolist() == first_weights(WEIGHTS, 0).tolist()
    assert first.tolist() != first_weights(WEIGHTS, 1).tolist()
    many = first_weights((Weight("a", (100, 400)),), 0)
    assert many.std() == pytest.approx(400**-0.5, rel=0.05)


def test_a_declared_shape_follows_the_plans_columns() -> None:
    declared = DeclaredWeight("a", ("16", "features"), Start.FAN_IN)
    assert declared.of(5, 2) == Weight("a", (16, 5))
    assert DeclaredWeight("b", ("classes",), Start.ZEROS).of(5, 3).shape == (3,)


def test_a_plan_with_an_app_survives_its_way_to_a_site_and_may_run() -> None:
    assert from_json(TrainingPlan, to_json(PLAN)) == PLAN
    assert size(PLAN) == 9
    assert problem(PLAN) is None


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"app": None}, "named by its hash"),
        ({"family": Family.MLP}, "named by its hash"),
        ({"privacy": None}, "noise only"),
        ({"ridge": 1.0}, "no ridge"),
        ({"app": OwnApp("x", ())}, "arrays of weights"),
        ({"app": OwnApp("x", (WEIGHTS[0], WEIGHTS[0]))}, "own name"),
        ({"app": OwnApp("x", (Weight("a", (0,)),))}, "sides"),
        ({"app": OwnApp("x", (Weight("a", (-1, -1)),))}, "sides"),
        ({"app": OwnApp("x", (Weight("a", ()),))}, "sides"),
        ({"app": OwnApp("x", (Weight("a", (500_001,)),))}, "500,000 weights"),
        ({"app": OwnApp("x", WEIGHTS, 7)}, "blocks"),
        ({"app": OwnApp("x", WEIGHTS, 257)}, "blocks"),
        ({"network": Network(steps=0)}, "steps"),
        ({"network": Network(learning_rate=float("nan"))}, "Learning rate"),
        ({"scaling": Scaling.FEDERATED}, "without noise"),
    ],
)
def test_a_plan_with_an_app_has_bounds(changes: Mapping[str, Any], said: str) -> None:
    found = problem(replace(PLAN, **changes))
    assert found is not None
    assert said in found[0]
