"""What a rule says of a kind of answer and of a site: the decision and the report on it come to the same."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import product

from dataspace.model.datasets import VersionRef
from dataspace.model.names import DatasetName, PolicyId, PrincipalId, RuleId, SiteName
from dataspace.model.policies import (
    Action,
    AnswerKind,
    Effect,
    Obligations,
    Policy,
    PolicySet,
    Rule,
    Target,
)
from dataspace.model.principals import Principal, Role
from dataspace.model.requests import AccessRequest
from dataspace.policy.judge import allowed, allows, judge

NOW = datetime(2026, 12, 1, tzinfo=UTC)
ANA = Principal(PrincipalId("ana"), "Ana", frozenset({Role.RESEARCHER}))
ASKED = AccessRequest(ANA, Action.READ, "", VersionRef(DatasetName("stays"), "ab" * 32), (), AnswerKind.ROWS)
HERE, THERE = SiteName("here"), SiteName("there")
EVERY = Rule(RuleId("every"), Effect.PERMIT, Target(everything=True))
KINDS = (
    frozenset[AnswerKind](),
    frozenset({AnswerKind.ROWS}),
    frozenset({AnswerKind.NOISY, AnswerKind.TRAIN}),
)


def decided(request: AccessRequest, *rules: Rule) -> bool:
    """Whether it is allowed, by the decision and by the report alike."""
    policies = PolicySet((Policy(PolicyId("p"), "", "", rules),), "digest")
    found = allows(request, policies, NOW)
    assert allowed(judge(request, policies, NOW)) is found
    return found


def test_a_prohibition_of_some_kinds_of_answer_forbids_these_and_no_others() -> None:
    for kinds, kind in product(KINDS, AnswerKind):
        ban = Rule(RuleId("ban"), Effect.FORBID, Target(everything=True), kinds=kinds)
        forbidden = not kinds or kind in kinds
        assert decided(replace(ASKED, kind=kind), EVERY, ban) is not forbidden, (kinds, kind)


def test_a_permission_reaches_to_its_kinds_of_answer_and_no_further_than_the_most_telling_that_it_gives() -> (
    None
):
    order = list(AnswerKind)  # from the most to the least revealing
    for kinds, most, kind in product(KINDS, (None, *order), order):
        owed = Obligations(answer=most)
        rule = Rule(RuleId("r"), Effect.PERMIT, Target(everything=True), kinds=kinds, obligations=owed)
        fits = (not kinds or kind in kinds) and (most is None or order.index(kind) >= order.index(most))
        assert decided(replace(ASKED, kind=kind), rule) is fits, (kinds, most, kind)


def test_a_permission_for_some_sites_holds_there_and_where_no_site_is_named_yet() -> None:
    for sites, site, relayed in product(
        (None, frozenset[SiteName](), frozenset({HERE}), frozenset({HERE, THERE})),
        (None, HERE, THERE),
        (False, True),
    ):
        owed = Obligations(sites=sites)
        rule = Rule(RuleId("r"), Effect.PERMIT, Target(everything=True), obligations=owed)
        fits = sites is None or site is None or relayed or site in sites
        assert decided(replace(ASKED, site=site, relayed=relayed), rule) is fits, (sites, site, relayed)


def test_what_a_prohibition_would_owe_limits_nothing() -> None:
    """Obligations are a permission's; a prohibition holds whatever stands beside it."""
    owed = Obligations(answer=AnswerKind.TRAIN, sites=frozenset({THERE}))
    ban = Rule(RuleId("ban"), Effect.FORBID, Target(everything=True), obligations=owed)
    assert not decided(replace(ASKED, site=HERE), EVERY, ban)
