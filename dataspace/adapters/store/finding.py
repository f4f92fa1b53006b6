"""Searching the catalogue in the control store: hits by words and facets, counts, and what keeps them true.

Rights are part of the question: an entry has one audience, and only those that the asker belongs to are looked at, so
that what must not be known shows in no count and no suggestion.

An entry that is put again gets a new number: the latest come first. Hits are ranked by where the words stand (all in
the title, then in title or keywords, then anywhere), and then by how late they came. Counts stop at MOST_COUNTED hits;
those of the question without words are kept with every change.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from difflib import get_close_matches
from heapq import nsmallest

import numpy as np
from sqlalchemy import ColumnElement, Connection, Table, delete, func, insert, select, update

from dataspace.adapters.store.database import Database
from dataspace.adapters.store.documents import unpacked
from dataspace.adapters.store.tables import (
    counters,
    datasets,
    entries,
    facet_totals,
    facet_values,
    found,
    stale,
)
from dataspace.adapters.store.word_index import Fts5Words, Question, VectorWords, Worded
from dataspace.model.datasets import Dataset
from dataspace.model.finding import Entry, Facet, FacetCount, Found, Wanted
from dataspace.planning.wording import words_of

MOST_COUNTED = 10_000
VALUES_SHOWN = 20
"""Of each facet, the most frequent."""
_SOME = 500
"""Names in one statement."""
_RECORDS = 0
_NEAR = 2000
_COUNTER = "entry-number"
_FIELDS = tuple(field.name for field in fields(Entry))
_EMPTY = Found(0, True, (), ())
Totals = Counter[tuple[str, int]]


class SqlFinder:
    """`Finder`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._words = Fts5Words() if database.dialect == "sqlite" else VectorWords()
        self._values: dict[int, tuple[str, str]] = {}
        """Facets and values by code: they are never changed, so those that were read once stay true."""

    def put(self, fresh: Sequence[Entry]) -> None:
        self._database.write(lambda connection: self.put_in(connection, fresh))

    def remove(self, ids: Sequence[str]) -> None:
        self._database.write(lambda connection: self.remove_in(connection, ids))

    def index_stale(self, build: Callable[[Dataset], Entry], everything: bool = False) -> int:
        """Read and written in one transaction: a dataset that is put meanwhile is stale again afterwards."""
        with self._database.read() as connection:
            if not everything and connection.execute(select(stale.c.dataset).limit(1)).first() is None:
                return 0

        def work(connection: Connection) -> int:
            rows = select(datasets.c.body)
            if not everything:
                rows = rows.join(stale, stale.c.dataset == datasets.c.name)
            built = [build(unpacked(Dataset, body)) for body in connection.execute(rows).scalars()]
            kept = {} if not everything else _bodies(connection, [entry.id for entry in built])
            self.put_in(connection, [entry for entry in built if kept.get(entry.id) != entry_text(entry)])
            connection.execute(delete(stale))
            return len(built)

        return self._database.write(work)

    def generation(self) -> str:
        with self._database.read() as connection:
            return str(_last(connection))

    def find(self, wanted: Wanted) -> Found:
        with self._database.read() as connection:
            codes = _codes(connection, wanted.facets)
            if codes is None:
                return _EMPTY
            if not wanted.words and not codes:
                return self._everything(connection, wanted)
            asked = Question(
                wanted.words,
                tuple(f"f{code}" for code in codes),
                tuple(sorted(wanted.audiences)),
                wanted.prefixes,
            )
            rows = self._words.counted(connection, asked, MOST_COUNTED + 1)
            if not rows:
                return _EMPTY
            exact = len(rows) <= MOST_COUNTED
            rows = rows[:MOST_COUNTED]
            page = self._ranked(connection, asked, [row[0] for row in rows], wanted, exact)
            counted = _tally(row[1] for row in rows)
            return Found(len(rows), exact, _entries(connection, page), self._counts(connection, counted))

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
        """A word like this one that an entry of these audiences holds; empty where there is none."""
        with self._database.read() as connection:
            for start in (word[:3], word[:1]):
                candidates = self._words.near(connection, start, _NEAR)
                for close in get_close_matches(word, candidates, n=3, cutoff=0.75):
                    if self._words.numbers(connection, Question((close,), (), tuple(audiences), False), 1):
                        return close
        return ""

    def put_in(self, connection: Connection, fresh: Sequence[Entry]) -> None:
        """Index entries within a transaction; each takes the place of the one with the same id."""
        if not fresh:
            return
        fresh = list({entry.id: entry for entry in fresh}.values())
        change = self._taken_out(connection, [entry.id for entry in fresh])
        codes = _made_codes(connection, fresh)
        rows, narrow, worded = [], [], []
        for number, entry in enumerate(fresh, _numbered(connection, len(fresh))):
            own = sorted({codes[facet, value] for facet, values in entry.facets.items() for value in values})
            rows.append({"number": number, "id": entry.id, "body": entry_text(entry)})
            blob = np.array(own, "<u4").tobytes()
            narrow.append({"number": number, "audience": entry.audience, "codes": blob})
            worded.append(_worded(number, entry, own))
            change.update((entry.audience, code) for code in (_RECORDS, *own))
        connection.execute(insert(entries), rows)
        connection.execute(insert(found), narrow)
        self._words.add(connection, worded)
        _add_totals(connection, change)

    def remove_in(self, connection: Connection, ids: Sequence[str]) -> None:
        """Take entries out within a transaction; those that are not there do not matter."""
        change = self._taken_out(connection, ids)
        if change:
            _numbered(connection, 1)  # nothing has it: it says that the index is another one now
        _add_totals(connection, change)

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
        total = counted.pop(_RECORDS, 0)
        return Found(total, True, _entries(connection, numbers), self._counts(connection, counted))

    def _ranked(
        self, connection: Connection, asked: Question, latest: Sequence[int], wanted: Wanted, exact: bool
    ) -> Sequence[int]:
        """The page: numbers in the order of their rank."""
        end = wanted.offset + wanted.size
        order: dict[int, None] = {}
        every = frozenset(latest) if exact else frozenset()
        for width in (1, 2) if asked.words else ():
            if exact:  # all that may be shown is in `latest`, so the words alone are asked for
                narrower = Question(asked.words, (), (), asked.prefixes, width)
                better = self._words.unchecked(connection, narrower, MOST_COUNTED)
                order |= dict.fromkeys(number for number in better if number in every)
            else:
                narrower = Question(asked.words, asked.tokens, asked.audiences, asked.prefixes, width)
                order |= dict.fromkeys(self._words.numbers(connection, narrower, end))
            if len(order) >= end:
                break
        else:
            order |= dict.fromkeys(latest)
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
        for start in range(0, len(missing), _SOME):
            some = facet_values.c.code.in_(missing[start : start + _SOME])
            rows = connection.execute(query.where(some))
            self._values |= {code: (facet, value) for code, facet, value in rows}
        return {code: self._values[code] for code in codes}

    def _taken_out(self, connection: Connection, ids: Sequence[str]) -> Totals:
        """Entries out of all tables; what that changes of the totals."""
        change: Totals = Counter()
        for some in _parts(ids):
            query = (
                select(found.c.number, found.c.audience, found.c.codes)
                .join(entries, entries.c.number == found.c.number)
                .where(entries.c.id.in_(some))
            )
            gone = connection.execute(query).all()
            for _, audience, blob in gone:
                codes = (_RECORDS, *np.frombuffer(blob, "<u4").tolist())
                change.subtract((audience, code) for code in codes)
            numbers = [number for number, _, _ in gone]
            if numbers:
                self._words.remove(connection, numbers)
                for table in (found, entries):
                    connection.execute(delete(table).where(table.c.number.in_(numbers)))
        return change


def entry_text(entry: Entry) -> str:
    """What `packed` gives, in a fifth of its time: entries come by the million."""
    document = {name: getattr(entry, name) for name in _FIELDS}
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _entry(text: str) -> Entry:
    """What `unpacked` gives of the text of an entry, in a fifth of its time: a page has many."""
    document = json.loads(text)
    for name in ("keywords", "details"):
        document[name] = tuple(document[name])
    document["facets"] = {name: tuple(values) for name, values in document["facets"].items()}
    return Entry(**document)


def _last(connection: Connection) -> int:
    query = select(counters.c.value).where(counters.c.name == _COUNTER)
    return connection.execute(query).scalar() or 0


def _numbered(connection: Connection, count: int) -> int:
    """The first of so many new numbers, none of which was ever given before."""
    last = _last(connection)
    if last:
        here = counters.c.name == _COUNTER
        connection.execute(update(counters).where(here).values(value=last + count))
    else:
        connection.execute(insert(counters).values(name=_COUNTER, value=count))
    return last + 1


def _worded(number: int, entry: Entry, codes: Sequence[int]) -> Worded:
    return Worded(
        number,
        " ".join(words_of(entry.title, entry.dataset or "")),
        " ".join(words_of(*entry.keywords)),
        " ".join(words_of(entry.description, *entry.details)),
        " ".join(f"f{code}" for code in codes),
    )


def _parts(names: Sequence[str]) -> Iterable[Sequence[str]]:
    return (names[start : start + _SOME] for start in range(0, len(names), _SOME))


def _bodies(connection: Connection, ids: Sequence[str]) -> dict[str, str]:
    kept: dict[str, str] = {}
    for some in _parts(ids):
        query = select(entries.c.id, entries.c.body).where(entries.c.id.in_(some))
        kept |= dict(connection.execute(query).all())
    return kept


def _entries(connection: Connection, numbers: Sequence[int]) -> tuple[Entry, ...]:
    """In the order of the numbers."""
    query = select(entries.c.number, entries.c.body).where(entries.c.number.in_(numbers))
    bodies = dict(connection.execute(query).all()) if numbers else {}
    return tuple(_entry(bodies[number]) for number in numbers)


def _tally(blobs: Iterable[bytes]) -> dict[int, int]:
    counts = np.bincount(np.frombuffer(b"".join(blobs), "<u4").astype(np.int64))
    return {int(code): int(counts[code]) for code in np.flatnonzero(counts)}


def _codes(connection: Connection, facets: Sequence[tuple[Facet, str]]) -> tuple[int, ...] | None:
    """None where a value is not there at all."""
    codes = []
    for facet, value in facets:
        code = connection.execute(select(facet_values.c.code).where(_is(facet.value, value))).scalar()
        if code is None:
            return None
        codes.append(code)
    return tuple(codes)


def _made_codes(connection: Connection, fresh: Sequence[Entry]) -> dict[tuple[str, str], int]:
    """The code of each value of these entries, made where it is new."""
    wanted = {(facet, value) for entry in fresh for facet, values in entry.facets.items() for value in values}
    known: dict[tuple[str, str], int] = {}
    for some in _parts(sorted({value for _, value in wanted})):
        query = select(facet_values.c.facet, facet_values.c.value, facet_values.c.code)
        rows = connection.execute(query.where(facet_values.c.value.in_(some)))
        known |= {(facet, value): code for facet, value, code in rows}
    missing = sorted(wanted - known.keys())
    last = connection.execute(select(func.max(facet_values.c.code))).scalar() or _RECORDS
    made = {pair: code for code, pair in enumerate(missing, last + 1)}
    if made:
        rows_of_made = [{"code": code, "facet": pair[0], "value": pair[1]} for pair, code in made.items()]
        connection.execute(insert(facet_values), rows_of_made)
    return known | made


def _add_totals(connection: Connection, change: Totals) -> None:
    for (audience, code), delta in sorted(change.items()):
        if not delta:
            continue
        here = (facet_totals.c.audience == audience) & (facet_totals.c.code == code)
        more = update(facet_totals).where(here).values(count=facet_totals.c.count + delta)
        if not connection.execute(more).rowcount:
            connection.execute(insert(facet_totals).values(audience=audience, code=code, count=delta))


def _is(facet: str, value: str) -> ColumnElement[bool]:
    table: Table = facet_values
    return (table.c.facet == facet) & (table.c.value == value)
