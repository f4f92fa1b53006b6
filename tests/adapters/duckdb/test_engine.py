"""The engine answers over cuts alone, in processes that it ends; whatever goes wrong is one constant answer."""

import json
import math
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pyarrow as pa
import pytest

from dataspace.adapters.duckdb.cuts import DuckdbCuts
from dataspace.adapters.duckdb.engine import ConfinedEngine
from dataspace.adapters.duckdb.reader import DuckdbReader
from dataspace.adapters.duckdb.vault import ParquetVault
from dataspace.errors import NoAnswer, UnsupportedQuery
from dataspace.model.codec import to_json
from dataspace.model.datasets import Dataset, Version
from dataspace.model.names import ColumnName, CutId, DatasetName, RunId
from dataspace.model.plans import CellsPlan, CutRecipe, Family, Noise, RowsPlan, TrainingPlan
from dataspace.model.policies import AnswerKind
from dataspace.model.predicates import Comparator, Compare
from dataspace.model.runs import SiteMessage, Step
from dataspace.planning.logistic import design_matrix, evaluate, fit_statistics, held_out
from dataspace.ports import CutLease
from dataspace.service.messages import batches_of, schema_of

MEDPAR = DatasetName("medpar")
PERSON, TYPE, DIED, LOS = (ColumnName(n) for n in ("person", "type", "died", "los"))
ALL = tuple(ColumnName(n) for n in ("type", "died", "los", "cost", "provnum", "admitted", "note"))


@pytest.fixture
def lease(cuts: DuckdbCuts, version: Version) -> Iterator[CutLease]:
    with cuts.lease(CutRecipe(version.ref, ALL)) as held:
        yield held


@pytest.fixture
def persons(cuts: DuckdbCuts, version: Version) -> Iterator[CutLease]:
    with cuts.lease(CutRecipe(version.ref, ALL, privacy_unit=PERSON)) as held:
        yield held


class Asker:
    """Asks in SQL, as one session."""

    def __init__(self, engine: ConfinedEngine, reader: DuckdbReader, dataset: Dataset) -> None:
        self.engine, self.reader, self.dataset = engine, reader, dataset

    def plan(self, sql: str, lease: CutLease, noise: Noise | None = None) -> CellsPlan:
        dataset = replace(self.dataset, privacy_unit=lease.recipe.privacy_unit)
        kind = AnswerKind.AGGREGATE if noise is None else AnswerKind.NOISY
        return CellsPlan(self.reader.aggregate(sql, dataset), lease.cut, kind, noise=noise)

    def cells(
        self, sql: str, lease: CutLease, noise: Noise | None = None
    ) -> tuple[list[dict[str, Any]], Any]:
        table, note = self.engine.cells("asker", self.plan(sql, lease, noise), [lease])
        return table.to_pylist(), note

    def rows_plan(self, sql: str, lease: CutLease, maximum: int | None = None) -> RowsPlan:
        plan, _ = self.reader.gate(sql, {MEDPAR: self.dataset})
        return replace(plan, relations={MEDPAR: lease.cut}, maximum_rows=maximum)

    def rows(self, sql: str, lease: CutLease, maximum: int | None = None) -> Iterator[pa.RecordBatch]:
        return batches_of(self.engine.rows("asker", self.rows_plan(sql, lease, maximum), [lease]))


@pytest.fixture
def ask(engine: ConfinedEngine, reader: DuckdbReader, dataset: Dataset) -> Asker:
    return Asker(engine, reader, dataset)


def test_numbers_are_those_of_the_rows(ask: Asker, lease: CutLease, stays: pa.Table) -> None:
    rows, note = ask.cells(
        "SELECT type, count(*), sum(los), avg(cost) AS price FROM medpar GROUP BY type", lease
    )
    frame = (
        stays.to_pandas()
        .groupby("type")
        .agg(count=("los", "size"), sum_los=("los", "sum"), price=("cost", "mean"))
    )
    for row in rows:
        expected = frame.loc[row["type"]]
        assert (row["count"], row["sum_los"]) == (expected["count"], expected["sum_los"])
        assert row["price"] == pytest.approx(expected["price"])
    assert not note.suppressed
    assert note.cuts == (lease.cut,)


def test_a_small_cell_is_withheld_with_one_that_would_reveal_it(ask: Asker, lease: CutLease) -> None:
    rows, note = ask.cells("SELECT type, died, count(*) FROM medpar GROUP BY type, died", lease)
    shown = {(row["type"], row["died"]): row["count"] for row in rows}
    assert shown[3, True] is None, "there are four of them"
    assert shown[3, False] is None, "else the total of type 3 would tell the four"
    assert sum(count is None for count in shown.values()) >= 4, "and the totals of died would, too"
    assert len(shown) == 6
    assert {(s.row, s.column) for s in note.suppressed} == {
        (at, "count") for at, row in enumerate(rows) if row["count"] is None
    }


def test_a_sum_of_a_flag_is_a_count_and_small_ones_are_withheld(ask: Asker, lease: CutLease) -> None:
    sql = "SELECT type, count(*), sum(died) AS deaths, avg(died) AS rate FROM medpar GROUP BY type"
    rows, _ = ask.cells(sql, lease)
    assert [row["count"] for row in rows] == [480, 600, 120], "the groups themselves are large"
    assert (rows[2]["deaths"], rows[2]["rate"]) == (None, None), "four died"
    # None of type 1 died: were type 2 shown, the total would tell that four died among the others.
    assert [row["deaths"] for row in rows] == [None, None, None]


def test_a_sum_that_one_makes_up_is_withheld(
    ask: Asker, vault: ParquetVault, cuts: DuckdbCuts, stays: pa.Table
) -> None:
    cost = [50_000.0, *stays["cost"].to_pylist()[1:200]]
    table = stays.slice(0, 200).set_column(stays.schema.get_field_index("cost"), "cost", pa.array(cost))
    version = vault.write(MEDPAR, table.to_batches(), table.schema)
    with cuts.lease(CutRecipe(version.ref, ALL)) as lease:
        rows, _ = ask.cells("SELECT count(*), sum(cost), sum(los) FROM medpar", lease)
    assert rows[0]["count"] == 200
    assert rows[0]["sum_los"] == sum(table["los"].to_pylist())
    assert rows[0]["sum_cost"] is not None, "50,000 of 79,000 is no dominance, nor can it be told within 10 %"
    cost[0] = 5_000_000.0
    table = table.set_column(stays.schema.get_field_index("cost"), "cost", pa.array(cost))
    version = vault.write(MEDPAR, table.to_batches(), table.schema)
    with cuts.lease(CutRecipe(version.ref, ALL)) as lease:
        rows, _ = ask.cells("SELECT count(*), sum(cost), sum(los) FROM medpar", lease)
    assert (rows[0]["count"], rows[0]["sum_cost"]) == (200, None)


@pytest.mark.parametrize(("few", "shown"), [(True, None), (False, None), (None, 100)])
def test_a_flag_that_few_have_or_few_lack_is_not_added_up(
    ask: Asker, vault: ParquetVault, cuts: DuckdbCuts, stays: pa.Table, few: bool | None, shown: int | None
) -> None:
    died = [at % 2 == 0 if few is None else (at < 5) == few for at in range(200)]
    table = stays.slice(0, 200).set_column(stays.schema.get_field_index("died"), "died", pa.array(died))
    version = vault.write(MEDPAR, table.to_batches(), table.schema)
    with cuts.lease(CutRecipe(version.ref, ALL)) as lease:
        rows, _ = ask.cells("SELECT count(*), sum(died) AS deaths FROM medpar", lease)
    assert rows == [{"count": 200, "deaths": shown}]


@pytest.mark.parametrize(("few", "shown"), [(5, None), (195, None), (100, 300)])
def test_two_values_that_are_not_zero_and_one_are_a_flag_too(
    ask: Asker, vault: ParquetVault, cuts: DuckdbCuts, stays: pa.Table, few: int, shown: int | None
) -> None:
    los = [2 if at < few else 1 for at in range(200)]
    table = stays.slice(0, 200).set_column(stays.schema.get_field_index("los"), "los", pa.array(los))
    version = vault.write(MEDPAR, table.to_batches(), table.schema)
    with cuts.lease(CutRecipe(version.ref, ALL)) as lease:
        assert ask.cells("SELECT sum(los) AS days FROM medpar", lease)[0] == [{"days": shown}]


def test_a_count_is_of_persons_where_they_are_the_unit(
    ask: Asker, persons: CutLease, lease: CutLease
) -> None:
    assert ask.cells("SELECT count(*) FROM medpar", persons)[0] == [{"count": 300}]
    assert ask.cells("SELECT count(*) FROM medpar", lease)[0] == [{"count": 1_200}]


def test_a_condition_reaches_the_rows_and_no_literal_can_break_it(ask: Asker, lease: CutLease) -> None:
    sql = "SELECT count(*) FROM medpar WHERE note = 'it''s; --' OR admitted < '2019-06-01' AND NOT type IN (1, 2)"
    assert ask.cells(sql, lease)[0][0]["count"] is not None
    broken = replace(ask.plan(sql, lease).aggregate, where=Compare(LOS, Comparator.EQ, "text"))
    table, _ = ask.engine.cells("asker", CellsPlan(broken, lease.cut, AnswerKind.AGGREGATE), [lease])
    assert table.to_pylist() == [{"count": None}], (
        "a literal of another type matches nothing, and raises nothing"
    )


def test_a_date_key_comes_back_as_a_date(ask: Asker, lease: CutLease) -> None:
    table, _ = ask.engine.cells(
        "asker", ask.plan("SELECT admitted, count(*) FROM medpar WHERE los < 41 GROUP BY 1", lease), [lease]
    )
    assert table.schema.field("admitted").type == pa.date32()
    assert table.num_rows == 0, "no day has ten stays, and days are not declared"


def test_a_noisy_count_is_near_the_truth_and_inside_its_interval(ask: Asker, lease: CutLease) -> None:
    sql = "SELECT type, died, count(*), sum(los), avg(los) FROM medpar GROUP BY type, died"
    noise = Noise(30.0, {LOS: (0.0, 60.0)})
    rows, note = ask.cells(sql, lease, noise)
    truth = {(3, True): 4, (3, False): 116}
    for row in rows:
        assert row["count_low"] <= row["count"] <= row["count_high"]
        if (row["type"], row["died"]) in truth:
            assert abs(row["count"] - truth[row["type"], row["died"]]) <= 10
        assert row["avg_los_low"] <= row["avg_los"] <= row["avg_los_high"]
    assert note.epsilon == 30.0
    assert note.intervals["count"] == ("count_low", "count_high")


def test_noise_differs_from_answer_to_answer(ask: Asker, lease: CutLease) -> None:
    answers = [ask.cells("SELECT count(*) FROM medpar", lease, Noise(0.01))[0][0]["count"] for _ in range(6)]
    assert len(set(answers)) > 2


def test_one_person_counts_once_in_a_noisy_answer(ask: Asker, persons: CutLease) -> None:
    rows, _ = ask.cells("SELECT type, count(*) FROM medpar GROUP BY type", persons, Noise(200.0))
    assert abs(sum(row["count"] for row in rows) - 300) <= 3


@pytest.mark.parametrize(
    ("sql", "noise", "construct"),
    [
        ("SELECT provnum, count(*) FROM medpar GROUP BY 1", Noise(1.0), "not declared"),
        ("SELECT sum(los) FROM medpar", Noise(1.0), "no declared bounds"),
        ("SELECT count(*) FROM medpar", Noise(0.0), "not above 0"),
    ],
)
def test_what_noise_cannot_protect_is_refused_before_anything_runs(
    ask: Asker, lease: CutLease, sql: str, noise: Noise, construct: str
) -> None:
    with pytest.raises(UnsupportedQuery, match=construct):
        ask.cells(sql, lease, noise)


@pytest.mark.parametrize("codec", ["", "lz4", "zstd"])
def test_rows_stream_with_their_schema_first(
    ask: Asker, lease: CutLease, stays: pa.Table, codec: str
) -> None:
    plan = ask.rows_plan("SELECT type, los * 2 AS twice FROM medpar WHERE los > 38", lease)
    messages = list(ask.engine.rows("asker", replace(plan, codec=codec), [lease]))
    assert messages[0].rows == 0
    assert schema_of(messages[0]).names == ["type", "twice"]
    table = pa.Table.from_batches(list(batches_of(iter(messages))))
    assert table.num_rows == sum(message.rows for message in messages)
    assert sorted(table["twice"].to_pylist()) == sorted(2 * v for v in stays["los"].to_pylist() if v > 38)


def test_rows_stop_at_the_permits_bound(ask: Asker, lease: CutLease) -> None:
    assert sum(batch.num_rows for batch in ask.rows("SELECT * FROM medpar", lease, maximum=7)) == 7


def test_a_reader_who_walks_away_does_not_spoil_the_next_answer(ask: Asker, lease: CutLease) -> None:
    stream = ask.rows("SELECT * FROM medpar a JOIN medpar b ON a.type = b.type", lease)
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert ask.cells("SELECT count(*) FROM medpar", lease)[0] == [{"count": 1_200}]


def test_an_error_on_a_row_is_no_answer_and_tells_nothing(
    ask: Asker, lease: CutLease, log_path: Path
) -> None:
    with pytest.raises(NoAnswer) as refusal:
        list(ask.rows("SELECT CAST(note AS INTEGER) FROM medpar", lease))
    assert str(refusal.value) == str(NoAnswer())
    assert "secret-note" in log_path.read_text(), "the operator's log has the whole text"


def test_after_no_answer_the_session_answers_again(ask: Asker, lease: CutLease) -> None:
    with pytest.raises(NoAnswer):
        list(ask.rows("SELECT CAST(note AS INTEGER) FROM medpar", lease))
    assert ask.cells("SELECT count(*) FROM medpar", lease)[0] == [{"count": 1_200}]


def children() -> list[psutil.Process]:
    found = psutil.Process().children(recursive=True)
    return [
        p
        for p in found
        if p.status() != psutil.STATUS_ZOMBIE and "dataspace.adapters.duckdb" in " ".join(p.cmdline())
    ]


def held_by(engine: ConfinedEngine, session: str) -> tuple[int, ...]:
    pair = engine._pairs[session][0]
    return tuple(child.process.pid for child in (pair._worker, pair._clerk) if child is not None)


def test_a_session_stays_warm_and_another_cut_gets_another_worker(
    ask: Asker, lease: CutLease, persons: CutLease
) -> None:
    sql = "SELECT count(*) FROM medpar"
    ask.cells(sql, lease)
    first = held_by(ask.engine, "asker")
    ask.cells(sql, lease)
    assert held_by(ask.engine, "asker") == first
    ask.cells(sql, persons)
    assert not set(held_by(ask.engine, "asker")) & set(first)
    assert not any(psutil.pid_exists(pid) for pid in first)


def test_a_plan_over_a_cut_that_is_not_leased_has_no_answer(ask: Asker, lease: CutLease) -> None:
    plan = replace(ask.plan("SELECT count(*) FROM medpar", lease), cut=CutId("0" * 64))
    with pytest.raises(NoAnswer):
        ask.engine.cells("asker", plan, [lease])


def test_a_plan_that_counts_other_units_than_the_cut_has_no_answer(
    ask: Asker, lease: CutLease, persons: CutLease
) -> None:
    plan = replace(ask.plan("SELECT count(*) FROM medpar", persons), cut=lease.cut)
    with pytest.raises(NoAnswer):
        ask.engine.cells("asker", plan, [lease])


def test_a_statement_that_names_another_cut_is_refused_by_the_worker_itself(
    ask: Asker, lease: CutLease
) -> None:
    ask.cells("SELECT count(*) FROM medpar", lease)
    pair = ask.engine._pairs["asker"][0]
    tree = ask.reader.gate("SELECT 1", {})[0].tree
    pair.worker.send({"do": "rows", "cuts": ["0" * 64], "tree": tree, "maximum_rows": None})
    assert pair.worker.receive(30).document == {"failed": True}
    ask.engine.close("asker")


@pytest.mark.slow
def test_a_deadline_ends_the_process_for_certain(
    tmp_path: Path, reader: DuckdbReader, dataset: Dataset, lease: CutLease
) -> None:
    hasty = ConfinedEngine(tmp_path / "log", seconds=1.5)
    try:
        slow = "SELECT max(m0.los + m4.los) FROM medpar m0, medpar m1, medpar m2, medpar m3, medpar m4"
        before = time.monotonic()
        with pytest.raises(NoAnswer):
            list(Asker(hasty, reader, dataset).rows(slow, lease))
        assert time.monotonic() - before < 45
        assert not hasty._pairs
    finally:
        hasty.stop()


def test_too_little_memory_is_no_answer(
    tmp_path: Path, reader: DuckdbReader, dataset: Dataset, lease: CutLease
) -> None:
    tight = ConfinedEngine(tmp_path / "log", memory_bytes=24 * 2**20, seconds=60)
    try:
        with pytest.raises(NoAnswer):
            list(
                Asker(tight, reader, dataset).rows(
                    "SELECT a.los, string_agg(b.note || c.note, '') FROM medpar a, medpar b, medpar c GROUP BY 1",
                    lease,
                )
            )
        assert "Out of Memory" in (tmp_path / "log").read_text()
    finally:
        tight.stop()


def test_stopping_leaves_no_child_and_no_answer(
    tmp_path: Path, reader: DuckdbReader, dataset: Dataset, lease: CutLease
) -> None:
    own = ConfinedEngine(tmp_path / "log", seconds=60)
    asker = Asker(own, reader, dataset)
    asker.cells("SELECT count(*) FROM medpar", lease)
    mine = held_by(own, "asker")
    assert len(mine) == 2
    own.stop()
    assert not {p.pid for p in children()} & set(mine)
    with pytest.raises(NoAnswer):
        asker.cells("SELECT count(*) FROM medpar", lease)


def test_an_idle_session_ends_by_itself(
    tmp_path: Path, reader: DuckdbReader, dataset: Dataset, lease: CutLease
) -> None:
    own = ConfinedEngine(tmp_path / "log", seconds=60, idle_seconds=0.2)
    try:
        Asker(own, reader, dataset).cells("SELECT count(*) FROM medpar", lease)
        patience = time.monotonic() + 10
        while own._pairs and time.monotonic() < patience:
            time.sleep(0.05)
        assert not own._pairs
    finally:
        own.stop()


def test_closing_a_session_from_elsewhere_ends_its_statement(ask: Asker, lease: CutLease) -> None:
    stream = ask.rows("SELECT max(a.los + c.los) FROM medpar a, medpar b, medpar c, medpar d", lease)
    threading.Timer(1.0, ask.engine.close, ["asker"]).start()
    with pytest.raises(NoAnswer):
        list(stream)


@pytest.mark.slow
def test_a_process_at_work_dies_with_its_gateway(tmp_path: Path) -> None:
    program = """
import sys, os, signal, time
from pathlib import Path
from dataspace.adapters.duckdb.pair import Spawner
from dataspace.adapters.duckdb.reader import DuckdbReader
spawner = Spawner(Path(sys.argv[1]), 2**28, 1, 60)
pair = spawner.pair(60)
many = "(VALUES " + ",".join(f"({i})" for i in range(100)) + ")"
busy = f"SELECT max(a.col0 + e.col0) FROM {many} a(col0), {many} b, {many} c, {many} d, {many} e(col0)"
tree = DuckdbReader().gate(busy, {})[0].tree
pair.worker.send({"do": "rows", "cuts": [], "tree": tree, "maximum_rows": None})
time.sleep(1)
print(pair._worker.process.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "log")],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    pid = int(done.stdout)
    patience = time.monotonic() + 10
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < patience
        time.sleep(0.05)


def test_a_process_gets_no_environment_and_no_file_of_the_gateway(ask: Asker, lease: CutLease) -> None:
    ask.cells("SELECT count(*) FROM medpar", lease)
    for pid in held_by(ask.engine, "asker"):
        environment = Path(f"/proc/{pid}/environ").read_bytes()
        assert environment == b"OPENBLAS_NUM_THREADS=1\0"
        opened = {str(fd.readlink()).split(":")[0] for fd in Path(f"/proc/{pid}/fd").iterdir()}
        allowed = {"socket", "/dev/null", "/memfd", str(ask.engine._spawner._log_path)}
        assert opened <= allowed | {"anon_inode", "/dev/urandom", "pipe"}, opened


def training() -> TrainingPlan:
    return TrainingPlan(MEDPAR, Family.LOGISTIC, DIED, (LOS, TYPE), {TYPE: (1, 2, 3)}, "research")


def test_a_step_is_the_arithmetic_of_the_plan_over_the_rows(
    ask: Asker, lease: CutLease, stays: pa.Table
) -> None:
    plan, beta = training(), np.array([0.1, -0.02, 0.3, -0.4])
    message = SiteMessage(RunId("r"), 1, Step.FIT, {"plan": to_json(plan)}, {"beta": beta})
    document, arrays = ask.engine.step("run/r", message, [lease])
    columns = {name: np.array(stays[name].to_pylist(), dtype=float) for name in (DIED, LOS, TYPE)}
    x, y, _ = design_matrix(plan, columns)
    kept = held_out(np.arange(1_200), plan.holdout)
    expected = fit_statistics(x[~kept], y[~kept], beta)
    assert (document["n"], document["events"]) == (expected.n, expected.events)
    assert document["log_likelihood"] == pytest.approx(expected.log_likelihood)
    np.testing.assert_allclose(arrays["gradient"], expected.gradient)
    np.testing.assert_allclose(arrays["hessian"], expected.hessian)
    assert (document["held_out"], document["held_out_events"]) == (kept.sum(), y[kept].sum())
    assert document["auc"] == pytest.approx(evaluate(x[kept], y[kept], beta).auc)


@pytest.mark.parametrize("beta", [np.zeros(3), np.array([0.0, math.nan, 0.0, 0.0])])
def test_coefficients_that_do_not_fit_have_no_answer(ask: Asker, lease: CutLease, beta: Any) -> None:
    message = SiteMessage(RunId("r"), 1, Step.FIT, {"plan": to_json(training())}, {"beta": beta})
    with pytest.raises(NoAnswer):
        ask.engine.step("run/r", message, [lease])


def test_the_level_of_isolation_is_known_after_the_first_answer(ask: Asker, lease: CutLease) -> None:
    ask.cells("SELECT count(*) FROM medpar", lease)
    assert ask.engine.isolation in {"A", "B", "C"}


def test_a_tree_with_two_statements_does_not_run(ask: Asker, lease: CutLease) -> None:
    tree = json.loads(ask.reader.gate("SELECT 1", {})[0].tree)
    tree["statements"] *= 2
    with pytest.raises(NoAnswer):
        list(ask.engine.rows("asker", RowsPlan(json.dumps(tree), {MEDPAR: lease.cut}), [lease]))
