"""The digest of policies tells every difference and no order."""

from dataclasses import replace

import pytest

from dataspace.model.names import ColumnName, DatasetName, PolicyId, RuleId
from dataspace.model.policies import Effect, Mask, MaskKind, Obligations, Policy, Rule, Target
from dataspace.model.predicates import Comparator, Compare
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


def test_the_order_in_which_masks_are_written_does_not_show() -> None:
    names = ColumnName("age"), ColumnName("died")
    digests = set()
    for one, other in (names, names[::-1]):
        masks = {one: Mask(MaskKind.NULL), other: Mask(MaskKind.NULL)}
        owed = Obligations(masks=masks)
        digests.add(policy_set([replace(ONE, rules=(replace(RULE, obligations=owed),))]).digest)
    assert len(digests) == 1


def test_what_has_no_json_form_is_refused() -> None:
    """Two readers might not read the same number."""
    for odd in (float("nan"), float("inf")):
        owed = Obligations(row_filter=Compare(ColumnName("age"), Comparator.LT, odd))
        with pytest.raises(ValueError, match="JSON"):
            policy_set([replace(ONE, rules=(replace(RULE, obligations=owed),))])
