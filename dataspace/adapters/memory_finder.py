"""The index and what was harvested, in memory: for tests and notebooks, with the promises of the store's."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from difflib import get_close_matches

from dataspace.model.datasets import Dataset
from dataspace.model.finding import Entry, Facet, FacetCount, Found, Harvested, Peer, Wanted
from dataspace.planning.wording import words_of
from dataspace.ports import Catalog

MOST_COUNTED = 10_000
VALUES_SHOWN = 20


class MemoryFinder:
    """`Finder` over the entries that were put, and over the datasets of a catalogue where one is given."""

    def __init__(self, catalog: Catalog | None = None) -> None:
        self._catalog = catalog
        self._entries: dict[str, tuple[int, Entry]] = {}
        self._last = 0

    def put(self, fresh: Sequence[Entry]) -> None:
        for entry in fresh:
            self._entries.pop(entry.id, None)
            self._last += 1
            self._entries[entry.id] = (self._last, entry)

    def remove(self, ids: Sequence[str]) -> None:
        gone = [self._entries.pop(id) for id in ids if id in self._entries]
        self._last += bool(gone)

    def index_stale(self, build: Callable[[Dataset], Entry], everything: bool = False) -> int:
        """What was put since cannot be told here, so all are looked at; only what has changed is put again."""
        if self._catalog is None:
            return 0
        built = [build(dataset) for dataset in self._catalog.all()]
        known = {id: entry for id, (_, entry) in self._entries.items()}
        self.put([entry for entry in built if known.get(entry.id) != entry])
        return len(built)

    def find(self, wanted: Wanted) -> Found:
        found = (
            (_rank(entry, wanted), -number, entry)
            for number, entry in self._entries.values()
            if entry.audience in wanted.audiences and _holds(entry, wanted)
        )
        hits = sorted(found, key=lambda hit: hit[:2])
        exact = len(hits) <= MOST_COUNTED or not (wanted.words or wanted.facets)
        latest = sorted(hits, key=lambda hit: hit[1])
        counted = hits if exact else latest[:MOST_COUNTED]
        page = hits[wanted.offset : wanted.offset + wanted.size]
        return Found(
            len(counted), exact, tuple(entry for _, _, entry in page), _counts(hit[2] for hit in counted)
        )

    def listing(self, audiences: frozenset[str], after: int, size: int) -> tuple[Sequence[Entry], int]:
        mine = sorted(
            (number, entry.id)
            for number, entry in self._entries.values()
            if entry.audience in audiences and number > after
        )
        page = [self._entries[id][1] for _, id in mine[:size]]
        return page, mine[size - 1][0] if len(mine) > size else 0

    def near(self, word: str, audiences: frozenset[str]) -> str:
        visible = [entry for _, entry in self._entries.values() if entry.audience in audiences]
        known = {each for entry in visible for field in _fields(entry) for each in field}
        return next(iter(get_close_matches(word, sorted(known), n=1, cutoff=0.75)), "")

    def audiences(self) -> frozenset[str]:
        return frozenset(entry.audience for _, entry in self._entries.values())

    def generation(self) -> str:
        return str(self._last)


class MemoryHarvests:
    """`Harvests`; the entries stand in the finder."""

    def __init__(self, finder: MemoryFinder) -> None:
        self._finder = finder
        self._kept: dict[str, tuple[str, Harvested, datetime | None]] = {}
        self._peers: dict[str, Peer] = {}

    def keep(self, origin: str, records: Sequence[Harvested]) -> tuple[int, int, int]:
        by_id = {record.entry.id: record for record in records}
        fresh = [record for id, record in by_id.items() if id not in self._kept]
        changed = [record for id, record in by_id.items() if id in self._kept and self._differs(record)]
        for record in (*fresh, *changed):
            self._kept[record.entry.id] = (origin, record, None)
        self._finder.put([record.entry for record in (*fresh, *changed)])
        return len(fresh), len(changed), len(by_id) - len(fresh) - len(changed)

    def bury(self, origin: str, seen: frozenset[str], at: datetime) -> int:
        gone = [id for id in self._alive(origin) if id not in seen]
        for id in gone:
            self._kept[id] = (origin, self._kept[id][1], at)
        self._finder.remove(gone)
        return len(gone)

    def alive(self, origin: str) -> int:
        return len(self._alive(origin))

    def triples(self, ids: Sequence[str]) -> Mapping[str, str]:
        kept = {id: self._kept[id] for id in ids if id in self._kept}
        return {id: record.triples for id, (_, record, gone) in kept.items() if gone is None}

    def put_peer(self, peer: Peer) -> None:
        self._peers[peer.url] = peer

    def peer(self, url: str) -> Peer | None:
        return self._peers.get(url)

    def peers(self) -> Sequence[Peer]:
        return [self._peers[url] for url in sorted(self._peers)]

    def _alive(self, origin: str) -> list[str]:
        return [id for id, (of, _, gone) in self._kept.items() if of == origin and gone is None]

    def _differs(self, record: Harvested) -> bool:
        _, before, gone = self._kept[record.entry.id]
        return gone is not None or before.digest != record.digest


def _fields(entry: Entry) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """Words of the title, the keywords and the rest, as they rank."""
    return (
        frozenset(words_of(entry.title, entry.dataset or "")),
        frozenset(words_of(*entry.keywords)),
        frozenset(words_of(entry.description, *entry.details)),
    )


def _holds(entry: Entry, wanted: Wanted) -> bool:
    if any(value not in entry.facets.get(facet, ()) for facet, value in wanted.facets):
        return False
    return _stand_in(wanted, frozenset().union(*_fields(entry)))


def _stand_in(wanted: Wanted, words: Iterable[str]) -> bool:
    held = frozenset(words)
    if wanted.prefixes:
        return all(any(word.startswith(start) for word in held) for start in wanted.words)
    return held.issuperset(wanted.words)


def _rank(entry: Entry, wanted: Wanted) -> int:
    """0 where all words stand in the title, 1 in title or keywords, 2 anywhere."""
    title, keywords, _ = _fields(entry)
    if not wanted.words or _stand_in(wanted, title):
        return 0
    return 1 if _stand_in(wanted, title | keywords) else 2


def _counts(entries: Iterable[Entry]) -> tuple[FacetCount, ...]:
    counted = Counter(
        (facet, value) for entry in entries for facet, values in entry.facets.items() for value in set(values)
    )
    return tuple(
        FacetCount(facet, value, count)
        for facet in Facet
        for count, value in sorted(
            ((count, value) for (name, value), count in counted.items() if name == facet.value),
            key=lambda one: (-one[0], one[1]),
        )[:VALUES_SHOWN]
    )
