"""Filling the index that the catalogue is searched by: entries in and out, their numbers, and totals that stay true.

An entry that is put again gets a new number, and no number is ever given twice: what is known of a number stays true.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields

import numpy as np
from sqlalchemy import Connection, delete, func, insert, select, update

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
from dataspace.adapters.store.word_index import Worded, WordIndex
from dataspace.model.datasets import Dataset
from dataspace.model.finding import Entry
from dataspace.planning.wording import words_of

RECORDS = 0
"""The code under which the totals count entries themselves."""
SOME = 500
"""Names in one statement."""
_COUNTER = "entry-number"
_FIELDS = tuple(field.name for field in fields(Entry))
Totals = Counter[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class EntryIndex:
    """What writes the tables of the index, always within a transaction of the caller's."""

    words: WordIndex

    def index_stale(self, connection: Connection, build: Callable[[Dataset], Entry], everything: bool) -> int:
        """Index the datasets that were put since they were last indexed, or all; how many were looked at."""
        rows = select(datasets.c.body)
        if not everything:
            rows = rows.join(stale, stale.c.dataset == datasets.c.name)
        built = [build(unpacked(Dataset, body)) for body in connection.execute(rows).scalars()]
        kept = {} if not everything else _bodies(connection, [entry.id for entry in built])
        self.put_in(connection, [entry for entry in built if kept.get(entry.id) != entry_text(entry)])
        connection.execute(delete(stale))
        return len(built)

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
            change.update((entry.audience, code) for code in (RECORDS, *own))
        connection.execute(insert(entries), rows)
        connection.execute(insert(found), narrow)
        self.words.add(connection, worded)
        _add_totals(connection, change)

    def remove_in(self, connection: Connection, ids: Sequence[str]) -> None:
        """Take entries out within a transaction; those that are not there do not matter."""
        change = self._taken_out(connection, ids)
        if change:
            _numbered(connection, 1)  # nothing has it: it says that the index is another one now
        _add_totals(connection, change)

    def _taken_out(self, connection: Connection, ids: Sequence[str]) -> Totals:
        """Entries out of all tables; what that changes of the totals."""
        change: Totals = Counter()
        for some in parts(ids):
            query = (
                select(found.c.number, found.c.audience, found.c.codes)
                .join(entries, entries.c.number == found.c.number)
                .where(entries.c.id.in_(some))
            )
            gone = connection.execute(query).all()
            for _, audience, blob in gone:
                codes = (RECORDS, *np.frombuffer(blob, "<u4").tolist())
                change.subtract((audience, code) for code in codes)
            numbers = [number for number, _, _ in gone]
            if numbers:
                self.words.remove(connection, numbers)
                for table in (found, entries):
                    connection.execute(delete(table).where(table.c.number.in_(numbers)))
        return change


def entry_text(entry: Entry) -> str:
    """What `packed` gives, in a fifth of its time: entries come by the million."""
    document = {name: getattr(entry, name) for name in _FIELDS}
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def last_number(connection: Connection) -> int:
    query = select(counters.c.value).where(counters.c.name == _COUNTER)
    return connection.execute(query).scalar() or 0


def _numbered(connection: Connection, count: int) -> int:
    """The first of so many new numbers, none of which was ever given before."""
    last = last_number(connection)
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


def parts(names: Sequence[str]) -> Iterable[Sequence[str]]:
    return (names[start : start + SOME] for start in range(0, len(names), SOME))


def _bodies(connection: Connection, ids: Sequence[str]) -> dict[str, str]:
    kept: dict[str, str] = {}
    for some in parts(ids):
        query = select(entries.c.id, entries.c.body).where(entries.c.id.in_(some))
        kept |= dict(connection.execute(query).all())
    return kept


def _made_codes(connection: Connection, fresh: Sequence[Entry]) -> dict[tuple[str, str], int]:
    """The code of each value of these entries, made where it is new."""
    wanted = {(facet, value) for entry in fresh for facet, values in entry.facets.items() for value in values}
    known: dict[tuple[str, str], int] = {}
    for some in parts(sorted({value for _, value in wanted})):
        query = select(facet_values.c.facet, facet_values.c.value, facet_values.c.code)
        rows = connection.execute(query.where(facet_values.c.value.in_(some)))
        known |= {(facet, value): code for facet, value, code in rows}
    missing = sorted(wanted - known.keys())
    last = connection.execute(select(func.max(facet_values.c.code))).scalar() or RECORDS
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
