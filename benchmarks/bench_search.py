"""Searching one million catalogue records with facets and rights, on SQLite, over a fixed mix of questions.

The peer answers the same words on the same machine, in the same run, with FTS5 alone: its own ranking, no facets, no
counts, no rights. It is asked for the words only, so it may find more; what it leaves out is what is measured here.

DATASPACE_BENCH_RECORDS takes fewer records, DATASPACE_BENCH_FOLDER keeps the store for the next run.
"""

import os
import random
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from benchmarks.catalogue_records import SEED, entries, words
from benchmarks.figure import Figure
from dataspace.adapters.store.finding import SqlFinder
from dataspace.adapters.store.opening import FILE, open_database
from dataspace.model.finding import EVERYONE, STEWARDS, Entry, Facet, Wanted
from dataspace.planning.wording import asked_words

RECORDS = 1_000_000
ASKED = 500
AT_ONCE = 20_000
PAGE = 20
P50_MS, P99_MS = 10, 50


@dataclass(frozen=True, slots=True)
class Asked:
    """One question of the mix. `ranks` are the places of its words by frequency, from the most frequent."""

    share: int
    """Of a hundred questions."""
    ranks: tuple[tuple[int, int], ...]
    facets: int = 0
    page: int = 0


MIX = (
    Asked(25, ((300, 3000),)),  # one subject word
    Asked(20, ((20, 300), (100, 2000))),  # two words
    Asked(12, ((20, 300), (20, 300), (100, 2000))),  # three words
    Asked(12, ((100, 1000),), facets=1),  # narrowed
    Asked(8, ((5, 100),), facets=2),  # a frequent word, narrowed twice
    Asked(8, ((3000, 60_000),)),  # a rare word
    Asked(5, ((0, 20),)),  # a word of the language
    Asked(4, (), facets=1),  # browsing
    Asked(3, ()),  # everything
    Asked(2, ((100, 1000),), page=10),  # further down
    Asked(1, ((0, 5), (0, 5))),  # two words of the language
)
_FILTERS = (
    (Facet.THEME, "http://publications.europa.eu/resource/authority/data-theme/ECON"),
    (Facet.ACCESS, "RESTRICTED"),
    (Facet.FORMAT, "PARQUET"),
    (Facet.TEMPORAL, "2010"),
    (Facet.SPATIAL, "place-7"),
)


def questions() -> list[tuple[str, Wanted]]:
    """The mix, in an order that is the same in every run; nine of ten by somebody who may not see drafts."""
    source, known = random.Random(SEED), words()  # noqa: S311
    asked = []
    for number in range(ASKED):
        kind = source.choices(MIX, [part.share for part in MIX])[0]
        text = " ".join(known[source.randrange(low, high)] for low, high in kind.ranks)
        narrowed = tuple(sorted(source.sample(_FILTERS, kind.facets)))
        sees = frozenset({EVERYONE, STEWARDS}) if number % 10 == 0 else frozenset({EVERYONE})
        asked.append((text, Wanted(asked_words(text), narrowed, sees, kind.page * PAGE, PAGE)))
    return asked


def filled(folder: Path, count: int) -> SqlFinder:
    """The finder over that many records; a folder that was filled before is used as it is."""
    finder = SqlFinder(open_database(folder))
    everybody = frozenset({EVERYONE, STEWARDS})
    if finder.find(Wanted((), (), everybody, size=1)).total != count:
        for batch in batches(entries(count)):
            finder.put(batch)
    return finder


def batches(source: Iterator[Entry]) -> Iterator[Sequence[Entry]]:
    """Some thousand at once."""
    while batch := list(islice(source, AT_ONCE)):
        yield batch


class Plain:
    """FTS5 without facets, counts and rights."""

    def __init__(self, folder: Path) -> None:
        self._connection = sqlite3.connect(folder / FILE)

    def find(self, wanted: Wanted) -> int:
        """How many of the page there were."""
        if not wanted.words:
            return 0
        match = "{title keywords rest} : (" + " AND ".join(f'"{word}"' for word in wanted.words) + ")"
        sql = "SELECT rowid, title FROM words WHERE words MATCH ? ORDER BY rank LIMIT ? OFFSET ?"
        return len(self._connection.execute(sql, (match, PAGE, wanted.offset)).fetchall())


def at(times: Sequence[float], share: float) -> float:
    """The time that this share of the questions stays under, in ms."""
    return round(sorted(times)[int(share * (len(times) - 1))] * 1000, 2)


def main() -> None:
    """Fill, ask everything once to fill the caches of the system, then measure both in turns."""
    count = int(os.environ.get("DATASPACE_BENCH_RECORDS", RECORDS))
    with tempfile.TemporaryDirectory(prefix="bench-search-") as temporary:
        folder = Path(os.environ.get("DATASPACE_BENCH_FOLDER", temporary))
        finder, plain = filled(folder, count), Plain(folder)
        ours, theirs, hits, beyond = [], [], 0, 0
        asked = questions()
        for _, wanted in asked[: ASKED // 10]:
            finder.find(wanted)
        for text, wanted in asked:
            start = time.perf_counter()
            found = finder.find(wanted)
            ours.append(time.perf_counter() - start)
            hits += found.total
            beyond += not found.exact
            if text:
                start = time.perf_counter()
                plain.find(wanted)
                theirs.append(time.perf_counter() - start)
    for name, share, target in (("p50", 0.5, P50_MS), ("p99", 0.99, P99_MS)):
        Figure(
            figure=f"search with facets and rights, {name}",
            value=at(ours, share),
            unit="ms",
            better="lower",
            target=target,
            peer="FTS5 alone, without facets, counts and rights",
            peer_value=at(theirs, share),
            counts={"records": count, "questions": len(ours), "hits": hits, "beyond_10000": beyond},
        ).show()


if __name__ == "__main__":
    main()
