"""The ledger for people: each sees their own part, and only a steward's recorded decision adds to one."""

import itertools
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest

from dataspace.bootstrap import HubServices
from dataspace.client.ledgers import level_of
from dataspace.client.spending import Spending, as_svg, as_text
from dataspace.errors import InvalidRequest
from dataspace.model.charges import Account, Charge, Level, Limits, Overspent, PrivacyEvent, Reservation
from dataspace.model.datasets import Dataset
from dataspace.model.records import RecordKind
from dataspace.testing.examples import AT, example_charge, example_dataset

Clients = Callable[[str], httpx.Client]
NUMBERS = itertools.count()


@pytest.fixture
def dataset(hub: HubServices) -> Dataset:
    made = replace(example_dataset(f"spent{next(NUMBERS)}", "Stays"), published=True)
    hub.browsing.catalog.put(made)
    return made


def charged(hub: HubServices, dataset: Dataset, charge: Charge, key: str) -> Reservation:
    account = Account(dataset.name, dataset.privacy_unit)
    held = hub.accounts.ledger.reserve(account, charge, f"{dataset.name}/{key}", Limits(permit=5))
    assert isinstance(held, Reservation), held
    hub.accounts.ledger.commit(held, charge)
    return held


def got(client: httpx.Client, path: str) -> Any:
    response = client.get(path)
    assert response.status_code == 200, response.text
    return response.json()


def names(found: Any) -> set[tuple[str, str]]:
    return {(entry["balance"]["level"], entry["balance"]["name"]) for entry in found}


def test_each_sees_their_own_part_and_the_steward_all_of_it(
    hub: HubServices, asked_by: Clients, dataset: Dataset
) -> None:
    charged(hub, dataset, example_charge(0.5, None, "ana"), "a")
    charged(hub, dataset, example_charge(0.25, None, "ben"), "b")
    path = f"/ledger/{dataset.name}"
    assert names(got(asked_by("ana"), path)) == {("alone", "ana"), ("principal", "ana")}
    everything = {("lineage", "")} | {
        (kind, who) for kind in ("alone", "principal") for who in ("ana", "ben")
    }
    for overseer in ("sam", "aud"):
        assert names(got(asked_by(overseer), path)) == everything
    assert [entry["charge"]["principal"] for entry in got(asked_by("ana"), f"{path}/charges")] == ["ana"]
    assert [entry["charge"]["epsilon"] for entry in got(asked_by("sam"), f"{path}/charges")] == [0.5, 0.25]
    [lineage, *_] = got(asked_by("sam"), path)
    assert (lineage["balance"]["spent"], lineage["left"]) == (0.75, 9.25)


def test_the_figure_of_all_together_is_below_the_sum(
    hub: HubServices, asked_by: Clients, dataset: Dataset
) -> None:
    events = (PrivacyEvent("laplace", 50.0, 100),)
    charged(hub, dataset, replace(example_charge(2.0, None, "ana"), events=events), "a")
    charged(hub, dataset, replace(example_charge(0.1, None, "ana"), events=(PrivacyEvent("odd", 1.0),)), "b")
    found = got(asked_by("ana"), f"/ledger/{dataset.name}?composed=true")
    for entry in found:
        assert entry["balance"]["spent"] == 2.1
        assert 0.5 < entry["balance"]["composed"] < 1.5
        assert entry["balance"]["composed_at"] == 1e-6


def test_a_top_up_is_a_recorded_decision_with_a_reason(
    hub: HubServices, asked_by: Clients, dataset: Dataset
) -> None:
    path = f"/ledger/{dataset.name}/top-ups"
    wish = {"level": "alone", "name": "ana", "epsilon": 0.5, "reason": "Second wave"}
    assert asked_by("ana").post(path, json=wish).status_code == 403
    assert asked_by("aud").post(path, json=wish).status_code == 403
    before = hub.log.size()
    assert asked_by("sam").post(path, json=wish).status_code == 201
    [(_, record)] = hub.log.records(before)
    assert (record.kind, record.principal) == (RecordKind.LEDGER_RAISED, "sam")
    assert record.facts["reason"] == "Second wave"
    [found] = got(asked_by("ana"), f"/ledger/{dataset.name}/decisions")
    assert (found["decision"]["epsilon"], found["decision"]["by"]) == (0.5, "sam")
    assert got(asked_by("ben"), f"/ledger/{dataset.name}/decisions") == []
    [alone] = got(asked_by("ana"), f"/ledger/{dataset.name}")
    assert (alone["balance"]["limit"], alone["balance"]["raised"]) == (1.5, 0.5)


@pytest.mark.parametrize(
    ("change", "status", "says"),
    [
        ({"reason": " "}, 400, "Say why"),
        ({"reason": "x" * 5000}, 400, "4000"),
        ({"epsilon": 0}, 400, "above 0"),
        ({"epsilon": -1}, 400, "above 0"),
        ({"epsilon": 1e9}, 400, "1,000,000"),
        ({"epsilon": 7.5}, 403, "data protection officer"),
        ({"level": "lineage", "name": ""}, 400, "never raised"),
        ({"level": "permit", "name": "P-999"}, 400, "No permit"),
        ({"name": "sam"}, 403, "own budget"),
    ],
)
def test_a_top_up_that_may_not_be_changes_nothing(
    asked_by: Clients, dataset: Dataset, change: dict[str, object], status: int, says: str
) -> None:
    wish = {"level": "alone", "name": "ana", "epsilon": 0.5, "reason": "Second wave"} | change
    refused = asked_by("sam").post(f"/ledger/{dataset.name}/top-ups", json=wish)
    assert (refused.status_code, says in refused.text) == (status, True), refused.text
    assert got(asked_by("sam"), f"/ledger/{dataset.name}/decisions") == []


@pytest.mark.parametrize("epsilon", ["NaN", "Infinity", "-Infinity"])
def test_an_epsilon_that_is_no_number_is_no_top_up(asked_by: Clients, dataset: Dataset, epsilon: str) -> None:
    body = f'{{"level": "alone", "name": "ana", "epsilon": {epsilon}, "reason": "x"}}'
    refused = asked_by("sam").post(f"/ledger/{dataset.name}/top-ups", content=body)
    assert refused.status_code == 400, refused.text
    assert got(asked_by("sam"), f"/ledger/{dataset.name}/decisions") == []


def test_beyond_eight_the_officers_word_is_recorded_and_a_lineage_still_ends_at_ten(
    hub: HubServices, asked_by: Clients, dataset: Dataset
) -> None:
    path = f"/ledger/{dataset.name}/top-ups"
    for level in ("alone", "principal"):
        wish = {"level": level, "name": "ana", "epsilon": 20, "reason": "x", "officer": "Dr Doe, note 26-114"}
        assert asked_by("sam").post(path, json=wish).json()["officer"] == "Dr Doe, note 26-114"
    account = Account(dataset.name, dataset.privacy_unit)
    refused = hub.accounts.ledger.reserve(account, example_charge(10.1, None, "ana"), f"{path}/x", Limits())
    assert refused == Overspent(account, 10.1, 10.0, "lineage")


def test_parts_are_declared_disjoint_by_a_steward_alone(asked_by: Clients, dataset: Dataset) -> None:
    path = f"/ledger/{dataset.name}/disjoint"
    wish = {"parts": ["site:north", "site:south"], "reason": "other towns"}
    assert asked_by("ana").post(path, json=wish).status_code == 403
    assert asked_by("sam").post(path, json={**wish, "parts": ["site:north"]}).status_code == 400
    assert got(asked_by("sam"), f"/ledger/{dataset.name}/decisions") == []
    assert asked_by("sam").post(path, json=wish).status_code == 201
    [found] = got(asked_by("aud"), f"/ledger/{dataset.name}/decisions")
    assert found["kind"] == "Disjoint"


def test_a_picture_shows_what_was_spent_and_the_limit() -> None:
    spent = Spending("ε over stays", ((AT, 0.25), (AT, 0.5)), 1.0)
    assert "0.75 in 2 charges; limit 1" in as_text(spent)
    assert "█" in as_text(spent)
    assert "stroke-dasharray" in as_svg(spent)
    hostile = Spending("<script>\x1b[2J", ((AT, 0.1),), None)
    assert "<script>" not in as_svg(hostile)
    assert "\x1b" not in as_text(hostile) + as_svg(hostile)
    assert "nothing" in as_text(Spending("x", (), 1.0))
    assert as_svg(Spending("x", (), None)).endswith("</svg>")


def test_a_top_up_names_one_part() -> None:
    assert level_of("P-1", "", "", "") == (Level.PERMIT, "P-1")
    for wrong in (("", "", "", ""), ("P-1", "", "ana", "")):
        with pytest.raises(InvalidRequest):
            level_of(*wrong)


def test_what_the_ledger_says_is_json_also_where_delta_ran_out(
    hub: HubServices, asked_by: Clients, dataset: Dataset
) -> None:
    account = Account(dataset.name, dataset.privacy_unit)
    event = PrivacyEvent("gaussian", 5.0, delta=5e-7)
    charge = replace(example_charge(0.1, None, "ana"), events=(event,))
    held = hub.accounts.ledger.reserve(account, charge, f"{dataset.name}/d", Limits(permit=5))
    assert isinstance(held, Reservation)
    hub.accounts.ledger.commit(held, replace(charge, events=(replace(event, delta=5e-5),)))
    found = got(asked_by("sam"), f"/ledger/{dataset.name}?composed=true")
    assert json.dumps(found, allow_nan=False)
    assert all(entry["balance"]["spent"] > 1 for entry in found)
