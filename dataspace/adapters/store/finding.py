"""Searching the catalogue in the control store: hits by words and facets, counts, and their order.

Rights are part of the question: an entry has one audience, and only those that the asker belongs to are looked at, so
that what must not be known shows in no count and no suggestion.

Hits are ranked by where the words stand (all in the title, then in title or keywords, then anywhere), and then by how
late they came. Counts stop at MOST_COUNTED hits; those of the question without words are kept with every change.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from heapq import nsmallest

from sqlalchemy import Connection, func, select

from dataspace.adapters.store.database import Database
from dataspace.adapters.store.facet_codes import Codes, FacetCodes
from dataspace.adapters.store.indexing import RECORDS, SOME, EntryIndex, last_number
from dataspace.adapters.store.tables import entries, facet_totals, facet_values, found, stale
from dataspace.adapters.store.word_index import Fts5Words, Numbers, Question, VectorWords
from dataspace.model.datasets import Dataset
from dataspace.model.finding import Entry, Facet, FacetCount, Found, Wanted

MOST_COUNTED = 10_000
VALUES_SHOWN = 20
"""Of each facet, the most frequent."""
_NEAR = 2000
_SPARE = 64
_EMPTY = Found(0, True, (), ())


class SqlFinder:
    """`Finder`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._words = Fts5Words() if database.dialect == "sqlite" else VectorWords()
        self.index = EntryIndex(self._words)
        self._codes = FacetCodes()
        self._values: dict[int, tuple[str, str]] = {}
        """Facets and values by code: they are never changed, so those that were read once stay true."""

    def put(self, fresh: Sequence[Entry]) -> None:
        self._database.write(lambda connection: self.index.put_in(connection, fresh))

    def remove(self, ids: Sequence[str]) -> None:
        self._database.write(lambda connection: self.index.remove_in(connection, ids))

    def index_stale(self, build: Callable[[Dataset], Entry], everything: bool = False) -> int:
        """Read and written in one transaction: a dataset that is put meanwhile is stale again afterwards."""
        with self._database.read() as connection:
            if not everything and connection.execute(select(stale.c.dataset).limit(1)).first() is None:
                return 0
        return self._database.write(lambda connection: self.index.index_stale(connection, build, everything))

    def generation(self) -> str:
        with self._database.read() as connection:
            return str(last_number(connection))

    def audiences(self) -> frozenset[str]:
        """Every audience that an entry has."""
        query = select(facet_totals.c.audience).where(
            facet_totals.c.code == RECORDS, facet_totals.c.count > 0
        )
        with self._database.read() as connection:
            return frozenset(connection.execute(query).scalars())

    def find(self, wanted: Wanted) -> Found:
        with self._database.read() as connection:
            codes = _codes(connection, wanted.facets)
            if codes is None:
                return _EMPTY
            if not wanted.words and not codes:
                return self._everything(connection, wanted)
            known = self._codes.current(connection)
            asked = Question(wanted.words, tuple(f"f{code}" for code in codes), wanted.prefixes)
            rows = self._latest(connection, known, asked, wanted.audiences, MOST_COUNTED + 1)
            if not len(rows):
                return _EMPTY
            exact, rows = len(rows) <= MOST_COUNTED, rows[:MOST_COUNTED]
            page = self._ranked(connection, known, asked, rows, wanted)
            counted = self._counts(connection, known.tally(rows))
            return Found(len(rows), exact, _entries(connection, page), counted)

    def listing(self, audiences: frozenset[str], after: int, size: int) -> tuple[Sequence[Entry], int]:
        query = (
            select(found.c.number)
            .where(found.c.audience.in_(sorted(audiences)), found.c.number > after)
            .order_by(found.c.number)
            .limit(size + 1)
        )
        with self._database.read() as connection:
            numbers = list(connection.execute(query).scalars())
            following = numbers[size - 1] if len(numbers) > size else 0
            return _entries(connection, numbers[:size]), following

    def near(self, word: str, audiences: frozenset[str]) -> str:
        with self._database.read() as connection:
            known = self._codes.current(connection)
            for start in (word[:3], word[:1]):
                candidates = self._words.near(connection, start, _NEAR)
                for close in get_close_matches(word, candidates, n=3, cutoff=0.75):
                    if len(self._latest(connection, known, Question((close,), (), False), audiences, 1)):
                        return close
        return ""

    def _everything(self, connection: Connection, wanted: Wanted) -> Found:
        mine = facet_totals.c.audience.in_(sorted(wanted.audiences))
        query = (
            select(facet_totals.c.code, func.sum(facet_totals.c.count))
            .where(mine)
            .group_by(facet_totals.c.code)
        )
        counted = {code: int(count) for code, count in connection.execute(query) if count}
        page = (
            select(found.c.number)
            .where(found.c.audience.in_(sorted(wanted.audiences)))
            .order_by(found.c.number.desc())
            .offset(wanted.offset)
            .limit(wanted.size)
        )
        numbers = list(connection.execute(page).scalars())
        total = counted.pop(RECORDS, 0)
        return Found(total, True, _entries(connection, numbers), self._counts(connection, counted))

    def _latest(
        self, connection: Connection, known: Codes, asked: Question, audiences: frozenset[str], count: int
    ) -> Numbers:
        """The rows of the latest hits for these audiences, so many at most.

        The words are asked for as many hits as hold enough for these audiences if they are spread evenly, and for
        more where they are not: looking each hit up in the database takes longer than finding some in vain.
        """
        share = known.share(audiences)
        if not share:
            return known.rows(known.numbers[:0], audiences)
        limit = int(count / share * 1.02) + _SPARE
        while True:
            numbers = self._words.latest(connection, asked, limit)
            rows = known.rows(numbers, audiences)
            if len(rows) >= count or len(numbers) < limit:
                return rows[:count]
            limit *= 4

    def _ranked(
        self, connection: Connection, known: Codes, asked: Question, latest: Numbers, wanted: Wanted
    ) -> Sequence[int]:
        """The page: numbers in the order of their rank."""
        end = wanted.offset + wanted.size
        order: dict[int, None] = {}
        for width in (1, 2) if asked.words else ():
            narrower = Question(asked.words, asked.tokens, asked.prefixes, width)
            better = self._latest(connection, known, narrower, wanted.audiences, end)
            order |= dict.fromkeys(known.numbers[better].tolist())
            if len(order) >= end:
                break
        else:
            order |= dict.fromkeys(known.numbers[latest].tolist())
        return list(order)[wanted.offset : end]

    def _counts(self, connection: Connection, counted: dict[int, int]) -> tuple[FacetCount, ...]:
        """Of each facet the most frequent values; only values that were counted are ever named."""
        by_facet: dict[str, list[tuple[int, str]]] = {}
        for code, (facet, value) in self._named(connection, counted).items():
            by_facet.setdefault(facet, []).append((-counted[code], value))
        return tuple(
            FacetCount(facet, value, -negative)
            for facet in Facet
            for negative, value in nsmallest(VALUES_SHOWN, by_facet.get(facet.value, ()))
        )

    def _named(self, connection: Connection, codes: Iterable[int]) -> dict[int, tuple[str, str]]:
        missing = [code for code in codes if code not in self._values]
        query = select(facet_values.c.code, facet_values.c.facet, facet_values.c.value)
        for start in range(0, len(missing), SOME):
            some = facet_values.c.code.in_(missing[start : start + SOME])
            rows = connection.execute(query.where(some))
            self._values |= {code: (facet, value) for code, facet, value in rows}
        return {code: self._values[code] for code in codes}


def _entry(text: str) -> Entry:
    """What `unpacked` gives of the text of an entry, in a fifth of its time: a page has many."""
    document = json.loads(text)
    for name in ("keywords", "details"):
        document[name] = tuple(document[name])
    document["facets"] = {name: tuple(values) for name, values in document["facets"].items()}
    return Entry(**document)


def _entries(connection: Connection, numbers: Sequence[int]) -> tuple[Entry, ...]:
    """In the order of the numbers."""
    query = select(entries.c.number, entries.c.body).where(entries.c.number.in_(numbers))
    bodies = dict(connection.execute(query).all()) if numbers else {}
    return tuple(_entry(bodies[number]) for number in numbers)


def _codes(connection: Connection, facets: Sequence[tuple[Facet, str]]) -> tuple[int, ...] | None:
    """None where a value is not there at all."""
    codes = []
    for facet, value in facets:
        here = (facet_values.c.facet == facet.value) & (facet_values.c.value == value)
        code = connection.execute(select(facet_values.c.code).where(here)).scalar()
        if code is None:
            return None
        codes.append(code)
    return tuple(codes)
