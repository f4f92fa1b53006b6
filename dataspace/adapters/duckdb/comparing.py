"""The clerk's memory of what was told: the units behind earlier numbers as roaring bitmaps, and the guard over them.

Entries have a kind and a number in their names: `00000007-units` adds privacy units to the numbering of the lineage,
`00000008-told-<permit>-<principal>-<project>` is one answer, `…-refused-…` one refusal. The last three are digests.
"""

import array
import hashlib
import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from pyroaring import BitMap

from dataspace.model.codec import from_json, to_json
from dataspace.model.names import ColumnName
from dataspace.model.plans import Asked, CellsPlan, Function
from dataspace.planning.cells import Cell, Keys
from dataspace.planning.differencing import (
    MAXIMUM_REFUSALS,
    UNITS,
    Audit,
    Box,
    Told,
    TooClose,
    boxes,
    present,
)
from dataspace.planning.disclosure import Protected

_HEAD = struct.Struct("!I")
Numbers = npt.NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class Entry:
    """What was told in one answer; `whole` is the units of its cut, which counts as known."""

    asked: Asked
    whole: Told
    told: tuple[Told, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """The guard's no: `earlier` is the asker's own question that the answer is too close to, if it is one."""

    earlier: Asked | None


class Numbering:
    """One number for each privacy unit of a lineage, whatever the cut: by a fingerprint that stays inside."""

    def __init__(self) -> None:
        self._sorted = np.zeros(0, np.uint64)
        self._numbers = np.zeros(0, np.uint32)

    def learn(self, prints: npt.NDArray[np.uint64]) -> None:
        """Number further units, in this order."""
        start = len(self._sorted)
        joined = np.concatenate([self._sorted, prints])
        numbers = np.concatenate([self._numbers, np.arange(start, start + len(prints), dtype=np.uint32)])
        order = np.argsort(joined, kind="stable")
        self._sorted, self._numbers = joined[order], numbers[order]

    def numbers(self, prints: npt.NDArray[np.uint64]) -> tuple[Numbers, npt.NDArray[np.uint64]]:
        """The number of each, and those that had none before and have one now."""
        new = np.unique(prints[~self._known(prints)])
        if len(new):
            self.learn(new)
        return self._numbers[np.searchsorted(self._sorted, prints)], new

    def _known(self, prints: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
        if not len(self._sorted):
            return np.zeros(len(prints), bool)
        places = np.minimum(np.searchsorted(self._sorted, prints), len(self._sorted) - 1)
        return np.asarray(self._sorted[places] == prints)


class Comparing:
    """What one clerk holds of one lineage; entries are read once."""

    def __init__(self) -> None:
        self._held: set[str] = set()
        self._entries: dict[str, Entry] = {}
        self._numbering = Numbering()
        self._cuts: dict[str, Numbers] = {}
        self._wholes: dict[str, BitMap] = {}
        self._in_scope: list[str] = []
        self._last = 0
        self._new = b""

    def lacking(self, asked: Asked, names: Sequence[str]) -> list[str]:
        """The entries that are needed for this question and not held yet."""
        self._in_scope = [name for name in names if _concerns(name, asked)]
        self._last = max((int(name[:8]) for name in names), default=0)
        needed = [n for n in names if n.endswith("-units")] + [n for n in self._in_scope if "-told-" in n]
        return [name for name in needed if name not in self._held]

    def take(self, name: str, content: bytes) -> None:
        """One of the entries that were lacking."""
        self._held.add(name)
        if name.endswith("-units"):
            self._numbering.learn(np.frombuffer(content, np.uint64))
        else:
            self._entries[name] = _read(content)

    def units(self, plan: CellsPlan, whole: bytes, sets: Sequence[bytes]) -> list[BitMap]:
        """Sets of units in the numbers of the lineage, all units of the cut first.

        `whole`, needed once for each cut: a fingerprint (8 bytes) of each unit, or the rows (4 bytes) that are units.
        """
        found = [np.frombuffer(one, np.uint32) for one in sets]
        if plan.aggregate.privacy_unit is None:
            if whole or plan.cut not in self._wholes:
                self._wholes[plan.cut] = _bitmap(np.frombuffer(whole, np.uint32))
            return [self._wholes[plan.cut], *map(_bitmap, found)]
        if whole or plan.cut not in self._cuts:
            numbers, new = self._numbering.numbers(np.frombuffer(whole, np.uint64))
            self._new = new.tobytes()
            self._cuts[plan.cut] = np.concatenate([np.zeros(1, np.uint32), numbers])
            self._wholes[plan.cut] = _bitmap(numbers)
        return [self._wholes[plan.cut], *(_bitmap(self._cuts[plan.cut][one]) for one in found)]

    def judged(
        self, plan: CellsPlan, asked: Asked, shown: Protected, cells: Sequence[Cell], sets: Sequence[BitMap]
    ) -> tuple[Refused | None, dict[str, bytes]]:
        """Whether it may be told, and the entries to keep. `sets`: the cut's, then of each cell and its columns."""
        audit = self._audit(plan)
        whole = Told(UNITS, Box(json.dumps([plan.cut, []]), {}), sets[0])
        audit.known(whole)
        told = _told(plan, shown, cells, sets[1:])
        close = self._refusals() or next((no for one in told if (no := audit.add(one))), None)
        kept: dict[str, bytes] = {}
        if self._new:
            kept[self._name("units")] = self._new
        if close is not None:
            kept[self._name(f"refused-{_tags(asked)}")] = b"{}"
        else:
            name = self._name(f"told-{_tags(asked)}")
            kept[name] = _written(entry := Entry(asked, whole, tuple(told)))
            self._entries[name] = entry
        self._held |= kept.keys()
        self._new = b""
        return (Refused(self._own(close, asked)) if close else None), kept

    def _audit(self, plan: CellsPlan) -> Audit:
        audit = Audit(plan.disclosure.cohort)
        for name in self._in_scope:
            if name in self._entries:
                entry = self._entries[name]
                audit.known(entry.whole)
                for one in entry.told:
                    audit.known(Told(one.space, one.box, one.units, entry.asked.number))
        return audit

    def _refusals(self) -> TooClose | None:
        refused = sum("-refused-" in name for name in self._in_scope)
        return TooClose(None) if refused >= MAXIMUM_REFUSALS else None

    def _own(self, close: TooClose, asked: Asked) -> Asked | None:
        for name in self._in_scope:
            entry = self._entries.get(name)
            if entry and entry.asked.number == close.answer and entry.asked.principal == asked.principal:
                return entry.asked
        return None

    def _name(self, rest: str) -> str:
        self._last += 1
        return f"{self._last:08d}-{rest}"


def _told(plan: CellsPlan, shown: Protected, cells: Sequence[Cell], sets: Sequence[BitMap]) -> list[Told]:
    """The sets behind the numbers that are shown; numbers of one set in one space count once."""
    columns = list(dict.fromkeys(m.column for m in plan.aggregate.measures if m.column is not None))
    width = 1 + len(columns)
    places: dict[Keys, int] = {cell.keys: at for at, cell in enumerate(cells)}
    domains = plan.asked.domains if plan.asked else {}
    found: dict[tuple[str, int], Told] = {}
    # Counts first, and cells before the presence of values in them.
    for box, (keys, numbers) in zip(
        boxes(plan.aggregate, plan.cut, [keys for keys, _ in shown.rows], domains), shown.rows, strict=True
    ):
        if keys not in places:
            continue  # an empty cell, which is never shown
        start = places[keys] * width
        for measure, number in zip(plan.aggregate.measures, numbers, strict=True):
            if number is None:
                continue
            one = _one(box, measure.function, measure.column, columns, sets[start : start + width])
            found.setdefault((one.space, start + one_place(measure.column, columns)), one)
    return [
        one
        for (space, at), one in sorted(found.items(), key=lambda item: (item[0][0] != UNITS, item[0][1]))
        if not (
            space == UNITS
            and at % width
            and (UNITS, at - at % width) in found
            and _same(one, sets, at, width)
        )
    ]


def _same(one: Told, sets: Sequence[BitMap], at: int, width: int) -> bool:
    return len(one.units) == len(sets[at - at % width])


def one_place(column: ColumnName | None, columns: Sequence[ColumnName]) -> int:
    """Where the set of a measure stands among those of its cell."""
    return 0 if column is None else 1 + columns.index(column)


def _one(
    box: Box,
    function: Function,
    column: ColumnName | None,
    columns: Sequence[ColumnName],
    sets: Sequence[BitMap],
) -> Told:
    units = sets[one_place(column, columns)]
    if column is None:
        return Told(UNITS, box, units)
    if function is Function.COUNT:
        return Told(UNITS, present(box, column), units)
    return Told(f"sum:{column}", box, units)


def _bitmap(numbers: Numbers) -> BitMap:
    quick = array.array("I")  # an array of numpy is read one number at a time
    quick.frombytes(np.sort(numbers).tobytes())
    return BitMap(quick)


def _concerns(name: str, asked: Asked) -> bool:
    """Whether an answer counts here: of the same permit, or of the same person or project where policy says so."""
    parts = name.split("-")
    if len(parts) != 5:
        return False
    mine = _tags(asked).split("-")
    across = {"principal": 1, "project": 2}
    return parts[2] == mine[0] or any(parts[2 + across[a]] == mine[across[a]] for a in asked.across)


def _tags(asked: Asked) -> str:
    words = (
        f"permit {asked.permit}" if asked.permit else f"open {asked.principal}",
        asked.principal,
        asked.project,
    )
    return "-".join(hashlib.sha256(word.encode()).hexdigest()[:32] for word in words)


def _written(entry: Entry) -> bytes:
    every = (entry.whole, *entry.told)
    bodies = [one.units.serialize() for one in every if isinstance(one.units, BitMap)]
    head = {
        "asked": to_json(entry.asked),
        "told": [[one.space, to_json(one.box), len(body)] for one, body in zip(every, bodies, strict=True)],
    }
    text = json.dumps(head).encode()
    return b"".join([_HEAD.pack(len(text)), text, *bodies])


def _read(content: bytes) -> Entry:
    (size,) = _HEAD.unpack_from(content)
    start = _HEAD.size + size
    head: Mapping[str, Any] = json.loads(content[_HEAD.size : start])
    every = []
    for space, box, length in head["told"]:
        every.append(Told(space, from_json(Box, box), BitMap.deserialize(content[start : start + length])))
        start += length
    return Entry(from_json(Asked, head["asked"]), every[0], tuple(every[1:]))
