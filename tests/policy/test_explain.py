"""Refusals say what is missing, who can change it, and the nearest thing that would pass; and that is true."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from dataspace.adapters.policy_yaml import parse_policy
from dataspace.errors import AccessDenied
from dataspace.model.datasets import Column, ColumnType, Label, VersionRef
from dataspace.model.decisions import Allow, Deny
from dataspace.model.names import ColumnName, DatasetName, PolicyId, PrincipalId, RuleId, SiteName
from dataspace.model.policies import (
    Action,
    AnswerKind,
    Compound,
    Condition,
    Connective,
    Constraint,
    Effect,
    Mask,
    MaskKind,
    Obligations,
    Operand,
    Operator,
    Policy,
    PolicySet,
    Rule,
    Target,
)
from dataspace.model.predicates import Comparator, Compare
from dataspace.model.principals import Principal, Role
from dataspace.model.requests import AccessRequest
from dataspace.policy.decide import decide
from dataspace.policy.digest import policy_set
from dataspace.policy.explain import obligation_lines, report_lines

NOW = datetime(2026, 12, 1, tzinfo=UTC)
ANA = Principal(PrincipalId("ana"), "Ana", frozenset({Role.RESEARCHER}))
AGE = Column(ColumnName("age"), ColumnType.INTEGER)
DIED = Column(ColumnName("died"), ColumnType.INTEGER, labels=frozenset({Label.SPECIAL_CATEGORY}))
ASKED = AccessRequest(
    ANA, Action.READ, "", VersionRef(DatasetName("stays"), "ab" * 32), (AGE, DIED), AnswerKind.ROWS
)
TEXT = """
policy: stays
title: Stays
owner: the steward
on: stays
allow:
  rule: research
  {allow}
forbid:
  rule: adverts
  for: marketing
  because: No advertising with stays.
"""


def in_force(allow: str, *more: str) -> PolicySet:
    def predicate(text: str) -> Compare:
        return Compare(ColumnName(text), Comparator.EQ, 1)

    texts = [TEXT.replace("{allow}", allow), *more]
    return policy_set(parse_policy(text, "policy.yaml", predicate) for text in texts)


BASES = """
policy: bases
title: Bases
owner: the law
on: special-category
forbid: {rule: b, unless: {legal basis: A6-1-e}, because: A basis is needed.}
"""


def refused(request: AccessRequest, policies: PolicySet) -> Deny:
    decision = decide(request, policies, NOW)
    assert isinstance(decision, Deny)
    return decision


def rules(*lines: str) -> str:
    return "\n  ".join(lines)


RESEARCH = rules("for: scientific research", "who: permit holders", "answers: [aggregate, noisy]")
OPEN = rules("for: scientific research", "answers: [aggregate, noisy]")
ANY = rules("answers: [rows, aggregate]")

_NEAREST: list[tuple[str, str, Mapping[str, Any], tuple[str, ...], str]] = [
    (
        "everything at once",
        RESEARCH,
        {},
        (BASES,),
        'You can change this: hub.apply("stays", purpose="scientific research", legal_basis=[…]), '
        'then ask with permit=…, kind="aggregate".',
    ),
    (
        "another kind",
        OPEN,
        {"purpose": "scientific research"},
        (),
        'You can change this: ask with kind="aggregate".',
    ),
    (
        "a purpose",
        OPEN,
        {"kind": AnswerKind.NOISY, "action": Action.AGGREGATE},
        (),
        'You can change this: ask with purpose="scientific research" if that is what it is for.',
    ),
    (
        "fewer columns",
        ANY,
        {"purpose": "scientific research"},
        (BASES,),
        "You can change this: ask without died.",
    ),
    (
        "nothing",
        OPEN,
        {"purpose": "advertising"},
        (),
        "Nothing that you could ask instead would pass; only the steward (stays) can change this.",
    ),
    (
        "not a count instead of training",
        OPEN,
        {"purpose": "scientific research", "kind": AnswerKind.TRAIN, "action": Action.TRAIN},
        (),
        "Nothing that you could ask instead would pass; only the steward (stays) can change this.",
    ),
]


@pytest.mark.parametrize(
    ("allow", "change", "more", "expected"),
    [case[1:] for case in _NEAREST],
    ids=[case[0] for case in _NEAREST],
)
def test_the_nearest_thing_that_would_pass_is_one_sentence_to_type(
    allow: str, change: Mapping[str, Any], more: tuple[str, ...], expected: str
) -> None:
    assert refused(replace(ASKED, **change), in_force(allow, *more)).nearest == expected


def test_what_is_suggested_does_pass() -> None:
    policies = in_force(OPEN)
    assert 'kind="aggregate"' in refused(replace(ASKED, purpose="scientific research"), policies).nearest
    changed = replace(
        ASKED, purpose="scientific research", kind=AnswerKind.AGGREGATE, action=Action.AGGREGATE
    )
    assert isinstance(decide(changed, policies, NOW), Allow)


def test_what_is_missing_is_listed() -> None:
    decision = refused(ASKED, in_force(RESEARCH, BASES))
    assert decision.missing == (Operand.PURPOSE, Operand.LEGAL_BASIS, Operand.PERMIT)
    assert refused(replace(ASKED, purpose="advertising"), in_force(RESEARCH)).missing == ()


def test_one_line_tells_it_and_does_not_repeat_itself() -> None:
    text = str(AccessDenied("stays", refused(ASKED, in_force(RESEARCH, BASES))))
    assert text.startswith(
        "Access to 'stays' denied: there is no permit, and no purpose is stated (the rule speaks of scientific "
        "research), and this policy gives aggregate or noisy, not rows [stays]. You can change this: hub.apply("
    )
    assert text.count("no purpose is stated") == 1


def test_only_the_rules_that_decided_have_a_sentence() -> None:
    decision = refused(replace(ASKED, purpose="advertising"), in_force(RESEARCH))
    assert [(r.rule, r.sentence) for r in decision.reasons] == [
        ("adverts", "No advertising with stays"),
        ("research", ""),
    ]
    assert [r.applies for r in decision.reasons] == [True, False]


@pytest.mark.parametrize(
    ("change", "allow", "who"),
    [
        ({}, RESEARCH, ["you", "you"]),
        ({"purpose": "advertising"}, RESEARCH, ["the steward", "the steward"]),
        ({"purpose": "scientific research"}, RESEARCH, ["you", "the steward"]),
        (
            {"purpose": "scientific research", "kind": AnswerKind.TRAIN},
            RESEARCH,
            ["the steward", "the steward"],
        ),
    ],
)
def test_who_can_change_it_is_said(change: Mapping[str, Any], allow: str, who: list[str]) -> None:
    decision = refused(replace(ASKED, **change), in_force(allow))
    assert [reason.who_can_change for reason in decision.reasons] == who


def test_an_unclear_prohibition_says_what_is_unclear() -> None:
    decision = refused(replace(ASKED, purpose="scientific research"), in_force(ANY, BASES))
    assert [r.sentence for r in decision.reasons if r.sentence] == [
        "the legal basis is not known, so this stands: A basis is needed"
    ]


def test_a_report_shows_every_rule_with_what_it_wants_and_what_is_there() -> None:
    lines = report_lines(refused(ASKED, in_force(RESEARCH)))
    assert lines[0] == "Refused."
    assert "    no  permit: valid; here none came with the question (changed by you)" in lines
    assert "    ?   purpose: scientific research; here not stated (changed by you)" in lines
    assert lines[-1].startswith("You can change this: hub.apply(")


def test_a_report_of_an_allowance_lists_what_is_owed() -> None:
    asked = replace(ASKED, purpose="scientific research", columns=(AGE,))
    text = rules(
        "answers: rows", "limits: {cohort: 12, maximum rows: 99, mask: {age: generalise 5}, withhold: died}"
    )
    decision = decide(asked, in_force(text), NOW)
    assert isinstance(decision, Allow)
    lines = report_lines(decision)
    assert lines[0] == "Allowed."
    assert decision.reasons[0].effect is Effect.PERMIT
    assert {
        "cells of at least 12",
        "ε at most 0.1 a question and 1 a permit",
        "age masked (generalise)",
        "without died",
        "at most 99 rows",
    } <= set(obligation_lines(decision.obligations))
    assert all(f"  owed: {line}" in lines for line in obligation_lines(decision.obligations))


_DEMANDS: list[tuple[Mapping[str, Any], str]] = [
    ({"cohort": 12}, "cells of at least 12"),
    ({"epsilon_question": 0.5, "epsilon_total": 2.0}, "ε at most 0.5 a question and 2 a permit"),
    ({"row_filter": Compare(AGE.name, Comparator.GT, 17)}, "only rows that pass the policy's filter"),
    ({"masks": {AGE.name: Mask(MaskKind.NULL)}}, "age masked (null)"),
    ({"withheld": frozenset({DIED.name, AGE.name})}, "without age, died"),
    ({"answer": AnswerKind.NOISY}, "nothing that tells more than noisy answers"),
    ({"round_to": 5}, "counts and sums of aggregates in steps of 5"),
    (
        {"compare_across": frozenset({"principal", "project"})},
        "aggregates compared with all earlier ones of the same principal and the same project",
    ),
    ({"maximum_rows": 99}, "at most 99 rows"),
    ({"minimum_sites": 4}, "across sites: 4 sites, 50 units and 10 events at each"),
    ({"expires": NOW}, "until 2026-12-01"),
    ({"sites": frozenset({SiteName("b"), SiteName("a")})}, "computed only at a, b"),
    ({"sites": frozenset()}, "computed only at no site"),
    ({"retention_days": 30}, "kept for at most 30 days"),
    ({"no_onward_sharing": True}, "not handed on"),
    ({"restate_purpose": True}, "the purpose restated with each question"),
    ({"attribution": "the registry"}, "named as the registry"),
    ({"duties": frozenset({"publish results"})}, "publish results"),
]


@pytest.mark.parametrize(("demand", "line"), _DEMANDS)
def test_every_demand_is_told_in_a_line_and_nothing_else_is(demand: Mapping[str, Any], line: str) -> None:
    plain, told = obligation_lines(Obligations()), obligation_lines(Obligations(**demand))
    assert set(told) - set(plain) == {line}
    assert len(told) - len(plain) == (
        0 if {"cohort", "epsilon_total", "minimum_sites"} & demand.keys() else 1
    )


def test_where_no_policy_speaks_of_a_dataset_the_report_says_so() -> None:
    lines = report_lines(refused(ASKED, policy_set([])))
    assert lines[:2] == ("Refused.", "  no policy speaks of this [default]")
    assert "  no policy speaks of this [default]" not in report_lines(refused(ASKED, in_force(ANY, BASES)))


def test_a_report_says_of_each_rule_whether_it_allows_or_forbids_and_how_that_came_out() -> None:
    allowed = decide(replace(ASKED, purpose="scientific research", columns=(AGE,)), in_force(ANY), NOW)
    lines = report_lines(allowed)
    assert [line for line in lines if line.startswith("  stays/")] == [
        "  stays/research allows: applies; this policy allows it",
        "  stays/adverts forbids: does not apply",
    ]
    assert "    no  purpose: marketing; here scientific research (changed by the steward)" in lines
    unclear = report_lines(refused(replace(ASKED, purpose="scientific research"), in_force(ANY, BASES)))
    assert [line for line in unclear if line.startswith("  bases/")] == [
        "  bases/b forbids: cannot be told; the legal basis is not known, so this stands: A basis is needed"
    ]


def test_a_prohibition_without_a_reason_of_its_own_says_what_it_forbids() -> None:
    bare = "policy: b\ntitle: B\nowner: the law\non: stays\nforbid: {rule: b, for: scientific research}\n"
    always = bare.replace(", for: scientific research", "")
    for text, sentence in (
        (
            bare,
            "this policy forbids it (the purpose is scientific research (the rule speaks of scientific research))",
        ),
        (always, "this policy forbids it (always)"),
    ):
        decision = refused(replace(ASKED, purpose="scientific research"), in_force(ANY, text))
        assert [reason.sentence for reason in decision.reasons if reason.sentence] == [sentence]


GERMAN = Constraint(Operand.COUNTRY, Operator.EQ, ("DE",))
ADVERTS = Constraint(Operand.PURPOSE, Operator.IS_A, ("dpv:Marketing",))
STUDY = Constraint(Operand.PURPOSE, Operator.IS_A, ("dpv:ScientificResearch",))


def ruled(*rules: tuple[Effect, Condition | None], kinds: frozenset[AnswerKind] = frozenset()) -> PolicySet:
    """Policies p0, p1, … of one rule each; prohibitions are about these kinds of answer."""
    here, none = Target(frozenset({DatasetName("stays")})), frozenset[AnswerKind]()
    return policy_set(
        Policy(
            PolicyId(f"p{number}"),
            "",
            "the steward",
            (
                Rule(
                    RuleId("r"),
                    effect,
                    here,
                    kinds=kinds if effect is Effect.FORBID else none,
                    condition=condition,
                ),
            ),
        )
        for number, (effect, condition) in enumerate(rules)
    )


def who(policies: PolicySet) -> str:
    """Who can change the prohibition that stands."""
    reason = refused(ASKED, policies).reasons[0]
    assert reason.effect is Effect.FORBID
    return reason.who_can_change


def test_you_can_change_a_prohibition_where_one_part_of_it_falls_away_by_your_doing() -> None:
    """Rows are forbidden to Germans, and it is not known who is one: asking for something else is enough."""
    rows = frozenset({AnswerKind.ROWS})
    assert who(ruled((Effect.PERMIT, None), (Effect.FORBID, GERMAN), kinds=rows)) == "you"
    assert who(ruled((Effect.PERMIT, None), (Effect.FORBID, GERMAN))) == "the steward"


def test_you_cannot_change_a_prohibition_of_which_another_half_stands() -> None:
    either = Compound(Connective.OR, (ADVERTS, GERMAN))
    assert who(ruled((Effect.PERMIT, None), (Effect.FORBID, either))) == "the steward"
    assert who(ruled((Effect.PERMIT, None), (Effect.FORBID, ADVERTS))) == "you"


def test_of_permissions_that_fall_short_the_nearest_are_told_and_what_they_lack_once() -> None:
    both = Compound(Connective.AND, (STUDY, GERMAN))
    decision = refused(ASKED, ruled((Effect.PERMIT, both), (Effect.PERMIT, STUDY), (Effect.PERMIT, STUDY)))
    assert [(str(reason.policy), bool(reason.sentence)) for reason in decision.reasons] == [
        ("p1", True),
        ("p2", False),
        ("p0", False),
    ]
    assert decision.missing == (Operand.PURPOSE,)
