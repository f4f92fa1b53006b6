"""A set made from another one by what changed is the set made anew, and leaves the other as it was."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataspace.model.datasets import Column, ColumnType, Label, VersionRef
from dataspace.model.decisions import Allow, Deny
from dataspace.model.names import ColumnName, DatasetName, PolicyId, PrincipalId, RuleId
from dataspace.model.policies import Action, AnswerKind, Effect, Obligations, Policy, PolicySet, Rule, Target
from dataspace.model.principals import Principal
from dataspace.model.requests import AccessRequest
from dataspace.policy.decide import decide
from dataspace.policy.digest import amended, policy_set
from dataspace.policy.index import candidates, indexed

NOW = datetime(2026, 12, 1, tzinfo=UTC)
DATASETS = [DatasetName(name) for name in "ab"]
TARGETS = [
    Target(frozenset({DATASETS[0]})),
    Target(frozenset(DATASETS)),
    Target(everything=True),
    Target(frozenset({DATASETS[1]}), frozenset({Label.FREE_TEXT})),
    Target(labels=frozenset({Label.FREE_TEXT})),
]
_rules = st.builds(
    Rule,
    st.sampled_from([RuleId("r"), RuleId("s")]),
    st.sampled_from(Effect),
    st.sampled_from(TARGETS),
    obligations=st.builds(Obligations, cohort=st.none() | st.integers(5, 9)),
)
_policies = st.builds(
    Policy,
    st.sampled_from([PolicyId(name) for name in "pqrst"]),
    st.just("T"),
    st.just("O"),
    st.lists(_rules, max_size=2).map(tuple),
)
_sets = st.lists(_policies, unique_by=lambda policy: policy.id, max_size=5)


def asked(dataset: DatasetName, label: bool) -> AccessRequest:
    labels = frozenset({Label.FREE_TEXT} if label else ())
    column = Column(ColumnName("c"), ColumnType.TEXT, labels=labels)
    principal = Principal(PrincipalId("ana"), "Ana", frozenset())
    return AccessRequest(principal, Action.READ, "", VersionRef(dataset, "x"), (column,), AnswerKind.ROWS)


REQUESTS = [asked(dataset, label) for dataset in [*DATASETS, DatasetName("c")] for label in (True, False)]


@given(_sets, _sets, st.sets(st.sampled_from([PolicyId(name) for name in "pqrstu"])), st.booleans())
def test_what_changed_comes_to_the_same_as_all_anew(
    before: list[Policy], published: list[Policy], withdrawn: set[PolicyId], in_use: bool
) -> None:
    """Also of a set by which was decided already, and whose rules are taken over compiled."""
    old = policy_set(before)
    for request in REQUESTS if in_use else []:
        decide(request, old, NOW)
    new = amended(old, published, withdrawn)
    wanted = {policy.id: policy for policy in [*before, *published] if policy.id not in withdrawn}
    anew = policy_set(wanted.values())
    assert new == anew
    assert old == policy_set(before)
    for request in REQUESTS:
        assert decide(request, new, NOW) == decide(request, anew, NOW)
        assert decide(request, old, NOW) == decide(request, policy_set(before), NOW)
        name = request.dataset.dataset
        assert sorted(map(repr, candidates(new, name))) == sorted(map(repr, candidates(anew, name)))


@given(_sets, _sets)
def test_a_set_that_was_not_made_by_us_can_be_amended(before: list[Policy], published: list[Policy]) -> None:
    foreign = PolicySet(tuple(sorted(before, key=lambda policy: policy.id)), "")
    assert amended(foreign, published) == amended(policy_set(before), published)


def test_a_bucket_that_nothing_is_left_in_is_gone() -> None:
    policy = Policy(PolicyId("p"), "T", "O", (Rule(RuleId("r"), Effect.PERMIT, TARGETS[0]),))
    index = indexed(amended(policy_set([policy]), withdrawn=[policy.id]))
    assert (index.named.policies, index.everything.policies, index.digests) == ({}, {}, b"")
    assert index.named.bucket(DATASETS[0]) is None


@pytest.mark.parametrize("effect", Effect)
def test_a_set_by_which_was_decided_already_can_be_amended(effect: Effect) -> None:
    """The rules of the policies that stay are taken over, of those that went they are not."""
    other = Effect.FORBID if effect is Effect.PERMIT else Effect.PERMIT
    stays = Policy(PolicyId("stays"), "T", "O", (Rule(RuleId("r"), Effect.PERMIT, TARGETS[0]),))
    goes = Policy(PolicyId("goes"), "T", "O", (Rule(RuleId("r"), effect, TARGETS[0]),))
    old = policy_set([stays, goes])
    request = asked(DATASETS[0], False)
    assert isinstance(decide(request, old, NOW), Allow if effect is Effect.PERMIT else Deny)
    turned = amended(old, [replace(goes, rules=(replace(goes.rules[0], effect=other),))])
    assert isinstance(decide(request, turned, NOW), Allow if other is Effect.PERMIT else Deny)
    assert isinstance(decide(request, amended(old, withdrawn=[goes.id]), NOW), Allow)
    assert isinstance(decide(request, amended(old, withdrawn=[goes.id, stays.id]), NOW), Deny)


def test_whoever_holds_the_set_before_goes_on_with_it() -> None:
    policy = Policy(PolicyId("p"), "T", "O", (Rule(RuleId("r"), Effect.PERMIT, TARGETS[0]),))
    old = policy_set([policy])
    new = amended(old, [replace(policy, rules=(replace(policy.rules[0], effect=Effect.FORBID),))])
    assert isinstance(decide(asked(DATASETS[0], False), old, NOW), Allow)
    assert isinstance(decide(asked(DATASETS[0], False), new, NOW), Deny)


def test_two_policies_to_publish_under_one_name_are_refused() -> None:
    policy = Policy(PolicyId("p"), "T", "O", ())
    with pytest.raises(ValueError, match="share an id"):
        amended(policy_set([]), [policy, replace(policy, title="U")])
