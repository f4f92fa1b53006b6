"""Finding data: search with facets, as a principal may know of it; what is not theirs to know of does not exist."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from dataspace.errors import InvalidRequest
from dataspace.model.datasets import Dataset
from dataspace.model.finding import Entry, Facet, Hit, Search, Wanted
from dataspace.model.policies import PolicySet
from dataspace.model.principals import Principal
from dataspace.planning.wording import asked_words, excerpt, marks
from dataspace.ports import Catalog, Finder, Sites
from dataspace.service.discovering import Sight
from dataspace.service.enforcing import Enforcement
from dataspace.service.entries import HERE, entry_of, holders_of

PAGE = 20
LARGEST_PAGE = 200
FURTHEST = 10_000
"""Nobody reads further down than this: narrow by facets instead."""


@dataclass(slots=True)
class Finding:
    """Search over what is registered here and what was harvested."""

    catalog: Catalog
    finder: Finder
    sites: Sites
    enforcement: Enforcement
    _indexed: str = ""
    """What the facets were made from when the datasets of this hub were last indexed by this process."""

    def search(
        self,
        principal: Principal,
        text: str = "",
        facets: Sequence[str] = (),
        page: int = 1,
        size: int = PAGE,
    ) -> Search:
        """One page of hits, the counts of each facet, and a spelling that would find more.

        A facet is `name:value`. Where no word is found as it stands, words that begin with it count.
        """
        wanted = replace(_wanted(text, facets, page, size), audiences=self._audiences(principal))
        found = self.finder.find(wanted)
        if not found.total and wanted.words:
            found = self.finder.find(replace(wanted, prefixes=True))
        hits = tuple(_hit(entry, wanted.words) for entry in found.entries)
        suggestion = "" if found.total or not wanted.words else self._suggestion(wanted)
        return Search(text, found.total, found.exact, hits, found.facets, suggestion)

    def datasets(self, principal: Principal, text: str, facets: Sequence[str] = ()) -> Sequence[Dataset]:
        """The datasets of this hub among the hits, as far down as anybody reads."""
        mine = (*facets, f"{Facet.ORIGIN.value}:{HERE}")
        named: list[Dataset] = []
        for page in range(1, FURTHEST // LARGEST_PAGE + 1):
            found = self.search(principal, text, mine, page, LARGEST_PAGE)
            for hit in found.hits:
                dataset = self.catalog.get(hit.entry.dataset) if hit.entry.dataset else None
                if dataset is not None:
                    named.append(dataset)
            if len(found.hits) < LARGEST_PAGE:
                break
        return named if text else sorted(named, key=lambda dataset: dataset.name)

    def listing(self, principal: Principal, after: int = 0, size: int = PAGE) -> tuple[Sequence[Entry], int]:
        """All that a principal may know of, page by page; and where the next page starts, 0 at the end."""
        if after < 0 or not 1 <= size <= LARGEST_PAGE:
            raise InvalidRequest(
                f"A page of {size} cannot be had.", f"A page has 1 to {LARGEST_PAGE} records."
            )
        return self.finder.listing(self._audiences(principal), after, size)

    def state(self, principal: Principal) -> str:
        """Another text whenever a search by this principal could come to something else."""
        audiences = sorted(self._audiences(principal))
        return f"{self.finder.generation()}-{hashlib.sha256(repr(audiences).encode()).hexdigest()}"

    def _suggestion(self, wanted: Wanted) -> str:
        """The words with those that nothing visible holds replaced by the nearest that something does."""
        spelled = []
        for word in wanted.words:
            alone = Wanted((word,), (), wanted.audiences, size=1, prefixes=True)
            spelled.append(
                word if self.finder.find(alone).total else self.finder.near(word, wanted.audiences)
            )
        return " ".join(spelled) if all(spelled) and tuple(spelled) != wanted.words else ""

    def _audiences(self, principal: Principal) -> frozenset[str]:
        """Those that a principal belongs to, of all that there are once the index is up to date."""
        policies = self.enforcement.policies.current()
        self._refresh(policies)
        sight = Sight(principal, policies, self.enforcement.clock.now(), self.enforcement.site)
        return frozenset(audience for audience in self.finder.audiences() if sight.sees(audience))

    def _refresh(self, policies: PolicySet) -> None:
        """Index what was put since the last time; everything where policies or sites are others than then."""
        holders = holders_of(self.sites)
        stamp = hashlib.sha256(repr((policies.digest, sorted(holders.items()))).encode()).hexdigest()
        self.finder.index_stale(
            lambda dataset: entry_of(dataset, policies, holders.get(dataset.name, ())), stamp != self._indexed
        )
        self._indexed = stamp


def _wanted(text: str, facets: Sequence[str], page: int, size: int) -> Wanted:
    offset = (page - 1) * size
    if page < 1 or not 1 <= size <= LARGEST_PAGE or offset + size > FURTHEST:
        raise InvalidRequest(
            f"Page {page} of {size} cannot be had.",
            f"A page has 1 to {LARGEST_PAGE} hits, the first {FURTHEST:,} can be listed; narrow by a facet.",
        )
    return Wanted(asked_words(text), tuple(_facet(one) for one in facets), frozenset(), offset, size)


def _facet(text: str) -> tuple[Facet, str]:
    name, _, value = text.partition(":")
    try:
        return Facet(name), value
    except ValueError as error:
        known = ", ".join(facet.value for facet in Facet)
        raise InvalidRequest(f"'{name}' is no facet.", f"Write name:value; there are {known}.") from error


def _hit(entry: Entry, words: Sequence[str]) -> Hit:
    part, inside = excerpt(entry.description, words)
    # What is only there to be found by stays here.
    return Hit(replace(entry, details=()), marks(entry.title, words), part, inside)
