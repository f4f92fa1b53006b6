"""Temporary results as the gateway sees them: which there are, which are gone, and how the worker makes one."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping

import pyarrow as pa

from dataspace.adapters.duckdb.pair import Pair
from dataspace.errors import Conflict, RequestError, TemporaryGone, TemporaryTooLarge
from dataspace.model.datasets import Column, ColumnType
from dataspace.model.names import ColumnName
from dataspace.model.plans import RowsMessage, RowsPlan
from dataspace.model.temporaries import Keeping, Temporary

_SESSIONS, _EACH = 1_024, 64
"""Of how many sessions it is remembered what went with them, and how many names of one."""


class Gone:
    """Names of temporary results that ended with their sessions, so that their asker is told what became of them."""

    def __init__(self) -> None:
        self._names: OrderedDict[str, dict[str, None]] = OrderedDict()

    def add(self, session: str, names: Iterable[str]) -> None:
        """They are gone; the oldest of all sessions are forgotten first."""
        if mine := dict.fromkeys(names):
            known = {**self._names.pop(session, {}), **mine}
            self._names[session] = dict.fromkeys(list(known)[-_EACH:])
            if len(self._names) > _SESSIONS:
                self._names.popitem(last=False)

    def forget(self, session: str, name: str) -> None:
        """There is one of this name again, or nobody wants it any more."""
        self._names.get(session, {}).pop(name, None)

    def of(self, session: str) -> Iterable[str]:
        """Those of one session."""
        return tuple(self._names.get(session, ()))


def unfit(pair: Pair, plan: RowsPlan, most: int) -> RequestError | None:
    """What speaks against running this in this worker: what it reads is not there, or there is no place for more."""
    for temporary in plan.temporaries:
        if pair.kept.get(temporary.made.name) != temporary:
            return TemporaryGone(temporary.made.name)
    if (keeping := plan.keeping) is None:
        return None
    if keeping.name in pair.kept and not keeping.replaces:
        return taken(keeping.name)
    if len(pair.kept.keys() - {keeping.name}) >= most:
        if not most:
            return Conflict("This hub keeps no temporary results.", "Ask in one statement, with WITH.")
        return Conflict(f"There are {most} temporary results already.", "DROP TABLE one of them first.")
    return None


def taken(name: str) -> Conflict:
    """There is one of this name."""
    return Conflict(
        f"There is a temporary result '{name}' already.",
        "Write CREATE OR REPLACE TEMP TABLE, or choose another name.",
    )


def made(keeping: Keeping, told: Mapping[str, object] | None, most: int) -> Temporary:
    """What the worker says of one. Raises TemporaryTooLarge where it kept none, ValueError for nonsense."""
    if told is None:
        raise TemporaryTooLarge(keeping.name, most)
    columns, rows, size = told["columns"], told["rows"], told["size"]
    if not isinstance(columns, list) or not isinstance(rows, int) or not isinstance(size, int):
        raise ValueError("the worker says nothing that fits")
    known = tuple(Column(ColumnName(str(name)), ColumnType(kind)) for name, kind in columns)
    return Temporary(keeping, known, rows, size)


def answer(temporary: Temporary) -> Iterator[RowsMessage]:
    """How many rows were kept, as a worker tells rows."""
    table = pa.table({"temporary": [temporary.made.name], "rows": pa.array([temporary.rows], pa.int64())})
    for batches in (table.to_batches()[:0], table.to_batches()):
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            for batch in batches:
                writer.write_batch(batch)
        yield RowsMessage(sum(batch.num_rows for batch in batches), sink.getvalue().to_pybytes())
