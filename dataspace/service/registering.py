"""From a source to a described, immutable version: read, apply the declared steps, seal, profile, record."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import pyarrow as pa
import pyarrow.compute as pc

from dataspace.connector import Source, guarded
from dataspace.errors import Conflict, InvalidRequest
from dataspace.model.codec import to_json
from dataspace.model.datasets import Column, ColumnType, Dataset, Dictionary, Profile, Responsibility, Version
from dataspace.model.names import ColumnName, DatasetName, dataset_name
from dataspace.model.principals import Principal, Role
from dataspace.model.records import RecordKind
from dataspace.ports import Catalog, Profiler, Vault
from dataspace.service.enforcing import Enforcement
from dataspace.service.permitting import require
from dataspace.transparency.canonical import digest


@dataclass(frozen=True, slots=True)
class Registration:
    """What a steward says beside the bytes. `drop` names columns that must not become part of the version."""

    name: str
    title: str = ""
    description: str = ""
    dictionary: str = ""
    drop: tuple[str, ...] = ()
    privacy_unit: str = "row"
    """A column's name, or `row` where each row is its own unit."""
    synthetic: bool = False
    publish: bool = False
    theme: str = ""
    keywords: tuple[str, ...] = ()
    responsibility: Responsibility = field(default_factory=Responsibility)


@dataclass(frozen=True, slots=True)
class Registered:
    """What came of it. The profile is for the steward's eyes."""

    dataset: Dataset
    version: Version
    profile: Profile


@dataclass(frozen=True, slots=True)
class Registering:
    """The steward's side of the catalogue."""

    catalog: Catalog
    vault: Vault
    profiler: Profiler
    enforcement: Enforcement

    def register(self, steward: Principal, source: Source, item: str, said: Registration) -> Registered:
        """Make a version and put it in the catalogue. Nothing is half registered where this raises."""
        require(steward, Role.STEWARD)
        name = _checked(said.name)
        dictionary = self._dictionary(said.dictionary)
        schema = source.schema(item)
        kept = _kept(schema, said)
        batches = guarded(item, source.scan(item, kept))
        wanted = pa.schema([_typed(schema.field(column), dictionary) for column in kept])
        sealed = self.vault.write(name, _cast(batches, wanted), wanted)
        version = replace(
            sealed,
            source=item,
            steps=tuple(f"drop {column}" for column in said.drop),
            created=self.enforcement.clock.now(),
            columns=_described(sealed.columns, dictionary),
        )
        dataset = self._dataset(said, version, dictionary)
        profile = self.profiler.profile(version.ref)
        self.enforcement.record(
            RecordKind.DATASET_REGISTERED,
            steward,
            {
                "dataset": name,
                "version": version.ref.sha256,
                "rows": version.rows,
                "description": digest(to_json(dataset)),
                "steps": list(version.steps),
            },
        )
        self.catalog.put_version(version)
        self.catalog.put(dataset)
        return Registered(dataset, version, profile)

    def describe_federated(
        self, steward: Principal, name: str, dictionary: Dictionary, title: str
    ) -> Dataset:
        """A dataset whose rows lie at sites: the hub holds the description alone."""
        require(steward, Role.STEWARD)
        dataset = Dataset(
            name=_checked(name),
            title=title,
            description=f"Held by the sites; each row is one {dictionary.unit}.",
            columns=dictionary.columns,
            privacy_unit=None,
            latest=None,
            dictionary=str(dictionary),
            published=True,
        )
        self.enforcement.record(
            RecordKind.DATASET_REGISTERED, steward, {"dataset": name, "description": digest(to_json(dataset))}
        )
        self.catalog.put_dictionary(dictionary)
        self.catalog.put(dataset)
        return dataset

    def _dictionary(self, name: str) -> Dictionary | None:
        if not name:
            return None
        found = self.catalog.dictionary(name)
        if found is None:
            raise InvalidRequest(f"There is no dictionary '{name}' here.", "Load it first, or leave it out.")
        return found

    def _dataset(self, said: Registration, version: Version, dictionary: Dictionary | None) -> Dataset:
        unit = None if said.privacy_unit == "row" else ColumnName(said.privacy_unit)
        if unit is not None and unit not in {column.name for column in version.columns}:
            raise InvalidRequest(
                f"The privacy unit '{unit}' is not a column.", "Name a column, or say `row`."
            )
        earlier = self.catalog.get(version.ref.dataset)
        if earlier is not None and earlier.privacy_unit != unit:
            raise Conflict("The privacy unit of a lineage cannot change.", "Register under another name.")
        return Dataset(
            name=version.ref.dataset,
            title=said.title or said.name,
            description=said.description,
            columns=version.columns,
            privacy_unit=unit,
            latest=version.ref,
            dictionary=str(dictionary) if dictionary else "",
            synthetic=said.synthetic,
            theme=said.theme,
            keywords=said.keywords,
            responsibility=said.responsibility,
            published=said.publish,
        )


def _checked(name: str) -> DatasetName:
    try:
        return dataset_name(name)
    except ValueError as error:
        raise InvalidRequest(f"'{name}' cannot name a dataset: {error}.", "Choose another name.") from error


def _kept(schema: pa.Schema, said: Registration) -> list[str]:
    if unknown := [column for column in said.drop if column not in schema.names]:
        raise InvalidRequest(
            f"There is no column '{unknown[0]}' to drop.", f"There are: {', '.join(schema.names)}."
        )
    kept = [column for column in schema.names if column not in said.drop]
    if not kept:
        raise InvalidRequest("Nothing would be left of the source.", "Drop fewer columns.")
    return kept


_ARROW = {
    ColumnType.BOOLEAN: pa.bool_(),
    ColumnType.INTEGER: pa.int64(),
    ColumnType.NUMBER: pa.float64(),
    ColumnType.TEXT: pa.string(),
    ColumnType.DATE: pa.date32(),
    ColumnType.TIMESTAMP: pa.timestamp("us"),
}


def _typed(field: pa.Field, dictionary: Dictionary | None) -> pa.Field:
    """The type that the dictionary asks for; the source's own where it says nothing."""
    column = next((c for c in dictionary.columns if c.name == field.name), None) if dictionary else None
    if column is None or column.type is ColumnType.OTHER:
        return field.remove_metadata()
    return pa.field(field.name, _ARROW[column.type])


def _cast(batches: Iterator[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        arrays = []
        for column, wanted in zip(batch.columns, schema, strict=True):
            try:
                arrays.append(pc.cast(column, wanted.type))
            except pa.ArrowInvalid as error:
                raise InvalidRequest(
                    f"The column '{wanted.name}' does not hold what the dictionary says ({wanted.type}).",
                    "Correct the source, or register without the dictionary.",
                ) from error
        yield pa.record_batch(arrays, schema=schema)


def _described(columns: Sequence[Column], dictionary: Dictionary | None) -> tuple[Column, ...]:
    """Titles, codes, bounds and labels from the dictionary, for the columns that it knows."""
    known = {column.name: column for column in dictionary.columns} if dictionary else {}
    return tuple(known.get(column.name, column) for column in columns)
