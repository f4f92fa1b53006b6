"""`decide` answers every request, agrees with its own report, and says why only when asked."""

import pickle
from copy import deepcopy
from dataclasses import FrozenInstanceError, fields, replace
from datetime import UTC, datetime, timedelta, timezone
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataspace.errors import AccessDenied
from dataspace.model.codec import from_json, to_json
from dataspace.model.datasets import Column, ColumnType, Label, VersionRef
from dataspace.model.decisions import Allow, Decision, Deny
from dataspace.model.names import (
    ApplicationId,
    DatasetName,
    PermitId,
    PolicyId,
    PrincipalId,
    RuleId,
    SiteName,
)
from dataspace.model.permits import Basis, DatasetGrant, Permit
from dataspace.model.policies import (
    Action,
    AnswerKind,
    Compound,
    Condition,
    Connective,
    Constraint,
    Effect,
    Obligations,
    Operand,
    Operator,
    Policy,
    PolicySet,
    Rule,
    Target,
)
from dataspace.model.principals import Fact, Principal, Role
from dataspace.model.requests import AccessRequest
from dataspace.policy.decide import decide
from dataspace.policy.digest import policy_set
from dataspace.policy.evaluate import DEEPEST
from dataspace.policy.explain import report_lines
from dataspace.policy.judge import allowed, allows, judge
from tests.policy.stays_world import AGE, ANA, DIED, NOW, REQUEST, STAYS

_hostile = st.one_of(
    st.text(max_size=30),
    st.text(st.characters(categories=["Cs", "Cc", "Co"]), max_size=5),
    st.sampled_from(
        ["", "dpv:", "\x00", "urn:" * 500, "scientific research", "DE", "EU", "P1D", "1e999", "-0", "NaN"]
    ),
    st.sampled_from(
        ["9" * 5000, "0001-01-01", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00+23:59", "{0}", "%s"]
    ),
)
_zones = st.sampled_from(
    [None, UTC, timezone(timedelta(hours=23, minutes=59)), timezone(-timedelta(hours=23))]
)
_moments = st.datetimes(timezones=_zones) | st.sampled_from(
    [
        edge.replace(tzinfo=zone)
        for edge in (datetime.min, datetime.max)
        for zone in (UTC, timezone(timedelta(hours=14)))
    ]
)
_values = st.one_of(
    _hostile,
    st.floats(),
    st.integers(),
    st.just(10**5000),
    st.booleans(),
    st.lists(_hostile, max_size=3).map(tuple),
)
_facts = st.builds(Fact, _values, _hostile)
_sites = st.none() | st.sampled_from([SiteName("a"), SiteName("b")])
_columns = st.lists(
    st.builds(
        Column,
        _hostile,
        st.sampled_from(ColumnType),
        labels=st.frozensets(st.sampled_from(Label), max_size=2),
    ),
    max_size=3,
).map(tuple)
_owed = st.builds(
    Obligations,
    cohort=st.none() | st.integers(0, 50),
    expires=st.none() | _moments,
    answer=st.none() | st.sampled_from(AnswerKind),
    sites=st.none() | st.frozensets(st.sampled_from([SiteName("a"), SiteName("b")])),
)
_permits = st.builds(
    Permit,
    id=st.builds(PermitId, _hostile),
    application=st.just(ApplicationId("A")),
    basis=st.sampled_from(Basis),
    issued_by=_hostile,
    persons=st.sampled_from([frozenset({ANA.id}), frozenset()]),
    organisation=_hostile,
    title=_hostile,
    purpose=_hostile,
    legal_basis=st.lists(_hostile, max_size=2).map(tuple),
    ethics_vote=_hostile,
    datasets=st.sampled_from(
        [(DatasetGrant(STAYS),), (), (DatasetGrant(STAYS, "x", frozenset({AGE.name})),)]
    ),
    kinds=st.frozensets(st.sampled_from(AnswerKind)),
    obligations=_owed,
    not_before=_moments,
    expires=_moments,
    purposes=st.lists(_hostile, max_size=2).map(tuple),
    revoked=st.none() | _moments,
)
_requests = st.builds(
    AccessRequest,
    st.builds(
        Principal,
        st.just(ANA.id) | st.builds(PrincipalId, _hostile),
        _hostile,
        st.frozensets(st.sampled_from(Role)),
        _hostile,
        _hostile,
        st.dictionaries(_hostile | st.sampled_from([o.value for o in Operand]), _facts, max_size=3),
    ),
    st.sampled_from(Action),
    _hostile,
    st.builds(VersionRef, st.just(STAYS) | st.builds(DatasetName, _hostile), _hostile),
    _columns,
    st.sampled_from(AnswerKind),
    st.none() | _permits,
    _sites,
    st.dictionaries(st.sampled_from(Operand), _facts, max_size=4),
)
_constraints = st.builds(
    Constraint,
    st.sampled_from(Operand),
    st.sampled_from(Operator),
    st.lists(_hostile | st.sampled_from(["valid", "aggregate", "a", "ana"]), max_size=3).map(tuple),
)
_conditions: st.SearchStrategy[Condition] = st.recursive(
    _constraints,
    lambda inner: st.builds(
        Compound, st.sampled_from(Connective), st.lists(inner, min_size=1, max_size=3).map(tuple)
    ),
    max_leaves=5,
)
_targets = st.sampled_from(
    [
        Target(frozenset({STAYS})),
        Target(everything=True),
        Target(labels=frozenset({Label.SPECIAL_CATEGORY})),
        Target(frozenset({STAYS}), frozenset({Label.SPECIAL_CATEGORY})),
        Target(frozenset({DatasetName("other")})),
    ]
)
_rules = st.builds(
    Rule,
    st.builds(RuleId, _hostile),
    st.sampled_from(Effect),
    _targets,
    st.frozensets(st.sampled_from(Action), max_size=2),
    st.frozensets(st.sampled_from(AnswerKind), max_size=2),
    st.none() | _conditions,
    _owed,
    _hostile,
)
_sets = st.lists(
    st.builds(
        Policy,
        st.builds(PolicyId, _hostile),
        _hostile,
        _hostile,
        st.lists(_rules, max_size=3).map(tuple),
        _sites,
    ),
    max_size=4,
).map(lambda policies: PolicySet(tuple(policies), ""))


def read(decision: Decision) -> None:
    """Everything that it says."""
    for field in fields(decision):
        getattr(decision, field.name)
    assert report_lines(decision)
    if isinstance(decision, Deny):
        assert str(AccessDenied("stays", decision))


@given(_requests, _sets, _moments)
def test_every_request_gets_a_decision_and_every_decision_can_be_read(
    request: AccessRequest, policies: PolicySet, now: datetime
) -> None:
    read(decide(request, policies, now))


@given(_requests, _sets, _moments)
def test_what_is_decided_is_what_the_report_says(
    request: AccessRequest, policies: PolicySet, now: datetime
) -> None:
    found = judge(request, policies, now)
    assert (
        isinstance(decide(request, policies, now), Allow) is allowed(found) is allows(request, policies, now)
    )


@given(_requests, _sets, _moments)
def test_every_constraint_says_what_was_seen_what_was_wanted_and_who_could_change_it(
    request: AccessRequest, policies: PolicySet, now: datetime
) -> None:
    for reason in decide(request, policies, now).reasons:
        for report in reason.constraints:
            owners = {policy.owner for policy in policies.policies}
            assert report.who_can_change or "" in owners


@given(_requests, _sets, _moments, _owed)
def test_an_allowance_never_owes_less_than_the_request_needs(
    request: AccessRequest, policies: PolicySet, now: datetime, owed: Obligations
) -> None:
    decision = decide(request, policies, now)
    if isinstance(decision, Allow):
        answer, sites = decision.obligations.answer, decision.obligations.sites
        kinds = list(AnswerKind)
        assert answer is None or kinds.index(request.kind) >= kinds.index(answer)
        assert sites is None or request.site is None or request.site in sites


@given(st.integers(DEEPEST - 2, 3 * DEEPEST), st.sampled_from(Connective))
def test_a_condition_nested_beyond_reason_permits_nobody_and_stops_everybody(
    depth: int, connective: Connective
) -> None:
    condition: Condition = Constraint(Operand.ROLE, Operator.EQ, ("researcher",))
    for _ in range(depth):
        condition = Compound(connective, (condition,))
    permit = Policy(
        PolicyId("p"),
        "",
        "",
        (Rule(RuleId("r"), Effect.PERMIT, Target(everything=True), condition=condition),),
    )
    decision = decide(REQUEST, PolicySet((permit,), ""), NOW)
    assert isinstance(decision, Allow) is (depth <= DEEPEST)
    stop = replace(permit, id=PolicyId("f"), rules=(replace(permit.rules[0], effect=Effect.FORBID),))
    everybody = replace(permit, id=PolicyId("e"), rules=(replace(permit.rules[0], condition=None),))
    both = decide(REQUEST, PolicySet((stop, everybody), ""), NOW)
    assert isinstance(both, Deny)
    read(both)


def test_a_fact_with_more_digits_than_python_writes_is_not_known() -> None:
    permit = _policy(Effect.PERMIT, Constraint(Operand.COUNT, Operator.GT, ("1",)))
    request = replace(REQUEST, facts={Operand.COUNT: Fact(10**5000, "hub")})
    decision = decide(request, PolicySet((permit,), ""), NOW)
    assert isinstance(decision, Deny)
    assert decision.missing == (Operand.COUNT,)


def test_the_last_day_of_the_calendar_has_a_decision_with_a_suggestion() -> None:
    needs = _policy(Effect.PERMIT, Constraint(Operand.PERMIT, Operator.EQ, ("valid",)))
    for now in (datetime.max, datetime.max.replace(tzinfo=UTC), datetime.min):
        decision = decide(REQUEST, PolicySet((needs,), ""), now)
        assert isinstance(decision, Deny)
        assert decision.nearest


# The whole of a small world: what one rule of each effect comes to, by coverage and by the truth of its condition.

_TRUTHS: dict[bool | None, Condition | None] = {
    True: Constraint(Operand.ROLE, Operator.EQ, ("researcher",)),
    False: Constraint(Operand.ROLE, Operator.EQ, ("steward",)),
    None: Constraint(Operand.COUNTRY, Operator.EQ, ("DE",)),
}
_COVERAGE: dict[str, dict[str, Any]] = {
    "names it": {"target": Target(frozenset({STAYS}))},
    "everything": {"target": Target(everything=True)},
    "by label": {"target": Target(labels=frozenset({Label.SPECIAL_CATEGORY}))},
    "another dataset": {"target": Target(frozenset({DatasetName("other")}))},
    "another label": {"target": Target(labels=frozenset({Label.FREE_TEXT}))},
    "another action": {"target": Target(everything=True), "actions": frozenset({Action.TRAIN})},
    "another kind": {"target": Target(everything=True), "kinds": frozenset({AnswerKind.ROWS})},
}
_COVERS = {"names it": "both", "everything": "both", "by label": "forbid"}
"""Which effects the coverage reaches: a label takes access away and never gives it."""


@pytest.mark.parametrize("permit_covers", _COVERAGE)
@pytest.mark.parametrize("forbid_covers", ["no rule", *_COVERAGE])
def test_coverage_and_truth_of_one_permission_and_one_prohibition(
    permit_covers: str, forbid_covers: str
) -> None:
    request = replace(REQUEST, columns=(AGE, DIED))
    for permits, forbids in product(_TRUTHS, repeat=2):
        policies = [_policy(Effect.PERMIT, _TRUTHS[permits], **_COVERAGE[permit_covers])]
        if forbid_covers != "no rule":
            policies.append(_policy(Effect.FORBID, _TRUTHS[forbids], **_COVERAGE[forbid_covers]))
        gives = permits is True and _COVERS.get(permit_covers) == "both"
        takes = forbids is not False and forbid_covers in _COVERS
        decision = decide(request, PolicySet(tuple(policies), ""), NOW)
        assert isinstance(decision, Allow) is (gives and not takes), (permits, forbids)


@pytest.mark.parametrize("asked", AnswerKind)
@pytest.mark.parametrize("most", [None, *AnswerKind])
def test_a_permission_gives_nothing_that_tells_more_than_the_answer_it_demands(
    asked: AnswerKind, most: AnswerKind | None
) -> None:
    order = [AnswerKind.ROWS, AnswerKind.AGGREGATE, AnswerKind.NOISY, AnswerKind.TRAIN]
    permit = _policy(Effect.PERMIT, None, obligations=Obligations(answer=most))
    decision = decide(replace(REQUEST, kind=asked), PolicySet((permit,), ""), NOW)
    assert isinstance(decision, Allow) is (most is None or order.index(asked) >= order.index(most))


@pytest.mark.parametrize(
    ("of_rule", "of_request", "allowed_there"),
    [(None, "a", True), ("a", "a", True), ("a", "b", False), ("a", None, True), ("", "a", False)],
)
def test_a_permission_that_demands_sites_holds_at_no_other(
    of_rule: str | None, of_request: str | None, allowed_there: bool
) -> None:
    sites = None if of_rule is None else frozenset(SiteName(name) for name in of_rule)
    permit = _policy(Effect.PERMIT, None, obligations=Obligations(sites=sites))
    request = replace(REQUEST, site=SiteName(of_request) if of_request else None)
    decision = decide(request, PolicySet((permit,), ""), NOW)
    assert isinstance(decision, Allow) is allowed_there
    if isinstance(decision, Deny):
        (report,) = decision.reasons[0].constraints
        assert (report.operand, report.holds) == (Operand.SITE, False)


# A decision whose reasons are written when read is like any other.


def _policy(effect: Effect, condition: Condition | None, name: str = "", **more: Any) -> Policy:
    target = more.pop("target", Target(everything=True))
    rule = Rule(RuleId("r"), effect, target, condition=condition, **more)
    return Policy(PolicyId(name or effect.value), "T", "the steward", (rule,))


_IN_FORCE = policy_set([_policy(Effect.PERMIT, _TRUTHS[True], obligations=Obligations(cohort=12))])
_NOTHING = policy_set([_policy(Effect.PERMIT, _TRUTHS[None])])


@pytest.mark.parametrize("policies", [_IN_FORCE, _NOTHING])
def test_a_decision_is_frozen_compares_pickles_and_has_json_read_or_unread(policies: PolicySet) -> None:
    def made() -> Decision:
        return decide(REQUEST, policies, NOW)

    values = {field.name: getattr(made(), field.name) for field in fields(made())}
    plain: Decision = type(made())(**values)
    assert made() == plain
    assert plain == made()
    assert repr(made()) == repr(plain)
    assert to_json(made()) == to_json(plain)
    assert from_json(type(plain), to_json(made())) == plain
    assert pickle.loads(pickle.dumps(made())) == plain  # noqa: S301 - our own bytes
    assert deepcopy(made()) == plain
    assert replace(made(), reasons=()) == replace(plain, reasons=())
    with pytest.raises(FrozenInstanceError):
        made().reasons = ()  # type: ignore[misc]
    with pytest.raises(AttributeError, match="has no 'sentence'"):
        made().sentence  # type: ignore[union-attr]  # noqa: B018


def test_the_reasons_of_a_decision_do_not_change_when_policies_do() -> None:
    decision = decide(REQUEST, _NOTHING, NOW)
    for number in range(20):  # more sets than are kept compiled
        decide(REQUEST, policy_set([_policy(Effect.PERMIT, None, f"p{number}")]), NOW)
    assert [reason.policy for reason in decision.reasons] == ["permit"]


def test_nothing_of_the_report_is_made_until_it_is_read() -> None:
    asked: list[str] = []

    def report(name: str) -> tuple[()]:
        asked.append(name)
        return ()

    decision = Deny.later(report)
    assert asked == []
    assert decision.reasons == () == decision.reasons
    assert asked == ["reasons"]


@pytest.mark.parametrize("of_request", [None, "a", "b"])
@pytest.mark.parametrize("of_permission", [None, "a"])
@pytest.mark.parametrize("of_prohibition", ["no rule", None, "a"])
def test_the_report_speaks_of_a_sites_policies_as_the_decision_does(
    of_request: str | None, of_permission: str | None, of_prohibition: str | None
) -> None:
    request = replace(REQUEST, site=SiteName(of_request) if of_request else None)
    permit = replace(_policy(Effect.PERMIT, None), site=SiteName(of_permission) if of_permission else None)
    policies = [permit]
    if of_prohibition != "no rule":
        site = SiteName(of_prohibition) if of_prohibition else None
        policies.append(replace(_policy(Effect.FORBID, None), site=site))
    in_force = PolicySet(tuple(policies), "")
    found = judge(request, in_force, NOW)
    assert isinstance(decide(request, in_force, NOW), Allow) is allowed(found)
    # A site's policy is left out where another site asks, and told as unclear where none is named.
    for policy in policies:
        told = [finding.node.truth for finding in found if finding.policy is policy]
        expected: dict[bool, list[bool | None]] = {True: [True], False: []}
        unclear = policy.site is not None and request.site is None
        assert told == ([None] if unclear else expected[policy.site in (None, request.site)])
