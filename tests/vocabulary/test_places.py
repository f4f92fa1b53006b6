"""Countries lie in wider places, the wider places in each other, and where that cannot be told nobody says so."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataspace.vocabulary.places import (
    ADEQUATE,
    COUNTRIES,
    EEA,
    EU,
    PARTLY_ADEQUATE,
    WORDS,
    countries,
    within,
)


def test_the_lists_have_the_members_that_they_have_in_law() -> None:
    assert (len(EU), len(EEA), len(COUNTRIES)) == (27, 30, 249)
    assert EU < EEA < ADEQUATE < COUNTRIES
    assert PARTLY_ADEQUATE < COUNTRIES - ADEQUATE


@pytest.mark.parametrize(
    ("place", "wider", "expected"),
    [
        ("DE", "EU", True),
        ("de", "eu", True),
        (" DE ", "EEA", True),
        ("NO", "EU", False),
        ("NO", "EEA", True),
        ("CH", "EEA", False),
        ("CH", "adequacy", True),
        ("US", "adequacy", None),
        ("JP", "adequacy", None),
        ("BR", "adequacy", True),
        ("US", "EEA", False),
        ("CN", "adequacy", False),
        ("XX", "EU", None),
        ("", "EU", None),
        ("DE", "DE", True),
        ("DE", "FR", False),
        ("EU", "DE", None),
        ("EU", "US", False),
        ("EU", "EEA", True),
        ("EEA", "EU", None),
        ("EU", "EU", True),
        ("nowhere", "nowhere", True),
        ("nowhere", "DE", False),
    ],
)
def test_a_place_lies_within_another(place: str, wider: str, expected: bool | None) -> None:
    assert within(place, wider) is expected


def test_within_climbs() -> None:
    places = [*sorted(COUNTRIES), *WORDS]
    for place, (narrow, wide) in product(places, product(WORDS, WORDS)):
        if within(place, narrow) is True and within(narrow, wide) is True:
            assert within(place, wide) is True


def test_the_countries_of_a_place() -> None:
    assert countries("EEA") == EEA
    assert countries("adequacy") == ADEQUATE
    assert countries("de") == {"DE"}
    assert countries("nowhere") == frozenset()


@given(st.text(), st.text())
def test_no_text_is_too_strange(place: str, wider: str) -> None:
    assert within(place, wider) in (True, False, None)
