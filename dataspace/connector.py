"""All that the author of a connector needs: from dataspace.connector import Batch, Field, Source, guarded.

Connectors of files also need `listed_files` and `find_file`, which keep to the folder that the operator named.

A connector is a class under the entry point group `dataspace.connectors`. It knows no principals and no policies,
gets its settings as arguments, never reads the environment, and yields Arrow batches of exactly the columns asked
for. `dataspace.testing.SourceContract` checks the promise.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Protocol, TypeAlias

import pyarrow as pa

from dataspace.errors import DataspaceError, SourceUnreadable, UnknownName

Batch: TypeAlias = pa.RecordBatch
Field: TypeAlias = pa.Field
Schema: TypeAlias = pa.Schema

__all__ = [
    "Batch",
    "Field",
    "PlaceConnector",
    "Schema",
    "Source",
    "SourceUnreadable",
    "UnknownName",
    "chosen_columns",
    "find_file",
    "guarded",
    "listed_files",
]


class Source(Protocol):
    """Where bytes are. Built with one argument: the location (a folder or file for file connectors).

    Only names that `names()` lists can be scanned: anything else, `../x` and `/etc/passwd` included, raises
    `UnknownName`. What breaks while reading raises `SourceUnreadable` out of the iterator.
    """

    def names(self) -> Sequence[str]:
        """What can be scanned here, sorted."""
        ...

    def schema(self, name: str) -> Schema:
        """Columns and types, without reading the data where the format allows it."""
        ...

    def scan(self, name: str, columns: Sequence[str] | None = None) -> Iterator[Batch]:
        """Batches of exactly these columns in this order (all where None), in the source's own row order."""
        ...


class PlaceConnector(Protocol):
    """A connector of places instead of files: it names its `schemes`, and its entry point is named like each."""

    schemes: ClassVar[tuple[str, ...]]

    def at(self, address: str, secret: str, item: str = "") -> Source:
        """A class method: the source at an address without a secret. Raises SourceUnreadable, naming neither."""
        ...


def guarded(source: str, batches: Iterator[Batch]) -> Iterator[Batch]:
    """Turn whatever breaks while batches are read into `SourceUnreadable`, without foreign message text."""
    try:
        yield from batches
    except DataspaceError:
        raise
    except Exception as error:
        raise SourceUnreadable(
            f"The source '{source}' failed while it was read ({type(error).__name__}).",
            "Check that the file is whole and of the stated format, then retry.",
        ) from error


def listed_files(location: Path, suffix: str) -> Mapping[str, Path]:
    """Name to path of what may be read: `location` itself, or the files with this suffix right in that folder.

    The name is the file's without the suffix. Hidden files, anything that is no regular file, and links that lead out
    of the folder are not listed. Raises SourceUnreadable where there is no such place, or two files share a name.
    """
    root = location.resolve()
    if root.is_file():
        return {location.stem: root}
    if not root.is_dir():
        raise SourceUnreadable(f"There is no file or folder '{location}'.", "Check the path.")
    found: dict[str, Path] = {}
    for entry in sorted(root.iterdir()):
        target = entry.resolve()
        if entry.suffix.lower() != suffix or entry.name.startswith(".") or not target.is_file():
            continue
        if not target.is_relative_to(root):
            continue
        if entry.stem in found:
            raise SourceUnreadable(f"Two files in '{location}' are named '{entry.stem}'.", "Rename one.")
        found[entry.stem] = target
    return found


def find_file(location: Path, suffix: str, name: str) -> Path:
    """The file behind a listed name; raises UnknownName for any other, whatever path it spells."""
    files = listed_files(location, suffix)
    if name not in files:
        raise UnknownName("source", name, list(files))
    return files[name]


def chosen_columns(names: Sequence[str], columns: Sequence[str] | None) -> Sequence[str]:
    """The columns to read: all where None. Raises UnknownName for one that is not there."""
    if columns is None:
        return names
    for column in columns:
        if column not in names:
            raise UnknownName("column", column, names)
    return columns
