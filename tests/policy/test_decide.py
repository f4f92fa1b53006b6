"""Decisions: the three rules as a table that leaves nothing out, and laws that hold for any set of policies."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import permutations, product
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataspace.model.datasets import Label
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
from dataspace.policy.compose import compose
from dataspace.policy.decide import decide
from dataspace.policy.digest import policy_set
from tests.policy.stays_world import AGE, ANA, DIED, NOW, REQUEST, STAYS

PERMIT = Permit(
    id=PermitId("P-1"),
    application=ApplicationId("A-1"),
    basis=Basis.CONTRACT,
    issued_by="hub",
    persons=frozenset({ANA.id}),
    organisation="",
    title="Mortality",
    purpose="scientific research",
    legal_basis=("A6-1-e", "A9-2-j"),
    ethics_vote="24-113",
    datasets=(DatasetGrant(STAYS),),
    kinds=frozenset({AnswerKind.AGGREGATE}),
    obligations=Obligations(cohort=20),
    not_before=NOW - timedelta(days=1),
    expires=NOW + timedelta(days=30),
)

State = Literal["absent", "applies", "does not", "cannot be told"]
STATES: tuple[State, ...] = ("absent", "applies", "does not", "cannot be told")
_CONDITIONS: Mapping[State, Condition] = {
    "applies": Constraint(Operand.PURPOSE, Operator.IS_A, ("dpv:ScientificResearch",)),
    "does not": Constraint(Operand.PURPOSE, Operator.IS_A, ("dpv:Marketing",)),
    "cannot be told": Constraint(Operand.COUNTRY, Operator.EQ, ("DE",)),
}


def rule(effect: Effect, condition: Condition | None = None, name: str = "r", **more: Any) -> Rule:
    return replace(Rule(RuleId(name), effect, Target(frozenset({STAYS})), condition=condition), **more)


def policy(name: str, *rules: Rule, site: str = "") -> Policy:
    return Policy(PolicyId(name), name, f"owner of {name}", rules, SiteName(site) if site else None)


def outcome(request: AccessRequest, *policies: Policy) -> bool:
    return isinstance(decide(request, policy_set(policies), NOW), Allow)


# What comes out for every state of one permission and one prohibition, written down and not computed.
_TABLE: dict[tuple[State, State], bool] = {
    ("absent", "absent"): False,
    ("absent", "applies"): False,
    ("absent", "does not"): False,
    ("absent", "cannot be told"): False,
    ("applies", "absent"): True,
    ("applies", "applies"): False,
    ("applies", "does not"): True,
    ("applies", "cannot be told"): False,
    ("does not", "absent"): False,
    ("does not", "applies"): False,
    ("does not", "does not"): False,
    ("does not", "cannot be told"): False,
    ("cannot be told", "absent"): False,
    ("cannot be told", "applies"): False,
    ("cannot be told", "does not"): False,
    ("cannot be told", "cannot be told"): False,
}


def stated(effect: Effect, state: State, name: str) -> list[Policy]:
    return [] if state == "absent" else [policy(name, rule(effect, _CONDITIONS[state]))]


@pytest.mark.parametrize("permits", STATES)
@pytest.mark.parametrize("forbids", STATES)
def test_one_permission_and_one_prohibition(permits: State, forbids: State) -> None:
    policies = stated(Effect.PERMIT, permits, "p") + stated(Effect.FORBID, forbids, "f")
    assert outcome(REQUEST, *policies) is _TABLE[permits, forbids]


def test_two_of_each_are_allowed_where_one_permits_and_no_other_may_forbid() -> None:
    for p1, p2, f1, f2 in product(STATES, repeat=4):
        policies = [
            *stated(Effect.PERMIT, p1, "p1"),
            *stated(Effect.PERMIT, p2, "p2"),
            *stated(Effect.FORBID, f1, "f1"),
            *stated(Effect.FORBID, f2, "f2"),
        ]
        # Two rules come to what the table says of the one that counts most.
        permits = max((p1, p2), key=("absent", "does not", "cannot be told", "applies").index)
        forbids = max((f1, f2), key=("absent", "does not", "cannot be told", "applies").index)
        assert outcome(REQUEST, *policies) is _TABLE[permits, forbids], (p1, p2, f1, f2)


def test_no_policies_deny() -> None:
    decision = decide(REQUEST, PolicySet((), ""), NOW)
    assert isinstance(decision, Deny)
    assert decision.reasons == ()
    assert "No policy speaks of stays" in decision.nearest


OTHER = DatasetName("others")
_TARGETS = [
    (Target(datasets=frozenset({STAYS})), Effect.PERMIT, True),
    (Target(datasets=frozenset({OTHER})), Effect.PERMIT, False),
    (Target(everything=True), Effect.PERMIT, True),
    (Target(labels=frozenset({Label.SPECIAL_CATEGORY})), Effect.PERMIT, False),
    (Target(frozenset({OTHER}), frozenset({Label.SPECIAL_CATEGORY})), Effect.PERMIT, False),
    (Target(frozenset({STAYS}), frozenset({Label.FREE_TEXT})), Effect.PERMIT, True),
    (Target(labels=frozenset({Label.SPECIAL_CATEGORY})), Effect.FORBID, True),
    (Target(labels=frozenset({Label.FREE_TEXT})), Effect.FORBID, False),
    (Target(frozenset({OTHER}), frozenset({Label.SPECIAL_CATEGORY})), Effect.FORBID, True),
    (Target(datasets=frozenset({OTHER})), Effect.FORBID, False),
    (Target(everything=True), Effect.FORBID, True),
]


@pytest.mark.parametrize(("target", "effect", "speaks"), _TARGETS)
def test_a_target_says_what_a_rule_speaks_of_and_a_label_never_permits(
    target: Target, effect: Effect, speaks: bool
) -> None:
    subject = policy("subject", rule(effect, target=target))
    rest = [] if effect is Effect.PERMIT else [policy("rest", rule(Effect.PERMIT))]
    request = replace(REQUEST, columns=(AGE, DIED))
    assert outcome(request, subject, *rest) is (speaks if effect is Effect.PERMIT else not speaks)


def test_a_label_counts_only_where_a_column_that_carries_it_is_asked_for() -> None:
    label = rule(Effect.FORBID, target=Target(labels=frozenset({Label.SPECIAL_CATEGORY})))
    policies = (policy("f", label), policy("p", rule(Effect.PERMIT)))
    assert outcome(replace(REQUEST, columns=(AGE,)), *policies)
    assert not outcome(replace(REQUEST, columns=(AGE, DIED)), *policies)


@pytest.mark.parametrize("effect", Effect)
@pytest.mark.parametrize("asked", Action)
@pytest.mark.parametrize("said", [None, *Action])
def test_use_covers_every_action_and_one_action_no_other(
    effect: Effect, asked: Action, said: Action | None
) -> None:
    subject = policy("s", rule(effect, actions=frozenset({said} if said else ())))
    policies = [subject] if effect is Effect.PERMIT else [subject, policy("p", rule(Effect.PERMIT))]
    covers = said in (None, Action.USE, asked)
    # An unspecific use may mean the action that is forbidden, and may mean another than the one permitted.
    expected = covers if effect is Effect.PERMIT else not covers and asked is not Action.USE
    assert outcome(replace(REQUEST, action=asked), *policies) is expected


@pytest.mark.parametrize("asked", AnswerKind)
@pytest.mark.parametrize("said", [None, *AnswerKind])
def test_a_kind_of_answer_is_given_only_where_it_is_named(asked: AnswerKind, said: AnswerKind | None) -> None:
    subject = policy("p", rule(Effect.PERMIT, kinds=frozenset({said} if said else ())))
    assert outcome(replace(REQUEST, kind=asked), subject) is (said in (None, asked))


_SITES = [("", "", True, False), ("a", "a", True, False), ("a", "b", False, True), ("a", "", False, False)]


@pytest.mark.parametrize(("of_policy", "of_request", "permits", "allowed_despite"), _SITES)
def test_a_sites_policy_speaks_of_that_site_and_an_unknown_site_helps_nobody(
    of_policy: str, of_request: str, permits: bool, allowed_despite: bool
) -> None:
    request = replace(REQUEST, site=SiteName(of_request) if of_request else None)
    assert outcome(request, policy("p", rule(Effect.PERMIT), site=of_policy)) is permits
    both = (policy("f", rule(Effect.FORBID), site=of_policy), policy("p", rule(Effect.PERMIT)))
    assert outcome(request, *both) is allowed_despite


NEEDS_PERMIT = policy("p", rule(Effect.PERMIT, Constraint(Operand.PERMIT, Operator.EQ, ("valid",))))
_GAPS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("revoked", {"revoked": NOW - timedelta(hours=1)}, {}),
    ("revoked", {"revoked": NOW + timedelta(hours=1)}, {}),
    ("suspended since", {"suspended": NOW - timedelta(hours=1)}, {}),
    ("closed on", {"closed": NOW - timedelta(hours=1)}, {}),
    ("begins", {"not_before": NOW + timedelta(seconds=1)}, {}),
    ("expired", {"expires": NOW}, {}),
    ("named persons", {"persons": frozenset({PrincipalId("bob")})}, {}),
    ("named persons", {"persons": frozenset()}, {}),
    ("does not give stays", {"datasets": (DatasetGrant(OTHER),)}, {}),
    ("does not give stays", {"datasets": ()}, {}),
    ("another version", {"datasets": (DatasetGrant(STAYS, "cd" * 32),)}, {}),
    ("column age", {"datasets": (DatasetGrant(STAYS, columns=frozenset({DIED.name})),)}, {}),
    (
        "column died",
        {"datasets": (DatasetGrant(STAYS, columns=frozenset({AGE.name})),)},
        {"columns": (AGE, DIED)},
    ),
    (
        "column died",
        {
            "datasets": (
                DatasetGrant(STAYS, columns=frozenset()),
                DatasetGrant(STAYS, columns=frozenset({AGE.name})),
            )
        },
        {"columns": (AGE, DIED)},
    ),
    ("tells more than noisy", {"obligations": Obligations(answer=AnswerKind.NOISY)}, {}),
    ("this site", {"obligations": Obligations(sites=frozenset({SiteName("a")}))}, {"site": SiteName("b")}),
    ("gives noisy", {"kinds": frozenset({AnswerKind.NOISY})}, {}),
    ("no answers", {"kinds": frozenset()}, {}),
    ("this site", {"sites": frozenset({SiteName("a")})}, {"site": SiteName("b")}),
    ("this site", {"sites": frozenset({SiteName("a")})}, {"site": None}),
    ("another purpose", {"purpose": "marketing"}, {}),
    ("another purpose", {"purpose": "healthcare scientific research"}, {}),
    ("another purpose", {"purpose": "nonsense"}, {}),
    ("another purpose", {"purpose": ""}, {}),
    ("another purpose", {"purpose": "scientific research", "purposes": ("marketing",)}, {}),
    ("another purpose", {}, {"purpose": "nonsense"}),
    ("another purpose", {}, {"purpose": "train AI systems"}),
]


@pytest.mark.parametrize(("words", "of_permit", "of_request"), _GAPS)
def test_a_permit_that_does_not_cover_the_request_is_none_and_the_report_says_which_part(
    words: str, of_permit: dict[str, Any], of_request: dict[str, Any]
) -> None:
    request = replace(REQUEST, permit=replace(PERMIT, **of_permit), **of_request)
    decision = decide(request, policy_set([NEEDS_PERMIT]), NOW)
    assert isinstance(decision, Deny)
    (report,) = decision.reasons[0].constraints
    assert (report.operand, report.required, report.holds) == (Operand.PERMIT, "valid", False)
    assert words in report.observed


_COVERS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {}),
    ({}, {"purpose": "dpv:ScientificResearch"}),
    ({}, {"purpose": "health research"}),
    ({"purposes": ("marketing", "https://w3id.org/dpv#ScientificResearch")}, {}),
    ({"datasets": (DatasetGrant(OTHER), DatasetGrant(STAYS, "ab" * 32))}, {}),
    (
        {"datasets": (DatasetGrant(STAYS, columns=frozenset({AGE.name, DIED.name})),)},
        {"columns": (AGE, DIED)},
    ),
    ({"sites": frozenset({SiteName("a")})}, {"site": SiteName("a")}),
    ({"sites": frozenset({SiteName("a")})}, {"site": SiteName("b"), "relayed": True}),
    ({"obligations": Obligations(cohort=20, sites=frozenset({SiteName("a")}))}, {"site": SiteName("a")}),
    ({"obligations": Obligations(cohort=20, sites=frozenset({SiteName("a")}))}, {"site": None}),
    ({"obligations": Obligations(cohort=20, answer=AnswerKind.AGGREGATE)}, {}),
    ({"not_before": NOW, "expires": NOW + timedelta(seconds=1)}, {}),
    ({}, {"purpose": ""}),
]


@pytest.mark.parametrize(("of_permit", "of_request"), _COVERS)
def test_a_permit_that_covers_the_request_opens_it(
    of_permit: dict[str, Any], of_request: dict[str, Any]
) -> None:
    request = replace(REQUEST, permit=replace(PERMIT, **of_permit), **of_request)
    decision = decide(request, policy_set([NEEDS_PERMIT]), NOW)
    assert isinstance(decision, Allow), decision.nearest
    assert decision.obligations.cohort == 20
    assert decision.obligations.expires == request_expiry(request)


def request_expiry(request: AccessRequest) -> datetime:
    assert request.permit is not None
    return request.permit.expires


def test_no_permit_is_not_a_valid_one() -> None:
    assert not outcome(REQUEST, NEEDS_PERMIT)


def test_of_two_purposes_of_a_permit_an_unstated_one_counts_only_where_both_would() -> None:
    permit = replace(PERMIT, purposes=("scientific research", "train AI systems"))
    request = replace(REQUEST, purpose="", permit=permit)
    research = Constraint(Operand.PURPOSE, Operator.IS_A, ("dpv:ScientificResearch",))
    either = Constraint(Operand.PURPOSE, Operator.IS_ANY_OF, ("dpv:ScientificResearch", "train algorithms"))
    training = Constraint(Operand.PURPOSE, Operator.IS_A, ("train algorithms",))
    assert not outcome(request, policy("p", rule(Effect.PERMIT, research)))
    assert outcome(request, policy("p", rule(Effect.PERMIT, either)))
    assert not outcome(request, policy("p", rule(Effect.PERMIT)), policy("f", rule(Effect.FORBID, training)))
    stated_purpose = replace(request, purpose="scientific research")
    assert outcome(
        stated_purpose, policy("p", rule(Effect.PERMIT)), policy("f", rule(Effect.FORBID, training))
    )


def test_legal_basis_and_ethics_vote_come_from_the_permit_that_covers_and_from_no_other() -> None:
    both = Compound(
        Connective.AND,
        (
            Constraint(Operand.LEGAL_BASIS, Operator.IS_A, ("A6-1-e",)),
            Constraint(Operand.ETHICS_VOTE, Operator.NEQ, ("none",)),
        ),
    )
    needs = policy("p", rule(Effect.PERMIT, both))
    assert outcome(replace(REQUEST, permit=PERMIT), needs)
    assert not outcome(replace(REQUEST, permit=replace(PERMIT, revoked=NOW)), needs)
    assert not outcome(replace(REQUEST, permit=replace(PERMIT, ethics_vote="")), needs)
    assert not outcome(replace(REQUEST, permit=replace(PERMIT, legal_basis=())), needs)
    assert not outcome(REQUEST, needs)


def test_of_two_purposes_of_a_permit_the_report_says_that_it_is_not_stated_which() -> None:
    never = rule(Effect.PERMIT, Constraint(Operand.PURPOSE, Operator.IS_A, ("dpv:HumanResourceManagement",)))
    for purposes, seen in (
        (("scientific research",), "scientific research"),
        (
            ("scientific research", "dpv:Marketing"),
            "scientific research or marketing (not stated which)",
        ),
        (("scientific research", "nonsense"), "not stated"),
    ):
        request = replace(REQUEST, purpose="", permit=replace(PERMIT, purposes=purposes))
        (reason,) = decide(request, policy_set([policy("p", never)]), NOW).reasons
        assert reason.constraints[0].observed == seen
    uncovered = replace(REQUEST, purpose="", permit=replace(PERMIT, revoked=NOW))
    (reason,) = decide(uncovered, policy_set([policy("p", never)]), NOW).reasons
    assert reason.constraints[0].observed == "not stated"


@pytest.mark.parametrize(
    ("value", "seen"),
    [
        (("DE", "FR"), "DE, FR (says the registry)"),
        ((), "none (says the registry)"),
        (True, "true (says the registry)"),
        (1, "1 (says the registry)"),
        (1.0, "1.0 (says the registry)"),
        ("dpv:ScientificResearch", "scientific research (says the registry)"),
        ("scientific research", "scientific research (says the registry)"),
        ("eu:DE", "eu:DE (says the registry)"),
    ],
)
def test_a_fact_is_told_with_whoever_asserts_it(value: Any, seen: str) -> None:
    never = rule(Effect.PERMIT, Constraint(Operand.RECIPIENT, Operator.EQ, ("nobody",)))
    request = replace(REQUEST, facts={Operand.RECIPIENT: Fact(value, "the registry")})
    (reason,) = decide(request, policy_set([policy("p", never)]), NOW).reasons
    assert reason.constraints[0].observed == seen


def test_a_fact_that_is_true_is_the_word_and_not_the_number() -> None:
    stated = replace(REQUEST, facts={Operand.SECURE_ENVIRONMENT: Fact(True, "the site")})
    needs = Constraint(Operand.SECURE_ENVIRONMENT, Operator.EQ, ("true",))
    assert outcome(stated, policy("p", rule(Effect.PERMIT, needs)))
    one = replace(REQUEST, facts={Operand.SECURE_ENVIRONMENT: Fact(1, "the site")})
    assert not outcome(one, policy("p", rule(Effect.PERMIT, needs)))


def test_the_scope_of_a_rule_is_told_where_it_does_not_fit() -> None:
    """Action, kind of answer, and what a permission demands of both, as constraints of the report."""
    rows = rule(Effect.PERMIT, name="rows", actions=frozenset({Action.READ}))
    most = rule(Effect.PERMIT, name="most", obligations=Obligations(answer=AnswerKind.NOISY))
    there = rule(Effect.PERMIT, name="there", obligations=Obligations(sites=frozenset(map(SiteName, "ab"))))
    nowhere = rule(Effect.PERMIT, name="nowhere", obligations=Obligations(sites=frozenset()))
    request = replace(REQUEST, site=SiteName("c"))
    decision = decide(request, policy_set([policy("p", rows, most, there, nowhere)]), NOW)
    assert isinstance(decision, Deny)
    told = {
        str(reason.rule): [(c.operand, c.required, c.observed, c.holds) for c in reason.constraints]
        for reason in decision.reasons
    }
    assert told == {
        "rows": [(Operand.ANSWER_KIND, "to read", "to aggregate", False)],
        "most": [(Operand.ANSWER_KIND, "at most noisy", "aggregate", False)],
        "there": [(Operand.SITE, "a or b", "c", False)],
        "nowhere": [(Operand.SITE, "none", "c", False)],
    }


def test_a_fact_never_overrules_what_the_request_itself_says() -> None:
    marketing = {Operand.PURPOSE: Fact("dpv:ScientificResearch", "ana"), Operand.PERMIT: Fact("valid", "ana")}
    request = replace(REQUEST, purpose="marketing", facts=marketing)
    assert not outcome(request, policy("p", rule(Effect.PERMIT, _CONDITIONS["applies"])))
    assert not outcome(request, NEEDS_PERMIT)
    assert outcome(replace(request, purpose=""), policy("p", rule(Effect.PERMIT, _CONDITIONS["applies"])))


@pytest.mark.parametrize(
    ("operand", "right"),
    [
        (Operand.ROLE, "researcher"),
        (Operand.ANSWER_KIND, "aggregate"),
        (Operand.SITE, "a"),
        (Operand.LABEL, "special-category"),
        (Operand.AFFILIATION, "charité"),
        (Operand.COUNTRY, "DE"),
        (Operand.PERMIT, "none"),
        (Operand.DPIA, "DPIA required"),
    ],
)
def test_what_the_request_says_is_what_constraints_see(operand: Operand, right: str) -> None:
    claims = {"country": Fact("DE", "issuer"), "affiliation": Fact("nowhere", "ana")}
    request = replace(
        REQUEST,
        principal=replace(ANA, organisation="Charité", claims=claims),
        columns=(DIED,),
        site=SiteName("a"),
        facts={Operand.DPIA: Fact("DPIARequired", "hub")},
    )
    assert outcome(request, policy("p", rule(Effect.PERMIT, Constraint(operand, Operator.EQ, (right,)))))
    other = Constraint(operand, Operator.NEQ, (right,))
    assert not outcome(request, policy("p", rule(Effect.PERMIT, other)))


def test_the_time_is_the_one_that_was_given() -> None:
    before = Constraint(Operand.DATE_TIME, Operator.LT, ("2026-12-02",))
    in_force = policy_set([policy("p", rule(Effect.PERMIT, before))])
    assert isinstance(decide(REQUEST, in_force, NOW), Allow)
    assert isinstance(decide(REQUEST, in_force, NOW + timedelta(days=1)), Deny)
    assert isinstance(decide(REQUEST, in_force, datetime(2026, 12, 1, 12)), Allow)


def test_an_allowance_owes_what_every_permission_that_applies_demands() -> None:
    decision = decide(
        replace(REQUEST, permit=PERMIT),
        policy_set(
            [
                policy("one", rule(Effect.PERMIT, obligations=Obligations(cohort=12, minimum_sites=4))),
                policy("two", rule(Effect.PERMIT, obligations=Obligations(epsilon_total=0.5))),
                policy(
                    "three", rule(Effect.PERMIT, _CONDITIONS["does not"], obligations=Obligations(cohort=99))
                ),
                policy(
                    "four", rule(Effect.FORBID, _CONDITIONS["does not"], obligations=Obligations(cohort=98))
                ),
            ]
        ),
        NOW,
    )
    assert isinstance(decision, Allow)
    assert decision.obligations == compose(
        Obligations(cohort=20, minimum_sites=4, epsilon_total=0.5, expires=PERMIT.expires)
    )


def test_a_permit_that_does_not_cover_the_request_demands_nothing_where_none_is_needed() -> None:
    decision = decide(
        replace(REQUEST, permit=replace(PERMIT, expires=NOW)),
        policy_set([policy("p", rule(Effect.PERMIT))]),
        NOW,
    )
    assert isinstance(decision, Allow)
    assert decision.obligations == Obligations()


def test_the_decider_is_told_apart_from_yes_and_no() -> None:
    for policies in ([], [policy("p", rule(Effect.PERMIT))]):
        with pytest.raises(TypeError, match="match on Allow or Deny"):
            bool(decide(REQUEST, policy_set(policies), NOW))


# Laws, for any policies and any request

_PURPOSES = [
    "",
    "nonsense",
    "dpv:Purpose",
    "scientific research",
    "marketing",
    "advertising",
    "health research",
]
_rights = {
    Operand.PURPOSE: _PURPOSES[2:],
    Operand.ROLE: [role.value for role in Role],
    Operand.COUNTRY: ["DE", "FR"],
    Operand.RECIPIENT: ["x", "y"],
    Operand.COUNT: ["5", "nonsense"],
    Operand.PERMIT: ["valid", "none"],
    Operand.DATE_TIME: ["2026-01-01", "2027-01-01"],
    Operand.LEGAL_BASIS: ["A6-1-e", "A9-2-j"],
    Operand.SITE: ["a", "b"],
}


@st.composite
def _constraints(draw: st.DrawFn) -> Constraint:
    operand = draw(st.sampled_from(sorted(_rights)))
    right = draw(st.lists(st.sampled_from(_rights[operand]), min_size=1, max_size=2, unique=True))
    return Constraint(operand, draw(st.sampled_from(Operator)), tuple(right))


_conditions: st.SearchStrategy[Condition] = st.recursive(
    _constraints(),
    lambda inner: st.builds(
        Compound, st.sampled_from(Connective), st.lists(inner, min_size=1, max_size=3).map(tuple)
    ),
    max_leaves=4,
)
_obligations = st.builds(
    Obligations, cohort=st.none() | st.integers(5, 30), epsilon_total=st.none() | st.sampled_from([0.1, 1.0])
)
_rules = st.builds(
    Rule,
    st.just(RuleId("r")),
    st.sampled_from(Effect),
    st.sampled_from([target for target, _, _ in _TARGETS]),
    st.frozensets(st.sampled_from(Action), max_size=2),
    st.frozensets(st.sampled_from(AnswerKind), max_size=2),
    st.none() | _conditions,
    _obligations,
)


@st.composite
def _policies(draw: st.DrawFn) -> list[Policy]:
    rules = draw(st.lists(st.lists(_rules, min_size=1, max_size=2), max_size=4))
    sites = [draw(st.sampled_from(["", "", "a"])) for _ in rules]
    return [
        policy(f"p{number}", *some, site=site)
        for number, (some, site) in enumerate(zip(rules, sites, strict=True))
    ]


_VALUES: list[str | float | bool | tuple[str, ...]] = [
    "DE",
    "x",
    4,
    6.5,
    float("nan"),
    True,
    ("A6-1-e",),
    (),
    "",
]
_facts = st.dictionaries(
    st.sampled_from([Operand.COUNTRY, Operand.RECIPIENT, Operand.COUNT, Operand.LEGAL_BASIS]),
    st.builds(Fact, st.sampled_from(_VALUES), st.just("hub")),
    max_size=3,
)
_requests = st.builds(
    AccessRequest,
    st.builds(
        Principal,
        st.just(ANA.id),
        st.just("Ana"),
        st.frozensets(st.sampled_from(Role), max_size=2),
        st.sampled_from(["", "Charité"]),
    ),
    st.sampled_from(Action),
    st.sampled_from(_PURPOSES),
    st.just(REQUEST.dataset),
    st.sampled_from([(), (AGE,), (AGE, DIED)]),
    st.sampled_from(AnswerKind),
    st.sampled_from(
        [None, PERMIT, replace(PERMIT, revoked=NOW), replace(PERMIT, kinds=frozenset(AnswerKind))]
    ),
    st.sampled_from([None, SiteName("a"), SiteName("b")]),
    _facts,
)


def reached(request: AccessRequest, policies: list[Policy]) -> Decision:
    return decide(request, policy_set(policies), NOW)


@given(_requests, _policies())
def test_a_prohibition_that_applies_settles_it(request: AccessRequest, policies: list[Policy]) -> None:
    settled = reached(request, [*policies, policy("no", rule(Effect.FORBID))])
    assert isinstance(settled, Deny)
    assert any(reason.policy == "no" for reason in settled.reasons if reason.sentence)


@given(_requests, _policies())
def test_the_order_of_policies_does_not_matter(request: AccessRequest, policies: list[Policy]) -> None:
    expected = reached(request, policies)
    for order in permutations(policies[:3]):
        assert decide(request, PolicySet((*order, *policies[3:]), ""), NOW) == expected


@given(_requests, _policies(), st.data())
def test_losing_a_fact_never_helps(
    request: AccessRequest, policies: list[Policy], data: st.DataObject
) -> None:
    kept = {o: f for o, f in request.facts.items() if data.draw(st.booleans())}
    without = replace(request, facts=kept)
    if isinstance(reached(without, policies), Allow):
        assert isinstance(reached(request, policies), Allow)


@given(_requests, _policies())
def test_leaving_the_purpose_out_never_helps_without_a_permit(
    request: AccessRequest, policies: list[Policy]
) -> None:
    request = replace(request, permit=None)
    if isinstance(reached(replace(request, purpose=""), policies), Allow):
        assert isinstance(reached(request, policies), Allow)


@given(_requests, _policies())
def test_losing_a_policy_never_helps_unless_it_forbids(
    request: AccessRequest, policies: list[Policy]
) -> None:
    before = reached(request, policies)
    for lost in policies:
        if all(r.effect is Effect.PERMIT for r in lost.rules):
            after = reached(request, [other for other in policies if other is not lost])
            assert isinstance(before, Allow) or isinstance(after, Deny)


@given(_requests, _policies(), _obligations)
def test_another_permission_only_tightens_what_is_owed(
    request: AccessRequest, policies: list[Policy], owed: Obligations
) -> None:
    before = reached(request, policies)
    after = reached(request, [*policies, policy("more", rule(Effect.PERMIT, obligations=owed))])
    if isinstance(before, Allow):
        assert isinstance(after, Allow)
        assert after.obligations == compose(before.obligations, owed)


@given(_requests, _policies())
def test_every_reason_names_a_rule_that_exists_and_every_refusal_says_something(
    request: AccessRequest, policies: list[Policy]
) -> None:
    decision = reached(request, policies)
    names = {(p.id, r.id) for p in policies for r in p.rules}
    assert {(reason.policy, reason.rule) for reason in decision.reasons} <= names
    if isinstance(decision, Deny):
        assert decision.nearest
        permitted = any(r.effect is Effect.PERMIT for p in policies for r in p.rules)
        assert permitted or all(reason.effect is Effect.FORBID for reason in decision.reasons)
