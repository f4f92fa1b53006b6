"""Finding data: search with facets, as a principal may know of it; what is not theirs to know of does not exist."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from dataspace.errors import InvalidRequest
from dataspace.model.datasets import Dataset
from dataspace.model.finding import EVERYONE, STEWARDS, Entry, Facet, Hit, Search, Wanted
from dataspace.model.names import HUB, SiteName
from dataspace.model.policies import Compound, Condition, Effect, Operand, Operator, PolicySet
from dataspace.model.principals import Principal, Role
from dataspace.planning.wording import asked_words, excerpt, marks
from dataspace.policy.index import candidates
from dataspace.ports import Catalog, PolicyStore, Sites
from dataspace.ports_finding import Finder

PAGE = 20
LARGEST_PAGE = 200
FURTHEST = 10_000
"""Nobody reads further down than this: narrow by facets instead."""
HERE = "here"
_EARLIEST, _LATEST = 1500, 2200


@dataclass(slots=True)
class Finding:
    """Search over what is registered here and what was harvested."""

    catalog: Catalog
    finder: Finder
    policies: PolicyStore
    sites: Sites
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
        self._refresh()
        wanted = _wanted(principal, text, facets, page, size)
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
        self._refresh()
        if after < 0 or not 1 <= size <= LARGEST_PAGE:
            raise InvalidRequest(
                f"A page of {size} cannot be had.", f"A page has 1 to {LARGEST_PAGE} records."
            )
        return self.finder.listing(audiences_of(principal), after, size)

    def state(self, principal: Principal) -> str:
        """Another text whenever a search by this principal could come to something else."""
        self._refresh()
        return f"{self.finder.generation()}-{'-'.join(sorted(audiences_of(principal)))}"

    def _suggestion(self, wanted: Wanted) -> str:
        """The words with those that nothing visible holds replaced by the nearest that something does."""
        spelled = []
        for word in wanted.words:
            alone = Wanted((word,), (), wanted.audiences, size=1, prefixes=True)
            spelled.append(
                word if self.finder.find(alone).total else self.finder.near(word, wanted.audiences)
            )
        return " ".join(spelled) if all(spelled) and tuple(spelled) != wanted.words else ""

    def _refresh(self) -> None:
        """Index what was put since the last time; everything where policies or sites are others than then."""
        policies, holders = self.policies.current(), _holders(self.sites)
        stamp = hashlib.sha256(repr((policies.digest, sorted(holders.items()))).encode()).hexdigest()
        self.finder.index_stale(
            lambda dataset: entry_of(dataset, policies, holders.get(dataset.name, ())), stamp != self._indexed
        )
        self._indexed = stamp


def audiences_of(principal: Principal) -> frozenset[str]:
    """Whose descriptions they may see. The same rule as `may_discover`."""
    if principal.roles & {Role.STEWARD, Role.ADMINISTRATOR}:
        return frozenset({EVERYONE, STEWARDS})
    return frozenset({EVERYONE})


def entry_of(dataset: Dataset, policies: PolicySet, holders: Iterable[SiteName]) -> Entry:
    """What the index holds of a dataset of this hub."""
    about, said = dataset.about, dataset.responsibility
    labels = {label.value for column in dataset.columns for label in column.labels}
    facets: dict[str, Iterable[str]] = {
        Facet.THEME: (dataset.theme, *about.health_themes),
        Facet.ACCESS: (about.access.value if about.access else "",),
        Facet.PURPOSE: _purposes(dataset, policies),
        Facet.LABEL: labels,
        Facet.SITE: holders if dataset.latest is None else (HUB, *holders),
        Facet.FORMAT: {form.format for form in about.distributions},
        Facet.SPATIAL: about.spatial,
        Facet.TEMPORAL: years(about.temporal),
        Facet.ORIGIN: (HERE,),
    }
    return Entry(
        id=dataset.name,
        title=dataset.title,
        description=dataset.description,
        audience=EVERYONE if dataset.published else STEWARDS,
        dataset=dataset.name,
        keywords=dataset.keywords,
        details=tuple(word for c in dataset.columns for word in (c.name, c.title, c.description) if word),
        facets={name: tuple(sorted(filter(None, set(values)))) for name, values in facets.items()},
        licence=said.licence,
        landing_page=about.landing_page,
    )


def years(period: str) -> tuple[str, ...]:
    """Every year that an ISO 8601 interval touches; none where it cannot be read or has no end."""
    start, _, end = period.partition("/")
    first, last = start[:4], (end or start)[:4]
    if not (first.isdigit() and last.isdigit() and _EARLIEST <= int(first) <= int(last) <= _LATEST):
        return ()
    return tuple(str(year) for year in range(int(first), int(last) + 1))


def _purposes(dataset: Dataset, policies: PolicySet) -> set[str]:
    """Purposes that a rule permits by name. What a prohibition or another condition takes away is not worked out
    here: only a decision says what a person may do."""
    return {
        purpose
        for _, _, rule in candidates(policies, dataset.name)
        if rule.effect is Effect.PERMIT and rule.condition is not None
        for purpose in _named(rule.condition)
    }


def _named(condition: Condition) -> Iterable[str]:
    if isinstance(condition, Compound):
        for part in condition.parts:
            yield from _named(part)
    elif condition.operand is Operand.PURPOSE and condition.operator in _SAYING:
        yield from condition.right


_SAYING = {Operator.EQ, Operator.IS_A, Operator.IS_ANY_OF}


def _holders(sites: Sites) -> Mapping[str, tuple[SiteName, ...]]:
    held: dict[str, tuple[SiteName, ...]] = {}
    for site in sites.all():
        for name in site.datasets:
            held[name] = (*held.get(name, ()), site.name)
    return held


def _wanted(principal: Principal, text: str, facets: Sequence[str], page: int, size: int) -> Wanted:
    offset = (page - 1) * size
    if page < 1 or not 1 <= size <= LARGEST_PAGE or offset + size > FURTHEST:
        raise InvalidRequest(
            f"Page {page} of {size} cannot be had.",
            f"A page has 1 to {LARGEST_PAGE} hits, the first {FURTHEST:,} can be listed; narrow by a facet.",
        )
    return Wanted(
        asked_words(text), tuple(_facet(one) for one in facets), audiences_of(principal), offset, size
    )


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
