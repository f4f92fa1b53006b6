"""A corpus of hostile statements against the whole path, against the gate alone, and against the engine alone."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import duckdb
import pytest

from dataspace.adapters.duckdb.bench import Bench
from dataspace.adapters.duckdb.reader import DuckdbReader
from dataspace.errors import DataspaceError, RequestError, UnknownName
from dataspace.model.datasets import Column, ColumnType, Dataset
from dataspace.model.names import ColumnName, DatasetName
from dataspace.model.temporaries import Keep
from tests.attacks.conftest import MARKERS, Statement, World, statements

ALL = statements()
STAYS = DatasetName("stays")
CUT = "c" * 64
SHOWN = {"id": "integer", "ward": "text", "los": "integer", "note": "text", "name": "text"}
DATASET = Dataset(
    STAYS, "", "", tuple(Column(ColumnName(n), ColumnType(k)) for n, k in SHOWN.items()), None, None
)
ROWS = """CREATE TABLE data AS SELECT i AS __row, i AS __unit, i AS id, 'w' || i % 4 AS ward, i % 50 AS los,
    'note ' || i AS note, 'shown' AS name FROM range(300) t(i)"""

RUNNER = Path(__file__).with_name("without_gate.py")
REFUSED = ("Permission", "Invalid Input", "IO", "HTTP", "Not implemented", "Invalid Configuration")


def test_the_corpus_is_large_and_each_statement_is_there_once() -> None:
    kinds = Counter(statement.kind for statement in ALL)
    assert len(ALL) >= 500, kinds
    assert len(kinds) >= 10
    assert len({statement.text for statement in ALL}) == len(ALL)
    assert all(s.walls and s.walls <= {"gate", "engine", "cut"} for s in ALL)


def told(error: BaseException) -> str:
    """All that an asker is told."""
    return f"{error} {getattr(error, 'hint', '')}"


def leaked(statement: str, seen: str) -> list[str]:
    """The markers in what was seen that the asker had not written themselves."""
    return [marker for marker in MARKERS if marker in seen and marker not in statement]


@pytest.mark.slow
def test_nothing_hidden_comes_out_of_the_whole_path(world: World) -> None:
    """Every statement, as a permit holder would send it; what the gate stops has no answer at all."""
    wrong = []
    for statement in ALL:
        text = world.filled(statement.text)
        try:
            answer = world.hub.sql(text, permit=world.permit, kind="rows")
            seen = json.dumps(answer.to_pylist(), default=str) + " ".join(answer.to_arrow().schema.names)
            stopped = False
        except DataspaceError as error:
            seen, stopped = told(error), True
        if "gate" in statement.walls and not stopped:
            wrong.append(("it was answered", text))
        if marks := leaked(text, seen):
            wrong.append((f"it shows {marks}", text))
        if str(world.home) in seen and str(world.home) not in text:
            wrong.append(("it shows a path", text))
    assert not wrong
    alive = world.hub.sql("SELECT count(*) AS n FROM stays", permit=world.permit, kind="rows")
    assert alive.to_pylist() == [{"n": 270}], "the rows within the filter, still there"


@pytest.mark.parametrize("statement", [s for s in ALL if "gate" in s.walls], ids=lambda s: s.text[:80])
def test_the_gate_stops_it_alone(reader: DuckdbReader, statement: Statement) -> None:
    with pytest.raises(RequestError):
        said = reader.statement(statement.text)
        text = said.question if isinstance(said, Keep) else statement.text
        names = reader.relations(text)
        if names - {STAYS}:
            raise UnknownName("dataset", "another one")
        reader.gate(text, {STAYS: DATASET})


@pytest.mark.parametrize("statement", [s for s in ALL if "cut" in s.walls], ids=lambda s: s.text[:80])
def test_the_gate_lets_a_question_about_the_cut_pass(reader: DuckdbReader, statement: Statement) -> None:
    plan, needed = reader.gate(statement.text, {STAYS: DATASET})
    assert plan.tree
    assert set(needed) <= {STAYS}


@pytest.fixture(scope="module")
def reader() -> DuckdbReader:
    return DuckdbReader()


def cut_of_rows() -> int:
    """The number of a file in memory that holds a cut."""
    path = Path(f"/dev/shm/dataspace-test-{os.getpid()}.db")
    with duckdb.connect(str(path)) as connection:
        connection.execute(ROWS)
    fd = os.memfd_create("cut")
    os.write(fd, path.read_bytes())
    path.unlink()
    return fd


@pytest.mark.slow
def test_the_confined_engine_alone_shows_nothing_hidden_and_stops_what_it_should(world: World) -> None:
    """The second run, with the gate switched off: each statement as it is, in a process confined as a worker is."""
    outcomes, at, texts = list[str](), 0, [world.filled(statement.text) for statement in ALL]
    while at < len(texts):  # one that ends the process is stopped too; the next ones go to a new process
        cut = cut_of_rows()
        orders = json.dumps({"cut": cut, "texts": texts[at:]})
        done = subprocess.run(
            [sys.executable, "-I", str(RUNNER), str(os.getpid())],
            input=orders, capture_output=True, text=True, timeout=120, pass_fds=[cut], env={}, check=False,
        )  # fmt: skip
        os.close(cut)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        outcomes += lines
        at += len(lines)
        if at < len(texts) and done.returncode:
            outcomes.append("stopped: the process ended")
            at += 1
        elif not lines:
            raise AssertionError(done.stderr[-2000:])
    wrong, executed = [], 0
    for statement, text, outcome in zip(ALL, texts, outcomes, strict=True):
        ran = outcome.startswith("answered")
        executed += ran or outcome.startswith(tuple(f"stopped: {word}" for word in REFUSED))
        if "engine" in statement.walls and ran:
            wrong.append(("the engine answered", text, outcome[:120]))
        marks = [m for m in leaked(text, outcome) if m not in ("payroll", "salary")]
        if ran and marks:
            wrong.append((f"it shows {marks}", text, outcome[:120]))
    assert not wrong
    assert executed >= 200, f"only {executed} of {len(ALL)} reach execution"
    answered = sum(outcome.startswith("answered") for outcome in outcomes)
    assert answered >= 100, "else the gate would have nothing to do"


def test_a_bound_on_rows_holds_and_the_view_has_no_column_of_our_own(reader: DuckdbReader) -> None:
    bench = Bench([{"cut": CUT, "dataset": "stays"}], [cut_of_rows()], "256MiB", 1)
    plan, _ = reader.gate("SELECT * FROM stays LIMIT 8", {STAYS: DATASET})
    stream = bench.stream(plan.tree, 3)
    assert next(stream).names == list(SHOWN)
    assert sum(batch.num_rows for batch in stream) == 3


def test_a_refusal_names_the_construct_and_no_path(reader: DuckdbReader) -> None:
    with pytest.raises(RequestError) as refusal:
        reader.gate("SELECT getenv('HOME') FROM stays", {STAYS: DATASET})
    assert "'getenv'" in str(refusal.value)
    assert str(Path.home()) not in str(refusal.value)


def test_a_name_of_an_own_file_is_not_a_way_to_another(tmp_path: Path) -> None:
    """A cut is attached by the number of an open file; that the number points elsewhere is noticed."""
    other = tmp_path / "other.db"
    duckdb.connect(str(other)).execute(ROWS).close()
    with pytest.raises(duckdb.Error):
        Bench([{"cut": CUT, "dataset": "stays"}], [os.open(other, os.O_RDONLY)], "256MiB", 1)
