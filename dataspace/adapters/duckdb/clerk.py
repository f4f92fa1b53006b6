"""The confined process that turns raw cells into an answer: `python -I -m dataspace.adapters.duckdb.clerk <orders>`.

It has no data but the cells of the question at hand, and alone decides which of them are shown, or adds the noise.
"""

import json
import sys
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dataspace.adapters.duckdb.confine import confine
from dataspace.adapters.duckdb.wire import Broken, Channel, Frame, inherited
from dataspace.model.answers import AnswerNote, Suppressed
from dataspace.model.codec import from_json, to_json
from dataspace.model.datasets import ColumnType
from dataspace.model.names import DatasetName
from dataspace.model.plans import AggregatePlan, Asked, CellsPlan, Function, Measure, Noise
from dataspace.model.policies import AnswerKind
from dataspace.planning.cells import Cell
from dataspace.planning.disclosure import Protected, protect
from dataspace.planning.noising import BoundedCell, noised
from dataspace.planning.statistics import Shape, statistics_of

if TYPE_CHECKING:
    from dataspace.adapters.duckdb.comparing import Comparing

FAILED = {"failed": True}

CLOSE = "Numbers that earlier answers come too close to are withheld too, with those that would reveal them."
DECLARED = "The population is declared: of answers over it cells are withheld, where others would be refused."
TOO_MANY = "Not declared: the permit has as many populations as it may have."
NOTHING_SHOWN = "No cell is shown: group by fewer columns, or ask with ε."

Columns = list[dict[str, Any]]
"""Name, type and values of each column of the answer."""


def answer(plan: CellsPlan, document: Mapping[str, Any]) -> dict[str, Any]:
    """The answer and its note, as JSON."""
    types = [ColumnType(kind) for kind in document["types"]]
    if plan.kind is AnswerKind.NOISY and plan.noise is not None:
        columns, note = _noisy(plan, plan.noise, _bounded(document["cells"]), types)
    elif plan.kind is AnswerKind.AGGREGATE:
        columns, note = _aggregate(plan, from_json(tuple[Cell, ...], document["cells"]), types)
    else:
        raise ValueError("an answer that no clerk gives")
    return {"columns": columns, "note": to_json(note)}


def _aggregate(
    plan: CellsPlan, cells: Sequence[Cell], types: Sequence[ColumnType]
) -> tuple[Columns, AnswerNote]:
    return _shown(plan, protect(plan.aggregate, cells, plan.disclosure), types)


def _shown(plan: CellsPlan, shown: Protected, types: Sequence[ColumnType]) -> tuple[Columns, AnswerNote]:
    columns = _key_columns(plan.aggregate, [keys for keys, _ in shown.rows], types)
    for at, measure in enumerate(plan.aggregate.measures):
        kind = _number_type(measure.function, types[len(plan.aggregate.keys) + at])
        columns.append(
            {"name": measure.name, "type": kind, "values": [numbers[at] for _, numbers in shown.rows]}
        )
    withheld = tuple(Suppressed(cell.row, cell.column) for cell in shown.suppressed)
    something = any(number is not None for _, numbers in shown.rows for number in numbers)
    rules = shown.rules if something else (*shown.rules, NOTHING_SHOWN)
    return columns, _note(plan, suppressed=withheld, rules=rules)


def _noisy(
    plan: CellsPlan, noise: Noise, cells: Sequence[BoundedCell], types: Sequence[ColumnType]
) -> tuple[Columns, AnswerNote]:
    # OpenDP costs memory and time: only where noise is asked for.
    from dataspace.adapters.duckdb.laplace import draw, keep

    found = noised(plan.aggregate, noise, cells, draw, keep)
    columns = _key_columns(plan.aggregate, [keys for keys, _ in found.rows], types)
    intervals, costs = {}, {}
    for at, measure in enumerate(plan.aggregate.measures):
        numbers = [row[at] for _, row in found.rows]
        kind = _noisy_type(measure, noise)
        low, high = f"{measure.name}_low", f"{measure.name}_high"
        intervals[measure.name] = (low, high)
        costs[measure.name] = found.costs[at]
        columns += [
            {"name": measure.name, "type": kind, "values": [number.value for number in numbers]},
            {"name": low, "type": kind, "values": [number.low for number in numbers]},
            {"name": high, "type": kind, "values": [number.high for number in numbers]},
        ]
    facts = {"intervals": intervals, "costs": costs, "epsilon": noise.epsilon, "delta": noise.delta}
    return columns, _note(plan, rules=found.rules, **facts)


def _noisy_type(measure: Measure, noise: Noise) -> str:
    if measure.function is Function.COUNT:
        return "integer"
    ((statistic, *more),) = statistics_of(AggregatePlan(DatasetName(""), (), (measure,)), noise)
    return "integer" if statistic.shape is Shape.SUM and statistic.step == 1.0 and not more else "number"


def _bounded(found: Sequence[Sequence[Any]]) -> list[BoundedCell]:
    """Cells as the worker sent them."""
    return [
        BoundedCell(
            tuple(keys), int(rows), tuple(s if isinstance(s, int) else tuple(map(tuple, s)) for s in counted)
        )
        for keys, rows, counted in found
    ]


def _note(plan: CellsPlan, **facts: Any) -> AnswerNote:
    return AnswerNote(plan.kind, datasets=(plan.aggregate.dataset,), cuts=(plan.cut,), **facts)


def _key_columns(plan: AggregatePlan, rows: Sequence[Sequence[Any]], types: Sequence[ColumnType]) -> Columns:
    return [
        {"name": key.column, "type": types[at].value, "values": [keys[at] for keys in rows]}
        for at, key in enumerate(plan.keys)
    ]


def _number_type(function: Function, kind: ColumnType) -> str:
    whole = function is Function.COUNT or (
        function is Function.SUM and kind in (ColumnType.INTEGER, ColumnType.BOOLEAN)
    )
    return "integer" if whole else "number"


def serve(gateway: Channel, worker: Channel) -> None:
    """Until the gateway hangs up: a plan from there, its cells from the worker, the answer back."""
    memory = Memory(gateway)
    while True:
        order = gateway.receive()
        cells = worker.receive()
        try:
            if cells.document.get("failed"):
                raise ValueError("the worker had no cells")
            plan = from_json(CellsPlan, order.document["plan"])
            if plan.kind is AnswerKind.AGGREGATE and plan.asked is not None:
                memory.answer(plan, plan.asked, cells)
            else:
                gateway.send(answer(plan, cells.document))
        except Broken:
            raise
        except BaseException:  # noqa: BLE001 - one constant word for whatever happens
            traceback.print_exc()
            gateway.send(FAILED)


class Memory:
    """Aggregates that are compared with what was told before, which the gateway keeps sealed."""

    def __init__(self, gateway: Channel) -> None:
        self._gateway = gateway
        self._lineages: dict[str, Comparing] = {}

    def answer(self, plan: CellsPlan, asked: Asked, frame: Frame) -> None:
        """The answer or the refusal, with what to keep of it; first the gateway gives the entries that are lacking."""
        from dataspace.adapters.duckdb.comparing import (
            Comparing,
            Found,
        )  # loads only where something is compared

        comparing = self._lineages.setdefault(str(plan.aggregate.dataset), Comparing())
        cells = from_json(tuple[Cell, ...], frame.document["cells"])
        lacking = comparing.lacking(asked, self._gateway.receive().document["names"])
        self._gateway.send({"lacking": lacking})
        for name, content in zip(lacking, self._gateway.receive().blobs, strict=True):
            comparing.take(name, content)
        found = Found(cells, comparing.units(plan, frame.blobs[0], frame.blobs[1:]))
        types = [ColumnType(kind) for kind in frame.document["types"]]
        if plan.population:
            taken, kept = comparing.declared(plan, asked, found)
            document = _declared(plan, taken)
        else:
            judged = comparing.judged(plan, asked, found)
            document, kept = _judged(plan, judged.shown, judged.withheld, types), judged.kept
            if judged.refused is not None:
                document = {"refused": to_json(judged.refused)}
        self._gateway.send(document | {"keep": list(kept)}, list(kept.values()))


def _judged(
    plan: CellsPlan, shown: Protected | None, withheld: bool, types: Sequence[ColumnType]
) -> dict[str, Any]:
    if shown is None:
        return {}
    if withheld:
        shown = replace(shown, rules=(*shown.rules, CLOSE))
    columns, note = _shown(plan, shown, types)
    return {"columns": columns, "note": to_json(note)}


def _declared(plan: CellsPlan, taken: bool) -> dict[str, Any]:
    """The population that was declared, and no number of it."""
    columns = [{"name": "population", "type": "text", "values": [plan.population] if taken else []}]
    return {"columns": columns, "note": to_json(_note(plan, rules=(DECLARED if taken else TOO_MANY,)))}


def main() -> None:
    """Confine, say how far that went, serve. Ends quietly when the gateway hangs up."""
    orders = json.loads(sys.argv[1])
    gateway, worker = inherited(int(orders["gateway"])), inherited(int(orders["other"]))
    level = confine(int(orders["parent"]), int(orders["memory_bytes"]), int(orders["cpu_seconds"]))
    try:
        gateway.send({"isolation": level.value})
        serve(gateway, worker)
    except Broken:
        return


if __name__ == "__main__":
    main()
