"""Immutable versions at rest: Parquet files under the hash of their manifest."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa

from dataspace.adapters.duckdb.parquet import (
    ROW_GROUP,
    columns_of_schema,
    normalised_schema,
    open_for_writing,
)
from dataspace.errors import (
    Conflict,
    DataspaceError,
    SetupError,
    SourceUnreadable,
    UnknownName,
    VerificationFailed,
)
from dataspace.model.datasets import File, Version, VersionRef
from dataspace.model.names import DatasetName
from dataspace.transparency.canonical import canonical_json

MANIFEST = "manifest.json"
_ERASING = ".erasing-"


class ParquetVault:
    """Versions under `<home>/versions/<sha256>/`.

    Promises: the same rows, in the same order and types, give the same version; a version is there whole or not at
    all, also after a crash; a file that changed is noticed before it is read.
    """

    def __init__(self, home: Path, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._versions = home / "versions"
        self._now = now
        self._checked: dict[Path, tuple[int, ...]] = {}

    def write(self, dataset: DatasetName, batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> Version:
        """Write, hash and seal. Raises SourceUnreadable or SetupError, and leaves nothing behind where it raises."""
        shape = normalised_schema(schema)
        try:
            self._versions.mkdir(parents=True, exist_ok=True, mode=0o700)
            staging = Path(tempfile.mkdtemp(prefix=".writing-", dir=self._versions))
        except OSError as error:
            raise _disk(error) from error
        try:
            file = _write_file(staging / "part-0.parquet", batches, shape)
            sha256 = _write_manifest(staging / MANIFEST, shape, [file])
            self._seal(staging, sha256)
        except DataspaceError:
            raise
        except OSError as error:
            raise _disk(error) from error
        except (pa.ArrowException, ValueError, TypeError, OverflowError) as error:
            raise SourceUnreadable(
                f"The rows of '{dataset}' do not fit their columns ({type(error).__name__}).",
                "Check that every batch has the columns and types of the schema.",
            ) from error
        finally:
            shutil.rmtree(staging, ignore_errors=True)
        columns = columns_of_schema(shape)
        return Version(VersionRef(dataset, sha256), columns, (file,), file.rows, self._now(), source="")

    def files(self, ref: VersionRef) -> Sequence[Path]:
        """The Parquet files of a version. Raises UnknownName, or VerificationFailed where a byte has changed."""
        folder = self._versions / ref.sha256
        if not (len(ref.sha256) == 64 and ref.sha256.isalnum() and folder.is_dir()):
            raise UnknownName("version", str(ref), hint="It may have been erased; ask for the latest one.")
        if (folder / _withdrawn(ref)).exists():
            raise Conflict(f"{ref} was withdrawn.", "Ask its steward for a new version.")
        self._check(folder / MANIFEST, ref.sha256)
        manifest = json.loads((folder / MANIFEST).read_bytes())
        paths = []
        for file in manifest["files"]:
            self._check(folder / file["name"], file["sha256"])
            paths.append(folder / file["name"])
        return paths

    def reading(self, ref: VersionRef) -> AbstractContextManager[Sequence[Path]]:
        """See the port: here the files outlast it."""
        return nullcontext(self.files(ref))

    def withdraw(self, ref: VersionRef) -> None:
        """Leave a mark for this dataset beside the files: another one with the same rows is not concerned."""
        folder = self._versions / ref.sha256
        if folder.is_dir():
            try:
                (folder / _withdrawn(ref)).touch(mode=0o600)
                _sync(folder)
            except OSError as error:
                raise _disk(error) from error

    def erase(self, ref: VersionRef) -> None:
        """Gone at once by its name, then by its bytes; what a crash leaves of it is swept with the next one."""
        folder = self._versions / ref.sha256
        if len(ref.sha256) == 64 and ref.sha256.isalnum() and folder.is_dir():
            try:
                folder.rename(self._versions / f"{_ERASING}{ref.sha256}")
                _sync(self._versions)
            except OSError as error:
                raise _disk(error) from error
        for left in self._versions.glob(f"{_ERASING}*"):
            shutil.rmtree(left)
        self._checked = {path: seen for path, seen in self._checked.items() if folder not in path.parents}

    def _seal(self, staging: Path, sha256: str) -> None:
        """Make the version appear at once; where it already stands, the new copy is not needed."""
        target = self._versions / sha256
        _sync(staging)
        if not target.is_dir():
            try:
                staging.rename(target)
            except OSError:
                if not target.is_dir():  # else another process was quicker with the same rows
                    raise
        _sync(self._versions)

    def _check(self, path: Path, sha256: str) -> None:
        try:
            state = path.stat()
            seen = (state.st_ino, state.st_mtime_ns, state.st_ctime_ns, state.st_size)
            if self._checked.get(path) == seen:
                return
            found = _sha256(path)
        except OSError as error:
            raise VerificationFailed(
                "A file of the version is missing or unreadable.", "Restore it from the backup."
            ) from error
        if found != sha256:
            raise VerificationFailed("A file of the version has changed.", "Restore it from the backup.")
        self._checked[path] = seen


def _write_file(path: Path, batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> File:
    rows = 0
    with open_for_writing(path, schema) as writer:
        for group in _row_groups(batches, schema):
            writer.write_table(group, row_group_size=ROW_GROUP)
            rows += group.num_rows
    _sync(path)
    return File(path.name, _sha256(path), path.stat().st_size, rows)


def _row_groups(batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.Table]:
    """The same rows in pieces of `ROW_GROUP`, however they came."""
    waiting, count = [schema.empty_table()], 0
    for batch in batches:
        if batch.num_columns != len(schema):
            raise ValueError("a batch has other columns than the schema")
        piece = pa.Table.from_batches([batch]).rename_columns(schema.names).cast(schema)
        while count + piece.num_rows >= ROW_GROUP:
            head = piece.slice(0, ROW_GROUP - count)
            yield pa.concat_tables([*waiting, head]).combine_chunks()
            piece, waiting, count = piece.slice(head.num_rows), [schema.empty_table()], 0
        waiting.append(piece)
        count += piece.num_rows
    if count:
        yield pa.concat_tables(waiting).combine_chunks()


def _write_manifest(path: Path, schema: pa.Schema, files: Sequence[File]) -> str:
    document = {
        "format": 1,
        "columns": [{"name": field.name, "type": str(field.type)} for field in schema],
        "files": [{"name": f.name, "rows": f.rows, "sha256": f.sha256, "size": f.size} for f in files],
        "rows": sum(file.rows for file in files),
    }
    text = canonical_json(document)
    path.write_bytes(text)
    _sync(path)
    return hashlib.sha256(text).hexdigest()


def _withdrawn(ref: VersionRef) -> str:
    return f"withdrawn-{ref.dataset}"


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _disk(error: OSError) -> SetupError:
    return SetupError(
        f"The version could not be written ({os.strerror(error.errno or 0)}).",
        "Free space or correct the rights of the home folder, then repeat.",
    )
