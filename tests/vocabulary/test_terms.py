"""Words find their terms, and terms climb to what they are kinds of, as DPV says."""

import csv
from pathlib import Path

import pytest

from dataspace.errors import UnknownName
from dataspace.vocabulary.ehds import ARTICLE_53, ARTICLE_54
from dataspace.vocabulary.terms import PREFIXES, TERMS, find, group, is_a, resolve, words

_SPELLINGS = [
    ("scientific research", "dpv:ScientificResearch"),
    ("Scientific Research", "dpv:ScientificResearch"),
    ("scientific_research", "dpv:ScientificResearch"),
    ("ScientificResearch", "dpv:ScientificResearch"),
    ("dpv:ScientificResearch", "dpv:ScientificResearch"),
    ("https://w3id.org/dpv#ScientificResearch", "dpv:ScientificResearch"),
    ("train AI systems", "ehds:TrainTestAndEvaluateAISystemsAlgorithms"),
    ("public policy making", "dpv:PublicPolicyMaking"),
    ("https://w3id.org/dpv/legal/eu/ehds#PublicPolicyMaking", "ehds:PublicPolicyMaking"),
    ("A6-1-e", "gdpr:A6-1-e"),
    ("Art. 9(2)(j)", "gdpr:A9-2-j"),
    ("predictive maintenance", "ds:PredictiveMaintenance"),
]


@pytest.mark.parametrize(("text", "name"), _SPELLINGS)
def test_a_term_is_found_by_each_of_its_spellings(text: str, name: str) -> None:
    assert resolve(text).name == name


@pytest.mark.parametrize(
    "text", ["", " ", ":", "dpv:", "scientifc research", "x" * 5000, "scientific research; x"]
)
def test_what_is_not_a_word_is_not_found(text: str) -> None:
    assert find(text) is None


def test_an_unknown_word_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(UnknownName, match="Did you mean 'scientific research'"):
        resolve("scientifc research")


def test_every_word_that_is_offered_is_understood() -> None:
    assert not [word for word in words() if find(word) is None and not group(word)]


def test_every_term_is_found_by_its_name_iri_and_word() -> None:
    for name, term in TERMS.items():
        assert find(name) == find(term.iri) == term
        found = find(term.word)
        assert found is not None
        assert found.name.partition(":")[2] == name.partition(":")[2]  # ehds: and health: share their labels


_CLIMBS = [
    ("targeted advertising", "marketing", True),
    ("healthcare scientific research", "scientific research", True),
    ("scientific research", "healthcare scientific research", False),
    ("train AI systems", "train algorithms", True),
    ("train AI systems", "scientific research", False),
    ("scientific research", "train AI systems", False),
    ("marketing", "marketing", True),
    ("predictive maintenance", "service optimisation", True),
    ("recruitment advertising", "human resource management", True),
    ("marketing", "no such word", False),
    ("no such word", "no such word", False),
]


@pytest.mark.parametrize(("term", "ancestor", "expected"), _CLIMBS)
def test_terms_climb_to_what_they_are_kinds_of(term: str, ancestor: str, expected: bool) -> None:
    assert is_a(term, ancestor) is expected


def test_every_broader_term_exists_and_nothing_is_its_own_ancestor() -> None:
    for term in TERMS.values():
        assert all(broader in TERMS for broader in term.broader)
        assert not any(is_a(broader, term) for broader in term.broader)


def test_no_purpose_of_article_53_is_a_use_of_article_54() -> None:
    allowed = [name for names in ARTICLE_53.values() for name in names]
    refused = [name for names in ARTICLE_54.values() for name in names]
    assert set(ARTICLE_53) == set("abcdef")
    assert set(ARTICLE_54) == set("abcde")
    assert not [(a, r) for a in allowed for r in refused if is_a(a, r) or is_a(r, a)]
    assert [term.name for term in group("uses of Art. 54")] == refused


def test_the_hierarchy_is_that_of_the_published_vocabulary(shared: Path) -> None:
    published: dict[str, set[str]] = {}
    for file in (shared / "conformance" / "dpv-2.3").rglob("*.csv"):
        with file.open(encoding="utf-8", newline="") as text:
            for row in csv.DictReader(text):
                if row.get("iri"):
                    published.setdefault(row["iri"], set()).update(filter(None, row["hasbroader"].split(";")))
    ours = {term.iri: term for term in TERMS.values()}
    own = PREFIXES["ds"]
    checked = 0
    for iri, term in ours.items():
        if not iri.startswith(own):
            assert iri in published, iri
            broader = {ours[i].iri for i in published[iri] if i in ours}
            assert {ours_name_to_iri(name) for name in term.broader} == broader, iri
            checked += 1
    assert checked > 100


def ours_name_to_iri(name: str) -> str:
    return TERMS[name].iri
