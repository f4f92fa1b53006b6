"""The index leaves out no rule that could speak of a dataset, and does not confuse one set of policies with another."""

from hypothesis import given
from hypothesis import strategies as st

from dataspace.model.datasets import Label
from dataspace.model.names import DatasetName, PolicyId, RuleId
from dataspace.model.policies import Effect, Policy, PolicySet, Rule, Target
from dataspace.policy.index import candidates

A, B = DatasetName("a"), DatasetName("b")
_targets = st.builds(
    Target,
    st.frozensets(st.sampled_from([A, B])),
    st.frozensets(st.sampled_from(Label), max_size=1),
    st.just(True),
) | st.builds(
    Target, st.frozensets(st.sampled_from([A, B]), min_size=1), st.frozensets(st.sampled_from(Label))
)


def in_force(targets: list[Target]) -> PolicySet:
    rules = [Rule(RuleId(f"r{number}"), Effect.FORBID, target) for number, target in enumerate(targets)]
    return PolicySet(tuple(Policy(PolicyId(r.id), "", "", (r,)) for r in rules), "the same for all")


@given(st.lists(_targets, max_size=6))
def test_every_rule_that_might_speak_of_a_dataset_is_found_once(targets: list[Target]) -> None:
    policies = in_force(targets)
    for dataset in (A, B, DatasetName("c")):
        found = [rule.id for _, _, rule in candidates(policies, dataset)]
        expected = [
            f"r{number}"
            for number, target in enumerate(targets)
            if target.everything or target.labels or dataset in target.datasets
        ]
        assert sorted(found) == sorted(expected)


def test_two_sets_with_the_same_digest_are_two() -> None:
    one, other = in_force([Target(frozenset({A}))]), in_force([])
    assert len(candidates(one, A)) == 1
    assert len(candidates(other, A)) == 0
