"""A CSV file that says what local codes mean: `column,here,code`, one code a row."""

import csv
import io
from pathlib import Path

from dataspace.cli.files import read_text
from dataspace.errors import InvalidRequest
from dataspace.model import code_maps

_HEADER = ["column", "here", "code"]


def codes_in(file: Path) -> list[str]:
    """What the file says, one text for each column. Raises InvalidRequest that names the line that does not fit."""
    said: dict[str, dict[str, str]] = {}
    rows = csv.reader(io.StringIO(read_text(file).removeprefix("\ufeff")))
    header = [name.strip().lower() for name in next(rows, [])]
    if header != _HEADER:
        raise InvalidRequest(f"The first line of '{file}' is not its header.", "Write column,here,code.")
    for row in rows:
        if not row:
            continue
        if len(row) != len(_HEADER):
            raise InvalidRequest(
                f"Line {rows.line_num} of '{file}' does not have three cells.", "Write column,here,code."
            )
        column, here, code = row
        codes = said.setdefault(column.strip(), {})
        if here in codes:
            raise InvalidRequest(
                f"Line {rows.line_num} of '{file}' says a second time what a code means.", "Keep one."
            )
        codes[here] = code.strip()
    if not said:
        raise InvalidRequest(f"'{file}' says nothing of codes.", "Add a line for each.")
    return [code_maps.said(column, codes.items()) for column, codes in said.items()]
