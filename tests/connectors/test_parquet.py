"""Parquet: whole files are read with their own types, damaged and hostile ones are refused."""

import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from dataspace_parquet import ParquetSource

from dataspace.connector import Source, SourceUnreadable, UnknownName
from dataspace.testing import SourceContract

TABLE = pa.table(
    {
        "age": pa.array([41, None, 36] * 1000, pa.int32()),
        "name": ["Ada", "Alan", "Zoë"] * 1000,
        "visits": pa.array([[1, 2], [], None] * 1000, pa.list_(pa.int64())),
        "with.dot": [0.5, 1.5, 2.5] * 1000,
    }
)


def written(folder: Path, table: pa.Table = TABLE, **options: object) -> Path:
    path = folder / "trial.parquet"
    pq.write_table(table, path, row_group_size=700, write_page_checksum=True, **options)
    return path


class TestParquetSource(SourceContract):
    @pytest.fixture
    def source(self, tmp_path: Path) -> Source:
        written(tmp_path)
        return ParquetSource(tmp_path)

    @pytest.fixture
    def broken(self, tmp_path: Path) -> Source:
        path = written(tmp_path)
        data = bytearray(path.read_bytes())
        data[len(data) // 4 : len(data) // 4 + 64] = bytes(64)
        path.write_bytes(bytes(data))
        return ParquetSource(path)


def test_types_come_as_the_file_states_them_without_its_metadata(tmp_path: Path) -> None:
    written(tmp_path, TABLE.replace_schema_metadata({"pandas": "{}", "note": "from the ward"}))
    source = ParquetSource(tmp_path)
    assert source.schema("trial").metadata is None
    assert source.schema("trial").equals(TABLE.schema)
    assert pa.Table.from_batches(source.scan("trial")).equals(TABLE)


@pytest.mark.parametrize("keep", [0, 3, 4, 7, 8, 11, 12, 100, 1000, -1, -4, -8, -9, -50])
def test_a_truncated_file_is_refused(tmp_path: Path, keep: int) -> None:
    path = written(tmp_path)
    data = path.read_bytes()
    path.write_bytes(data[:keep])
    source = ParquetSource(tmp_path)
    with pytest.raises(SourceUnreadable):
        source.schema("trial")
    with pytest.raises(SourceUnreadable):
        list(source.scan("trial"))


FOOTERS = {
    "a length beyond the file": b"\xff\xff\xff\x7fPAR1",
    "a length of nothing": b"\x00\x00\x00\x00PAR1",
    "an encrypted footer": b"\x10\x00\x00\x00PARE",
    "noise": os.urandom(64) + b"\x40\x00\x00\x00PAR1",
    "endless nesting": b"\x2c" * 4096 + b"\x00\x10\x00\x00PAR1",
    "a list of two thousand million": b"\x15\x02\x19\xfc\xff\xff\xff\xff\x07" + b"\x09\x00\x00\x00PAR1",
}


@pytest.mark.parametrize("footer", FOOTERS)
def test_a_hostile_footer_is_refused(tmp_path: Path, footer: str) -> None:
    (tmp_path / "trial.parquet").write_bytes(b"PAR1" + bytes(200) + FOOTERS[footer])
    with pytest.raises(SourceUnreadable):
        ParquetSource(tmp_path).schema("trial")


def test_a_flipped_byte_in_the_data_is_found(tmp_path: Path) -> None:
    """Page checksums cover the pages' data; the headers of pages are what Parquet leaves unprotected."""
    numbers = pa.array(range(200), pa.int64())
    path = written(tmp_path, pa.table({"n": numbers}), use_dictionary=False, compression="none")
    data, payload = path.read_bytes(), numbers.buffers()[1].to_pybytes()[: 8 * 200]
    start = data.index(payload)
    for position in range(start, start + len(payload), 37):
        damaged = bytearray(data)
        damaged[position] ^= 0x5A
        path.write_bytes(bytes(damaged))
        with pytest.raises(SourceUnreadable):
            list(ParquetSource(tmp_path).scan("trial"))


def test_a_name_given_twice_or_not_at_all_is_refused(tmp_path: Path) -> None:
    for names in (["a", "a"], ["a", ""], ["a", " "]):
        written(tmp_path, pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=names))
        with pytest.raises(SourceUnreadable):
            list(ParquetSource(tmp_path).scan("trial"))


def test_a_link_that_leads_out_is_not_listed(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    written(tmp_path)
    (tmp_path / "in" / "trial.parquet").symlink_to(tmp_path / "trial.parquet")
    with pytest.raises(UnknownName):
        ParquetSource(tmp_path / "in").schema("trial")


def test_an_empty_table_has_columns_and_no_rows(tmp_path: Path) -> None:
    written(tmp_path, TABLE.slice(0, 0))
    source = ParquetSource(tmp_path)
    assert source.schema("trial").equals(TABLE.schema)
    assert list(source.scan("trial")) == []


def test_a_file_that_expands_is_read_in_pieces_that_fit_in_memory(tmp_path: Path) -> None:
    text = "x" * 300_000
    pq.write_table(pa.table({"n": list(range(3000)), "text": [text] * 3000}), tmp_path / "small.parquet")
    assert (tmp_path / "small.parquet").stat().st_size < 1_000_000
    rows, largest = [], 0
    for batch in ParquetSource(tmp_path).scan("small"):
        rows += batch.column("n").to_pylist()
        largest = max(largest, batch.nbytes)
    assert rows == list(range(3000))
    assert largest <= 2**28


@pytest.mark.parametrize("dictionary", [True, False])
def test_a_cell_of_many_megabytes_is_refused_before_its_copies_are_made(
    tmp_path: Path, dictionary: bool
) -> None:
    rows = 100 if dictionary else 2
    table = pa.table({"text": ["x" * 4_000_000] * rows})
    pq.write_table(table, tmp_path / "bomb.parquet", compression="zstd", use_dictionary=dictionary)
    with pytest.raises(SourceUnreadable, match="longer than 1 MB"):
        next(iter(ParquetSource(tmp_path).scan("bomb")))
