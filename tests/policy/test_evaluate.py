"""Constraints against observations: every operator in every state, and nothing that raises."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataspace.model.policies import Compound, Condition, Connective, Constraint, Operand, Operator
from dataspace.policy.evaluate import compiled, evaluate, required
from dataspace.policy.facts import Observation, Observed
from dataspace.policy.kleene import Truth, all_of, any_of, negation, one_of
from tests.policy.stays_world import NOW, REQUEST

T, F, U = True, False, None


def seen(*values: str) -> Observation:
    return Observation((frozenset(values),), ", ".join(values))


UNKNOWN = Observation((), "not known")

_CASES: list[tuple[Operand, Operator, tuple[str, ...], Observation, Truth]] = [
    (Operand.COUNTRY, Operator.EQ, ("DE",), seen("DE"), T),
    (Operand.COUNTRY, Operator.EQ, ("DE",), seen(" de"), T),
    (Operand.COUNTRY, Operator.EQ, ("DE",), seen("FR"), F),
    (Operand.COUNTRY, Operator.EQ, ("DE",), UNKNOWN, U),
    (Operand.COUNTRY, Operator.NEQ, ("DE",), seen("DE"), F),
    (Operand.COUNTRY, Operator.NEQ, ("DE",), seen("FR"), T),
    (Operand.COUNTRY, Operator.NEQ, ("DE",), UNKNOWN, U),
    (Operand.COUNTRY, Operator.IS_ANY_OF, ("DE", "FR"), seen("FR"), T),
    (Operand.COUNTRY, Operator.IS_NONE_OF, ("DE", "FR"), seen("FR"), F),
    (Operand.COUNTRY, Operator.IS_NONE_OF, ("DE", "FR"), seen("IT"), T),
    (Operand.COUNTRY, Operator.IS_NONE_OF, ("DE", "FR"), UNKNOWN, U),
    (Operand.COUNTRY, Operator.LT, ("DE",), seen("AT"), U),
    (Operand.ROLE, Operator.EQ, ("steward",), seen("steward", "auditor"), T),
    (Operand.ROLE, Operator.IS_ALL_OF, ("steward", "auditor"), seen("steward", "auditor", "site"), T),
    (Operand.ROLE, Operator.IS_ALL_OF, ("steward", "auditor"), seen("steward"), F),
    (Operand.ROLE, Operator.IS_ALL_OF, ("steward",), UNKNOWN, U),
    (Operand.ROLE, Operator.IS_ANY_OF, ("steward",), seen(), F),
    (Operand.ROLE, Operator.IS_NONE_OF, ("steward",), seen(), T),
    (Operand.PURPOSE, Operator.IS_A, ("marketing",), seen("dpv:TargetedAdvertising"), T),
    (Operand.PURPOSE, Operator.IS_A, ("dpv:Advertising",), seen("dpv:Marketing"), U),
    (Operand.PURPOSE, Operator.IS_A, ("dpv:Advertising",), seen("dpv:ScientificResearch"), F),
    (Operand.PURPOSE, Operator.IS_A, ("dpv:Advertising",), seen("nonsense"), U),
    (Operand.PURPOSE, Operator.IS_A, ("nonsense",), seen("dpv:Advertising"), U),
    (Operand.PURPOSE, Operator.EQ, ("dpv:Marketing",), seen("dpv:Advertising"), F),
    (Operand.PURPOSE, Operator.EQ, ("dpv:Advertising",), seen("dpv:Marketing"), U),
    (Operand.PURPOSE, Operator.EQ, ("marketing",), seen("dpv:Marketing"), T),
    (Operand.PURPOSE, Operator.IS_NONE_OF, ("dpv:Marketing",), seen("dpv:Advertising"), F),
    (Operand.COUNTRY, Operator.EQ, ("DE",), seen("DE", "FR"), T),
    (Operand.COUNTRY, Operator.NEQ, ("DE",), seen("DE", "FR"), F),
    (Operand.LEGAL_BASIS, Operator.EQ, ("A9-2-j",), seen("A6-1-e", "A9-2-j"), T),
    (Operand.LEGAL_BASIS, Operator.NEQ, ("A9-2-j",), seen("A6-1-e", "A9-2-j"), F),
    (Operand.LEGAL_BASIS, Operator.IS_ANY_OF, ("A6-1-e", "A6-1-f"), seen("A6-1-e", "A9-2-j"), T),
    (Operand.LEGAL_BASIS, Operator.IS_ANY_OF, ("A6-1-e",), seen("A6-1-e-public-interest"), T),
    (Operand.LEGAL_BASIS, Operator.IS_ANY_OF, ("A6-1-e",), seen("A9-2-j"), F),
    (Operand.LEGAL_BASIS, Operator.IS_NONE_OF, ("A6-1-e",), seen("A9-2-j"), T),
    (Operand.DATE_TIME, Operator.LT, ("2027-01-01",), seen("2026-12-31T23:59:59+00:00"), T),
    (Operand.DATE_TIME, Operator.LT, ("2027-01-01",), seen("2027-01-01T00:00:00+00:00"), F),
    (Operand.DATE_TIME, Operator.LTEQ, ("2027-01-01",), seen("2027-01-01T00:00:00+00:00"), T),
    (Operand.DATE_TIME, Operator.GT, ("2027-01-01",), seen("2027-01-01T00:00:00+00:00"), F),
    (Operand.DATE_TIME, Operator.GTEQ, ("2027-01-01",), seen("2027-01-01T00:30:00+01:00"), F),
    (Operand.DATE_TIME, Operator.LT, ("no date",), seen("2027-01-01T00:00:00+00:00"), U),
    (Operand.COUNT, Operator.LTEQ, ("5",), seen("5"), T),
    (Operand.COUNT, Operator.GT, ("5",), seen("5"), F),
    (Operand.COUNT, Operator.EQ, ("5",), seen("5.0"), T),
    (Operand.COUNT, Operator.GT, ("5",), seen("nan"), U),
    (Operand.COUNT, Operator.GT, ("5",), seen("4", "6"), U),
    (Operand.COUNT, Operator.LT, ("1e999",), seen("4"), U),
    (Operand.ELAPSED_TIME, Operator.LTEQ, ("P30D",), seen("2592000"), T),
    (Operand.ELAPSED_TIME, Operator.LTEQ, ("P30D",), seen("2592001"), F),
    (Operand.ELAPSED_TIME, Operator.LT, ("PT1H30M",), seen("PT1H"), T),
    (Operand.ELAPSED_TIME, Operator.LT, ("P",), seen("1"), U),
]


@pytest.mark.parametrize(("operand", "operator", "right", "observed", "expected"), _CASES)
def test_a_constraint_comes_out_as_the_table_says(
    operand: Operand, operator: Operator, right: tuple[str, ...], observed: Observation, expected: Truth
) -> None:
    node = evaluate(Constraint(operand, operator, right), {operand: observed})
    assert node.truth is expected
    assert [report.holds for report in node.leaves()] == [expected]


@pytest.mark.parametrize(
    ("operand", "operator", "right", "words"),
    [
        (Operand.DATE_TIME, Operator.LT, ("2027-01-01",), "before 2027-01-01"),
        (Operand.DATE_TIME, Operator.GTEQ, ("2027-01-01",), "from 2027-01-01"),
        (Operand.DATE_TIME, Operator.EQ, ("2027-01-01",), "2027-01-01"),
        (Operand.COUNT, Operator.LT, ("5",), "less than 5"),
        (Operand.ROLE, Operator.IS_ALL_OF, ("steward", "auditor"), "all of steward and auditor"),
        (Operand.ROLE, Operator.IS_NONE_OF, ("steward", "auditor"), "none of steward or auditor"),
        (Operand.PURPOSE, Operator.IS_A, ("dpv:ScientificResearch",), "scientific research"),
        (Operand.PURPOSE, Operator.IS_A, ("no such purpose",), "no such purpose"),
        (Operand.ROLE, Operator.EQ, ("dpv:ScientificResearch",), "dpv:ScientificResearch"),
    ],
)
def test_what_a_constraint_wants_is_told_in_words(
    operand: Operand, operator: Operator, right: tuple[str, ...], words: str
) -> None:
    assert required(Constraint(operand, operator, right)) == words


def test_several_possible_worlds_count_only_where_they_agree() -> None:
    both = Observation((frozenset({"dpv:ScientificResearch"}), frozenset({"dpv:Marketing"})), "one of two")
    facts = {Operand.PURPOSE: both}
    assert evaluate(Constraint(Operand.PURPOSE, Operator.IS_A, ("marketing",)), facts).truth is None
    either = Constraint(Operand.PURPOSE, Operator.IS_ANY_OF, ("marketing", "scientific research"))
    assert evaluate(either, facts).truth is True
    assert evaluate(Constraint(Operand.PURPOSE, Operator.IS_A, ("dpv:CustomerCare",)), facts).truth is False


_AND = {(T, T): T, (T, F): F, (T, U): U, (F, F): F, (F, U): F, (U, U): U}
_OR = {(T, T): T, (T, F): T, (T, U): T, (F, F): F, (F, U): U, (U, U): U}
_XONE = {(T, T): F, (T, F): T, (T, U): U, (F, F): F, (F, U): U, (U, U): U}


def _leaf(truth: Truth) -> Constraint:
    return Constraint({T: Operand.COUNTRY, F: Operand.RECIPIENT, U: Operand.DPIA}[truth], Operator.EQ, ("x",))


_FACTS = {Operand.COUNTRY: seen("x"), Operand.RECIPIENT: seen("y")}


@pytest.mark.parametrize(
    ("connective", "table"), [(Connective.AND, _AND), (Connective.OR, _OR), (Connective.XONE, _XONE)]
)
def test_connectives_follow_kleene(connective: Connective, table: dict[tuple[Truth, Truth], Truth]) -> None:
    for left, right in product((T, F, U), repeat=2):
        expected = table.get((left, right), table.get((right, left)))
        assert _both(Compound(connective, (_leaf(left), _leaf(right)))) is expected, (connective, left, right)


@pytest.mark.parametrize("connective", list(Connective))
def test_a_decision_and_its_report_come_to_the_same_truth_of_any_three(connective: Connective) -> None:
    for truths in product((T, F, U), repeat=3):
        _both(Compound(connective, tuple(map(_leaf, truths))))


@pytest.mark.parametrize("connective", list(Connective))
def test_one_condition_under_any_connective_is_that_condition(connective: Connective) -> None:
    for truth in (T, F, U):
        assert _both(Compound(connective, (_leaf(truth),))) is truth


@pytest.mark.parametrize(("levels", "expected"), [(63, T), (64, T), (65, U), (66, U)])
@pytest.mark.parametrize("others", [0, 1])
def test_conditions_nested_to_64_levels_are_told_and_deeper_ones_are_not(
    levels: int, expected: Truth, others: int
) -> None:
    condition: Condition = _leaf(T)
    for _ in range(levels):
        condition = Compound(Connective.AND, (condition, *[_leaf(T)] * others))
    assert _both(condition) is expected


def _both(condition: Condition) -> Truth:
    """The truth of the report, which is that of the function that decides."""
    facts = Observed(REQUEST, NOW)
    facts.update({operand: _FACTS.get(operand, UNKNOWN) for operand in Operand})
    truth = evaluate(condition, facts).truth
    assert compiled(condition)(facts) is truth
    return truth


def test_exactly_one_of_three() -> None:
    assert one_of([T, T, U]) is F
    assert one_of([T, F, F]) is T
    assert one_of([F, F, U]) is U


def test_of_nothing_nothing_can_be_told() -> None:
    assert (all_of([]), any_of([]), one_of([])) == (None, None, None)
    assert (negation(U), negation(T), negation(F)) == (U, F, T)


def test_what_stands_in_the_way_is_named_and_nothing_else() -> None:
    condition = Compound(Connective.AND, (_leaf(T), Compound(Connective.OR, (_leaf(F), _leaf(U)))))
    node = evaluate(condition, _FACTS)
    assert [r.operand for r in node.against(True)] == [Operand.RECIPIENT, Operand.DPIA]
    assert [r.operand for r in node.against(False)] == [Operand.COUNTRY, Operand.DPIA]


_constraints = st.builds(
    Constraint,
    st.sampled_from(Operand),
    st.sampled_from(Operator),
    st.lists(st.text(max_size=8) | st.sampled_from(["5", "P1D", "marketing", "2026-01-01"]), max_size=3).map(
        tuple
    ),
)
_conditions: st.SearchStrategy[Condition] = st.recursive(
    _constraints,
    lambda inner: st.builds(
        Compound, st.sampled_from(Connective), st.lists(inner, min_size=1, max_size=3).map(tuple)
    ),
    max_leaves=6,
)
_worlds = st.lists(
    st.frozensets(st.text(max_size=8) | st.sampled_from(["5", "marketing"]), max_size=2), max_size=2
)


@given(_conditions, st.dictionaries(st.sampled_from(Operand), _worlds))
def test_evaluation_never_raises_and_unknown_facts_never_turn_into_certainty(
    condition: Condition, worlds: dict[Operand, list[frozenset[str]]]
) -> None:
    facts = {operand: Observation(tuple(found), "") for operand, found in worlds.items()}
    evaluate(condition, facts)
    assert evaluate(condition, {}).truth is None
