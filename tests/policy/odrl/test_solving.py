"""Whether a formula can hold: values that show it, what bounds what, and where the search stops."""

import inspect
import sys
from collections.abc import Iterator
from itertools import product

import pytest

from dataspace.model.odrl import ODRL, Comparison, Condition, Iri, Joining, Literal, Logical
from dataspace.policy.odrl import solving
from dataspace.policy.odrl.formula import formula
from dataspace.policy.odrl.solving import Outcome, solve
from dataspace.policy.odrl.terms import Knowledge
from dataspace.vocabulary.odrl import AXES

NOON = "2026-01-01T12:00:00Z"
A, B = "http://example.org/a", "http://example.org/b"


def said(left: str, operator: str, *texts: str, anchor: str = "") -> Comparison:
    right = tuple(Iri(text) if text.startswith("http") else Literal(text) for text in texts)
    left = left if left.startswith("http") else ODRL + left
    return Comparison("c", left, ODRL + operator, right, anchor=anchor)


def solved(*conditions: Condition) -> Outcome:
    return solve(formula(conditions), Knowledge())


def delays(operator: str, *lengths: str) -> Logical:
    """One after the other."""
    return Logical(
        "s", Joining.AND_SEQUENCE, tuple(said("delayPeriod", operator, length) for length in lengths)
    )


@pytest.mark.parametrize(
    ("conditions", "shown"),
    [
        ([said("count", "gt", "4")], "5"),
        ([said("payAmount", "eq", "2.5")], "2.5"),
        ([said("payAmount", "eq", "2500000.25")], "2500000.25"),
        ([said("payAmount", "eq", "0.000000000000000000000000000000000000001")], f"0.{'0' * 38}1"),
        ([said("payAmount", "eq", f"{'9' * 39}")], "9" * 39),
        ([said("elapsedTime", "eq", "P3D")], "PT259200S"),
        ([said("meteredTime", "gt", "P3D"), said("meteredTime", "lt", "P4D")], "PT259200.001S"),
        ([said("dateTime", "eq", NOON)], "2026-01-01T12:00:00+00:00"),
        ([said("dateTime", "eq", "2026-01-01T12:00:00.5Z")], "2026-01-01T12:00:00.500000+00:00"),
        ([said("dateTime", "gt", "9999-12-31T23:59:59Z")], "beyond the calendar"),
        ([said("timeInterval", "eq", "P1D", anchor=NOON)], "2026-01-01T12:00:00+00:00"),
        ([said("purpose", "isAllOf", B, A)], f"{A}, {B}"),
    ],
    ids=["whole", "half", "large", "tiny", "huge", "length", "longer", "time", "split", "late", "beat", "terms"],
)  # fmt: skip
def test_the_value_that_shows_that_a_rule_can_be_kept_is_told_exactly(
    conditions: list[Comparison], shown: str
) -> None:
    """A rounded one might not meet the rule."""
    outcome = solved(*conditions)
    assert (outcome.holds, list(outcome.witness.values())) == (True, [shown])


def test_of_each_operand_a_value_is_told() -> None:
    outcome = solved(delays("eq", "P1D", "P2D"), said("count", "eq", "7"))
    assert outcome.witness == {"delayPeriod[1]": "PT86400S", "delayPeriod[2]": "PT172800S", "count": "7"}


DAYS = range(6)


def _cases() -> Iterator[tuple[str, str, int, int, int]]:
    yield from product(("gt", "gteq"), ("lt", "lteq"), (0, 2), (1, 3), DAYS)


def test_the_delays_of_a_sequence_fit_exactly_where_their_sum_fits() -> None:
    """Between any two sums lies a moment, however close; and nothing fits that has no moment."""
    for longer, shorter, one, other, days in _cases():
        fits = one + other < days or (one + other == days and (longer, shorter) == ("gteq", "lteq"))
        outcome = solved(delays(longer, f"P{one}D", f"P{other}D"), said("elapsedTime", shorter, f"P{days}D"))
        assert outcome.holds is fits, (longer, shorter, one, other, days)


def test_metered_time_fits_exactly_where_it_is_no_more_than_what_elapses() -> None:
    for longer, shorter, least, days in product(("gt", "gteq"), ("lt", "lteq"), (0, 2, 4), DAYS):
        fits = least < days or (least == days and (longer, shorter) == ("gteq", "lteq"))
        outcome = solved(said("meteredTime", longer, f"P{least}D"), said("elapsedTime", shorter, f"P{days}D"))
        assert outcome.holds is fits, (longer, shorter, least, days)


def test_any_number_of_delays_fits_into_a_time_that_is_a_moment_longer() -> None:
    many = ["PT1S"] * 7
    assert solved(delays("gt", *many), said("elapsedTime", "lt", "PT7.000000001S")).holds is True
    assert solved(delays("gt", *many), said("elapsedTime", "lteq", "PT7S")).holds is False
    assert solved(delays("gt", *many), said("elapsedTime", "gt", "P1D")).holds is True
    assert solved(delays("eq", *many), said("elapsedTime", "eq", "PT7S")).holds is True


def test_what_is_no_part_of_the_time_that_elapses_need_not_fit_into_it() -> None:
    """A delay that is no step of a sequence, an amount."""
    moment = said("elapsedTime", "lteq", "PT1S")
    assert solved(moment, said("delayPeriod", "gteq", "P2D")).holds is True
    assert solved(moment, said("payAmount", "gt", "1000")).holds is True
    assert solved(moment, said("count", "gt", "4"), said("count", "lt", "5")).holds is False
    assert solved(said("meteredTime", "eq", "P2D"), delays("eq", "P1D", "P1D")).holds is True


def test_no_time_is_less_than_none_and_parts_of_a_second_count() -> None:
    assert solved(said("elapsedTime", "lt", "PT0S")).holds is False
    assert solved(said("elapsedTime", "lt", "PT1S"), said("meteredTime", "gt", "PT0.5S")).holds is True


def test_only_what_rules_a_formula_out_by_itself_is_named_as_the_cause() -> None:
    alone = solved(said("count", "lt", "3"), said("payAmount", "gt", "2"), said("payAmount", "lt", "1"))
    assert alone.culprit is not None
    assert alone.culprit.name == "payAmount"
    together = solved(said("meteredTime", "gt", "P2D"), said("elapsedTime", "lt", "P1D"))
    assert (together.holds, together.culprit) == (False, None)


def test_a_kind_that_nobody_has_listed_shows_nothing() -> None:
    """There may be another kind of a thing: that there is one has not been seen."""
    other_kind = said("purpose", "isA", A), said("purpose", "neq", A)
    assert solved(*other_kind).holds is None
    assert solved(*other_kind, said("count", "lt", "3")).holds is None
    assert solved(said("purpose", "isA", A), said("count", "lt", "3")).holds is True


def test_what_the_readings_of_a_value_disagree_on_stays_open_and_shows_nothing() -> None:
    """A month has 28 to 31 days."""
    month = said("elapsedTime", "eq", "P1M")
    assert solved(month, said("elapsedTime", "eq", "P28D")) == Outcome(None, {})
    assert solved(month, said("elapsedTime", "lt", "P28D")).holds is False
    assert solved(month, said("elapsedTime", "lteq", "P32D")).holds is True


def test_a_search_that_is_cut_short_says_that_it_cannot_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was found before it was holds all the same."""
    fine = [said("count", "lteq", "3"), said("payAmount", "lteq", "3")]
    clash = said("percentage", "lt", "1"), said("percentage", "gt", "1")
    assert solved(*fine, *clash).holds is False
    monkeypatch.setattr(solving, "STEPS", 10)
    assert solved(*fine, *clash).holds is None
    assert solved(*fine).holds is True


def test_wherever_a_search_is_cut_short_nothing_is_called_impossible(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = said("count", "eq", "3"), said("payAmount", "eq", "3")
    told = set()
    for steps in range(1, 40):
        monkeypatch.setattr(solving, "STEPS", steps)
        told |= {solved(one).holds, solved(one, other).holds}
    assert told == {None, True}


def test_more_operands_than_the_stack_is_deep_are_no_matter() -> None:
    many = [said(f"{AXES}absoluteSize{number}", "lteq", "1") for number in range(60)]
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack()) + 40)
    try:
        outcome = solved(*many)
    finally:
        sys.setrecursionlimit(limit)
    assert outcome.holds is True
    assert len(outcome.witness) == 60


def test_nothing_limits_what_has_no_condition() -> None:
    assert solved() == Outcome(True, {})
