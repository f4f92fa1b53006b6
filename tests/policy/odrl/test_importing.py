"""ODRL rules as our policy: what cannot be enforced here permits nothing, and forbids more, never less."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from dataspace.model.datasets import Label
from dataspace.model.names import PolicyId, SiteName, dataset_name
from dataspace.model.odrl import (
    ODRL,
    Comparison,
    Document,
    Doing,
    Iri,
    Joining,
    Kind,
    Literal,
    Logical,
    Member,
    OdrlPolicy,
    RuleKind,
    Statement,
    Strategy,
)
from dataspace.model.odrl import Condition as OdrlCondition
from dataspace.model.odrl import Rule as OdrlRule
from dataspace.model.policies import (
    Action,
    AnswerKind,
    Compound,
    Connective,
    Constraint,
    Effect,
    Obligations,
    Operand,
    Operator,
    Policy,
    Rule,
)
from dataspace.policy.odrl.exporting import ANY_ACTION, DATASET, EVERYTHING, KINDS, LABEL, POLICY
from dataspace.policy.odrl.importing import Imported, NoTarget, imports
from dataspace.policy.odrl.values import XSD
from dataspace.vocabulary.odrl import PREFIXES, PROFILE

NEVER = Constraint(Operand.DATE_TIME, Operator.LT, ("0001-01-01T00:00:00+00:00",))
TRIAL, READ = Member(DATASET + "trial"), Doing(ODRL + "read", "_:d")
ANN = Comparison("c", ODRL + "recipient", ODRL + "eq", (Literal("ann"),))
OFTEN = Comparison("c", ODRL + "count", ODRL + "lt", (Literal("9"),))


def imported(
    *rules: OdrlRule, kind: RuleKind = RuleKind.PERMISSION, said: Sequence[Statement] = ()
) -> Imported:
    bare = OdrlPolicy("http://example.org/p", Kind.SET)
    forbids = kind is RuleKind.PROHIBITION
    policy = replace(bare, prohibitions=rules) if forbids else replace(bare, permissions=rules)
    return imports(Document((policy,), tuple(said)), policy, {}, "called", "owner")


def read(kind: RuleKind, rule: OdrlRule, said: Sequence[Statement] = ()) -> tuple[Rule, tuple[str, ...]]:
    found = imported(rule, kind=kind, said=said)
    (one,) = found.policy.rules
    return one, found.warnings


def permits(rule: OdrlRule, said: Sequence[Statement] = ()) -> Rule | None:
    """None where it permits nothing, which a warning tells."""
    found, warnings = read(RuleKind.PERMISSION, rule, said)
    assert (found.condition == NEVER) is bool(warnings)
    return None if warnings else found


def permission(
    *constraints: OdrlCondition,
    actions: Sequence[Doing] = (READ,),
    targets: Sequence[Member] = (TRIAL,),
    duties: Sequence[OdrlRule] = (),
) -> OdrlRule:
    return OdrlRule(
        "http://example.org/#r", tuple(actions), tuple(targets), constraints=constraints, duties=tuple(duties)
    )


def test_a_rule_is_read_whole_or_permits_nothing() -> None:
    found = permits(permission(ANN))
    assert found is not None
    assert found.effect is Effect.PERMIT
    assert found.target.datasets == {dataset_name("trial")}
    assert found.actions == {Action.READ}
    assert found.condition == Constraint(Operand.RECIPIENT, Operator.EQ, ("ann",))


def test_all_constraints_of_a_rule_count() -> None:
    for constraints in ((ANN, OFTEN), (ANN, OFTEN, ANN)):
        found = permits(permission(*constraints))
        assert found is not None
        assert isinstance(found.condition, Compound)
        assert found.condition.connective is Connective.AND
        assert [part.operand.value for part in found.condition.parts if isinstance(part, Constraint)] == [
            one.left.removeprefix(ODRL) for one in constraints
        ]
    alone = permits(permission())
    assert alone is not None
    assert alone.condition is None


@pytest.mark.parametrize("joining", list(Joining))
def test_every_way_to_join_conditions_is_read(joining: Joining) -> None:
    found = permits(permission(Logical("l", joining, (ANN, OFTEN))))
    assert found is not None
    assert isinstance(found.condition, Compound)
    assert found.condition.connective.value.replace("-s", "S") == joining.value
    assert len(found.condition.parts) == 2


@pytest.mark.parametrize(
    "unknown",
    [
        Comparison("c", "http://example.org/mood", ODRL + "eq", (Literal("good"),)),
        Comparison("c", ODRL + "recipient", "http://example.org/like", (Literal("ann"),)),
        Comparison("c", ODRL + "recipient", ODRL + "eq", ()),
        Comparison("c", ODRL + "count", ODRL + "lt", (Literal("9"),), unit="http://example.org/dozen"),
        Comparison("c", ODRL + "count", ODRL + "lt", (Literal("9"),), reference="http://example.org/nine"),
    ],
    ids=["operand", "operator", "no value", "unit", "reference"],
)
def test_a_condition_that_is_not_known_permits_nothing_and_forbids_without_it(unknown: Comparison) -> None:
    for conditions in ((unknown,), (ANN, unknown), (Logical("l", Joining.OR, (ANN, unknown)),)):
        assert permits(permission(*conditions)) is None
        banned, warnings = read(RuleKind.PROHIBITION, permission(*conditions))
        assert (banned.condition, len(warnings)) == (None, 1)


@pytest.mark.parametrize(
    "target",
    [
        Member(DATASET + "trial", refinements=(OFTEN,)),
        Member("http://example.org/data"),
        Member("trial"),
        Member(DATASET + "no name"),
        Member(LABEL + "rumour"),
        Member("direct-identifier"),
    ],
    ids=["refined", "elsewhere", "no prefix", "no name", "unknown label", "label without prefix"],
)
def test_a_target_that_is_not_known_permits_nothing_and_forbids_everything(target: Member) -> None:
    assert permits(permission(targets=(target,))) is None
    assert permits(permission(targets=(TRIAL, target))) is None
    banned, _ = read(RuleKind.PROHIBITION, permission(targets=(target,)))
    assert banned.target.everything


def test_a_label_alone_permits_nothing_and_forbids_what_bears_it() -> None:
    label = Member(LABEL + "free-text")
    assert permits(permission(targets=(label,))) is None
    banned, warnings = read(RuleKind.PROHIBITION, permission(targets=(label,)))
    assert banned.target.labels == {Label.FREE_TEXT}
    assert not banned.target.everything
    assert not warnings
    for other in (TRIAL, Member(EVERYTHING)):
        found = permits(permission(targets=(label, other)))
        assert found is not None
        assert found.target.labels == {Label.FREE_TEXT}
        assert found.target.everything is (other is not TRIAL)


def test_an_action_that_is_none_here_permits_nothing_also_beside_one_that_is() -> None:
    printing = Doing(ODRL + "print", "_:p")
    for actions in ((printing,), (READ, printing), (printing, READ)):
        assert permits(permission(actions=actions)) is None
        banned, warnings = read(RuleKind.PROHIBITION, permission(actions=actions))
        assert banned.actions == frozenset()
        assert "forbids every action" in warnings[0]


def test_what_our_export_marks_as_any_action_is_any_also_beside_another() -> None:
    marked = Statement("_:any", ANY_ACTION, Literal("true", XSD + "boolean"))
    for actions in ((Doing(ODRL + "use", "_:any"),), (READ, Doing(ODRL + "use", "_:any"))):
        banned, warnings = read(RuleKind.PROHIBITION, permission(actions=actions), [marked])
        assert (banned.actions, warnings) == (frozenset(), ())
    banned, _ = read(RuleKind.PROHIBITION, permission(), [marked])
    assert banned.actions == {Action.READ}


@pytest.mark.parametrize(
    "refinement",
    [
        Comparison("c", ODRL + "resolution", ODRL + "isAnyOf", (Literal("rows"),)),
        Comparison("c", KINDS, ODRL + "isNoneOf", (Literal("rows"),)),
        Comparison("c", KINDS, ODRL + "isAnyOf", (Literal("rows"), Literal("gossip"))),
        Logical("l", Joining.AND, (Comparison("c", KINDS, ODRL + "isAnyOf", (Literal("rows"),)),)),
    ],
    ids=["operand", "operator", "kind", "joined"],
)
def test_a_refined_action_permits_nothing_where_the_refinement_is_not_known(
    refinement: OdrlCondition,
) -> None:
    assert permits(permission(actions=(Doing(ODRL + "read", "_:d", (refinement,)),))) is None
    kinds = Comparison("c", KINDS, ODRL + "isAnyOf", (Literal("noisy"), Literal("train")))
    found = permits(permission(actions=(Doing(ODRL + "read", "_:d", (kinds,)),)))
    assert found is not None
    assert found.kinds == {AnswerKind.NOISY, AnswerKind.TRAIN}
    every = replace(kinds, right=tuple(Literal(kind.value) for kind in AnswerKind))
    found = permits(permission(actions=(Doing(ODRL + "read", "_:d", (every,)),)))
    assert found is not None
    assert found.kinds == set(AnswerKind)


def owing(
    name: str = PROFILE + "cohort", times: int = 1, value: str = "12", **more: Sequence[object]
) -> OdrlRule:
    right = Comparison("c", name, ODRL + "eq", (Literal(value, XSD + "integer"),))
    return OdrlRule("_:duty", (Doing(name, "_:d", (right,) * times),), **more)  # type: ignore[arg-type]


def test_a_duty_that_our_export_writes_is_owed() -> None:
    found = permits(permission(duties=(owing(),)))
    assert found is not None
    assert found.obligations == Obligations(cohort=12)


@pytest.mark.parametrize(
    "duty",
    [
        owing(ODRL + "compensate"),
        owing(times=0),
        owing(times=2),
        owing(value="many"),
        owing(constraints=(ANN,)),
        owing(consequences=(owing(),)),
        owing(remedies=(owing(),)),
        owing(assignees=(Member("http://example.org/ann"),)),
        OdrlRule("_:duty"),
        OdrlRule("_:duty", (READ, READ)),
        OdrlRule("_:duty", (Doing(PROFILE + "cohort", "_:d", (Logical("l", Joining.AND, (ANN,)),)),)),
    ],
    ids=[
        "unknown", "no value", "two values", "unreadable", "conditional", "consequence", "remedy", "named party",
        "no action", "two actions", "joined",
    ],
)  # fmt: skip
def test_a_duty_that_is_not_enforced_here_permits_nothing(duty: OdrlRule) -> None:
    """To drop it would open what the duty limits."""
    assert permits(permission(duties=(duty,))) is None
    assert permits(permission(duties=(owing(PROFILE + "roundTo"), duty))) is None


def test_a_duty_that_is_stated_twice_permits_nothing() -> None:
    assert permits(permission(duties=(owing(), owing(value="3")))) is None


def test_rules_of_others_are_numbered_by_kind_and_ours_keep_their_names_and_places() -> None:
    others = [OdrlRule(f"http://example.org/#{name}", (READ,), (TRIAL,)) for name in "ab"]
    assert [rule.id for rule in imported(*others).policy.rules] == ["permission-1", "permission-2"]
    assert [rule.id for rule in imported(others[0], kind=RuleKind.PROHIBITION).policy.rules] == [
        "prohibition-1"
    ]
    ours = [OdrlRule(f"{POLICY}p#{name}", (READ,), (TRIAL,)) for name in ("first", "second", "third")]
    places = [
        Statement(rule.id, PROFILE + "place", Literal(place, XSD + "integer"))
        for rule, place in zip(ours, ("20", "3", "soon"), strict=True)
    ]
    assert [rule.id for rule in imported(*ours, said=places).policy.rules] == ["second", "first", "third"]


def test_a_term_is_read_by_its_own_name_and_another_iri_as_written() -> None:
    term = Comparison("c", ODRL + "purpose", ODRL + "eq", (Iri("https://w3id.org/dpv#ScientificResearch"),))
    found = permits(permission(term))
    assert found is not None
    assert found.condition == Constraint(Operand.PURPOSE, Operator.EQ, ("dpv:ScientificResearch",))


def test_a_rule_for_named_parties_permits_nothing_and_forbids_everybody() -> None:
    named = replace(permission(), assignees=(Member("http://example.org/ann"),))
    assert permits(named) is None
    banned, warnings = read(RuleKind.PROHIBITION, named)
    assert banned.effect is Effect.FORBID
    assert banned.condition is None
    assert "named parties" in warnings[0]


@pytest.mark.parametrize("kind", [RuleKind.PERMISSION, RuleKind.PROHIBITION])
def test_a_rule_without_a_target_is_refused(kind: RuleKind) -> None:
    with pytest.raises(NoTarget):
        imported(permission(targets=()), kind=kind)


def test_a_dataset_is_meant_by_the_name_that_it_is_given_for_the_import() -> None:
    target = Member("http://example.org/data")
    policy = OdrlPolicy("http://example.org/p", Kind.SET, (permission(targets=(target,)),))
    found = imports(Document((policy,), ()), policy, {target.id: dataset_name("other")}, "called", "owner")
    assert found.policy.rules[0].target.datasets == {dataset_name("other")}
    assert found.warnings == ()


def test_a_policy_of_others_has_the_name_it_is_called_by_and_ours_says_its_own() -> None:
    def read_as(name: str, *said: Statement) -> Policy:
        policy = OdrlPolicy(name, Kind.SET, (permission(),))
        return imports(Document((policy,), said), policy, {}, "called", "owner").policy

    theirs = read_as("http://example.org/p")
    assert (theirs.id, theirs.title, theirs.owner, theirs.site) == ("called", "called", "owner", None)
    name = POLICY + "ours"
    said = {PREFIXES["dct"] + "title": "Ours", PROFILE + "owner": "hospital", PROFILE + "site": "north"}
    ours = read_as(name, *(Statement(name, predicate, Literal(text)) for predicate, text in said.items()))
    assert (ours.id, ours.title, ours.owner) == (PolicyId("ours"), "Ours", "hospital")
    assert ours.site == SiteName("north")


@pytest.mark.parametrize("conflict", [None, *Strategy])
def test_that_a_permission_should_win_is_not_followed_and_told(conflict: Strategy | None) -> None:
    policy = OdrlPolicy("http://example.org/p", Kind.SET, (permission(),), conflict=conflict)
    found = imports(Document((policy,), ()), policy, {}, "called", "owner")
    assert bool(found.warnings) is (conflict in (Strategy.PERM, Strategy.INVALID))


def test_a_duty_that_is_yes_or_no_is_owed_where_it_says_yes() -> None:
    name = PROFILE + "noOnwardSharing"
    for text in ("true", "1", "false", "0"):
        right = Comparison("c", name, ODRL + "eq", (Literal(text, XSD + "boolean"),))
        found = permits(permission(duties=(OdrlRule("_:duty", (Doing(name, "_:d", (right,)),)),)))
        assert found is not None
        assert found.obligations.no_onward_sharing is (text in ("true", "1"))
