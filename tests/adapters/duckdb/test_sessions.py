"""A session keeps its worker while it is given further cuts, and never has two cuts of one dataset."""

import os
import signal
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from dataspace.adapters.duckdb.cuts import DuckdbCuts
from dataspace.adapters.duckdb.engine import ConfinedEngine
from dataspace.adapters.duckdb.reader import DuckdbReader
from dataspace.adapters.duckdb.vault import ParquetVault
from dataspace.errors import NoAnswer
from dataspace.model.datasets import Column, ColumnType, Dataset
from dataspace.model.names import ColumnName, DatasetName
from dataspace.model.plans import CutRecipe
from dataspace.ports import CutLease
from dataspace.service.messages import batches_of

A, B, X = DatasetName("a"), DatasetName("b"), ColumnName("x")
KNOWN = {name: Dataset(name, "", "", (Column(X, ColumnType.INTEGER),), None, None) for name in (A, B)}


class Session:
    """Asks as one session, with leases that the test chose."""

    def __init__(self, engine: ConfinedEngine, reader: DuckdbReader) -> None:
        self.engine, self.reader = engine, reader

    def ask(self, sql: str, *leases: CutLease) -> list[object]:
        plan, _ = self.reader.gate(sql, KNOWN)
        cuts = {lease.recipe.version.dataset: lease.cut for lease in leases}
        batches = batches_of(self.engine.rows("growing", replace(plan, relations=cuts), leases))
        return [row["v"] for batch in batches for row in batch.to_pylist()]

    def process(self) -> int:
        return self.engine._pairs["growing"][0]._worker.process.pid


@pytest.fixture
def session(engine: ConfinedEngine, reader: DuckdbReader) -> Session:
    return Session(engine, reader)


def recipe(vault: ParquetVault, name: DatasetName, *values: int) -> CutRecipe:
    table = pa.table({"x": list(values)})
    return CutRecipe(vault.write(name, table.to_batches(), table.schema).ref, (X,))


def test_a_worker_grows_and_one_dataset_has_one_cut(
    session: Session, cuts: DuckdbCuts, vault: ParquetVault
) -> None:
    first, second, newer = recipe(vault, A, 1, 2), recipe(vault, B, 10), recipe(vault, A, 7)
    with cuts.lease(first) as a, cuts.lease(second) as b, cuts.lease(newer) as other:
        assert session.ask("SELECT sum(x) AS v FROM a", a) == [3]
        process = session.process()
        assert session.ask("SELECT sum(a.x + b.x) AS v FROM a, b", a, b) == [23]
        assert session.ask("SELECT x AS v FROM b", b) == [10]
        assert session.process() == process, "it was given what it had not, and stayed"
        assert session.ask("SELECT x AS v FROM a", other) == [7]
        assert session.process() != process, "another version of a dataset is another worker"
        with pytest.raises(NoAnswer):
            session.ask("SELECT x AS v FROM b", other)


def test_a_gateway_with_many_open_files_has_workers_too(
    engine: ConfinedEngine, reader: DuckdbReader, cuts: DuckdbCuts, vault: ParquetVault
) -> None:
    """What a worker inherits has the gateway's number, which must not be one that a cut is put at."""
    plan, _ = reader.gate("SELECT x AS v FROM a", KNOWN)
    with cuts.lease(recipe(vault, A, 5)) as a, ExitStack() as busy:
        while (number := os.open("/dev/null", os.O_RDONLY)) < 60:
            busy.callback(os.close, number)
        busy.callback(os.close, number)
        batches = batches_of(engine.rows("many files", replace(plan, relations={A: a.cut}), [a]))
        assert [row["v"] for batch in batches for row in batch.to_pylist()] == [5]
    engine.close("many files")


def test_a_worker_that_the_kernel_killed_is_replaced(
    session: Session, cuts: DuckdbCuts, vault: ParquetVault, tmp_path: Path
) -> None:
    with cuts.lease(recipe(vault, A, 4)) as a:
        assert session.ask("SELECT x AS v FROM a", a) == [4]
        os.kill(session.process(), signal.SIGKILL)
        try:
            assert session.ask("SELECT x AS v FROM a", a) == [4]
        except NoAnswer:  # its end had not been noticed yet: one question is lost, not the session
            assert session.ask("SELECT x AS v FROM a", a) == [4]


def test_a_spare_worker_is_ready_holds_nothing_and_becomes_the_next_session(
    reader: DuckdbReader, cuts: DuckdbCuts, vault: ParquetVault, tmp_path: Path
) -> None:
    engine = ConfinedEngine(tmp_path / "engine.log", spares=1)
    plan, _ = reader.gate("SELECT x AS v FROM a", KNOWN)

    def ask(session: str, lease: CutLease) -> list[object]:
        batches = batches_of(engine.rows(session, replace(plan, relations={A: lease.cut}), [lease]))
        return [row["v"] for batch in batches for row in batch.to_pylist()]

    try:
        assert not len(engine._spares), "nobody has asked"
        with cuts.lease(recipe(vault, A, 3)) as a:
            assert ask("first", a) == [3]
            while not len(engine._spares):
                time.sleep(0.01)
            (spare,) = engine._spares._ready
            assert spare.holds == {}
            assert ask("second", a) == [3]
            assert engine._pairs["second"][0] is spare
            assert engine._pairs["first"][0] is not spare
            while not len(engine._spares):
                time.sleep(0.01)
            (dead,) = engine._spares._ready
            dead.kill()
            dead._worker.process.wait()
            assert ask("third", a) == [3], "one that the kernel killed is not handed out"
    finally:
        engine.stop()
    assert not len(engine._spares)
    assert not spare.alive()


def test_at_rest_nothing_waits_but_what_trains_and_the_next_question_is_answered(
    reader: DuckdbReader, cuts: DuckdbCuts, vault: ParquetVault, tmp_path: Path
) -> None:
    now = [0.0]
    engine = ConfinedEngine(tmp_path / "engine.log", rest_seconds=20.0, clock=lambda: now[0])
    plan, _ = reader.gate("SELECT x AS v FROM a", KNOWN)

    def ask(session: str, lease: CutLease) -> list[object]:
        batches = batches_of(engine.rows(session, replace(plan, relations={A: lease.cut}), [lease]))
        return [row["v"] for batch in batches for row in batch.to_pylist()]

    try:
        with cuts.lease(recipe(vault, A, 3)) as a:
            assert ask("asks", a) == [3]
            assert ask("run/1", a) == [3]
            engine._pairs["run/1"][0].trains = True
            while not len(engine._spares):
                time.sleep(0.01)
            (spare,) = engine._spares._ready
            now[0] = 19.0
            engine._end_idle()
            assert set(engine._pairs) == {"asks", "run/1"}
            assert spare.alive()
            now[0] = 21.0
            engine._end_idle()
            assert set(engine._pairs) == {"run/1"}
            assert not spare.alive()
            assert ask("asks", a) == [3]
    finally:
        engine.stop()


def test_a_dropped_cut_is_let_go_of_by_who_is_idle_at_once_and_by_who_is_at_work_afterwards(
    engine: ConfinedEngine, reader: DuckdbReader, vault: ParquetVault
) -> None:
    """Also what happens to a question when its version is withdrawn in the middle: it is answered from what it had."""
    own = DuckdbCuts(vault, 64 * 2**20, lambda _: b"")
    own.told = engine.let_go
    plan, _ = reader.gate("SELECT x AS v FROM a ORDER BY x", KNOWN)
    with own.lease(recipe(vault, A, *range(300_000))) as a:
        asked = replace(plan, relations={A: a.cut})
        assert sum(message.rows for message in engine.rows("idle", asked, [a])) == 300_000
        running = engine.rows("at work", asked, [a])
        next(running)
        idle, busy = engine._pairs["idle"][0], engine._pairs["at work"][0]
        own.drop(A)
        assert "idle" not in engine._pairs
        assert not idle.alive()
        assert busy.alive()
        assert sum(message.rows for message in running) == 300_000
        assert "at work" not in engine._pairs
        assert not busy.alive()


def test_room_for_a_cut_is_made_in_the_workers_too(
    engine: ConfinedEngine, reader: DuckdbReader, vault: ParquetVault
) -> None:
    first, second = recipe(vault, A, *range(50_000)), recipe(vault, A, *range(60_000))
    with DuckdbCuts(vault, 64 * 2**20, lambda _: b"").lease(second) as larger:
        own = DuckdbCuts(vault, larger.size, lambda _: b"")
    own.told = engine.let_go
    plan, _ = reader.gate("SELECT count(*) AS v FROM a", KNOWN)
    with own.lease(first) as a:
        list(engine.rows("older", replace(plan, relations={A: a.cut}), [a]))
    assert "older" in engine._pairs
    with own.lease(second):
        assert "older" not in engine._pairs
    own.close()
