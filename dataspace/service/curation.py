"""Curation steps: from what a steward types to declared steps, and from declared steps to changed rows."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from dataspace.errors import InvalidRequest
from dataspace.model.curation import (
    Cast,
    Coarser,
    ConvertUnit,
    Drop,
    Generalise,
    KeepConsented,
    MapCodes,
    Rename,
    Step,
    spelled,
)
from dataspace.model.datasets import ColumnType
from dataspace.model.names import ColumnName
from dataspace.service.codes import codes_said, with_codes

SMALLEST_GROUP = 10
OTHER = "other"
ARROW = {
    ColumnType.BOOLEAN: pa.bool_(),
    ColumnType.INTEGER: pa.int64(),
    ColumnType.NUMBER: pa.float64(),
    ColumnType.TEXT: pa.string(),
    ColumnType.DATE: pa.date32(),
    ColumnType.TIMESTAMP: pa.timestamp("us"),
}
_MOST_GROUPS = 100_000
_DATES = (Coarser.MONTH, Coarser.QUARTER, Coarser.YEAR)


@dataclass(frozen=True, slots=True)
class Wishes:
    """Curation as it is typed: `drop` names or places of columns, the others `column=what`."""

    drop: tuple[str, ...] = ()
    rename: tuple[str, ...] = ()
    cast: tuple[str, ...] = ()
    generalise: tuple[str, ...] = ()
    consent: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()


def steps_of(wishes: Wishes, names: Sequence[str]) -> tuple[Step, ...]:
    """The declared steps, in the order in which they are applied: consent, drop, rename, codes, cast, generalise.

    The first three speak of columns as they are in the source, the others of columns as they are called afterwards.
    Raises InvalidRequest for what cannot be read, or names no column.
    """
    first: list[Step] = []
    for text in wishes.consent:
        column, values = _pair(text, "consent")
        first.append(KeepConsented(column_named(column, names), tuple(values.split("|"))))
    first += [Drop(column_named(text, names)) for text in wishes.drop]
    for text in wishes.rename:
        column, to = _pair(text, "rename")
        if not to.strip():
            raise InvalidRequest(f"'{text}' gives the column no name.", "Write old=new.")
        first.append(Rename(column_named(column, names), ColumnName(to.strip())))
    left = names_after(first, names)
    then: list[Step] = []
    for text in wishes.codes:
        column, pairs = codes_said(text)
        then.append(MapCodes(column_named(column, left), pairs))
    for text in wishes.cast:
        column, kind = _pair(text, "cast")
        if kind not in ARROW:
            words = ", ".join(known.value for known in ARROW)
            raise InvalidRequest(f"'{kind}' is no type of a column.", f"Say one of {words}.")
        then.append(Cast(column_named(column, left), kind))
    for text in wishes.generalise:
        column, how = _pair(text, "generalise")
        then.append(_coarser(column_named(column, left), how))
    return (*first, *then)


def column_named(word: str, names: Sequence[str]) -> ColumnName:
    """The column that a word means: its name, its name without the blanks around it, or its place from 1."""
    if word in names:
        return ColumnName(word)
    stripped = [name for name in names if name.strip() == word.strip()]
    if len(stripped) == 1:
        return ColumnName(stripped[0])
    if word.isdigit() and 1 <= int(word) <= len(names):
        return ColumnName(names[int(word) - 1])
    there = ", ".join(repr(name) for name in names[:20]) + (", …" if len(names) > 20 else "")
    raise InvalidRequest(f"There is no column '{word}'.", f"There are: {there}.")


def names_after(steps: Sequence[Step], names: Sequence[str]) -> list[str]:
    """What the columns are called after these steps."""
    left = list(names)
    for step in steps:
        if isinstance(step, Drop):
            left.remove(step.column)
        elif isinstance(step, Rename):
            left[left.index(step.column)] = step.to
    if not left:
        raise InvalidRequest("Nothing would be left of the source.", "Drop fewer columns.")
    return left


def applicable(steps: Sequence[Step], names: Sequence[str]) -> tuple[Step, ...]:
    """Those of these steps whose column is there when their turn comes."""
    left, chosen = list(names), []
    for step in steps:
        if step.column in left:
            chosen.append(step)
            left = names_after([step], left)
    return tuple(chosen)


Scan = Callable[[Sequence[str] | None], Iterator[pa.RecordBatch]]
"""Batches of these columns of the source, from its first row; all where None."""


def curated(
    scan: Scan, schema: pa.Schema, steps: Sequence[Step]
) -> tuple[pa.Schema, Callable[[], Iterator[pa.RecordBatch]]]:
    """The schema after the steps, and the rows, which are read when they are asked for, block by block."""
    kept = _frequent(scan, steps, schema)
    dropped = {step.column for step in steps if isinstance(step, Drop)}
    used = {step.column for step in steps if isinstance(step, KeepConsented)}
    needed = [name for name in schema.names if name not in dropped or name in used]
    shape = _applied(schema.empty_table().select(needed), steps, kept).schema

    def rows() -> Iterator[pa.RecordBatch]:
        for batch in scan(needed):
            if steps:
                yield from _applied(pa.Table.from_batches([batch]), steps, kept).cast(shape).to_batches()
            else:
                yield batch

    return shape, rows


def _applied(table: pa.Table, steps: Sequence[Step], kept: Mapping[Step, pa.Array]) -> pa.Table:
    for step in steps:
        at = table.schema.get_field_index(step.column)
        try:
            match step:
                case KeepConsented():
                    said = pc.is_in(table.column(at).cast(pa.string()), value_set=pa.array(step.values))
                    table = table.filter(said)
                case Drop():
                    table = table.remove_column(at) if at >= 0 else table
                case Rename():
                    names = [step.to if i == at else name for i, name in enumerate(table.column_names)]
                    table = table.rename_columns(names)
                case _:
                    table = table.set_column(at, step.column, _changed(table.column(at), step, kept))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise InvalidRequest(
                f"The step '{spelled(step)}' does not fit what the column holds ({table.column(at).type}).",
                "Correct the step, or the source.",
            ) from error
    return table


def _changed(values: pa.ChunkedArray, step: Step, kept: Mapping[Step, pa.Array]) -> pa.ChunkedArray:
    match step:
        case Cast():
            return pc.cast(values, ARROW[ColumnType(step.type)])
        case ConvertUnit():
            return pc.add(pc.multiply(pc.cast(values, pa.float64()), step.factor), step.offset)
        case MapCodes():
            return with_codes(values.cast(pa.string()), step)
        case Generalise(how=Coarser.GROUP):
            text = values.cast(pa.string())
            frequent = pc.or_(pc.is_in(text, value_set=kept[step]), pc.is_null(text))
            return pc.if_else(frequent, text, OTHER)
        case Generalise(how=Coarser.PREFIX):
            return pc.utf8_slice_codeunits(values.cast(pa.string()), 0, int(step.width))
        case Generalise(how=Coarser.BAND):
            return _band(values, step.width)
        case Generalise():
            days = values if pa.types.is_temporal(values.type) else values.cast(pa.date32())
            return pc.floor_temporal(days, unit=step.how.value).cast(pa.date32())
    raise InvalidRequest(f"The step '{spelled(step)}' changes no values.", "Leave it out.")


def _band(values: pa.ChunkedArray, width: float) -> pa.ChunkedArray:
    """Numbers to the lower end of their band, text to a prefix, dates to their year: `=10` as the type reads it."""
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        return pc.utf8_slice_codeunits(values, 0, max(1, int(width)))
    lower = pc.multiply(pc.floor(pc.divide(pc.cast(values, pa.float64()), width)), width)
    whole = pa.types.is_integer(values.type) and float(width).is_integer()
    return pc.cast(lower, pa.int64()) if whole else lower


def _frequent(scan: Scan, steps: Sequence[Step], schema: pa.Schema) -> dict[Step, pa.Array]:
    """For each step that groups small codes: the codes that have rows enough, counted before the rows are changed."""
    kept: dict[Step, pa.Array] = {}
    for at, step in enumerate(steps):
        if not (isinstance(step, Generalise) and step.how is Coarser.GROUP):
            continue
        before = tuple(earlier for earlier in steps[:at] if not isinstance(earlier, Drop))
        counts: dict[str, int] = {}
        for batch in scan(schema.names):
            table = _applied(pa.Table.from_batches([batch]), before, kept)
            for pair in pc.value_counts(table.column(step.column).cast(pa.string())).to_pylist():
                if pair["values"] is not None:
                    counts[pair["values"]] = counts.get(pair["values"], 0) + pair["counts"]
            if len(counts) > _MOST_GROUPS:
                raise InvalidRequest(
                    f"'{step.column}' has more than {_MOST_GROUPS:,} different codes.",
                    "Drop it, or shorten it first with --generalise COLUMN=LENGTH.",
                )
        enough = [code for code, n in counts.items() if n >= step.width]
        kept[step] = pa.array(enough, pa.string())
    return kept


def _pair(text: str, option: str) -> tuple[str, str]:
    column, sign, what = text.rpartition("=")
    if not sign or not column:
        raise InvalidRequest(f"'{text}' is not COLUMN=… of --{option}.", "Write the column, =, and what.")
    return column, what


def _coarser(column: ColumnName, how: str) -> Generalise:
    word, _, number = how.partition(":")
    if word in _DATES and not number:
        return Generalise(column, Coarser(word))
    if word == Coarser.GROUP:
        size = number or str(SMALLEST_GROUP)
        if size.isdigit() and int(size) >= 2:
            return Generalise(column, Coarser.GROUP, float(size))
    if word in (Coarser.BAND, Coarser.PREFIX) and re.fullmatch(r"[0-9]*\.?[0-9]+", number) and float(number):
        return Generalise(column, Coarser(word), float(number))
    if re.fullmatch(r"[0-9]*\.?[0-9]+", how) and float(how):
        return Generalise(column, Coarser.BAND, float(how))
    raise InvalidRequest(
        f"'{how}' is no way to make a column coarser.",
        "Say month, quarter, year, group, a band's width (10) or a prefix' length (3).",
    )
