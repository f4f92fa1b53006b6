"""CSV files (RFC 4180, comma, UTF-8, one header line) as a source. Memory stays bounded by a few blocks.

The type of a column is the narrowest that fits *all* its values, which takes one pass over the file: whole number,
number, truth value, date, timestamp with or without a zone, else text. Numbers with leading zeros and those with
more digits than a double holds stay text, because they are codes. An empty unquoted cell is null; in a column of
another type than text also NA, N/A, NaN and NULL are, as R and pandas write them.

A file that is cut off inside quotes, or has ragged rows, NUL bytes, another encoding, or a header that is blank or
given twice, is refused. A blank *first* header, as R writes for row names, becomes `column_1`.
"""

import csv as python_csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from dataspace.connector import (
    Batch,
    Schema,
    SourceUnreadable,
    chosen_columns,
    find_file,
    guarded,
    listed_files,
)

_BLOCK = 2**20
"""Bytes that are parsed at once. A single row cannot be longer."""

_SUFFIX = ".csv"
_CODE = r"^[+-]?(0[0-9xX]|[0-9]{16,}$)"
_TRUTH = r"^(?i:true|false)$"
_MISSING = pa.array(["NA", "N/A", "NaN", "nan", "NULL", "null"])
_TYPES = (
    pa.int64(),
    pa.float64(),
    pa.bool_(),
    pa.date32(),
    pa.timestamp("us"),
    pa.timestamp("us", "UTC"),
)


class CsvSource:
    """`Source` over one CSV file, or over all those right in a folder, each under its name without `.csv`."""

    def __init__(self, location: str | Path) -> None:
        self._location = Path(location)
        self._schemas: dict[tuple[object, ...], Schema] = {}

    def names(self) -> Sequence[str]:
        return sorted(listed_files(self._location, _SUFFIX))

    def schema(self, name: str) -> Schema:
        """Reads the whole file once, to find types that hold to its end; kept until the file changes."""
        path = find_file(self._location, _SUFFIX, name)
        status = path.stat()
        key = (path, status.st_mtime_ns, status.st_size, status.st_ino)
        if key not in self._schemas:
            self._schemas = {key: _inferred(name, path)}
        return self._schemas[key]

    def scan(self, name: str, columns: Sequence[str] | None = None) -> Iterator[Batch]:
        schema = self.schema(name)
        wanted = pa.schema([schema.field(column) for column in chosen_columns(schema.names, columns)])
        path = find_file(self._location, _SUFFIX, name)
        return guarded(name, _typed(path, schema, wanted))


def _inferred(name: str, path: Path) -> Schema:
    fits: dict[str, list[pa.DataType]] = {}
    seen: set[str] = set()
    for batch in guarded(name, _texts(path)):
        for column, values in zip(batch.schema.names, batch.columns, strict=True):
            present = _present(values)
            if len(present):
                seen.add(column)
            fits[column] = [kind for kind in fits.get(column, list(_TYPES)) if _fits(present, kind)]
    # A column without any value has no type to find: text.
    return pa.schema(
        pa.field(column, kinds[0] if kinds and column in seen else pa.string())
        for column, kinds in fits.items()
    )


def _typed(path: Path, schema: Schema, wanted: Schema) -> Iterator[Batch]:
    for batch in _texts(path):
        if batch.schema.names != schema.names:
            raise SourceUnreadable("The file's header changed while it was read.", "Read it again.")
        arrays = [_cast(batch.column(field.name), field.type) for field in wanted]
        if batch.num_rows:
            yield pa.RecordBatch.from_arrays(arrays, schema=wanted)


def _present(values: pa.Array) -> pa.Array:
    """The values that are neither null nor a spelling of missing."""
    kept = values.drop_null()
    return kept.filter(pc.invert(pc.is_in(kept, value_set=_MISSING)))


def _fits(present: pa.Array, kind: pa.DataType) -> bool:
    if pa.types.is_boolean(kind):
        return not pc.any(pc.invert(pc.match_substring_regex(present, _TRUTH))).as_py()
    is_number = pa.types.is_integer(kind) or pa.types.is_floating(kind)
    if is_number and pc.any(pc.match_substring_regex(present, _CODE)).as_py():
        return False
    try:
        present.cast(kind)
    except pa.ArrowInvalid:
        return False
    return True


def _cast(values: pa.Array, kind: pa.DataType) -> pa.Array:
    if pa.types.is_string(kind):
        return values
    return pc.if_else(pc.is_in(values, value_set=_MISSING), pa.scalar(None, pa.string()), values).cast(kind)


def _texts(path: Path) -> Iterator[Batch]:
    """All cells as text, block by block; at least one batch, so that a file of a header alone has columns."""
    ragged: list[tuple[int, int]] = []
    try:
        yield from _cells(path, ragged)
    except UnicodeDecodeError as error:  # the names of the columns are decoded by Python
        raise _explained("UTF8", [], path.stat().st_size) from error
    except pa.ArrowInvalid as error:
        raise _explained(
            str(error), [(*pair, _ragged_line(path, pair)) for pair in ragged], path.stat().st_size
        ) from error


def _ragged_line(path: Path, cells: tuple[int, int]) -> int:
    """The line where the first row of so many cells begins, which the parser does not tell; 0 where none is found."""
    expected, found = cells
    line = 1
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = python_csv.reader(iter(lambda: file.readline(_BLOCK), ""))  # no line fills the memory
            for row in rows:
                if row and len(row) == found != expected:
                    return line
                line = rows.line_num + 1
    except (OSError, ValueError, python_csv.Error):
        return 0
    return 0


def _cells(path: Path, ragged: list[tuple[int, int]]) -> Iterator[Batch]:
    with _Watched(path) as file, _open(file, [], ragged) as reader:
        found = reader.schema.names
    names = _headers(found)
    with _Watched(path) as file, _open(file, found, ragged) as reader:
        yield pa.RecordBatch.from_arrays([pa.array([], pa.string()) for _ in names], names=names)
        for batch in reader:
            yield pa.RecordBatch.from_arrays(batch.columns, names=names)
        file.check_end()


def _explained(said: str, ragged: Sequence[tuple[int, int, int]], size: int) -> SourceUnreadable:
    """What the parser met, without the cells that its own message shows."""
    if ragged:
        expected, found, line = ragged[0]
        row = f"The row in line {line:,}" if line else "A row"
        return SourceUnreadable(
            f"{row} has {found:,} {'cell' if found == 1 else 'cells'}, and the header has {expected:,}.",
            "Correct the row; a cell with a comma stands in quotation marks.",
        )
    if "UTF8" in said:
        return SourceUnreadable("Some of the file is not text in UTF-8.", "Save the whole of it as UTF-8.")
    if not size:
        return SourceUnreadable("The file is empty.", "Give it a header at least.")
    if "straddl" in said or "Empty" in said:  # a block without the end of a row
        return SourceUnreadable(
            f"A row, or the header, is longer than {_BLOCK >> 20} MB.",
            "Is it a CSV file? Check its line breaks.",
        )
    return SourceUnreadable("The file is no CSV that can be read.", "Check that it is whole.")


def _open(file: "_Watched", names: Sequence[str], ragged: list[tuple[int, int]]) -> Any:
    def invalid(row: csv.InvalidRow) -> str:
        ragged.append((row.expected_columns, row.actual_columns))
        return "error"

    return csv.open_csv(
        pa.PythonFile(file, mode="r"),
        read_options=csv.ReadOptions(block_size=_BLOCK),
        parse_options=csv.ParseOptions(newlines_in_values=True, invalid_row_handler=invalid),
        convert_options=csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )


def _headers(found: Sequence[str]) -> list[str]:
    names = list(found)
    if len(names) == 1 and (";" in names[0] or "\t" in names[0]):
        raise SourceUnreadable("The columns are not separated by commas.", "Save the file with commas.")
    if not names[0].strip():
        names[0] = "column_1"
    if not all(column.strip() for column in names):
        raise SourceUnreadable("A column has no name.", "Give each column a name in the first line.")
    if len(set(names)) != len(names):
        raise SourceUnreadable("Two columns have the same name.", "Give each column a name of its own.")
    return names


class _Watched:
    """A file that is read once from its start, and refused where it holds NUL bytes or ends inside quotes."""

    def __init__(self, path: Path) -> None:
        self._file: BinaryIO = path.open("rb")
        self._quotes = 0

    @property
    def closed(self) -> bool:
        return self._file.closed

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        if b"\0" in data:
            raise SourceUnreadable("The file holds NUL bytes: it is not text in UTF-8.", "Save it as UTF-8.")
        self._quotes += data.count(b'"')
        return data

    def check_end(self) -> None:
        if self._quotes % 2:
            raise SourceUnreadable("A quotation mark is never closed.", "Check whether the file is whole.")

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> "_Watched":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
