# ruff: noqa: S101 - these are tests
"""What every index of the catalogue, and every keeper of harvested records, promises."""

from dataclasses import replace

import pytest

from dataspace.model.finding import EVERYONE, STEWARDS, Entry, Facet, FacetCount, Harvested, Peer, Wanted
from dataspace.ports import Finder, Harvests
from dataspace.testing.examples import AT

ALL = frozenset({EVERYONE, STEWARDS})
PUBLIC = frozenset({EVERYONE})


def entry(id: str, title: str, description: str = "", audience: str = EVERYONE, **facets: str) -> Entry:
    """An entry with one value for each facet named."""
    return Entry(id, title, description, audience, facets={name: (value,) for name, value in facets.items()})


def wanted(*words: str, sees: frozenset[str] = PUBLIC, size: int = 20, **facets: str) -> Wanted:
    """A question with words and one value for each facet named."""
    return Wanted(words, tuple((Facet(name), value) for name, value in facets.items()), sees, size=size)


class FinderContract:
    """Supply `finder`, an empty one."""

    @pytest.fixture
    def finder(self) -> Finder:
        raise NotImplementedError("supply a fixture named finder")

    def test_an_empty_index_finds_nothing(self, finder: Finder) -> None:
        for question in (wanted(), wanted("mortality"), wanted(theme="health")):
            found = finder.find(question)
            assert (found.total, found.exact, found.entries, found.facets) == (0, True, (), ())

    def test_every_word_has_to_be_there_whatever_its_case_or_accents(self, finder: Finder) -> None:
        finder.put([entry("a", "Mortalité à l'hôpital"), entry("b", "Mortality", "in hospital")])
        assert ids(finder, wanted("mortalite")) == ["a"]
        assert ids(finder, wanted("mortality", "hospital")) == ["b"]
        assert ids(finder, wanted("mortality", "hopital")) == []

    def test_hits_in_the_title_come_first_then_keywords_then_the_rest_and_the_latest_first(
        self, finder: Finder
    ) -> None:
        keyword = replace(entry("k", "Stays"), keywords=("mortality",))
        finder.put(
            [
                entry("t1", "Mortality"),
                keyword,
                entry("d1", "Stays", "mortality"),
                entry("d2", "X", "mortality"),
            ]
        )
        finder.put([entry("t2", "On mortality")])
        assert ids(finder, wanted("mortality")) == ["t2", "t1", "k", "d2", "d1"]
        assert ids(finder, replace(wanted("mortality", size=2), offset=2)) == ["k", "d2"]

    def test_facets_narrow_and_are_counted_over_all_hits(self, finder: Finder) -> None:
        finder.put(
            [
                entry("a", "stays", theme="health", format="CSV"),
                entry("b", "stays", theme="health", format="PARQUET"),
                entry("c", "stays", theme="energy", format="CSV"),
                entry("d", "other", theme="energy"),
            ]
        )
        found = finder.find(wanted("stays", size=1))
        assert found.total == 3
        assert found.facets == (
            FacetCount(Facet.THEME, "health", 2),
            FacetCount(Facet.THEME, "energy", 1),
            FacetCount(Facet.FORMAT, "CSV", 2),
            FacetCount(Facet.FORMAT, "PARQUET", 1),
        )
        assert ids(finder, wanted("stays", theme="health", format="CSV")) == ["a"]
        assert ids(finder, wanted(theme="energy")) == ["d", "c"]
        assert ids(finder, wanted("stays", theme="transport")) == []

    def test_what_a_principal_may_not_know_of_shows_nowhere(self, finder: Finder) -> None:
        finder.put(
            [
                entry("open", "stays", theme="health"),
                entry("draft", "stays secretword", "", STEWARDS, theme="hidden"),
            ]
        )
        for question in (wanted(), wanted("stays")):
            found = finder.find(question)
            assert (found.total, [e.id for e in found.entries]) == (1, ["open"])
            assert found.facets == (FacetCount(Facet.THEME, "health", 1),)
        assert finder.find(wanted("secretword")) == finder.find(wanted("nosuchword"))
        assert finder.find(wanted(theme="hidden")) == finder.find(wanted(theme="nosuch"))
        assert finder.near("secretwort", PUBLIC) == ""
        assert finder.near("secretwort", ALL) == "secretword"
        assert finder.find(wanted("stays", sees=ALL)).total == 2
        assert [e.id for e in finder.listing(PUBLIC, 0, 10)[0]] == ["open"]

    def test_each_audience_is_its_own_and_those_that_nobody_has_left_are_gone(self, finder: Finder) -> None:
        ruled = ["some text", '["7f", "name", ["label"]]']
        finder.put([entry("a", "stays", theme="health"), *(entry(r, "stays", "", r) for r in ruled)])
        assert finder.audiences() == {EVERYONE, *ruled}
        assert ids(finder, wanted("stays", sees=frozenset({ruled[1]}))) == [ruled[1]]
        assert ids(finder, wanted("stays", sees=frozenset({EVERYONE, ruled[0]}))) == [ruled[0], "a"]
        assert finder.find(wanted("stays", sees=frozenset({"nobody"}))).total == 0
        finder.remove([ruled[0]])
        assert finder.audiences() == {EVERYONE, ruled[1]}

    def test_what_few_may_know_of_is_found_among_many_that_they_may_not(self, finder: Finder) -> None:
        finder.put([entry("first", "stays", "", STEWARDS, theme="health")])
        finder.put([entry(f"e{number}", "stays", theme="health") for number in range(300)])
        finder.put([entry("last", "other", "", STEWARDS)])
        found = finder.find(wanted("stays", sees=frozenset({STEWARDS}), theme="health"))
        assert (found.total, [e.id for e in found.entries]) == (1, ["first"])
        assert found.facets == (FacetCount(Facet.THEME, "health", 1),)

    def test_what_stands_in_a_title_comes_first_however_late_the_others_came(self, finder: Finder) -> None:
        finder.put([entry("title", "mortality", theme="health")])
        finder.put([entry(f"e{number}", "x", "mortality", theme="health") for number in range(50)])
        finder.put([entry(f"t{number}", "mortality", theme="energy") for number in range(50)])
        assert ids(finder, wanted("mortality", theme="health", size=2)) == ["title", "e49"]

    def test_what_is_put_after_a_search_is_in_the_next_one(self, finder: Finder) -> None:
        finder.put([entry("a", "stays", theme="health")])
        assert ids(finder, wanted("stays")) == ["a"]
        finder.put([entry(f"e{number}", "stays", theme="health") for number in range(3000)])
        finder.put([entry("z", "stays", theme="health"), entry("hidden", "stays", "", STEWARDS)])
        found = finder.find(wanted("stays", size=1))
        assert (found.total, found.entries[0].id) == (3002, "z")
        assert found.facets == (FacetCount(Facet.THEME, "health", 3002),)
        finder.remove([f"e{number}" for number in range(3000)])
        assert ids(finder, wanted("stays")) == ["z", "a"]

    def test_a_title_is_ranked_before_the_rest_also_behind_many_that_may_not_be_known(
        self, finder: Finder
    ) -> None:
        finder.put([entry("title", "mortality")])
        finder.put([entry(f"h{number}", "mortality", "", STEWARDS) for number in range(300)])
        finder.put([entry(f"e{number}", "x", "mortality") for number in range(300)])
        assert ids(finder, wanted("mortality", size=1)) == ["title"]

    def test_a_value_of_a_facet_is_no_word_and_a_word_no_value(self, finder: Finder) -> None:
        finder.put([entry("a", "one", theme="health"), entry("b", "f1 everyone")])
        assert ids(finder, wanted("f1")) == ["b"]
        assert ids(finder, wanted("everyone")) == ["b"]
        assert ids(finder, wanted(theme="health")) == ["a"]

    def test_an_entry_that_is_put_again_takes_the_place_of_the_older_one(self, finder: Finder) -> None:
        finder.put([entry("a", "old words", theme="health"), entry("b", "other", theme="health")])
        before = finder.generation()
        finder.put([entry("a", "new words", "", STEWARDS, theme="energy")])
        assert finder.generation() != before
        assert ids(finder, wanted("old")) == ids(finder, wanted("new")) == []
        assert ids(finder, wanted("new", sees=ALL)) == ["a"]
        assert finder.find(wanted()).facets == (FacetCount(Facet.THEME, "health", 1),)
        assert finder.find(wanted(sees=ALL)).total == 2

    def test_an_entry_that_was_removed_is_nowhere_and_the_index_is_another_one(self, finder: Finder) -> None:
        finder.put([entry("a", "words", theme="health"), entry("b", "words")])
        seen = {finder.generation()}
        finder.remove(["b", "never there"])
        assert ids(finder, wanted("words")) == ["a"]
        seen.add(finder.generation())
        finder.put([entry("c", "words")])
        seen.add(finder.generation())
        assert len(seen) == 3
        finder.remove(["a", "c"])
        assert finder.find(wanted()) == finder.find(wanted("words"))

    def test_a_word_may_go_on_where_that_is_asked_for(self, finder: Finder) -> None:
        finder.put([entry("a", "mortality"), entry("b", "mortal", "", STEWARDS)])
        assert ids(finder, wanted("morta")) == []
        assert ids(finder, replace(wanted("morta"), prefixes=True)) == ["a"]

    def test_a_spelling_that_is_near_is_proposed(self, finder: Finder) -> None:
        finder.put([entry("a", "mortality after emergency")])
        assert finder.near("mortalty", PUBLIC) == "mortality"
        assert finder.near("zzzzzz", PUBLIC) == ""

    def test_a_listing_reaches_all_and_what_comes_meanwhile(self, finder: Finder) -> None:
        finder.put([entry(f"e{number}", "words") for number in range(5)])
        first, following = finder.listing(PUBLIC, 0, 3)
        finder.put([entry("late", "words"), entry("e0", "changed")])
        second, last = finder.listing(PUBLIC, following, 3)
        third, end = finder.listing(PUBLIC, last, 3)
        assert [e.id for e in (*first, *second, *third)] == ["e0", "e1", "e2", "e3", "e4", "late", "e0"]
        assert end == 0

    def test_words_with_signs_of_a_query_language_are_words(self, finder: Finder) -> None:
        finder.put([entry("a", "NEAR OR and not", theme="x' OR 1=1 --")])
        assert ids(finder, wanted("near", "or", "and", "not")) == ["a"]
        assert ids(finder, wanted(theme="x' OR 1=1 --")) == ["a"]


class HarvestsContract:
    """Supply `kept`: harvests, and the finder over the same store."""

    @pytest.fixture
    def kept(self) -> tuple[Harvests, Finder]:
        raise NotImplementedError("supply a fixture named kept")

    def test_records_are_found_and_keep_their_triples(self, kept: tuple[Harvests, Finder]) -> None:
        harvests, finder = kept
        assert harvests.keep("https://a", [record("https://a", 1), record("https://a", 2)]) == (2, 0, 0)
        assert harvests.keep("https://a", [record("https://a", 1), record("https://a", 2, "new")]) == (
            0,
            1,
            1,
        )
        assert harvests.alive("https://a") == 2
        assert harvests.triples(["https://a 1", "https://a 2", "no"]) == {
            "https://a 1": "triples old",
            "https://a 2": "triples new",
        }
        assert ids(finder, wanted("new")) == ["https://a 2"]

    def test_what_disappeared_is_a_tombstone_and_may_come_back(self, kept: tuple[Harvests, Finder]) -> None:
        harvests, finder = kept
        both = [record("https://a", 1), record("https://a", 2)]
        harvests.keep("https://a", both)
        harvests.keep("https://b", [record("https://b", 1)])
        assert harvests.bury("https://a", frozenset({"https://a 1"}), AT) == 1
        assert harvests.bury("https://a", frozenset({"https://a 1"}), AT) == 0
        assert (harvests.alive("https://a"), harvests.alive("https://b")) == (1, 1)
        assert ids(finder, wanted("old")) == ["https://b 1", "https://a 1"]
        assert "https://a 2" not in harvests.triples(["https://a 2"])
        assert harvests.keep("https://a", both) == (0, 1, 1)
        assert harvests.alive("https://a") == 2

    def test_peers_come_back_as_last_put(self, kept: tuple[Harvests, Finder]) -> None:
        harvests, _ = kept
        assert harvests.peer("https://a") is None
        harvests.put_peer(Peer("https://b"))
        harvests.put_peer(Peer("https://a", 3600, '"tag"', AT, AT, "Read to its end."))
        assert harvests.peer("https://a") == Peer("https://a", 3600, '"tag"', AT, AT, "Read to its end.")
        assert [peer.url for peer in harvests.peers()] == ["https://a", "https://b"]


def record(origin: str, number: int, words: str = "old") -> Harvested:
    """A record whose triples and digest are made of its words."""
    return Harvested(entry(f"{origin} {number}", words), f"triples {words}", words)


def ids(finder: Finder, question: Wanted) -> list[str]:
    """The hits by id, in their order."""
    return [found.id for found in finder.find(question).entries]
