"""Which values of facets each record has, in memory: counting ten thousand hits must not read ten thousand rows.

Numbers of records are never given twice and what a number stands for never changes, so this can only lack the newest
numbers, which are read before anything is looked up, and hold numbers that are gone, which no search finds any more.
A record takes about 60 bytes. Shared by the threads of a process.
"""

import threading
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, func, select

from dataspace.adapters.store.indexing import last_number
from dataspace.adapters.store.tables import found
from dataspace.adapters.store.word_index import Numbers

_AT_ONCE = 50_000
"""Rows that are read into memory as they come from the database."""


@dataclass(frozen=True, slots=True)
class Codes:
    """What was known at one moment. Row i: a record's number, its audience, and codes[starts[i]:starts[i + 1]]."""

    numbers: Numbers
    audiences: NDArray[np.int32]
    starts: Numbers
    codes: NDArray[np.uint32]
    names: tuple[str, ...]
    """Of the audiences."""
    sizes: Numbers
    """How many records each audience has, those included that are gone."""

    def share(self, audiences: frozenset[str]) -> float:
        """Of all records, those for these audiences."""
        return float(self.sizes[self._of(audiences)].sum() / max(1, len(self.numbers)))

    def rows(self, numbers: Numbers, audiences: frozenset[str]) -> Numbers:
        """The rows of the numbers that are for these audiences, in the order of the numbers."""
        if not len(self.numbers):
            return np.empty(0, np.int64)
        rows = np.minimum(np.searchsorted(self.numbers, numbers), len(self.numbers) - 1)
        mine = self._of(audiences)[self.audiences[rows]] & (self.numbers[rows] == numbers)
        kept: Numbers = rows[mine]
        return kept

    def tally(self, rows: Numbers) -> dict[int, int]:
        """How many of the rows have each code."""
        starts = self.starts[rows]
        lengths = self.starts[rows + 1] - starts
        # One running index through all the rows' codes: where a row begins, jump to its place.
        steps = np.arange(int(lengths.sum())) + np.repeat(starts - np.cumsum(lengths) + lengths, lengths)
        counts = np.bincount(self.codes[steps])
        return {int(code): int(counts[code]) for code in np.flatnonzero(counts)}

    def _of(self, audiences: frozenset[str]) -> NDArray[np.bool_]:
        return np.array([name in audiences for name in self.names], bool)


class _Growing:
    """Arrays with room behind what is used. Who holds a view keeps what it saw: only the room is written."""

    def __init__(self, room: int, codes: int) -> None:
        self.used, self.used_codes, self.last = 0, 0, 0
        self.numbers = np.zeros(room, np.int64)
        self.audiences = np.zeros(room, np.int32)
        self.starts = np.zeros(room + 1, np.int64)
        self.codes = np.zeros(codes, np.uint32)
        self.names: dict[str, int] = {}
        self.sizes: list[int] = []

    def takes(self, batch: list[tuple[int, str, bytes]]) -> bool:
        """Add rows; False where there is no room left."""
        blob = b"".join(codes for _, _, codes in batch)
        end, end_codes = self.used + len(batch), self.used_codes + len(blob) // 4
        if end > len(self.numbers) or end_codes > len(self.codes):
            return False
        here = slice(self.used, end)
        self.numbers[here] = [number for number, _, _ in batch]
        self.audiences[here] = [self._audience(name) for _, name, _ in batch]
        lengths = np.array([len(codes) // 4 for _, _, codes in batch], np.int64)
        self.starts[self.used + 1 : end + 1] = self.used_codes + np.cumsum(lengths)
        self.codes[self.used_codes : end_codes] = np.frombuffer(blob, "<u4")
        self.used, self.used_codes, self.last = end, end_codes, batch[-1][0]
        return True

    def seen(self) -> Codes:
        """What is in use now."""
        return Codes(
            self.numbers[: self.used],
            self.audiences[: self.used],
            self.starts[: self.used + 1],
            self.codes[: self.used_codes],
            tuple(self.names),
            np.array(self.sizes, np.int64),
        )

    def _audience(self, name: str) -> int:
        place = self.names.setdefault(name, len(self.names))
        if place == len(self.sizes):
            self.sizes.append(0)
        self.sizes[place] += 1
        return place


class FacetCodes:
    """The codes of all records, kept as current as the transaction that asks for them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._arrays = _Growing(0, 0)
        self._seen = self._arrays.seen()
        self._upto = 0

    def current(self, connection: Connection) -> Codes:
        """Everything that this transaction can find, and perhaps more."""
        last = last_number(connection)
        with self._lock:
            if last > self._upto:
                if not self._added(connection, self._arrays):
                    self._arrays = self._afresh(connection)
                self._seen, self._upto = self._arrays.seen(), last
            return self._seen

    def _added(self, connection: Connection, arrays: _Growing) -> bool:
        query = select(found.c.number, found.c.audience, found.c.codes).where(found.c.number > arrays.last)
        rows = connection.execute(query.order_by(found.c.number))
        return all(arrays.takes(_plain(batch)) for batch in rows.partitions(_AT_ONCE))

    def _afresh(self, connection: Connection) -> _Growing:
        """With twice the room that is needed, and without what is gone."""
        query = select(func.count(), func.coalesce(func.sum(func.length(found.c.codes)), 0))
        count, size = connection.execute(query).one()
        arrays = _Growing(2 * int(count) + 1000, int(size) // 2 + 20_000)
        self._added(connection, arrays)
        return arrays


def _plain(batch: Iterable[tuple[int, str, bytes]]) -> list[tuple[int, str, bytes]]:
    return [(number, audience, bytes(codes)) for number, audience, codes in batch]
