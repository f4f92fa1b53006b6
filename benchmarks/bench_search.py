"""Searching one million catalogue records with facets and rights, on SQLite, over a fixed mix of questions.

The peer answers the same words on the same machine, in the same run, as FTS5 does it by itself: a page in the order of
bm25, and the hits counted by one facet with GROUP BY. It knows no rights, narrows by no facet and counts one of eight.
It reads every hit of a frequent word, so it is asked every PEER_EVERY-th question only, and no more after
PEER_SECONDS; `peer_questions` says how many came to an answer. Ours are asked all.

DATASPACE_BENCH_FOLDER keeps the store for the next run; a store that was
kept is read through once, so that the system holds it in memory like one that was filled just now. Filling takes four
minutes, the questions less than one. The first question after a start reads the facets of all records into memory and
is not part of the mix; how long that takes is a figure of its own.
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
from benchmarks.sizes import scaled
from dataspace.adapters.store.finding import SqlFinder
from dataspace.adapters.store.opening import FILE, open_database
from dataspace.model.finding import EVERYONE, STEWARDS, Entry, Facet, Wanted
from dataspace.planning.wording import asked_words

RECORDS = scaled(1_000_000, 2_000)
ASKED = 1000
PEER_EVERY, PEER_SECONDS = 10, 120.0
AT_ONCE = 20_000
PAGE = 20
P50_MS, P99_MS = 10, 50
FIRST_MS = 10_000


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
    _read_through(folder / FILE)
    return finder


def _read_through(path: Path) -> None:
    with path.open("rb") as file:
        while file.read(1 << 24):
            pass


def batches(source: Iterator[Entry]) -> Iterator[Sequence[Entry]]:
    """Some thousand at once."""
    while batch := list(islice(source, AT_ONCE)):
        yield batch


class Plain:
    """FTS5 by itself: its own ranking, and one facet counted."""

    def __init__(self, folder: Path) -> None:
        self._connection = sqlite3.connect(folder / FILE)

    def find(self, wanted: Wanted) -> int:
        """How many hits there were."""
        match = "{title keywords rest} : (" + " AND ".join(f'"{word}"' for word in wanted.words) + ")"
        page = "SELECT rowid, title FROM words WHERE words MATCH ? ORDER BY bm25(words) LIMIT ? OFFSET ?"
        self._connection.execute(page, (match, PAGE, wanted.offset)).fetchall()
        counts = (
            "SELECT found.audience, count(*) FROM words JOIN found ON found.number = words.rowid"
            " WHERE words MATCH ? GROUP BY found.audience"
        )
        return sum(count for _, count in self._connection.execute(counts, (match,)))


def peer_times(plain: Plain, asked: Sequence[tuple[str, Wanted]]) -> list[float]:
    """Seconds for each question that the peer was asked."""
    times: list[float] = []
    for _, wanted in [one for one in asked if one[1].words][::PEER_EVERY]:
        if sum(times) > PEER_SECONDS:
            break
        start = time.perf_counter()
        plain.find(wanted)
        times.append(time.perf_counter() - start)
    return times


def at(times: Sequence[float], share: float) -> float:
    """The time that this share of the questions stays under, in ms."""
    return round(sorted(times)[int(share * (len(times) - 1))] * 1000, 2)


def main() -> None:
    """Fill, ask some questions to fill the caches of the system, then measure both."""
    count = RECORDS
    with tempfile.TemporaryDirectory(prefix="bench-search-") as temporary:
        folder = Path(os.environ.get("DATASPACE_BENCH_FOLDER", temporary))
        finder, asked = filled(folder, count), questions()
        start = time.perf_counter()
        finder.find(asked[0][1])
        first = time.perf_counter() - start
        for _, wanted in asked[: ASKED // 10]:
            finder.find(wanted)
        ours, hits, beyond = [], 0, 0
        for _, wanted in asked:
            start = time.perf_counter()
            found = finder.find(wanted)
            ours.append(time.perf_counter() - start)
            hits += found.total
            beyond += not found.exact
        theirs = peer_times(Plain(folder), asked)
    counts = {"records": count, "questions": len(ours), "hits": hits, "beyond_10000": beyond}
    for name, share, target in (("p50", 0.5, P50_MS), ("p99", 0.99, P99_MS)):
        Figure(
            figure=f"search with facets and rights, {name}",
            value=at(ours, share),
            unit="ms",
            better="lower",
            target=target,
            peer="FTS5 by itself: bm25, and one facet by GROUP BY",
            peer_value=at(theirs, share),
            counts=counts | {"peer_questions": len(theirs)},
        ).show()
    Figure(
        figure="the first search after a start",
        value=round(first * 1000),
        unit="ms",
        better="lower",
        target=FIRST_MS,
        counts={"records": count},
    ).show()


if __name__ == "__main__":
    main()
