"""What a registration is going to read: the declared steps, the columns that they leave, and the drift of both."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from dataspace.connector import Source, guarded
from dataspace.errors import InvalidRequest
from dataspace.model.curation import Change, Drop, Rename, Step
from dataspace.model.datasets import Dataset, Dictionary, Version
from dataspace.model.names import DatasetName, dataset_name
from dataspace.ports import Catalog
from dataspace.service.conforming import conformed, typed
from dataspace.service.curation import applicable, column_named, curated, names_after, steps_of
from dataspace.service.drift import odd_headers, refuse_breaking, schema_changes
from dataspace.service.normalising import columns_of_schema, normalised_schema
from dataspace.service.reading_ahead import ahead
from dataspace.service.registration import Registration

MOST_COLUMNS = 10_000


@dataclass(frozen=True, slots=True)
class Origin:
    """What is read: a source, or an earlier version of the same lineage that is curated further.

    `in_place` is the kind of source that the rows stay in; empty where the hub takes them.
    """

    source: Source
    item: str
    connector: str = ""
    earlier: Version | None = None
    in_place: str = ""
    declared: bool = False
    """Whether what differs from the version before was declared: steps were added, and the source is read as before."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """Everything that is known before the first row is kept."""

    name: DatasetName
    lineage: Dataset | None
    dictionary: Dictionary | None
    headers: tuple[str, ...]
    steps: tuple[Step, ...]
    drift: tuple[Change, ...]
    wanted: pa.Schema
    reading: "Reading"
    rows: Callable[[], Iterator[pa.RecordBatch]]

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The rows after the steps, in the types that are wanted; read while they are asked for."""
        return conformed(self.rows(), self.wanted)


def prepared(
    catalog: Catalog, origin: Origin, said: Registration, mapping: tuple[Step, ...] = ()
) -> Prepared:
    """Read the schema, and the rows where a step has to count first. Raises Conflict for columns that are gone."""
    name = checked_name(said.name)
    lineage = catalog.get(name)
    dictionary = dictionary_named(catalog, said.dictionary or (lineage.dictionary if lineage else ""))
    schema = origin.source.schema(origin.item)
    steps = _steps(said, schema.names, lineage, origin, mapping)
    reading = Reading(origin)
    shape, rows = curated(reading.scan, schema, steps)
    wanted = pa.schema([typed(field, dictionary) for field in shape])
    drift = _drift(catalog, lineage, wanted, schema, steps, origin)
    if not said.accept_drift and not origin.earlier:
        declared = {step.column for step in steps if lineage is not None and step in lineage.mapping}
        refuse_breaking(name, [change for change in drift if change.column not in declared])
    return Prepared(name, lineage, dictionary, tuple(schema.names), steps, drift, wanted, reading, rows)


def checked_name(name: str) -> DatasetName:
    """The name, if it can be one of a dataset; raises InvalidRequest."""
    try:
        return dataset_name(name)
    except ValueError as error:
        raise InvalidRequest(
            f"'{name[:80]}' cannot name a dataset: {error}.", "Choose another name."
        ) from error


def dictionary_named(catalog: Catalog, name: str) -> Dictionary | None:
    """The dictionary, or None where none is named; raises InvalidRequest for one that is not here."""
    if not name:
        return None
    found = catalog.dictionary(name)
    if found is None:
        raise InvalidRequest(
            f"There is no dictionary '{name}' here.",
            "Load it first (`dataspace dataset dictionary FILE`), or leave it out.",
        )
    return found


def _drift(
    catalog: Catalog,
    lineage: Dataset | None,
    wanted: pa.Schema,
    schema: pa.Schema,
    steps: Sequence[Step],
    origin: Origin,
) -> tuple[Change, ...]:
    """The columns against those of the version before, and the headers as the source spells them."""
    before = catalog.version(lineage.latest) if lineage and lineage.latest else None
    headers = origin.earlier is None
    renamed = {step.column for step in steps if isinstance(step, Rename | Drop)}
    odd = odd_headers([n for n in schema.names if n not in renamed], before) if headers else ()
    dropped = {step.column for step in steps if isinstance(step, Drop)}
    return (*odd, *schema_changes(before, columns_of_schema(normalised_schema(wanted)), dropped))


def _steps(
    said: Registration,
    names: Sequence[str],
    lineage: Dataset | None,
    origin: Origin,
    mapping: tuple[Step, ...],
) -> tuple[Step, ...]:
    """What was typed, then the mapping to the dictionary: the one that is new, or the one that the lineage keeps."""
    if len(names) > MOST_COLUMNS:
        raise InvalidRequest(
            f"The source has {len(names):,} columns.", f"At most {MOST_COLUMNS:,} can be registered."
        )
    _refuse_contradiction(said, names)
    typed = steps_of(said.wishes, names)
    kept = lineage.mapping if lineage and origin.earlier is None else ()
    return (*typed, *applicable((*kept, *mapping), names_after(typed, names)))


def _refuse_contradiction(said: Registration, names: Sequence[str]) -> None:
    """One column cannot be taken out, and be what another option is about, at the same time."""
    dropped = {column_named(text, names) for text in said.drop}
    about = [("--unit", said.privacy_unit)]
    for option in ("rename", "cast", "generalise", "label"):
        about += [(f"--{option}", text.rpartition("=")[0]) for text in getattr(said, option)]
    about += [("--codes", text.partition("=")[0]) for text in said.codes]
    for option, column in about:
        if column in dropped or column.strip() in {name.strip() for name in dropped}:
            raise InvalidRequest(
                f"'{column.strip()}' cannot be dropped and be what {option} is about.",
                f"Leave out --drop or {option}.",
            )


class Reading:
    """The source, and how many rows the last scan of it gave."""

    def __init__(self, origin: Origin) -> None:
        self._origin = origin
        self.rows = 0

    def scan(self, names: Sequence[str] | None) -> Iterator[pa.RecordBatch]:
        """A scan from the first row."""
        self.rows, item = 0, self._origin.item
        for batch in ahead(guarded(item, self._origin.source.scan(item, names))):
            self.rows += batch.num_rows
            yield batch
