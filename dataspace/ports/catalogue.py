"""What registering, curating and describing need from the world."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from dataspace.model.curation import Expectation
from dataspace.model.datasets import Column, Dataset, Dictionary, Profile, Version, VersionRef
from dataspace.model.names import DatasetName


class Catalog(Protocol):
    """Datasets, versions and dictionaries. What is acknowledged is durable."""

    def put(self, dataset: Dataset) -> None: ...
    def get(self, name: DatasetName) -> Dataset | None: ...
    def all(self) -> Sequence[Dataset]: ...
    def put_version(self, version: Version) -> None: ...
    def version(self, ref: VersionRef) -> Version | None: ...
    def put_dictionary(self, dictionary: Dictionary) -> None: ...
    def dictionary(self, name: str) -> Dictionary | None:
        """By `name@version`, or by `name` alone: the latest."""
        ...


class Vault(Protocol):
    """Immutable versions at rest. (The seam where encryption at rest stands.)"""

    def write(self, dataset: DatasetName, batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> Version:
        """Write, hash and seal; the same rows give the same version. Nothing is left behind where it raises."""
        ...

    def files(self, ref: VersionRef) -> Sequence[Path]:
        """The Parquet files of a version, checked against their hashes. Conflict where it was withdrawn."""
        ...

    def reading(self, ref: VersionRef) -> AbstractContextManager[Sequence[Path]]:
        """The same files, for as long as the context lasts."""
        ...

    def withdraw(self, ref: VersionRef) -> None:
        """From now on `files` refuses this dataset's version; the bytes stay."""
        ...

    def erase(self, ref: VersionRef) -> None:
        """The bytes are gone when this returns; of a version that is not there, nothing is done."""
        ...


class Profiler(Protocol):
    """One pass over a version: for the steward's eyes only."""

    def profile(self, ref: VersionRef, columns: Sequence[Column] = ()) -> Profile:
        """`columns` say what is known already: labels and titles of columns of these names."""
        ...


class Profiles(Protocol):
    """Profiles that were made: what a new version is compared with. As confidential as the data."""

    def put(self, ref: VersionRef, profile: Profile) -> None: ...
    def get(self, ref: VersionRef) -> Profile | None: ...
    def forget(self, ref: VersionRef) -> None: ...


class ExpectationCheck(Protocol):
    """Holds a version against declared rules."""

    def broken(
        self, ref: VersionRef, rules: Sequence[Expectation], others: Mapping[DatasetName, VersionRef]
    ) -> Sequence[tuple[Expectation, int]]:
        """The rules that rows break, with how many. `others` are the versions that `refers` looks at."""
        ...
