"""The comparison of one constraint: every operator, over text, order, kinds, and what cannot be told."""

from itertools import product

import pytest

from dataspace.policy.comparing import Comparing, Terms, of_terms, of_words, on_axis
from dataspace.policy.kleene import Truth

KINDS = {("dog", "animal"): True, ("cat", "animal"): True, ("dog", "cat"): False, ("cat", "dog"): False}


def is_a(one: str, other: str) -> Truth:
    return True if one == other else KINDS.get((one, other))


def same(one: str, other: str) -> Truth:
    return one == other


def place(text: str, other: str) -> int | None:
    if not (text.isdigit() and other.isdigit()):
        return None
    return (int(text) > int(other)) - (int(text) < int(other))


@pytest.mark.parametrize(
    ("operator", "seen", "wanted", "truth"),
    [
        ("eq", ["dog"], ["dog"], True),
        ("eq", ["dog"], ["cat"], False),
        ("eq", ["dog"], ["cat", "dog"], True),
        ("neq", ["dog"], ["cat", "dog"], False),
        ("eq", ["dog", "cat"], ["dog"], False),
        ("eq", [], ["dog"], False),
        ("neq", ["dog"], ["cat"], True),
        ("neq", ["dog"], ["dog"], False),
        ("neq", [], ["dog"], True),
        ("isA", ["dog"], ["animal"], True),
        ("isA", ["dog"], ["cat"], False),
        ("isA", ["dog"], ["plant"], None),
        ("isPartOf", ["dog"], ["animal"], True),
        ("hasPart", ["animal"], ["dog"], True),
        ("hasPart", ["dog"], ["cat"], False),
        ("isAnyOf", ["dog"], ["plant", "animal"], True),
        ("isAnyOf", ["dog"], ["plant", "cat"], None),
        ("isNoneOf", ["dog"], ["cat"], True),
        ("isNoneOf", ["dog"], ["animal"], False),
        ("isNoneOf", ["dog"], ["plant"], None),
        ("isNoneOf", [], ["plant"], True),
        ("isAllOf", ["dog", "cat"], ["dog", "cat"], True),
        ("isAllOf", ["dog"], ["dog", "cat"], False),
        ("lt", ["dog"], ["cat"], None),
        ("eq", ["dog"], [], None),
    ],
)
def test_terms_compare_by_what_is_known_of_them(
    operator: str, seen: list[str], wanted: list[str], truth: Truth
) -> None:
    assert of_terms(Comparing(operator), wanted, Terms(same, is_a))(seen) is truth


@pytest.mark.parametrize(
    ("operator", "truths"),
    [
        ("eq", (False, True, False)),
        ("neq", (True, False, True)),
        ("lt", (True, False, False)),
        ("lteq", (True, True, False)),
        ("gt", (False, False, True)),
        ("gteq", (False, True, True)),
        ("isAnyOf", (False, True, False)),
        ("isNoneOf", (True, False, True)),
    ],
)
def test_places_on_an_axis_compare_by_their_order(operator: str, truths: tuple[Truth, ...]) -> None:
    for seen, truth in zip(("4", "5", "6"), truths, strict=True):
        assert on_axis(Comparing(operator), ["5"], place)([seen]) is truth


@pytest.mark.parametrize("operator", list(Comparing))
def test_a_value_that_has_no_place_on_the_axis_is_unknown(operator: Comparing) -> None:
    assert on_axis(operator, ["5"], place)(["five"]) is None
    assert on_axis(operator, ["five"], place)(["5"]) is None


def test_two_values_have_no_order() -> None:
    assert on_axis(Comparing.LT, ["5"], place)(["1", "2"]) is None
    assert on_axis(Comparing.LT, ["5", "6"], place)(["1"]) is None
    assert on_axis(Comparing.LT, ["5"], place)([]) is None


@pytest.mark.parametrize(
    ("seen", "equal"), [(["5", "5"], True), (["4", "6"], False), (["5", "6"], None), ([], False)]
)
def test_several_places_are_equal_to_one_where_all_of_them_are(seen: list[str], equal: Truth) -> None:
    assert on_axis(Comparing.EQ, ["5"], place)(seen) is equal
    assert on_axis(Comparing.NEQ, ["5"], place)(seen) is (None if equal is None else not equal)


@pytest.mark.parametrize("operator", [Comparing.IS_A, Comparing.IS_PART_OF, Comparing.HAS_PART])
def test_an_axis_has_no_kinds(operator: Comparing) -> None:
    assert on_axis(operator, ["5"], place)(["5"]) is None


@pytest.mark.parametrize("operator", list(Comparing))
def test_of_nothing_required_nothing_can_be_told(operator: Comparing) -> None:
    assert of_terms(operator, [], Terms(same, is_a))(["dog"]) is None
    assert of_words(operator, [], str.lower)(["dog"]) is None
    assert on_axis(operator, [], place)(["5"]) is None


@pytest.mark.parametrize(
    ("seen", "all_equal", "some_equal"),
    [(["dog"], True, True), (["dog", "cat"], False, True), (["cat"], False, False), ([], False, False)],
)
def test_equality_asks_of_all_that_is_observed_or_of_some_of_it(
    seen: list[str], all_equal: Truth, some_equal: Truth
) -> None:
    for some, equal in ((False, all_equal), (True, some_equal)):
        terms = Terms(same, is_a, some)
        assert of_terms(Comparing.EQ, ["dog"], terms)(seen) is equal
        assert of_terms(Comparing.NEQ, ["dog"], terms)(seen) is (not equal)


@pytest.mark.parametrize("operator", list(Comparing))
def test_words_are_terms_that_have_no_kinds(operator: Comparing) -> None:
    for seen, wanted in product(([], ["a"], ["B"], ["a", "c"], ["A", "b"]), (["a"], ["a", "B"], ["d"])):
        terms = Terms(alike, alike, some=True)
        found = of_words(operator, wanted, str.lower)(seen)
        assert found is of_terms(operator, wanted, terms)(seen), (seen, wanted)


def alike(one: str, other: str) -> Truth:
    return one.lower() == other.lower()
