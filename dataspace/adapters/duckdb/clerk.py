"""The confined process that turns raw cells into an answer: `python -I -m dataspace.adapters.duckdb.clerk <orders>`.

It has no data but the cells of the question at hand, and alone decides which of them are shown, or adds the noise.
"""

import json
import socket
import sys
import traceback
from collections.abc import Mapping, Sequence
from typing import Any

from dataspace.adapters.duckdb.confine import confine
from dataspace.adapters.duckdb.wire import Broken, Channel
from dataspace.model.answers import AnswerNote, Suppressed
from dataspace.model.codec import from_json, to_json
from dataspace.model.datasets import ColumnType
from dataspace.model.plans import AggregatePlan, CellsPlan, Function, Noise
from dataspace.model.policies import AnswerKind
from dataspace.planning.cells import BoundedCell, Cell
from dataspace.planning.disclosure import protect
from dataspace.planning.noising import noised

FAILED = {"failed": True}

NOTHING_SHOWN = "No cell is shown: group by fewer columns, or ask with ε."

Columns = list[dict[str, Any]]
"""Name, type and values of each column of the answer."""


def answer(plan: CellsPlan, document: Mapping[str, Any]) -> dict[str, Any]:
    """The answer and its note, as JSON."""
    types = [ColumnType(kind) for kind in document["types"]]
    if plan.kind is AnswerKind.NOISY and plan.noise is not None:
        columns, note = _noisy(plan, plan.noise, from_json(tuple[BoundedCell, ...], document["cells"]), types)
    elif plan.kind is AnswerKind.AGGREGATE:
        columns, note = _aggregate(plan, from_json(tuple[Cell, ...], document["cells"]), types)
    else:
        raise ValueError("an answer that no clerk gives")
    return {"columns": columns, "note": to_json(note)}


def _aggregate(
    plan: CellsPlan, cells: Sequence[Cell], types: Sequence[ColumnType]
) -> tuple[Columns, AnswerNote]:
    shown = protect(plan.aggregate, cells, plan.disclosure)
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
    from dataspace.adapters.duckdb.laplace import (
        draw,
    )  # OpenDP costs memory and time: only where noise is asked for

    found = noised(plan.aggregate, noise, cells, draw)
    columns = _key_columns(plan.aggregate, [keys for keys, _ in found.rows], types)
    intervals = {}
    for at, measure in enumerate(plan.aggregate.measures):
        numbers = [row[at] for _, row in found.rows]
        kind = "integer" if measure.function is Function.COUNT else "number"
        low, high = f"{measure.name}_low", f"{measure.name}_high"
        intervals[measure.name] = (low, high)
        columns += [
            {"name": measure.name, "type": kind, "values": [number.value for number in numbers]},
            {"name": low, "type": kind, "values": [number.low for number in numbers]},
            {"name": high, "type": kind, "values": [number.high for number in numbers]},
        ]
    return columns, _note(plan, rules=found.rules, intervals=intervals, epsilon=noise.epsilon)


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
    while True:
        order = gateway.receive()
        cells = worker.receive()
        try:
            if cells.document.get("failed"):
                raise ValueError("the worker had no cells")
            gateway.send(answer(from_json(CellsPlan, order.document["plan"]), cells.document))
        except Broken:
            raise
        except BaseException:  # noqa: BLE001 - one constant word for whatever happens
            traceback.print_exc()
            gateway.send(FAILED)


def main() -> None:
    """Confine, say how far that went, serve. Ends quietly when the gateway hangs up."""
    orders = json.loads(sys.argv[1])
    gateway = Channel(socket.socket(fileno=int(orders["gateway"])))
    worker = Channel(socket.socket(fileno=int(orders["other"])))
    level = confine(int(orders["parent"]), int(orders["memory_bytes"]), int(orders["cpu_seconds"]))
    try:
        gateway.send({"isolation": level.value})
        serve(gateway, worker)
    except Broken:
        return


if __name__ == "__main__":
    main()
