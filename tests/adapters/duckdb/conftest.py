"""A small world of stays: 1,200 rows of 40 hospitals and 300 persons, with one empty and one small group."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from dataspace.adapters.duckdb.cuts import DuckdbCuts
from dataspace.adapters.duckdb.engine import ConfinedEngine
from dataspace.adapters.duckdb.reader import DuckdbReader
from dataspace.adapters.duckdb.vault import ParquetVault
from dataspace.model.datasets import Column, ColumnType, Dataset, Version
from dataspace.model.names import ColumnName, DatasetName

ROWS = 1_200
MEDPAR = DatasetName("medpar")
KEY = b"the mask key of one permit, 32 b"


@pytest.fixture(scope="session")
def stays() -> pa.Table:
    """Emergency stays (type 3) of died = 1 are 4 in number; los is 1 to 40; hospital 39 is named nowhere else."""
    place = range(ROWS)
    kind = [3 if i % 10 == 0 else 1 + i % 2 for i in place]
    died = [(i // 10 < 4) if kind[i] == 3 else i % 5 == 0 for i in place]
    return pa.table(
        {
            "person": [f"person-{i % 300:04d}" for i in place],
            "type": kind,
            "died": died,
            "los": [1 + (i * 7) % 40 for i in place],
            "cost": [100.0 + (i % 90) for i in place],
            "provnum": [f"0300{i % 40:02d}" for i in place],
            "admitted": pa.array([18_000 + i % 365 for i in place], pa.int32()).cast(pa.date32()),
            "note": [None if i % 3 else f"secret-note-{i}" for i in place],
        }
    )


COLUMNS = (
    Column(ColumnName("person"), ColumnType.TEXT),
    Column(ColumnName("type"), ColumnType.INTEGER, values=(1, 2, 3)),
    Column(ColumnName("died"), ColumnType.BOOLEAN),
    Column(ColumnName("los"), ColumnType.INTEGER, lower=0, upper=60),
    Column(ColumnName("cost"), ColumnType.NUMBER, lower=0, upper=200),
    Column(ColumnName("provnum"), ColumnType.TEXT),
    Column(ColumnName("admitted"), ColumnType.DATE),
    Column(ColumnName("note"), ColumnType.TEXT),
)


@pytest.fixture(scope="session")
def dataset() -> Dataset:
    """The stays, each its own unit."""
    return Dataset(MEDPAR, "Stays", "", COLUMNS, None, None)


@pytest.fixture(scope="session")
def reader() -> DuckdbReader:
    return DuckdbReader()


@pytest.fixture(scope="session")
def vault(tmp_path_factory: pytest.TempPathFactory) -> ParquetVault:
    return ParquetVault(tmp_path_factory.mktemp("vault"))


@pytest.fixture(scope="session")
def version(vault: ParquetVault, stays: pa.Table) -> Version:
    return vault.write(MEDPAR, stays.to_batches(), stays.schema)


@pytest.fixture(scope="session")
def cuts(vault: ParquetVault) -> Iterator[DuckdbCuts]:
    held = DuckdbCuts(vault, 64 * 2**20, lambda name: KEY)
    yield held
    held.close()


@pytest.fixture(scope="session")
def log_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("engine") / "engine.log"


@pytest.fixture(scope="session")
def engine(log_path: Path) -> Iterator[ConfinedEngine]:
    running = ConfinedEngine(log_path, seconds=60.0)
    yield running
    running.stop()
