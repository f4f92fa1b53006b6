"""The clerk's memory of what was told, and the guard over it, which refuses answers or withholds cells of them.

Long, because what is remembered and what may still be told are one state of the clerk.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from pyroaring import BitMap

from dataspace.adapters.duckdb.numbering import Numbering, Numbers, bitmap
from dataspace.adapters.duckdb.remembered import Entry, concerns, condition_of, read, tags, written
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
from dataspace.planning.disclosure import Protected, protect

MAXIMUM_POPULATIONS = 50
"""Declared under one permit: the units of all of them count as told."""

_ROUNDS = 10
"""Of withholding cells because of other answers, until the answer is refused as a whole."""

_NOBODY = 2**32 - 1
"""The number of rows that belong to no unit."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The guard's no: `earlier` is the asker's own question that the answer is too close to, if it is one."""

    earlier: Asked | None


@dataclass(frozen=True, slots=True)
class Judged:
    """What may be told (None for a refusal, see `refused`), the entries to keep, and whether cells were withheld."""

    shown: Protected | None
    kept: dict[str, bytes]
    refused: Refused | None = None
    withheld: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """The cells of a question and the units behind them: of the cut, then of each cell and its columns."""

    cells: Sequence[Cell]
    sets: Sequence[BitMap]


class Comparing:
    """What one clerk holds of one lineage; entries are read once, and compared with each other once for each scope."""

    def __init__(self) -> None:
        self._held: set[str] = set()
        self._entries: dict[str, Entry] = {}
        self._numbering = Numbering()
        self._cuts: dict[str, Numbers] = {}
        self._wholes: dict[str, BitMap] = {}
        self._audits: dict[tuple[int, str, tuple[str, ...]], tuple[list[str], Audit]] = {}
        self._in_scope: list[str] = []
        self._last = 0
        self._new = b""

    def lacking(self, asked: Asked, names: Sequence[str]) -> list[str]:
        """The entries that are needed for this question and not held yet."""
        self._in_scope = [name for name in names if concerns(name, asked)]
        self._last = max((int(name[:8]) for name in names), default=0)
        needed = [n for n in names if n.endswith("-units")] + [
            n for n in self._in_scope if "-refused-" not in n
        ]
        return [name for name in needed if name not in self._held]

    def take(self, name: str, content: bytes) -> None:
        """One of the entries that were lacking."""
        self._held.add(name)
        if name.endswith("-units"):
            self._numbering.learn(np.frombuffer(content, np.uint64))
        else:
            self._entries[name] = read(content)

    def units(self, plan: CellsPlan, whole: bytes, sets: Sequence[bytes]) -> list[BitMap]:
        """Sets of units in the numbers of the lineage, all units of the cut first.

        `whole`, needed once for each cut: a fingerprint (8 bytes) of each unit, or the rows (4 bytes) that are units.
        """
        found = [np.frombuffer(one, np.uint32) for one in sets]
        if plan.aggregate.privacy_unit is None:
            if whole or plan.cut not in self._wholes:
                self._wholes[plan.cut] = bitmap(np.frombuffer(whole, np.uint32))
            return [self._wholes[plan.cut], *map(bitmap, found)]
        if whole or plan.cut not in self._cuts:
            numbers, new = self._numbering.numbers(np.frombuffer(whole, np.uint64))
            self._new = new.tobytes()
            self._cuts[plan.cut] = np.concatenate([np.array([_NOBODY], np.uint32), numbers])
            self._wholes[plan.cut] = bitmap(numbers)
        return [self._wholes[plan.cut], *(bitmap(self._cuts[plan.cut][one]) for one in found)]

    def declared(self, plan: CellsPlan, asked: Asked, found: Found) -> tuple[bool, dict[str, bytes]]:
        """Take a population in, unless there are too many; and the entries to keep. Nothing is told of it."""
        kept, condition = self._numbered(), condition_of(plan.aggregate)
        before = [e.population for e in self._scope() if e.population is not None]
        if condition not in before and len(before) >= MAXIMUM_POPULATIONS:
            return False, kept
        if condition not in before:
            (box,) = boxes(plan.aggregate, _rows(plan), [()], asked.domains)
            one = Told(UNITS, box, found.sets[1])
            self._keep(
                kept, f"planned-{tags(asked)}", Entry(asked, self._whole(plan, found), (one,), condition)
            )
        return True, kept

    def judged(self, plan: CellsPlan, asked: Asked, found: Found) -> Judged:
        """Whether it may be told, and what of it. Of a population that was declared, cells are withheld instead."""
        shown = protect(plan.aggregate, found.cells, plan.disclosure)
        planned = condition_of(plan.aggregate) in {e.population for e in self._scope()}
        close, withheld = self._refusals(), dict[ColumnName | None, frozenset[Keys]]()
        told = list[Told]()
        for _ in range(_ROUNDS):
            if close is not None:
                break
            told, refused = self._compared(plan, asked, found, shown)
            if not refused:
                return self._given(plan, asked, found, shown, told, bool(withheld))
            if not planned:
                close = refused[0][2]
                break
            for keys, column, _ in refused:
                withheld[column] = withheld.get(column, frozenset()) | {keys}
            shown = protect(plan.aggregate, found.cells, plan.disclosure, withheld)
        kept = self._numbered()
        kept[self._name(f"refused-{tags(asked)}")] = b"{}"
        self._held |= kept.keys()
        return Judged(None, kept, Refused(self._own(close or TooClose(None), asked)))

    def _given(
        self, plan: CellsPlan, asked: Asked, found: Found, shown: Protected, told: list[Told], withheld: bool
    ) -> Judged:
        kept = self._numbered()
        if withheld:
            # Which cells another answer forbids is a refusal too: it is counted as one.
            kept[self._name(f"refused-{tags(asked)}")] = b"{}"
        self._keep(kept, f"told-{tags(asked)}", Entry(asked, self._whole(plan, found), tuple(told)))
        self._held |= kept.keys()
        return Judged(shown, kept, withheld=withheld)

    def _compared(
        self, plan: CellsPlan, asked: Asked, found: Found, shown: Protected
    ) -> tuple[list[Told], list[tuple[Keys, ColumnName | None, TooClose]]]:
        """What would be told, and the cells of it that are too close to something: all of them, not only the first."""
        audit = self._audit(plan, asked)
        audit.known([self._whole(plan, found)])
        wanted = _told(plan, shown, found.cells, found.sets[1:])
        if audit.add_all([one for _, _, one in wanted]):
            return [one for _, _, one in wanted], []
        told, refused = [], []
        for keys, column, one in wanted:
            if (close := audit.add(one)) is None:
                told.append(one)
            else:
                refused.append((keys, column, close))
        return told, refused

    def _audit(self, plan: CellsPlan, asked: Asked) -> Audit:
        """All that counts as told in this scope; what was compared before is not compared again."""
        scope = (plan.disclosure.cohort, tags(asked), asked.across)
        names = [name for name in self._in_scope if name in self._entries]
        before, audit = self._audits.get(scope, ([], Audit(plan.disclosure.cohort)))
        if names[: len(before)] != before:
            before, audit = [], Audit(plan.disclosure.cohort)
        new = [self._entries[name] for name in names[len(before) :]]
        audit.known([entry.whole for entry in new])
        for entry in new:
            numbered = [replace(one, answer=entry.asked.number) for one in entry.told]
            if entry.population is None:
                audit.known(numbered)
            else:
                for one in numbered:
                    audit.add(one)  # of two that are too close, the one declared first counts as told
        self._audits[scope] = names, audit
        return audit.copy()

    def _scope(self) -> list[Entry]:
        return [self._entries[name] for name in self._in_scope if name in self._entries]

    def _whole(self, plan: CellsPlan, found: Found) -> Told:
        return Told(UNITS, Box(json.dumps([_rows(plan), []]), {}), found.sets[0])

    def _refusals(self) -> TooClose | None:
        refused = sum("-refused-" in name for name in self._in_scope)
        return TooClose(None) if refused >= MAXIMUM_REFUSALS else None

    def _own(self, close: TooClose, asked: Asked) -> Asked | None:
        for entry in self._scope():
            if entry.asked.number == close.answer and entry.asked.principal == asked.principal:
                return entry.asked
        return None

    def _numbered(self) -> dict[str, bytes]:
        kept = {self._name("units"): self._new} if self._new else {}
        self._new = b""
        self._held |= kept.keys()
        return kept

    def _keep(self, kept: dict[str, bytes], rest: str, entry: Entry) -> None:
        name = self._name(rest)
        kept[name] = written(entry)
        self._entries[name] = entry
        self._held.add(name)

    def _name(self, rest: str) -> str:
        self._last += 1
        return f"{self._last:08d}-{rest}"


def _told(
    plan: CellsPlan, shown: Protected, cells: Sequence[Cell], sets: Sequence[BitMap]
) -> list[tuple[Keys, ColumnName | None, Told]]:
    """The sets behind the numbers that are shown, with their cell and column; one set in one space counts once."""
    columns = list(dict.fromkeys(m.column for m in plan.aggregate.measures if m.column is not None))
    width = 1 + len(columns)
    places: dict[Keys, int] = {cell.keys: at for at, cell in enumerate(cells)}
    domains = plan.asked.domains if plan.asked else {}
    found: dict[tuple[str, int], tuple[Keys, ColumnName | None, Told]] = {}
    # Counts first, and cells before the presence of values in them.
    for box, (keys, numbers) in zip(
        boxes(plan.aggregate, _rows(plan), [keys for keys, _ in shown.rows], domains), shown.rows, strict=True
    ):
        if keys not in places:
            continue  # an empty cell, which is never shown
        start = places[keys] * width
        for measure, number in zip(plan.aggregate.measures, numbers, strict=True):
            if number is None:
                continue
            one = _one(box, measure.function, measure.column, columns, sets[start : start + width])
            place = start + _place(measure.column, columns)
            found.setdefault((one.space, place), (keys, measure.column, one))
    return [
        one
        for (space, at), one in sorted(found.items(), key=lambda item: (item[0][0] != UNITS, item[0][1]))
        if not (
            space == UNITS
            and at % width
            and (UNITS, at - at % width) in found
            and _same(one[2], sets, at, width)
        )
    ]


def _same(one: Told, sets: Sequence[BitMap], at: int, width: int) -> bool:
    return len(one.units) == len(sets[at - at % width])


def _place(column: ColumnName | None, columns: Sequence[ColumnName]) -> int:
    """Where the set of a measure stands among those of its cell."""
    return 0 if column is None else 1 + columns.index(column)


def _one(
    box: Box,
    function: Function,
    column: ColumnName | None,
    columns: Sequence[ColumnName],
    sets: Sequence[BitMap],
) -> Told:
    units = sets[_place(column, columns)]
    if column is None:
        return Told(UNITS, box, units)
    if function is Function.COUNT:
        return Told(UNITS, present(box, column), units)
    return Told(f"sum:{column}", box, units)


def _rows(plan: CellsPlan) -> str:
    """What two questions are about the same rows by: an amended permit has another cut of them."""
    return plan.asked.rows if plan.asked and plan.asked.rows else plan.cut
