"""The comparison of one constraint: every operator, over text, order, kinds, and what cannot be told."""

from fractions import Fraction

import pytest

from dataspace.policy.comparing import Comparing, compare
from dataspace.policy.kleene import Truth

KINDS = {("dog", "animal"): True, ("cat", "animal"): True, ("dog", "cat"): False, ("cat", "dog"): False}


def is_a(one: str, other: str) -> Truth:
    return True if one == other else KINDS.get((one, other))


def scale(text: str) -> Fraction | None:
    return Fraction(text) if text.lstrip("-").isdigit() else None


@pytest.mark.parametrize(
    ("operator", "seen", "wanted", "truth"),
    [
        ("eq", ["dog"], ["dog"], True),
        ("eq", ["dog"], ["cat"], False),
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
    assert compare(Comparing(operator), seen, wanted, is_a) is truth


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
        assert compare(Comparing(operator), [seen], ["5"], scale=scale) is truth


@pytest.mark.parametrize("operator", list(Comparing))
def test_a_value_that_has_no_place_on_the_axis_is_unknown(operator: Comparing) -> None:
    assert compare(operator, ["five"], ["5"], scale=scale) is None
    assert compare(operator, ["5"], ["five"], scale=scale) is None


def test_two_values_have_no_order() -> None:
    assert compare(Comparing.LT, ["1", "2"], ["5"], scale=scale) is None
