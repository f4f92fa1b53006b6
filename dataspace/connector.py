"""All that the author of a connector needs: from dataspace.connector import Batch, Field, Source, guarded.

A connector is a class under the entry point group `dataspace.connectors`. It knows no principals and no policies,
gets its settings as arguments, never reads the environment, and yields Arrow batches of exactly the columns asked
for. `dataspace.testing.SourceContract` checks the promise.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol, TypeAlias

import pyarrow as pa

from dataspace.errors import DataspaceError, SourceUnreadable

Batch: TypeAlias = pa.RecordBatch
Field: TypeAlias = pa.Field
Schema: TypeAlias = pa.Schema

__all__ = ["Batch", "Field", "Schema", "Source", "guarded"]


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
