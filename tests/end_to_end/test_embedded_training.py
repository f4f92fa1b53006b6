"""Every model family across three sites in this process, through the client, with and without noise."""

import math
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dataspace.client.hub import Hub
from dataspace.client.models import Model
from dataspace.client.views import PermitView
from dataspace.connecting import EmbeddedFederation
from dataspace.errors import InvalidRequest, SiteUnavailable
from dataspace.model.charges import ChargeKind
from dataspace.testing.examples import RECORD
from tests.federated_world import held_by_all

pytestmark = pytest.mark.slow

SITES = ("hospital-a", "hospital-b", "hospital-c")
DICTIONARY = """
dictionary: visits
version: "1"
title: Invented visits
unit: visit
columns:
  - {name: died, type: integer, title: Died, codes: {0: alive, 1: died}}
  - {name: dose, type: number, title: Dose, bounds: [0, 100]}
  - {name: age, type: number, title: Age, bounds: [0, 100]}
  - {name: ward, type: text, title: Ward, codes: {red: Red, green: Green, blue: Blue}}
  - {name: person, type: integer, title: Person, labels: [direct-identifier]}
"""
POLICY = """
policy: visits
title: Invented visits
owner: the data steward
on: visits
allow:
  for: scientific research
  who: permit holders
  answers: [aggregate, train]
  because: Research under a permit.
"""


def row(draw: random.Random, person: int) -> dict[str, Any]:
    dose, age = draw.uniform(0, 100), draw.uniform(0, 100)
    died = int(draw.random() < (0.9 if (dose > 50) != (age > 50) else 0.1))
    score = {"red": dose / 20, "green": age / 20, "blue": 2.5}
    ward = max(score, key=lambda name: score[name] - math.log(-math.log(draw.random())))
    return {"died": died, "dose": round(dose, 2), "age": round(age, 2), "ward": ward, "person": person}


def rows(seed: int, n: int = 900) -> list[dict[str, Any]]:
    draw = random.Random(seed)  # noqa: S311 - invented data, not a key
    return [row(draw, number // 2) for number in range(n)]


def written(path: Path, seed: int) -> Path:
    lines = ["died,dose,age,ward,person"]
    lines += [",".join(str(value) for value in each.values()) for each in rows(seed)]
    path.write_text("\n".join(lines) + "\n")
    return path


World = tuple[EmbeddedFederation, PermitView]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("training")
    federation = EmbeddedFederation(folder, {"sam": "steward", "ana": "researcher"}, SITES)
    permit = held_by_all(
        federation,
        "visits",
        (DICTIONARY, POLICY),
        RECORD,
        lambda name, number: written(folder / f"{name}.csv", number),
        ["aggregate", "train"],
        unit="person",
    )
    yield federation, permit
    federation.close()


@pytest.fixture
def ana(world: World) -> Hub:
    return world[0].hub("ana")


@pytest.fixture
def permit(world: World) -> PermitView:
    return world[1]


def right(model: Model, target: str) -> float:
    fresh = rows(99)
    told = model.predict(fresh)
    hits = [bool(said == each[target]) for said, each in zip(told, fresh, strict=True)]
    return sum(hits) / len(hits)


def spent(world: World, site: str) -> list[Any]:
    ledger = world[0].sites[site].guard.answering.ledger
    return [kept.charge for kept, state in ledger.charges() if state == "committed"]


def test_a_network_learns_across_sites_what_no_line_divides(
    ana: Hub, permit: PermitView, tmp_path: Path
) -> None:
    fit = ana.glm(
        "died ~ dose + age",
        "mlp",
        permit=permit,
        rounds=12,
        scaling="declared",
        network={"hidden": [8], "steps": 60, "learning_rate": 0.5},
    )
    assert fit.sites == SITES
    assert right(fit.model, "died") > 0.8
    assert min(fit.accuracy.values()) > 0.75
    assert min(fit.auc.values()) > 0.75
    fit.model.save(tmp_path / "model.json")
    again = Model.load(tmp_path / "model.json")
    assert again.probabilities(rows(99)[:5]) == fit.model.probabilities(rows(99)[:5])
    assert "12 rounds · 3 of 3 sites" in repr(fit)
    with pytest.raises(InvalidRequest, match="odds ratios"):
        fit.odds_ratios()


def test_trees_learn_it_too_and_no_limit_is_a_value_of_the_data(ana: Hub, permit: PermitView) -> None:
    fit = ana.glm("died ~ dose + age", "trees", permit=permit, rounds=15, boosting={"depth": 3})
    assert right(fit.model, "died") > 0.8
    nodes = fit.model.document["trees"]
    assert {node[0] for node in nodes} == set(range(45))
    limits = {node[2] for node in nodes if node[1] >= 0}
    assert limits <= {bin_ + half for bin_ in range(32) for half in (0, 0.5)}


def test_bins_as_narrow_as_a_value_are_refused_by_the_site(ana: Hub, permit: PermitView) -> None:
    narrow = {"dose": [49.9, 50.1]}
    with pytest.raises(SiteUnavailable, match="bounds that are declared here"):
        ana.glm("died ~ dose + age", "trees", permit=permit, scales=narrow)


def test_several_classes_are_told_apart(ana: Hub, permit: PermitView) -> None:
    fit = ana.glm("ward ~ dose + age", "multinomial", permit=permit, rounds=8)
    assert len(fit.coefficients) == len(fit.standard_errors) == 6
    assert fit.model.classes == ("red", "green", "blue")
    assert right(fit.model, "ward") > 0.5


def test_features_on_one_scale_give_the_same_model_in_other_units(ana: Hub, permit: PermitView) -> None:
    plain = ana.glm("ward ~ dose + age", "multinomial", permit=permit, rounds=8)
    scaled = ana.glm("ward ~ dose + age", "multinomial", permit=permit, rounds=8, scaling="federated")
    assert scaled.model.document["centre"][1] == pytest.approx(50, abs=2)
    assert scaled.model.document["width"][1] == pytest.approx(100 / math.sqrt(12), abs=1)
    for one, other in zip(
        plain.model.probabilities(rows(5)[:20]), scaled.model.probabilities(rows(5)[:20]), strict=True
    ):
        assert one == pytest.approx(other, abs=1e-6)


def test_a_private_run_is_noised_and_charged_at_every_site_and_says_so(
    world: World, ana: Hub, permit: PermitView
) -> None:
    before = {site: len(spent(world, site)) for site in SITES}
    fit = ana.glm(
        "ward ~ dose + age", "multinomial", permit=permit, rounds=10, epsilon=0.9, scaling="declared"
    )
    assert 0.85 < fit.privacy["epsilon"] <= 0.9
    assert set(fit.privacy["by_site"]) == set(SITES)
    assert not fit.standard_errors
    assert right(fit.model, "ward") > 0.45
    assert 500 < fit.n < 1_500, "about as many persons as are not held out, with noise"
    assert "ε 0.90, δ 1e-06" in repr(fit)
    for site in SITES:
        charges = spent(world, site)[before[site] :]
        assert [charge.kind for charge in charges] == [ChargeKind.UPDATE] * 10 + [ChargeKind.METRIC]
        assert {charge.permit for charge in charges} == {permit.id}


def test_a_run_that_the_ledger_cannot_pay_to_its_end_does_not_begin(
    world: World, ana: Hub, permit: PermitView
) -> None:
    before = {site: len(spent(world, site)) for site in SITES}
    with pytest.raises(
        SiteUnavailable, match=r"of the permit's budget is left here\. .*dataspace site top-up"
    ):
        ana.glm("ward ~ dose + age", "multinomial", permit=permit, rounds=5, epsilon=0.9, scaling="declared")
    assert {site: len(spent(world, site)) for site in SITES} == before


@pytest.mark.parametrize(
    ("family", "options", "said"),
    [
        ("trees", {"epsilon": 1.0}, "cannot be told with noise"),
        ("mlp", {"epsilon": 1.0, "scaling": "federated"}, "without noise"),
        ("mlp", {"network": {"hidden": [5000]}}, "hidden layers"),
        ("logistic", {"epsilon": 99.0}, "ε of at most 8"),
        ("logistic", {"holdout": 0.3}, "holds out"),
        ("nonsense", {}, "not known"),
        ("logistic", {"network": {"wide": 3}}, "does not fit"),
    ],
)
def test_what_no_site_would_run_is_refused_before_it_begins(
    ana: Hub, permit: PermitView, family: str, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(InvalidRequest, match=said):
        ana.glm("died ~ dose + age", family, permit=permit, **options)


def test_a_model_refuses_rows_that_it_cannot_tell_about(ana: Hub, permit: PermitView) -> None:
    fit = ana.glm("died ~ dose + ward", permit=permit, rounds=4)
    with pytest.raises(InvalidRequest, match="'ward' has a code"):
        fit.model.predict([{"dose": 1.0, "ward": "violet"}])
    with pytest.raises(InvalidRequest, match="'dose' is not a number"):
        fit.model.predict([{"ward": "red"}])
    assert fit.model.predict({"dose": 1.0, "ward": "red"}) in ([0], [1])
