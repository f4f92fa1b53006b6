"""What a steward is told of new data, each with the command that settles it."""

import random
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pytest

from dataspace.adapters.duckdb.profiler import DuckdbProfiler
from dataspace.adapters.duckdb.vault import ParquetVault
from dataspace.model.datasets import Column, ColumnType, Finding, Label, Profile
from dataspace.model.names import ColumnName, DatasetName


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


def test_a_histogram_covers_the_range_and_categories_are_counted(tmp_path: Path) -> None:
    table = pa.table({"los": [float(i % 50) for i in range(1_000)], "arm": ["a"] * 700 + ["b"] * 300})
    los, arm = profile(tmp_path, table).columns
    assert (los.edges[0], los.edges[-1], sum(los.counts), los.sampled) == (0.0, 49.0, 1_000, 1_000)
    assert all(60 <= n <= 140 for n in los.counts)
    assert arm.common == (("a", 700), ("b", 300))
    assert los.common == ()


@pytest.mark.parametrize("value", [None, float("nan"), float("inf")])
def test_what_is_no_number_has_no_place_in_a_histogram(tmp_path: Path, value: float | None) -> None:
    (column,) = profile(tmp_path, pa.table({"x": pa.array([value, value], pa.float64())})).columns
    assert column.counts == ()


@pytest.mark.parametrize(
    ("name", "values", "label", "option"),
    [
        ("account", ["DE89370400440532013000", "GB82WEST12345698765432", "FR1420041010050500013M02606",
                     "NL91ABNA0417164300", "BE68539007547034"], Label.DIRECT_IDENTIFIER, "--drop"),
        ("contact", [f"+49 89 123456{i}" for i in range(9)], Label.DIRECT_IDENTIFIER, "--drop"),
        ("where", [f"48.1{i}71, 11.5{i}54" for i in range(9)], Label.DIRECT_IDENTIFIER, "--generalise"),
        ("lat", [48.1 + i / 1000 for i in range(9)], Label.DIRECT_IDENTIFIER, "--generalise"),
        ("remark", [f"The patient {i} came with her daughter and went home." for i in range(9)],
         Label.FREE_TEXT, "--drop"),
        ("t0", [date(1940 + 8 * i, 3, 4) for i in range(9)], Label.QUASI_IDENTIFIER, "--generalise"),
        ("dob", [date(2010 + i, 3, 4) for i in range(9)], Label.QUASI_IDENTIFIER, "--generalise"),
    ],
)  # fmt: skip
def test_identifiers_are_found_by_form_checksum_and_spread(
    tmp_path: Path, name: str, values: list[object], label: Label, option: str
) -> None:
    finding = found(profile(tmp_path, pa.table({"x": [0.5] * len(values), name: values})), name)
    assert finding is not None
    assert (finding.suggests, finding.fix.split()[0]) == (label, option)


def test_two_columns_that_single_rows_out_together_are_quasi_identifiers(tmp_path: Path) -> None:
    table = pa.table({"ward": [f"w{i % 20}" for i in range(400)], "bed": [f"b{i // 20}" for i in range(400)]})
    result = profile(tmp_path, table)
    assert {finding.column for finding in result.findings if finding.suggests} == {"ward", "bed"}
    assert (result.anonymity[0].k, result.anonymity[0].unique) == (1, 400)


def test_k_and_l_are_those_of_the_definition(tmp_path: Path) -> None:
    draw = random.Random(5)  # noqa: S311 - test data
    rows = [(draw.choice("mf"), draw.randrange(5), draw.choice(["flu", "cold", "none"])) for _ in range(300)]
    table = pa.table(
        {"sex": [r[0] for r in rows], "region": [r[1] for r in rows], "diagnosis": [r[2] for r in rows]}
    )
    groups: dict[tuple[str, int], list[str]] = {}
    for sex, region, diagnosis in rows:
        groups.setdefault((sex, region), []).append(diagnosis)
    plain, sensitive = profile(tmp_path, table).anonymity
    assert plain.columns == ("sex", "region")
    assert plain.k == min(map(len, groups.values()))
    assert plain.below == sum(len(group) for group in groups.values() if len(group) < 10)
    assert (sensitive.sensitive, sensitive.l) == (
        "diagnosis",
        min(len(set(group)) for group in groups.values()),
    )


def test_more_rows_than_the_sample_are_measured_whole_but_for_forms(tmp_path: Path) -> None:
    rows = 250_000
    table = pa.table(
        {
            "n": range(rows),
            "code": [f"c{i % 7}" for i in range(rows)],
            "zip": [f"{i % 9_000:05d}" for i in range(rows)],
        }
    )
    result = profile(tmp_path, table)
    n, code, _ = result.columns
    assert (n.estimated, n.highest, code.estimated, code.distinct) == (True, str(rows - 1), False, 7)
    assert n.distinct == pytest.approx(rows, rel=0.1)
    assert n.edges[-1] == rows - 1
    assert sum(count for _, count in code.common) == rows
    assert result.anonymity[0].k == rows // 9_000


def test_what_is_declared_is_not_proposed_again(tmp_path: Path) -> None:
    table = pa.table({"x": [0.5] * 40, "white": [0, 1] * 20})
    vault = ParquetVault(tmp_path)
    version = vault.write(DatasetName("d"), table.to_batches(), table.schema)
    declared = (Column(ColumnName("white"), ColumnType.INTEGER, labels=frozenset({Label.SPECIAL_CATEGORY})),)
    assert found(DuckdbProfiler(vault).profile(version.ref, declared), "white") is None


def test_lists_and_structs_have_a_profile_without_values(tmp_path: Path) -> None:
    (column,) = profile(tmp_path, pa.table({"tags": [["a"], None, ["b", "c"]]})).columns
    assert (column.type, column.nulls, column.distinct) == (ColumnType.OTHER, 1, 0)


def test_what_was_made_coarse_is_not_to_be_made_coarse_again(tmp_path: Path) -> None:
    births = [date(1930 + i % 60, 1 + i % 12, 1 + i % 28) for i in range(600)]
    exact = {
        "birth_date": births,
        "lat": [48 + i / 7 for i in range(600)],
        "died": [i % 2 for i in range(600)],
    }
    fixes = {
        str(finding.column): finding.fix for finding in profile(tmp_path / "one", pa.table(exact)).findings
    }
    assert (fixes["birth_date"], fixes["lat"]) == (
        "--generalise birth_date=year",
        "--generalise lat=0.1",
    )
    coarse = exact | {
        "birth_date": [day.replace(month=1, day=1) for day in births],
        "lat": [round(48 + i / 7, 1) for i in range(600)],
    }
    told = profile(tmp_path / "two", pa.table(coarse)).findings
    assert {finding.fix for finding in told} == {
        "--label birth_date=quasi-identifier",
        "--label lat=quasi-identifier",
        "--label died=special-category",
        "--generalise lat=100",
        "--unit row",
    }
