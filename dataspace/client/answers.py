"""An answer: the numbers, what was withheld and why, what it cost, and its receipt."""

import json
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from dataspace.client.proofs import LogView, Receipt
from dataspace.client.releases import ReleaseView, ask_release
from dataspace.client.streams import table_of
from dataspace.client.tables import Grid, escaped, number, plus_minus, printable
from dataspace.client.wire import Wire
from dataspace.errors import InvalidRequest, SourceError
from dataspace.model.answers import AnswerNote
from dataspace.model.codec import from_json
from dataspace.model.policies import AnswerKind
from dataspace.model.releases import ReleaseForm

SHOWN_ROWS = 30
COUNTS = frozenset({"n", "count", "count_star()", "units"})
"""What a column that counts units is mostly called."""
NOTE_KEY = b"dataspace"


class Answer:
    """What came back. Built from the bytes of an Arrow stream, which are read when they are first looked at."""

    def __init__(
        self, stream: bytes, log: LogView, outcome: int | None = None, wire: Wire | None = None
    ) -> None:
        self._stream = stream
        self._log = log
        self._outcome = outcome
        self._wire = wire

    @cached_property
    def _table(self) -> Any:
        return table_of(self._stream)

    @cached_property
    def note(self) -> AnswerNote:
        """What was suppressed, masked and noised, by which rules, and what it cost."""
        metadata = self._table.schema.metadata or {}
        if NOTE_KEY not in metadata:
            raise SourceError("The answer came without its note.", "Ask the hub's operator for its version.")
        return from_json(AnswerNote, json.loads(metadata[NOTE_KEY]))

    def to_arrow(self) -> Any:
        """The pyarrow Table; its schema carries the note as JSON under `dataspace`. A withheld cell is null."""
        return self._table

    def to_pandas(self) -> Any:
        """A pandas DataFrame (pandas has to be installed)."""
        # A block for each column, so that columns without gaps are looked at where they are, and not copied together.
        return self._table.to_pandas(split_blocks=True)

    def to_polars(self) -> Any:
        """A polars DataFrame (polars has to be installed)."""
        import polars

        return polars.from_arrow(self._table)

    def to_pylist(self) -> list[dict[str, Any]]:
        """One dict for each row."""
        rows: list[dict[str, Any]] = self._table.to_pylist()
        return rows

    def to_stream(self) -> bytes:
        """The Arrow IPC stream as it came."""
        return self._stream

    @cached_property
    def receipt(self) -> Receipt:
        """Proof that this answer was recorded; `.verify()` needs nothing but the pinned key."""
        stated = "" if self.note.kind is AnswerKind.ROWS else self._log.digest(self._table)
        if self._outcome is not None:
            return self._log.receipt(self._outcome, stated)
        if self.note.intent is None:
            raise SourceError("This answer names no record.", "Ask again.")
        return self._log.receipt_of(self.note.intent, stated)

    def cite(self) -> str:
        """One paragraph for a paper: which data, under what, and where the proof stands."""
        receipt = self.receipt
        verified = receipt.verify()
        datasets = ", ".join(self.note.datasets)
        noise = f", with ε = {self.note.epsilon:g}" if self.note.kind is AnswerKind.NOISY else ""
        return (
            f"{datasets}: {self.note.kind.value} answer{noise}, {verified.record.at:%Y-%m-%d}, record "
            f"{verified.index} of the log {verified.checkpoint.origin} ({verified.checkpoint.size} records, root "
            f"{verified.checkpoint.root.hex()[:16]}…). SHA-256 of the answer: {self._log.digest(self._table)}."
        )

    def request_release(
        self,
        title: str,
        population: str = "",
        units: str | Sequence[int] = "",
        description: str = "",
        reason: str = "",
    ) -> ReleaseView:
        """Ask that this answer may leave: two people look at it within 2 working days, never the asker.

        `units` is the column that counts the units behind each row (a withheld count is 0), or these counts; left out:
        the one column that can be it. `population` left out: whom the question picks, which stands in its record.
        """
        if self._wire is None or self._outcome is None:
            raise InvalidRequest("This answer names no outcome that is on record.", "Ask again.")
        if isinstance(units, str):
            units = units or self._counting()
            if units not in self._table.column_names:
                raise InvalidRequest(
                    f"The answer has no column '{units}'.", "Name the one that counts units."
                )
            units = [int(count or 0) for count in self._table.column(units).to_pylist()]
        said = description or f"{self.note.kind.value} answer over {', '.join(self.note.datasets)}"
        form = ReleaseForm(title, said, population, tuple(units), reason)
        return ask_release(self._wire, self._outcome, self._stream, form)

    def _counting(self) -> str:
        """The column that counts units: by its name, or because no other holds whole numbers."""
        names: list[str] = self._table.column_names
        bounds = {column for pair in self.note.intervals.values() for column in pair}
        whole = [
            field.name
            for field in self._table.schema
            if str(field.type).startswith(("int", "uint")) and field.name not in bounds
        ]
        found = [name for name in names if name in COUNTS] or whole
        if len(found) != 1:
            raise InvalidRequest(
                "Which column counts the units behind each row?",
                'Say units="…"; an answer without one is asked again with count(*).',
            )
        return found[0]

    def __len__(self) -> int:
        return int(self._table.num_rows)

    def __repr__(self) -> str:
        grid, more = self._grid()
        lines = [grid.text()] if self._table.num_columns else ["(no columns)"]
        if more:
            lines.append(f"… {more:,} more rows")
        return "\n".join([*lines, *self.footnotes()])

    def _repr_html_(self) -> str:
        grid, more = self._grid()
        notes = [f"… {more:,} more rows"] if more else []
        below = "<br>".join(escaped(line) for line in [*notes, *self.footnotes()])
        return f"{grid.html()}<p><small>{below}</small></p>"

    def _grid(self) -> tuple[Grid, int]:
        table = self._table
        bounds = {column for pair in self.note.intervals.values() for column in pair}
        shown = [name for name in table.column_names if name not in bounds]
        withheld = {(cell.row, cell.column) for cell in self.note.suppressed}
        rows = table.slice(0, SHOWN_ROWS).to_pylist()
        words = tuple(
            tuple("*" if (i, name) in withheld else self._word(row, name) for name in shown)
            for i, row in enumerate(rows)
        )
        right = tuple(all(_is_number(row[name]) for row in rows) for name in shown)
        return Grid(tuple(shown), words, right), max(0, table.num_rows - SHOWN_ROWS)

    def _word(self, row: dict[str, Any], name: str) -> str:
        value = row[name]
        if value is None:
            return ""
        if name in self.note.intervals:
            low, high = (row[bound] for bound in self.note.intervals[name])
            if low is not None and high is not None:
                return plus_minus(value, (high - low) / 2)
        is_count = (
            name not in self.note.masked and _is_number(value) and self.note.kind is not AnswerKind.ROWS
        )
        return number(value) if is_count else str(value)

    def footnotes(self) -> list[str]:
        """What is to be said beneath the answer: what was withheld, what it cost, its receipt."""
        note = self.note
        lines = list(_suppression(note))
        if note.maximum_rows is not None:
            cut = " and may have been cut off there" if len(self) >= note.maximum_rows else ""
            lines.append(f"at most {note.maximum_rows:,} rows are given{cut}")
        if note.masked:
            lines.append("masked: " + ", ".join(f"{name} ({how})" for name, how in note.masked.items()))
        if note.filtered:
            lines.append(f"rows filtered by {', '.join(note.filtered)}")
        if note.kind is AnswerKind.NOISY:
            lines.append(_cost(note))
        lines.append(self._receipt_line())
        return [printable(line) for line in lines]

    def _receipt_line(self) -> str:
        if self._outcome is not None:
            return f"receipt r-{self._outcome}: .receipt.verify()"
        return (
            f"receipt of intent {self.note.intent}: .receipt.verify()"
            if self.note.intent is not None
            else "no receipt"
        )


def _suppression(note: AnswerNote) -> list[str]:
    lines = list(note.rules)
    if note.suppressed and not any(rule.startswith("*") for rule in lines):
        lines.insert(0, f"* withheld: {len(note.suppressed)}, too small or would reveal one that is")
    return lines


def _cost(note: AnswerNote) -> str:
    cost = "asked before, nothing spent" if note.repeated else f"ε {note.epsilon:g} spent"
    left = "" if note.left is None else f" · {note.left:g} left"
    return f"± is a 95 % interval of the noise · {cost}{left}"


def _is_number(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))
