"""The confined process that holds cuts and nothing else: `python -I -m dataspace.adapters.duckdb.worker <orders>`.

It is confined before DuckDB is loaded. Over its first socket the gateway gives cuts and statements; over its second
it hands raw cells to the clerk. Whatever goes wrong is one constant word outside, and the full text on standard
error, which is the operator's log.
"""

import json
import sys
import traceback
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dataspace.adapters.duckdb.alone import arrow_alone
from dataspace.adapters.duckdb.confine import confine
from dataspace.adapters.duckdb.wire import Broken, Channel, Frame, inherited
from dataspace.model.codec import from_json
from dataspace.model.plans import CellsPlan
from dataspace.model.policies import AnswerKind

if TYPE_CHECKING:
    from dataspace.adapters.duckdb.bench import Bench

FAILED = {"failed": True}


class Worker:
    """Serves one session: attaches what it is given, then answers statements that name nothing else."""

    def __init__(self, gateway: Channel, clerk: Channel, orders: Mapping[str, Any]) -> None:
        self._gateway, self._clerk, self._orders = gateway, clerk, orders
        self._bench: Bench | None = None
        self._training: Any = None
        self._numbered: set[str] = set()

    def serve(self) -> None:
        """Until the gateway hangs up."""
        while True:
            frame = self._gateway.receive()
            try:
                self._handle(frame)
            except Broken:
                raise
            except BaseException:  # noqa: BLE001 - one constant word for whatever happens
                traceback.print_exc()
                if frame.document.get("do") == "cells":
                    self._clerk.send(FAILED)
                self._gateway.send(FAILED)

    def _handle(self, frame: Frame) -> None:
        document = frame.document
        match document["do"]:
            case "attach":
                self._attach(frame)
            case "rows" | "keep":
                self._asked(document)
            case "drop":
                self._holding({"cuts": []}).drop(str(document["name"]))
                self._gateway.send({"done": True})
            case "cells":
                self._cells(document)
            case "step":
                self._step(frame)
            case _:
                raise ValueError("an order that no worker knows")

    def _attach(self, frame: Frame) -> None:
        # Only here, and so only behind the walls, is the engine loaded.
        from dataspace.adapters.duckdb.bench import Bench

        if self._bench is None:
            memory, threads = str(self._orders["engine_memory"]), int(self._orders["threads"])
            self._bench = Bench(frame.document["cuts"], frame.files, memory, threads)
        else:
            self._bench.add(frame.document["cuts"], frame.files)
        self._gateway.send({"held": list(self._bench.held)})

    def _holding(self, document: Mapping[str, Any]) -> "Bench":
        """The cuts, where the statement names only such as are held."""
        if self._bench is None or not {*document["cuts"]} <= {*self._bench.held}:
            raise ValueError("the statement names other cuts than this worker holds")
        return self._bench

    def _asked(self, document: Mapping[str, Any]) -> None:
        """Where the statement alone is at fault, the session goes on, with what is kept in it."""
        import duckdb

        try:
            if document["do"] == "rows":
                self._rows(document)
            else:
                name, tree, most = document["name"], document["tree"], document["most"]
                self._gateway.send({"kept": self._holding(document).keep(str(name), str(tree), int(most))})
        except (duckdb.FatalException, duckdb.InternalException):
            raise
        except duckdb.Error:
            traceback.print_exc()
            self._gateway.send(FAILED | {"sound": True})

    def _rows(self, document: Mapping[str, Any]) -> None:
        from dataspace.adapters.duckdb.writing import Writer

        stream = self._holding(document).stream(str(document["tree"]), document["maximum_rows"])
        writer = Writer(next(stream), str(document["codec"]))
        self._gateway.send({"rows": 0}, [writer.nothing()])
        for batch, last in writer.marked(stream):
            self._gateway.send({"rows": batch.num_rows, "done": last}, [writer.written(batch)])
            if last:
                return
        self._gateway.send({"done": True})

    def _cells(self, document: Mapping[str, Any]) -> None:
        from dataspace.adapters.duckdb import gathering

        bench = self._holding(document)
        plan = from_json(CellsPlan, document["plan"])
        if plan.kind is AnswerKind.NOISY:
            self._clerk.send(gathering.bounded(bench, plan))
        else:
            cells, units = gathering.raw(bench, plan)
            known = plan.cut in self._numbered or plan.asked is None
            self._clerk.send(cells, [b"" if known else gathering.everybody(bench, plan), *units])
            if not known:
                self._numbered.add(plan.cut)
        self._gateway.send({"done": True})

    def _step(self, frame: Frame) -> None:
        from dataspace.adapters.duckdb.training import Training
        from dataspace.adapters.duckdb.wire import pack_arrays, unpack_arrays

        document = frame.document
        bench = self._holding(document)
        if self._training is None:
            self._training = Training(bench, self._clerk)
        arrays = unpack_arrays(document["arrays"], frame.blobs)
        reply, results = self._training.step(document, arrays)
        described, blobs = pack_arrays(results)
        self._gateway.send({"reply": reply, "arrays": described}, blobs)


def main() -> None:
    """Confine, say how far that went, serve. Ends quietly when the gateway hangs up."""
    orders = json.loads(sys.argv[1])
    gateway, clerk = inherited(int(orders["gateway"])), inherited(int(orders["other"]))
    level = confine(int(orders["parent"]), int(orders["memory_bytes"]), int(orders["cpu_seconds"]))
    arrow_alone()
    try:
        gateway.send({"isolation": level.value})
        Worker(gateway, clerk, orders).serve()
    except Broken:
        return


if __name__ == "__main__":
    main()
