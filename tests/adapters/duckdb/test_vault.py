"""Versions are named by their rows, whole or not there, and watched."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from dataspace.adapters.duckdb import parquet
from dataspace.adapters.duckdb.vault import ParquetVault
from dataspace.errors import SetupError, SourceUnreadable, UnknownName, VerificationFailed
from dataspace.model.datasets import ColumnType, VersionRef
from dataspace.model.names import DatasetName

NAME = DatasetName("stays")


def table(rows: int = 1_000) -> pa.Table:
    return pa.table({"n": list(range(rows)), "word": [f"w{i % 7}" for i in range(rows)]})


def left_behind(home: Path) -> list[str]:
    return [path.name for path in (home / "versions").glob("*")]


def test_the_same_rows_give_the_same_version_however_they_are_batched(tmp_path: Path) -> None:
    vault = ParquetVault(tmp_path)
    whole = vault.write(NAME, table().to_batches(), table().schema)
    pieces = vault.write(NAME, table().to_batches(max_chunksize=13), table().schema)
    assert pieces.ref == whole.ref
    assert left_behind(tmp_path) == [whole.ref.sha256]


def test_batches_larger_than_a_row_group_make_no_difference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dataspace.adapters.duckdb.vault.ROW_GROUP", 64)
    vault = ParquetVault(tmp_path)
    versions = {
        vault.write(NAME, table().to_batches(max_chunksize=size), table().schema).ref
        for size in (7, 64, 1_000)
    }
    assert len(versions) == 1
    path = vault.files(versions.pop())[0]
    with parquet.open_for_reading(path) as file:
        assert file.read().equals(table())


def test_other_spellings_of_a_type_give_the_same_version(tmp_path: Path) -> None:
    vault = ParquetVault(tmp_path)
    other = table().cast(pa.schema([("n", pa.int16()), ("word", pa.large_string())]))
    other = other.set_column(1, "word", other["word"].dictionary_encode())
    refs = [vault.write(NAME, t.to_batches(), t.schema).ref for t in (table(), other)]
    assert refs[0] == refs[1]


def test_one_other_value_gives_another_version(tmp_path: Path) -> None:
    vault = ParquetVault(tmp_path)
    changed = table().set_column(0, "n", pa.array([*range(999), 5]))
    refs = {vault.write(NAME, t.to_batches(), t.schema).ref for t in (table(), changed, table(999))}
    assert len(refs) == 3


@pytest.mark.parametrize(
    "error", [SourceUnreadable("The source broke."), ValueError("odd"), OSError(28, "full")]
)
def test_an_interrupted_write_leaves_nothing(tmp_path: Path, error: Exception) -> None:
    def breaking() -> Iterator[pa.RecordBatch]:
        yield table().to_batches()[0]
        raise error

    with pytest.raises((SourceUnreadable, SetupError)):
        ParquetVault(tmp_path).write(NAME, breaking(), table().schema)
    assert left_behind(tmp_path) == []


def test_a_batch_of_other_columns_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreadable, match="do not fit"):
        ParquetVault(tmp_path).write(NAME, pa.table({"n": [1]}).to_batches(), table().schema)
    assert left_behind(tmp_path) == []


def test_a_column_without_a_name_gets_one_and_blanks_around_names_go(tmp_path: Path) -> None:
    odd = pa.Table.from_arrays([pa.array([1]), pa.array([2.0])], names=["", "AFDP "])
    version = ParquetVault(tmp_path).write(NAME, odd.to_batches(), odd.schema)
    assert [(c.name, c.type) for c in version.columns] == [
        ("column 1", ColumnType.INTEGER),
        ("AFDP", ColumnType.NUMBER),
    ]


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    twice = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["n", "N"])
    with pytest.raises(SourceUnreadable, match="Two columns"):
        ParquetVault(tmp_path).write(NAME, twice.to_batches(), twice.schema)


@pytest.mark.parametrize("which", ["part-0.parquet", "manifest.json"])
def test_a_changed_byte_is_noticed_before_it_is_read(tmp_path: Path, which: str) -> None:
    vault = ParquetVault(tmp_path)
    version = vault.write(NAME, table().to_batches(), table().schema)
    vault.files(version.ref)
    path = tmp_path / "versions" / version.ref.sha256 / which
    data = bytearray(path.read_bytes())
    data[40] ^= 1
    path.write_bytes(data)
    with pytest.raises(VerificationFailed):
        vault.files(version.ref)


@pytest.mark.parametrize("sha256", ["0" * 64, "../../../../etc", "", "."])
def test_a_version_that_is_not_there_is_unknown(tmp_path: Path, sha256: str) -> None:
    ParquetVault(tmp_path).write(NAME, table().to_batches(), table().schema)
    with pytest.raises(UnknownName):
        ParquetVault(tmp_path).files(VersionRef(NAME, sha256))


def test_an_empty_dataset_is_a_version_too(tmp_path: Path) -> None:
    vault = ParquetVault(tmp_path)
    version = vault.write(NAME, [], table().schema)
    assert version.rows == 0
    assert len(vault.files(version.ref)) == 1
