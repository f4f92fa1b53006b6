"""The numbers of persons in a cut, and the fingerprints that link them across cuts, mean the same persons."""

from pathlib import Path

import duckdb
import pyarrow as pa

from dataspace.adapters.duckdb.building import build_table
from dataspace.adapters.duckdb.vault import ParquetVault
from dataspace.model.names import ColumnName, DatasetName
from dataspace.model.plans import CutRecipe


def test_a_fingerprint_is_that_of_its_number_also_where_some_rows_are_nobodys(tmp_path: Path) -> None:
    persons = [None, *(f"p{at}" for at in range(50)), None, "p7"]
    table = pa.table({"person": persons})
    vault = ParquetVault(tmp_path / "vault")
    version = vault.write(DatasetName("stays"), table.to_batches(), table.schema)
    recipe = CutRecipe(version.ref, (ColumnName("person"),), privacy_unit=ColumnName("person"))
    cut = tmp_path / "cut"
    build_table(cut, vault.files(version.ref), recipe, b"", "1GB", lambda _: None)
    with duckdb.connect(str(cut), read_only=True) as connection:
        numbers = dict(connection.execute("SELECT person, __unit FROM data").fetchall())
        prints = dict(connection.execute("SELECT unit, print FROM units").fetchall())
        sql = "SELECT DISTINCT person, md5_number_lower('u' || person) FROM data WHERE person IS NOT NULL"
        expected = dict(connection.execute(sql).fetchall())
    assert numbers.pop(None) == 0
    assert {person: prints[number] for person, number in numbers.items()} == expected
    assert len(prints) == 50
