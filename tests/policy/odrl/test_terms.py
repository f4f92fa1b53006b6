"""Axes of terms under an open world: what is the same, a kind of another, apart, or cannot be told."""

import pytest

from dataspace.model.odrl import ODRL, Comparison, Iri, Literal
from dataspace.policy.kleene import Truth
from dataspace.policy.odrl.terms import MOST, OTHER, Knowledge, Named, named
from dataspace.vocabulary.odrl import Sort

EX = "http://example.org/"
WORLD = Knowledge(
    {EX + "b": (EX + "a",), EX + "c": (EX + "b",), EX + "y": (EX + "x",)},
    frozenset({frozenset({EX + "a", EX + "x"})}),
)


def said(operator: str, *values: str) -> Comparison:
    right = tuple(Iri(value) if ":" in value else Literal(value) for value in values)
    return Comparison("c", "left", ODRL + operator, right)


def truth(sort: Sort, operator: str, wanted: str, seen: str) -> Truth:
    one = said(operator, wanted)
    return named(sort, WORLD, [one, said("eq", seen)]).truth(one, frozenset({seen}))


_KINDS: list[tuple[Sort, str, str, Truth]] = [
    (Sort.TERM, EX + "a", EX + "a", True),
    (Sort.TERM, EX + "c", EX + "a", True),
    (Sort.TERM, EX + "a", EX + "c", None),  # every a may be a c
    (Sort.TERM, EX + "b", EX + "x", False),
    (Sort.TERM, EX + "c", EX + "y", False),
    (Sort.TERM, EX + "c", EX + "q", None),
    (Sort.TERM, "one", "two", False),
    (Sort.TERM, "one", EX + "a", None),
    (Sort.TERM, OTHER, EX + "a", False),
    (Sort.LANGUAGE, "de-AT".lower(), "de", True),
    (Sort.LANGUAGE, "de", "de-at", False),
    (Sort.LANGUAGE, "den", "de", False),
    (Sort.LANGUAGE, "de", "no tag", None),
    (Sort.LANGUAGE, "no tag", "de", None),
    (Sort.PLACE, "DE", "EU", True),
    (Sort.PLACE, "CH", "EU", False),
    (Sort.PLACE, "EU", "DE", None),  # somewhere in the EU may be in Germany
    (Sort.PLACE, "Atlantis", EX + "a", None),
]


@pytest.mark.parametrize(("sort", "seen", "wanted", "is_one"), _KINDS)
def test_one_term_is_a_kind_of_another_where_that_is_known(
    sort: Sort, seen: str, wanted: str, is_one: Truth
) -> None:
    assert truth(sort, "isA", wanted, seen) is is_one


_SAME: list[tuple[Sort, str, str, Truth]] = [
    (Sort.TERM, EX + "a", EX + "a", True),
    (Sort.TERM, EX + "c", EX + "a", False),
    (Sort.TERM, EX + "a", EX + "c", False),
    (Sort.TERM, EX + "c", EX + "y", False),
    (Sort.TERM, EX + "c", EX + "q", None),
    (Sort.TERM, "one", "two", False),
    (Sort.TERM, "one", EX + "q", None),
    (Sort.TERM, EX + "q", "one", None),
    (Sort.TERM, OTHER, EX + "q", False),
    (Sort.LANGUAGE, "de", "fr", False),
    (Sort.LANGUAGE, "de", "no tag", None),
    (Sort.LANGUAGE, "no tag", "de", None),
    (Sort.PLACE, "DE", "FR", False),
    (Sort.PLACE, "DE", "fr", False),
    (Sort.PLACE, "DE", EX + "q", None),
    (Sort.PLACE, EX + "q", "DE", None),
    (Sort.TERM, "DE", EX + "q", None),
]


@pytest.mark.parametrize(("sort", "seen", "wanted", "same"), _SAME)
def test_two_terms_are_one_or_are_not_where_that_is_known(
    sort: Sort, seen: str, wanted: str, same: Truth
) -> None:
    assert truth(sort, "eq", wanted, seen) is same


def test_two_terms_are_apart_only_where_each_lies_below_one_of_a_pair_and_neither_below_both() -> None:
    both = Knowledge({EX + "m": (EX + "a", EX + "x")}, WORLD.disjoint)
    axis = Named(Sort.TERM, both)
    for one, other in ((EX + "m", EX + "a"), (EX + "a", EX + "m")):
        assert (
            axis.truth(said("eq", other), frozenset({one})) is False
        )  # one is below the other, so not the same
    assert axis.truth(said("isA", EX + "q"), frozenset({EX + "m"})) is None
    assert axis.truth(said("isA", EX + "m"), frozenset({EX + "x"})) is None
    assert axis.truth(said("isA", EX + "x"), frozenset({EX + "a"})) is False


def test_what_is_tried_of_terms_holds_those_named_their_kinds_unlisted_ones_and_another() -> None:
    axis = Named(Sort.TERM, WORLD, frozenset({"plain"}))
    tried = axis.points([said("isAnyOf", EX + "b", "plain")])
    assert {frozenset({name}) for name in (EX + "a", EX + "b", EX + "c", OTHER, "plain")} <= set(tried)
    unlisted = [point for point in tried if not axis.certain(point)]
    assert len(unlisted) == 1
    assert axis.truth(said("isA", EX + "a"), unlisted[0]) is True
    assert axis.truth(said("eq", EX + "b"), unlisted[0]) is False
    assert axis.truth(said("hasPart", EX + "q"), unlisted[0]) is None


def test_no_more_than_so_many_kinds_are_tried() -> None:
    many = Knowledge({f"{EX}k{number}": (EX + "a",) for number in range(MOST + 50)})
    tried = Named(Sort.TERM, many).points([said("isA", EX + "a")])
    assert MOST <= len(tried) <= MOST + 5


def test_what_is_tried_of_languages_holds_wider_tags_and_narrower_ones() -> None:
    axis = Named(Sort.LANGUAGE, Knowledge())
    tried = axis.points([said("eq", "de-AT-1996")])
    assert {frozenset({tag}) for tag in ("de", "de-at", "de-at-1996", OTHER)} <= set(tried)
    below = [point for point in tried if axis.truth(said("isA", "de-AT-1996"), point) is True]
    assert len(below) == 2
    assert frozenset({""}) not in tried


def test_terms_are_tried_together_where_all_of_several_are_asked_for() -> None:
    axis = Named(Sort.TERM, Knowledge())
    one, other = said("isAllOf", EX + "a", EX + "b"), said("isAllOf", EX + "b", EX + "c")
    tried = axis.points([one, other, said("isAnyOf", EX + "q", EX + "r")])
    assert [point for point in tried if len(point) > 1] == [
        frozenset(EX + name for name in names) for names in ("ab", "abc", "bc")
    ]


def test_an_operator_that_nobody_knows_is_unknown_of_terms() -> None:
    assert Named(Sort.TERM, WORLD).truth(said("likes", EX + "a"), frozenset({EX + "a"})) is None


def test_terms_are_compared_by_what_they_mean_and_not_by_how_they_are_spelled() -> None:
    purpose = "https://w3id.org/dpv#ScientificResearch"
    for sort, wanted, seen in (
        (Sort.TERM, "scientific research", purpose),
        (Sort.PLACE, "de", "DE"),
        (Sort.LANGUAGE, "https://tools.ietf.org/html/bcp47#de-AT", "de-at"),
    ):
        assert truth(sort, "eq", wanted, seen) is True
    assert truth(Sort.TERM, "eq", "de", "DE") is not True
