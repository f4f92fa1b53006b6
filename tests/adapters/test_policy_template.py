"""A new policy from a template: every one of them still does what its scenarios say, under another name."""

import pytest

from dataspace.adapters.duckdb.reader import DuckdbReader
from dataspace.adapters.packaged_policies import policy_names, policy_text
from dataspace.adapters.policy_template import filled_in
from dataspace.adapters.policy_yaml import parse_policy
from dataspace.adapters.scenario_yaml import parse_scenarios
from dataspace.errors import InvalidRequest, UnknownName
from dataspace.policy.digest import policy_set
from dataspace.policy.rehearse import rehearse

TEMPLATES = ("hospital-registry", "disease-registry", "factory-telemetry", "open-data", "sme-voucher")


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_filled_in_template_passes_its_own_scenarios(template: str) -> None:
    made = filled_in(template, "mine", "my_data")
    with DuckdbReader() as reader:
        policy = parse_policy(made["mine.yaml"], "mine.yaml", reader.predicate)
        scenarios = parse_scenarios(made["mine.scenarios.yaml"], "mine.scenarios.yaml", reader.predicate)
        beside = [parse_policy(policy_text(name), name, reader.predicate) for name in scenarios.beside]
    assert (policy.id, scenarios.policy) == ("mine", "mine")
    assert any("my_data" in rule.target.datasets for rule in policy.rules)
    in_force = policy_set([policy, *beside])
    assert [
        rehearse(scenario, in_force) for scenario in scenarios.scenarios if rehearse(scenario, in_force)
    ] == []
    assert "#" in made["mine.yaml"]  # a template explains itself


def test_every_policy_of_the_package_can_be_a_template() -> None:
    for template in policy_names():
        assert filled_in(template, "mine")["mine.yaml"].count("policy: mine\n") == 1


def test_what_cannot_be_filled_in_is_refused() -> None:
    with pytest.raises(UnknownName, match="hospital-registry"):
        filled_in("hospital-registri", "mine")
    with pytest.raises(InvalidRequest, match="speaks of a label"):
        filled_in("ehds", "mine", "my_data")
    for name, dataset in (("My Policy", ""), ("mine", "my-data"), ("../mine", "")):
        with pytest.raises(InvalidRequest, match="cannot be a name"):
            filled_in("open-data", name, dataset)
