"""Noisy answers as the confined engine gives them: right up to their noise, one row a person, groups protected."""

import math
import statistics
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from dataspace.adapters.duckdb.cuts import DuckdbCuts
from dataspace.adapters.duckdb.engine import ConfinedEngine
from dataspace.adapters.duckdb.reader import DuckdbReader
from dataspace.adapters.duckdb.vault import ParquetVault
from dataspace.errors import UnsupportedQuery
from dataspace.model.datasets import Dataset, Version
from dataspace.model.names import ColumnName, DatasetName
from dataspace.model.plans import CellsPlan, CutRecipe, Noise
from dataspace.model.policies import AnswerKind
from dataspace.ports import CutLease

MEDPAR = DatasetName("medpar")
PERSON, LOS, COST = ColumnName("person"), ColumnName("los"), ColumnName("cost")
BOUNDS = {LOS: (0.0, 60.0), COST: (0.0, 200.0)}
ALL = tuple(ColumnName(n) for n in ("type", "died", "los", "cost", "provnum", "admitted", "note"))


@pytest.fixture
def lease(cuts: DuckdbCuts, version: Version) -> Iterator[CutLease]:
    with cuts.lease(CutRecipe(version.ref, ALL)) as held:
        yield held


class Asker:
    """Asks noisy questions in SQL, as one session."""

    def __init__(self, engine: ConfinedEngine, reader: DuckdbReader, dataset: Dataset) -> None:
        self.engine, self.reader, self.dataset = engine, reader, dataset

    def ask(
        self, sql: str, lease: CutLease, epsilon: float = 1e4, delta: float = 0.0, whole: bool = True
    ) -> list[dict[str, Any]]:
        dataset = replace(self.dataset, privacy_unit=lease.recipe.privacy_unit)
        noise = Noise(epsilon, BOUNDS, delta, frozenset({LOS}) if whole else frozenset())
        plan = CellsPlan(
            self.reader.aggregate(sql, dataset, noisy=True), lease.cut, AnswerKind.NOISY, noise=noise
        )
        table, note = self.engine.cells("noisy", plan, [lease])
        for name, (low, high) in note.intervals.items():
            for row in table.to_pylist():
                assert row[low] <= row[name] <= row[high]
        assert sum(epsilon for epsilon, _ in note.costs.values()) <= note.epsilon * (1 + 1e-9)
        rows: list[dict[str, Any]] = table.to_pylist()
        return rows


@pytest.fixture
def asker(engine: ConfinedEngine, reader: DuckdbReader, dataset: Dataset) -> Asker:
    return Asker(engine, reader, dataset)


def test_each_aggregate_is_right_where_the_noise_is_small(
    asker: Asker, lease: CutLease, stays: pa.Table
) -> None:
    rows = stays.to_pylist()
    dead, los, cost = (
        [r["los"] for r in rows if r["died"]],
        stays["los"].to_pylist(),
        stays["cost"].to_pylist(),
    )
    (found,) = asker.ask(
        "SELECT count(*) AS n, count(*) FILTER (WHERE died) AS d, sum(los) AS s, avg(cost) AS a, "
        "var_samp(los) AS v, stddev(cost) AS sd, sum(CASE WHEN died THEN los ELSE 0 END) AS ds, "
        "avg(los) FILTER (WHERE died) AS da, count(note) AS notes, sum(CASE WHEN los < 5 THEN 1 ELSE 0 END) AS few "
        "FROM medpar",
        lease,
        epsilon=1e5,
    )
    assert (found["n"], found["d"], found["s"], found["ds"]) == (1_200, len(dead), sum(los), sum(dead))
    assert found["a"] == pytest.approx(statistics.mean(cost), abs=0.01)
    assert found["v"] == pytest.approx(statistics.variance(los), rel=1e-3)
    assert found["sd"] == pytest.approx(statistics.stdev(cost), rel=1e-3)
    assert found["da"] == pytest.approx(statistics.mean(dead), abs=0.01)
    assert found["notes"] == sum(r["note"] is not None for r in rows)
    assert found["few"] == sum(value < 5 for value in los)


def test_quantiles_are_right_where_the_noise_is_small(asker: Asker, lease: CutLease, stays: pa.Table) -> None:
    (found,) = asker.ask(
        "SELECT median(los) AS m, quantile_cont(los, 0.25) AS q, min(los) AS least, max(los) AS most, "
        "percentile_cont(0.9) WITHIN GROUP (ORDER BY cost) AS c FROM medpar",
        lease,
    )
    los, cost = sorted(stays["los"].to_pylist()), sorted(stays["cost"].to_pylist())
    assert found["m"] == los[len(los) // 2 - 1] or found["m"] == los[len(los) // 2]
    assert found["q"] in (los[299], los[300])
    assert (found["least"], found["most"]) == (1, 40)
    assert found["c"] == pytest.approx(cost[int(0.9 * 1_200)], abs=2 * 200 / 256)


def test_groups_come_from_the_text_from_codes_and_from_bands(asker: Asker, lease: CutLease) -> None:
    bands = asker.ask("SELECT floor(los / 10) * 10 AS band, count(*) AS n FROM medpar GROUP BY 1", lease)
    assert [row["band"] for row in bands] == [0, 10, 20, 30, 40, 50, 60]
    assert sum(row["n"] for row in bands) == 1_200
    sizes = asker.ask(
        "SELECT CASE WHEN los < 11 THEN 'short' WHEN los < 31 THEN 'usual' ELSE 'long' END AS stay, died, "
        "count(*) AS n FROM medpar GROUP BY 1, died ORDER BY died",
        lease,
    )
    assert {(row["stay"], row["died"]) for row in sizes} == {
        (stay, died) for stay in ("short", "usual", "long") for died in (False, True)
    }
    assert sum(row["n"] for row in sizes if row["stay"] == "short") == 300


def test_subqueries_and_with_mean_what_they_say(asker: Asker, lease: CutLease, stays: pa.Table) -> None:
    expected = sum(r["died"] and r["los"] > 20 for r in stays.to_pylist())
    for sql in (
        "SELECT count(*) AS n FROM (SELECT los AS days FROM medpar WHERE died) s WHERE s.days > 20",
        "WITH dead AS (SELECT * FROM medpar WHERE died), long AS (SELECT los FROM dead WHERE los > 20) "
        "SELECT count(*) AS n FROM long",
    ):
        assert asker.ask(sql, lease) == [{"n": expected, "n_low": expected, "n_high": expected}]


@pytest.mark.parametrize("unit", [None, PERSON])
def test_unknown_groups_pass_a_threshold_or_are_not_shown(
    asker: Asker, cuts: DuckdbCuts, version: Version, unit: ColumnName | None
) -> None:
    with cuts.lease(CutRecipe(version.ref, ALL, privacy_unit=unit)) as lease:
        sql = "SELECT provnum, count(*) AS n, sum(los) AS s FROM medpar WHERE {} GROUP BY provnum"
        shown = asker.ask(sql.format("provnum < '030003'"), lease, 200.0, 1e-6)
        assert [row["provnum"] for row in shown] == ["030000", "030001", "030002"]
        if unit is None:
            assert [row["n"] for row in shown] == [30, 30, 30]
        assert asker.ask(sql.format("los = 1"), lease, 0.5, 1e-6) == []


def test_a_group_without_a_count_is_protected_as_well(asker: Asker, lease: CutLease) -> None:
    shown = asker.ask("SELECT provnum, sum(los) AS s FROM medpar GROUP BY 1", lease, 200.0, 1e-6)
    assert len(shown) == 40
    assert (
        asker.ask(
            "SELECT note, sum(los) AS s FROM medpar WHERE note IS NOT NULL GROUP BY 1", lease, 2.0, 1e-6
        )
        == []
    )


def test_without_a_delta_unknown_groups_are_refused(asker: Asker, lease: CutLease) -> None:
    with pytest.raises(UnsupportedQuery, match="not declared"):
        asker.ask("SELECT provnum, count(*) FROM medpar GROUP BY 1", lease)


HOSTILE = (math.nan, math.inf, -math.inf, 1e308, -1e308, None)


@pytest.fixture
def hostile(cuts: DuckdbCuts, vault: ParquetVault) -> Iterator[CutLease]:
    """Person 0 has every second row; some rows have no person, some values are no numbers."""
    place = range(600)
    table = pa.table(
        {
            "person": pa.array(
                [None if at % 6 == 1 else (0 if at % 2 == 0 else at) for at in place], pa.int64()
            ),
            "type": [1 + at % 3 for at in place],
            "los": pa.array([2**62 if at % 5 == 0 else -(2**62) for at in place], pa.int64()),
            "cost": pa.array([HOSTILE[at % 6] for at in place], pa.float64()),
        }
    )
    version = vault.write(MEDPAR, table.to_batches(), table.schema)
    columns = tuple(ColumnName(n) for n in ("type", "los", "cost"))
    with cuts.lease(CutRecipe(version.ref, columns, privacy_unit=PERSON)) as held:
        yield held


def test_rows_without_a_person_count_for_nothing_and_an_owner_of_many_once(
    asker: Asker, hostile: CutLease
) -> None:
    persons = {at for at in range(600) if at % 2 and at % 6 != 1} | {0}
    assert asker.ask("SELECT count(*) AS n FROM medpar", hostile)[0]["n"] == len(persons)


def test_values_beyond_the_bounds_and_no_numbers_at_all_stay_within_their_sensitivity(
    asker: Asker, hostile: CutLease
) -> None:
    for whole in (True, False):
        (found,) = asker.ask(
            "SELECT sum(los) AS s, sum(cost) AS c, count(cost) AS n, avg(cost) AS a, var_samp(cost) AS v, "
            "median(cost) AS m FROM medpar",
            hostile,
            epsilon=1e6,
            whole=whole,
        )
        assert all(math.isfinite(value) for value in found.values())
        assert 0 <= found["s"] <= 60 * 201
        assert 0 <= found["c"] <= 200 * 201 + 1
        assert 0 <= found["a"] <= 200


def test_an_empty_cut_gets_noise_like_any_other(asker: Asker, cuts: DuckdbCuts, vault: ParquetVault) -> None:
    table = pa.table({"type": pa.array([], pa.int64()), "los": pa.array([], pa.int64())})
    version = vault.write(MEDPAR, table.to_batches(), table.schema)
    columns = (ColumnName("type"), LOS)
    with cuts.lease(CutRecipe(version.ref, columns)) as lease:
        rows = asker.ask(
            "SELECT type, count(*) AS n, avg(los) AS a, median(los) AS m FROM medpar GROUP BY type",
            lease,
            1.0,
        )
    assert [row["type"] for row in rows] == [1, 2, 3]
    with cuts.lease(CutRecipe(version.ref, columns)) as lease:
        sums = {asker.ask("SELECT sum(los) AS s FROM medpar", lease, 0.01)[0]["s"] for _ in range(5)}
    assert len(sums) > 1, "no rows is nothing that an answer may tell"


def test_each_of_a_persons_rows_is_as_likely_and_another_each_time(
    asker: Asker, cuts: DuckdbCuts, vault: ParquetVault
) -> None:
    table = pa.table({"person": [7] * 10, "type": [1] * 2 + [3] * 8})
    version = vault.write(MEDPAR, table.to_batches(), table.schema)
    with cuts.lease(CutRecipe(version.ref, (ColumnName("type"),), privacy_unit=PERSON)) as lease:
        seen = [
            asker.ask("SELECT type, count(*) AS n FROM medpar GROUP BY type", lease)[2]["n"]
            for _ in range(60)
        ]
    assert set(seen) == {0, 1}
    assert 33 <= sum(seen) <= 59, "4 in 5 of the rows are of type 3"


@pytest.mark.slow
def test_a_million_groups_of_one_person_are_answered_by_none(
    asker: Asker, cuts: DuckdbCuts, vault: ParquetVault
) -> None:
    million = pa.array(range(1_000_000), pa.int64())
    table = pa.table({"person": million, "provnum": pc.cast(million, pa.string()), "los": million})
    table = pa.concat_tables([table, pa.table({"person": [-at for at in range(1, 2_001)], "provnum": ["many"] * 2_000,
                                               "los": [5] * 2_000})])  # fmt: skip
    version = vault.write(MEDPAR, table.to_batches(), table.schema)
    columns = (ColumnName("provnum"), LOS)
    with cuts.lease(CutRecipe(version.ref, columns, privacy_unit=PERSON)) as lease:
        shown = asker.ask("SELECT provnum, count(*) AS n FROM medpar GROUP BY provnum", lease, 0.1, 1e-8)
        assert [row["provnum"] for row in shown] == ["many"]
        assert abs(shown[0]["n"] - 2_000) <= 300
        twice = asker.ask("SELECT provnum, sum(los) AS s FROM medpar GROUP BY 1", lease, 0.1, 1e-8)
        assert [row["provnum"] for row in twice] == ["many"]


def test_a_sum_that_clips_at_the_edge_of_what_a_number_holds_does_not_overflow(
    asker: Asker, cuts: DuckdbCuts, vault: ParquetVault
) -> None:
    edge = 2**63 - 1
    table = pa.table(
        {"person": list(range(300)), "los": [edge, -edge, None] * 100, "cost": [1e308, -1e308, 0.0] * 100}
    )
    version = vault.write(MEDPAR, table.to_batches(), table.schema)
    with cuts.lease(CutRecipe(version.ref, (LOS, COST), privacy_unit=PERSON)) as lease:
        sql = "SELECT sum(los) AS s, count(los) AS n, sum(cost) AS c, avg(los) AS a FROM medpar"
        for whole in (True, False):
            (found,) = asker.ask(sql, lease, 1e6, whole=whole)
            assert (round(found["s"]), found["n"]) == (60 * 100, 200)
            assert found["c"] == pytest.approx(200 * 100, abs=1)
            assert found["a"] == pytest.approx(30, abs=0.1)


def test_declared_ranges_beyond_every_number_are_grouped_without_overflow(
    asker: Asker, cuts: DuckdbCuts, vault: ParquetVault
) -> None:
    table = pa.table({"person": [1, 2, 3], "type": [-(2**63), 2, 2**63 - 1], "los": [1, 2, 3]})
    version = vault.write(MEDPAR, table.to_batches(), table.schema)
    with cuts.lease(CutRecipe(version.ref, (ColumnName("type"), LOS), privacy_unit=PERSON)) as lease:
        rows = asker.ask("SELECT type, count(*) AS n FROM medpar GROUP BY type", lease)
    assert [(row["type"], row["n"]) for row in rows] == [(1, 0), (2, 1), (3, 0)]
