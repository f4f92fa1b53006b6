"""The one door: connectors are found by name, unknown ones are explained, and nobody slips in under a taken name."""

import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from dataspace_csv import CsvSource
from dataspace_parquet import ParquetSource

from dataspace.adapters.connectors import load_connector, open_source
from dataspace.errors import ConnectorMissing, SourceUnreadable


def install(folder: Path, package: str, points: str) -> None:
    """A package with these entry points, as pip leaves it."""
    info = folder / f"{package}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[dataspace.connectors]\n{points}\n")


def test_our_own_connectors_come_through_the_same_door() -> None:
    assert load_connector("csv") is CsvSource
    assert load_connector("parquet") is ParquetSource


def test_an_unknown_name_lists_what_is_installed() -> None:
    with pytest.raises(
        ConnectorMissing,
        match=r"named 'oracle'; installed: csv, file, parquet, postgres, postgresql, s3. Install",
    ):
        load_connector("oracle")


def test_two_packages_under_one_name_are_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, "stray", "csv = stray_csv:Source")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    with pytest.raises(ConnectorMissing, match="Several packages"):
        load_connector("csv")
    assert load_connector("parquet") is ParquetSource


def test_a_connector_that_cannot_be_loaded_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, "halfway", "halfway = no_such_module:Source")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    with pytest.raises(ConnectorMissing, match="cannot be loaded"):
        load_connector("halfway")


def test_a_path_is_opened_by_its_suffix(tmp_path: Path) -> None:
    (tmp_path / "visits.CSV").write_text("a\n1\n")
    pq.write_table(pa.table({"a": [1]}), tmp_path / "turbine.parquet")
    for file, kind, name in (
        ("visits.CSV", CsvSource, "visits"),
        ("turbine.parquet", ParquetSource, "turbine"),
    ):
        source, found = open_source(tmp_path / file)
        assert isinstance(source, kind)
        assert found == name
        assert [batch.num_rows for batch in source.scan(found)] == [1]


def test_a_path_of_no_known_kind_or_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConnectorMissing, match=r"\.csv, \.parquet"):
        open_source(tmp_path / "visits.xlsx")
    with pytest.raises(SourceUnreadable, match="no file or folder"):
        open_source(tmp_path / "visits.csv")
