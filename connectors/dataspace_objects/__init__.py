"""Parquet and CSV objects of an object store (S3, or a folder of this machine) as a source, read where they lie.

The address is `s3://bucket/prefix` or `s3://bucket/prefix/visits.parquet`, with `?endpoint_override=host:port`,
`scheme=https` and `region=eu-west-1` where they are needed; `file:///srv/data` is the same for a folder. The secret is
`ACCESS_KEY:SECRET_KEY`, and never part of the address. Without one the store is asked anonymously: neither the
environment nor the machine's own identity is ever used, since these are the operator's and not the steward's.

Parquet is read row group by row group. A CSV object is copied into memory first, up to `LARGEST_CSV` bytes.
"""

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import ClassVar
from urllib.parse import parse_qsl, unquote, urlsplit

import pyarrow as pa
from dataspace_csv import CsvSource
from dataspace_parquet import batches_of, opened, plain_schema
from pyarrow import fs

from dataspace.connector import (
    Batch,
    Schema,
    SourceUnreadable,
    UnknownName,
    chosen_columns,
    guarded,
)

__all__ = ["ObjectsSource"]

LARGEST_CSV = 1 << 30
_MEMORY = Path("/dev/shm")  # noqa: S108 - memory, not a disk
_SUFFIXES = (".parquet", ".csv")
_OPTIONS = {"endpoint_override", "scheme", "region"}
_ADVICE = (
    "Write s3://bucket/prefix, with the secret ACCESS_KEY:SECRET_KEY in a file or a variable of its own."
)


class ObjectsSource:
    """`Source` over one object, or over those right under a prefix, each under its name without its ending."""

    schemes: ClassVar[tuple[str, ...]] = ("s3", "file")

    def __init__(self, location: str | Path) -> None:
        self._store, self._place = _opened(str(location), "")

    @classmethod
    def at(cls, address: str, secret: str, item: str = "") -> "ObjectsSource":
        """The source at an address. `item` chooses nothing here: every object under the prefix is listed."""
        source = cls.__new__(cls)
        source._store, source._place = _opened(address, secret)
        return source

    def names(self) -> Sequence[str]:
        return sorted(self._objects())

    def schema(self, name: str) -> Schema:
        path = self._path(name)
        if path.endswith(".csv"):
            return next(guarded(name, self._csv_schema(path)))
        return next(guarded(name, self._parquet_schema(path)))

    def scan(self, name: str, columns: Sequence[str] | None = None) -> Iterator[Batch]:
        path, schema = self._path(name), self.schema(name)
        wanted = list(chosen_columns(schema.names, columns))
        if path.endswith(".csv"):
            return guarded(name, self._csv(path, wanted))
        return guarded(
            name, self._batches(path, schema, pa.schema([schema.field(column) for column in wanted]))
        )

    def _path(self, name: str) -> str:
        found = self._objects()
        if name not in found:
            raise UnknownName("source", name, sorted(found))
        return found[name]

    def _objects(self) -> Mapping[str, str]:
        """Name to path. Raises SourceUnreadable where the store does not answer or two objects share a name."""
        try:
            here = self._store.get_file_info(self._place)
            if here.type is fs.FileType.File:
                listed = [here]
            else:
                listed = self._store.get_file_info(fs.FileSelector(self._place, recursive=False))
        except (OSError, pa.ArrowException) as error:
            raise SourceUnreadable(
                f"The object store does not answer, or has no such place ({type(error).__name__}).",
                "Is it running, and does the secret still hold?",
            ) from error
        found: dict[str, str] = {}
        for info in listed:
            path = PurePosixPath(info.path)
            if info.type is not fs.FileType.File or path.suffix.lower() not in _SUFFIXES:
                continue
            if path.name.startswith(".") or self._is_link(info.path):
                continue
            if path.stem in found:
                raise SourceUnreadable(f"Two objects are named '{path.stem}'.", "Rename one.")
            found[path.stem] = info.path
        return found

    def _is_link(self, path: str) -> bool:
        return isinstance(self._store, fs.LocalFileSystem) and Path(path).is_symlink()

    def _parquet_schema(self, path: str) -> Iterator[Schema]:
        with self._store.open_input_file(path) as stream, opened(stream) as file:
            yield plain_schema(file)

    def _batches(self, path: str, schema: Schema, wanted: Schema) -> Iterator[Batch]:
        with self._store.open_input_file(path) as stream:
            yield from batches_of(stream, schema, wanted)

    def _csv_schema(self, path: str) -> Iterator[Schema]:
        with tempfile.TemporaryDirectory(prefix="dataspace-object-", dir=_MEMORY) as folder:
            yield self._copied(path, folder).schema("object")

    def _csv(self, path: str, columns: Sequence[str]) -> Iterator[Batch]:
        with tempfile.TemporaryDirectory(prefix="dataspace-object-", dir=_MEMORY) as folder:
            yield from self._copied(path, folder).scan("object", columns)

    def _copied(self, path: str, folder: str) -> CsvSource:
        size = self._store.get_file_info(path).size
        if size is None or size > LARGEST_CSV:
            raise SourceUnreadable(
                f"A CSV object may have {LARGEST_CSV >> 20:,} MB at most.", "Write it as Parquet."
            )
        copy = Path(folder) / "object.csv"
        with self._store.open_input_stream(path) as stream, copy.open("xb") as file:
            shutil.copyfileobj(stream, file, 1 << 20)
        return CsvSource(copy)


def _opened(address: str, secret: str) -> tuple[fs.FileSystem, str]:
    parts = urlsplit(address)
    said = dict(parse_qsl(parts.query))
    if parts.scheme == "file" and not (parts.netloc or said or secret):
        return fs.LocalFileSystem(), unquote(parts.path)
    if parts.scheme != "s3" or parts.username or parts.password or not parts.netloc or set(said) - _OPTIONS:
        raise SourceUnreadable("The address of the object store cannot be used.", _ADVICE)
    key, sign, password = secret.partition(":")
    if secret and not (key and sign and password):
        raise SourceUnreadable("The secret of the object store is not ACCESS_KEY:SECRET_KEY.", _ADVICE)
    place = f"{parts.netloc}/{unquote(parts.path).strip('/')}".rstrip("/")
    if ".." in PurePosixPath(place).parts:
        raise SourceUnreadable("The address of the object store leads upwards.", _ADVICE)
    identity = {"access_key": key, "secret_key": password} if secret else {"anonymous": True}
    # The region is always said: without it Arrow would go and ask the store for it.
    store = fs.S3FileSystem(
        **identity,
        region=said.get("region", "us-east-1"),
        endpoint_override=said.get("endpoint_override"),
        scheme=said.get("scheme", "https"),
        connect_timeout=10,
        request_timeout=60,
        retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=2),
    )
    return store, place
