"""Made-up rows, which say DUMMY wherever they show."""

from functools import cached_property
from typing import Any

from dataspace.client.streams import table_of
from dataspace.client.tables import Grid, escaped, printable

SHOWN_ROWS = 10
NOTICE = "DUMMY: made up from the description alone; it says nothing about the data"


class Dummy:
    """What `hub.dummy` gives: the same ways out as an answer, without a receipt, because nothing was asked."""

    def __init__(self, name: str, stream: bytes) -> None:
        self.name = name
        self._stream = stream

    @cached_property
    def _table(self) -> Any:
        return table_of(self._stream, "The table of dummy rows")

    def to_arrow(self) -> Any:
        """The pyarrow Table; its schema's metadata has `dataspace` = `DUMMY`, and so has every column's."""
        return self._table

    def to_pandas(self) -> Any:
        """A pandas DataFrame, whose `attrs` say DUMMY (pandas has to be installed)."""
        frame = self._table.to_pandas()
        frame.attrs["dataspace"] = NOTICE
        return frame

    def to_polars(self) -> Any:
        """A polars DataFrame (polars has to be installed). It cannot carry the mark: keep it in the name."""
        import polars

        return polars.from_arrow(self._table)

    def to_pylist(self) -> list[dict[str, Any]]:
        """One dict for each row."""
        rows: list[dict[str, Any]] = self._table.to_pylist()
        return rows

    def __len__(self) -> int:
        return int(self._table.num_rows)

    def __repr__(self) -> str:
        more = len(self) - SHOWN_ROWS
        lines = [f"{printable(self.name)} · {NOTICE}", self._grid().text("  ")]
        return "\n".join([*lines, *([f"… {more:,} more DUMMY rows"] if more > 0 else [])])

    def _repr_html_(self) -> str:
        return f"<p><b>{escaped(self.name)}</b> · <b>{escaped(NOTICE)}</b></p>{self._grid().html()}"

    def _grid(self) -> Grid:
        rows = self._table.slice(0, SHOWN_ROWS).to_pylist()
        names = tuple(self._table.column_names)
        return Grid(names, tuple(tuple(_word(row[name]) for name in names) for row in rows))


def _word(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
