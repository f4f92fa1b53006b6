"""The digest of policies tells every difference and no order."""

from dataclasses import replace

import pytest

from dataspace.model.names import DatasetName, PolicyId, RuleId
from dataspace.model.policies import Effect, Obligations, Policy, Rule, Target
from dataspace.policy.digest import policy_set

RULE = Rule(RuleId("r"), Effect.PERMIT, Target(frozenset({DatasetName("a")})))
ONE, OTHER = (Policy(PolicyId(name), "T", "O", (RULE,)) for name in ("one", "other"))


def test_the_order_of_policies_does_not_show() -> None:
    assert policy_set([ONE, OTHER]) == policy_set([OTHER, ONE])


def test_every_change_shows() -> None:
    changed = [
        replace(ONE, title="U"),
        replace(ONE, rules=(replace(RULE, effect=Effect.FORBID),)),
        replace(ONE, rules=(replace(RULE, obligations=Obligations(cohort=10)),)),
        replace(ONE, rules=()),
    ]
    digests = {policy_set([policy]).digest for policy in (ONE, *changed)}
    assert len(digests) == 5
    assert all(len(digest) == 64 for digest in digests)


def test_two_policies_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two policies are called one"):
        policy_set([ONE, replace(ONE, title="U")])
