"""Every policy that comes with the package does what the scenarios beside it say."""

import re

import pytest

from dataspace.adapters.packaged_policies import policy_names, policy_text, scenarios_text
from dataspace.adapters.policy_yaml import parse_policy
from dataspace.adapters.scenario_yaml import parse_scenarios
from dataspace.model.names import ColumnName
from dataspace.model.policies import Policy
from dataspace.model.predicates import Comparator, Compare, Predicate
from dataspace.model.scenarios import Rehearsal, Scenario
from dataspace.policy.digest import policy_set
from dataspace.policy.rehearse import rehearse

NAMES = policy_names()


def comparison(text: str) -> Predicate:
    """`column <= number`, the one form of row filter that these policies use."""
    match = re.fullmatch(r"(\w+) (<=|>=|=|<|>) (\d+)", text)
    if match is None:
        raise ValueError(f"not a comparison: {text}")
    return Compare(ColumnName(match[1]), Comparator(match[2]), int(match[3]))


def policy(name: str) -> Policy:
    return parse_policy(policy_text(name), f"{name}.yaml", comparison)


def rehearsal(name: str) -> Rehearsal:
    return parse_scenarios(scenarios_text(name), f"{name}.scenarios.yaml", comparison)


CASES = [(name, scenario) for name in NAMES for scenario in rehearsal(name).scenarios]


@pytest.mark.parametrize(("name", "scenario"), CASES, ids=[f"{name}: {case.name}" for name, case in CASES])
def test_a_policy_decides_as_its_scenarios_say(name: str, scenario: Scenario) -> None:
    in_force = policy_set(policy(other) for other in (name, *rehearsal(name).beside))
    assert rehearse(scenario, in_force) == ()


def test_there_are_policies_and_each_has_a_name_of_its_own() -> None:
    assert len(NAMES) >= 7
    assert [policy(name).id for name in NAMES] == list(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_policy_is_tested_by_something_that_passes_and_something_that_does_not(name: str) -> None:
    outcomes = {scenario.expects.allowed for scenario in rehearsal(name).scenarios}
    assert outcomes == {True, False}


@pytest.mark.parametrize("name", NAMES)
def test_a_policy_fits_on_a_page(name: str) -> None:
    assert len(policy_text(name).splitlines()) <= 50
