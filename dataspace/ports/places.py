"""What data that stay in their source need from the world."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from dataspace.model.datasets import VersionRef
from dataspace.model.names import DatasetName
from dataspace.model.places import Place
from dataspace.ports.catalogue import ExpectationCheck, Profiler, Vault


class Places(Protocol):
    """Where rows stay, by dataset. As secret as the passwords that are part of it."""

    def put(self, name: DatasetName, place: Place) -> None: ...
    def get(self, name: DatasetName) -> Place | None: ...
    def forget(self, name: DatasetName) -> None: ...


@dataclass(frozen=True, slots=True)
class Bench:
    """A vault in memory with its tools; all of it is gone when the work is done."""

    vault: Vault
    profiler: Profiler
    expectations: ExpectationCheck


class Benches(Protocol):
    """Where rows are looked at that must not be kept."""

    def open(self) -> AbstractContextManager[Bench]:
        """A fresh bench. Nothing of it is left when the context ends, nor after a crash with the next one."""
        ...


class Readings(Protocol):
    """The Parquet files of a version for as long as a cut is made of them."""

    def reading(self, ref: VersionRef) -> AbstractContextManager[Sequence[Path]]:
        """The files. Of a version that stays in its source, read there now: SourceChanged where it is another."""
        ...


class StayingAway(Protocol):
    """What a question has to know of rows that stay in their source."""

    def stale(self, name: DatasetName) -> bool:
        """True where the rows stay away and were last read so long ago that cuts of them count no more."""
        ...

    def renew(self, name: DatasetName) -> None:
        """Make a version of what the source holds now. Raises SourceUnreadable where it does not fit any more."""
        ...
