"""Our policies as ODRL and back, and what happens to documents from outside."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataspace.adapters.odrl_graph import parse, write
from dataspace.adapters.odrl_policies import export_policy, import_policy
from dataspace.adapters.odrl_read import read_odrl
from dataspace.errors import PolicyUnreadable
from dataspace.model.names import PolicyId, RuleId, dataset_name
from dataspace.model.policies import (
    Constraint,
    Effect,
    Operand,
    Operator,
    Policy,
    Rule,
    Target,
)
from tests.model.any_policy import POLICIES


@settings(max_examples=150, deadline=None)
@given(POLICIES, st.sampled_from(["turtle", "jsonld"]))
def test_a_policy_comes_back_from_odrl_as_it_was(policy: Policy, form: str) -> None:
    found = import_policy(export_policy(policy, form), "exported")
    assert found.policy == policy
    assert found.warnings == ()


def test_every_packaged_policy_comes_back_as_it_was() -> None:
    from dataspace.adapters.duckdb.reader import DuckdbReader
    from dataspace.adapters.policy_yaml import parse_policy

    named = [f for f in Path("policies").rglob("*.yaml") if not f.name.endswith(".scenarios.yaml")]
    files = [f for f in named if re.search("^policy:", f.read_text("utf-8"), re.M)]
    assert files
    with DuckdbReader() as reader:
        for file in files:
            policy = parse_policy(file.read_text("utf-8"), file.name, reader.predicate)
            assert import_policy(export_policy(policy, "turtle"), file.name).policy == policy


def test_an_export_states_that_a_prohibition_wins() -> None:
    rule = Rule(RuleId("r"), Effect.PERMIT, Target(everything=True))
    text = export_policy(Policy(PolicyId("p"), "t", "o", (rule,)), "turtle")
    assert "odrl:conflict odrl:prohibit" in text


OUTSIDE = """
@prefix odrl: <http://www.w3.org/ns/odrl/2/> . @prefix ex: <http://example.org/> .
@prefix dct: <http://purl.org/dc/terms/> .
ex:offer a odrl:Offer ; odrl:conflict odrl:perm ; dct:title "From outside" ; ex:colour "blue" ;
  odrl:permission [ odrl:target ex:data ; odrl:action odrl:read ; odrl:assignee ex:alice ] ,
    [ odrl:target ex:data ; odrl:action odrl:read ; odrl:constraint [ odrl:leftOperand ex:mood ;
      odrl:operator odrl:eq ; odrl:rightOperand "good" ] ] ,
    [ odrl:target ex:data ; odrl:action odrl:read ; odrl:duty [ odrl:action odrl:compensate ] ] ;
  odrl:prohibition [ odrl:target ex:data ; odrl:action odrl:read ; odrl:constraint [ odrl:leftOperand ex:mood ;
      odrl:operator odrl:eq ; odrl:rightOperand "bad" ] ; odrl:remedy [ odrl:action odrl:delete ] ] .
"""


def test_what_cannot_be_enforced_permits_nothing_and_still_forbids() -> None:
    found = import_policy(OUTSIDE, "offer.ttl", {"http://example.org/data": dataset_name("data")})
    permits = [rule for rule in found.policy.rules if rule.effect is Effect.PERMIT]
    forbids = [rule for rule in found.policy.rules if rule.effect is Effect.FORBID]
    assert len(permits) == 3
    for rule in permits:
        assert rule.condition == Constraint(Operand.DATE_TIME, Operator.LT, ("0001-01-01T00:00:00+00:00",))
    assert [(rule.target.datasets, rule.condition) for rule in forbids] == [
        (frozenset({dataset_name("data")}), None)
    ]
    assert len(found.warnings) == 5  # four rules, and the conflict strategy that is not followed


def test_a_document_from_outside_is_given_back_whole() -> None:
    found = import_policy(OUTSIDE, "offer.ttl", {"http://example.org/data": dataset_name("data")})
    again = parse(export_policy(found.policy, "turtle", OUTSIDE), "again")
    assert _canonical(again) == _canonical(parse(OUTSIDE, "offer.ttl"))


def test_a_target_that_is_no_dataset_here_permits_nothing_and_forbids_everything() -> None:
    found = import_policy(OUTSIDE, "offer.ttl")
    assert all(rule.condition is not None for rule in found.policy.rules if rule.effect is Effect.PERMIT)
    assert [r.target.everything for r in found.policy.rules if r.effect is Effect.FORBID] == [True]


def test_a_rule_without_target_is_refused() -> None:
    text = "@prefix odrl: <http://www.w3.org/ns/odrl/2/> . "
    text += "<urn:p> a odrl:Set ; odrl:permission [ odrl:action odrl:use ] ."
    with pytest.raises(PolicyUnreadable, match="names no target"):
        import_policy(text, "open.ttl")


def test_what_is_read_and_written_is_the_same_graph(shared: Path) -> None:
    files = [
        *shared.glob("conformance/odrl-*/policies/*.ttl"),
        *shared.glob("conformance/odrl-*/**/Policies/*.ttl"),
    ]
    assert len(files) > 100
    for file in files:
        text = file.read_text("utf-8")
        statements = read_odrl(text, file.name).statements
        for form in ("turtle", "jsonld"):
            assert _canonical(parse(write(statements, form), file.name)) == _canonical(statements)


def _canonical(statements: object) -> str:
    from pyoxigraph import CanonicalizationAlgorithm, Dataset, RdfFormat
    from pyoxigraph import parse as read

    data = Dataset(read(write(statements, "turtle").encode(), format=RdfFormat.TURTLE))  # type: ignore[arg-type]
    data.canonicalize(CanonicalizationAlgorithm.RDFC_1_0)
    return "\n".join(sorted(map(str, data)))


def test_a_prohibition_of_an_action_that_is_none_here_says_that_it_forbids_all() -> None:
    text = """@prefix odrl: <http://www.w3.org/ns/odrl/2/> . @prefix ex: <http://example.org/> .
    ex:p a odrl:Set ; odrl:prohibition [ odrl:target ex:data ; odrl:action odrl:print ] .
    """
    found = import_policy(text, "p.ttl", {"http://example.org/data": dataset_name("data")})
    assert [(rule.effect, rule.actions) for rule in found.policy.rules] == [(Effect.FORBID, frozenset())]
    [warning] = found.warnings
    assert "forbids every action instead" in warning
