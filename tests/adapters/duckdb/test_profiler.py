"""What a steward is told of new data, each with the command that settles it."""

from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pytest

from dataspace.adapters.duckdb.profiler import DuckdbProfiler
from dataspace.adapters.duckdb.vault import ParquetVault
from dataspace.model.datasets import ColumnType, Finding, Label, Profile
from dataspace.model.names import DatasetName


def profile(tmp_path: Path, table: pa.Table) -> Profile:
    vault = ParquetVault(tmp_path)
    version = vault.write(DatasetName("d"), table.to_batches(), table.schema)
    return DuckdbProfiler(vault).profile(version.ref)


def found(table: Profile, column: str | None) -> Finding | None:
    return next((finding for finding in table.findings if finding.column == column), None)


def test_columns_are_counted_and_ranged(tmp_path: Path) -> None:
    table = pa.table({"n": [3, 1, None, 1], "word": ["b", "a", "b", None]})
    first, second = profile(tmp_path, table).columns
    assert (first.type, first.nulls, first.distinct, first.lowest, first.highest) == (
        ColumnType.INTEGER, 1, 2, "1", "3",
    )  # fmt: skip
    assert (second.type, second.nulls, second.distinct, second.lowest, second.highest) == (
        ColumnType.TEXT, 1, 2, "a", "b",
    )  # fmt: skip


def test_a_nameless_running_number_is_to_be_dropped(tmp_path: Path) -> None:
    table = pa.Table.from_arrays([pa.array(range(30)), pa.array([1, 2] * 15)], names=["", "kind"])
    finding = found(profile(tmp_path, table), "column 1")
    assert finding == Finding("column 1", "no name, unique", "--drop 1")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("white", Label.SPECIAL_CATEGORY),
        ("died", Label.SPECIAL_CATEGORY),
        ("PrimaryDiagnosis", Label.SPECIAL_CATEGORY),
        ("religion_code", Label.SPECIAL_CATEGORY),
        ("age80", Label.QUASI_IDENTIFIER),
        ("sex", Label.QUASI_IDENTIFIER),
        ("last_name", Label.DIRECT_IDENTIFIER),
        ("Phone", Label.DIRECT_IDENTIFIER),
        ("temperature", None),
        ("diedrich", None),
    ],
)
def test_names_are_read_by_their_words(tmp_path: Path, name: str, label: Label | None) -> None:
    table = pa.table({"x": [0.5] * 40, name: [1.0, 2.0] * 20})
    finding = found(profile(tmp_path, table), name)
    assert (finding.suggests if finding else None) == label


def test_addresses_are_found_by_their_form(tmp_path: Path) -> None:
    table = pa.table({"reply": [f"p{i}@example.org" for i in range(20)]})
    finding = found(profile(tmp_path, table), "reply")
    assert finding is not None
    assert finding.suggests is Label.DIRECT_IDENTIFIER


def test_small_groups_of_a_code_are_counted_and_a_measurement_is_left_alone(tmp_path: Path) -> None:
    codes = [30_001] * 50 + [30_002] * 40 + [30_003] * 9 + [30_004]
    table = pa.table({"provnum": codes, "los": [i % 37 for i in range(100)]})
    result = profile(tmp_path, table)
    finding = found(result, "provnum")
    assert finding is not None
    assert (finding.text, finding.fix) == ("2 of 4 groups < 10", "--generalise provnum=group")
    assert found(result, "los") is None


def test_where_no_person_is_named_the_row_is_the_unit_and_the_steward_confirms(tmp_path: Path) -> None:
    finding = found(profile(tmp_path, pa.table({"los": [1.5, 2.5]})), None)
    assert finding is not None
    assert finding.text == "person: no such column: the unit protected is the row"
    assert finding.fix == "--unit row"


def test_a_column_of_persons_is_suggested_as_the_unit(tmp_path: Path) -> None:
    table = pa.table({"patient_id": [i % 7 for i in range(40)]})
    finding = found(profile(tmp_path, table), "patient_id")
    assert finding is not None
    assert finding.fix == "--unit patient_id"


def test_an_empty_version_has_a_profile(tmp_path: Path) -> None:
    assert profile(tmp_path, pa.table({"los": pa.array([], pa.float64())})).rows == 0


def test_the_real_stays_give_the_findings_that_the_steward_needs(tmp_path: Path) -> None:
    path = Path(__file__).resolve().parents[3] / ".cache" / "medpar.csv"
    if not path.exists():
        pytest.skip("the hospital stays are not here: `make setup` fetches them")
    result = profile(tmp_path, pa.csv.read_csv(path))
    assert result.rows == 1_495
    assert {(f.column, f.fix) for f in result.findings} >= {
        ("column 1", "--drop 1"),
        ("provnum", "--generalise provnum=group"),
        (None, "--unit row"),
    }
    finding = found(result, "provnum")
    assert finding is not None
    assert finding.text == "14 of 54 groups < 10"
