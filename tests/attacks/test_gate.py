"""Statements that must not run, by class, with the wall that stops each: the gate all of them, the engine some."""

# ruff: noqa: S608 - attacks are made of text

import os
from pathlib import Path

import duckdb
import pytest

from dataspace.adapters.duckdb.bench import Bench
from dataspace.adapters.duckdb.reader import DuckdbReader
from dataspace.errors import RequestError
from dataspace.model.datasets import Column, ColumnType, Dataset
from dataspace.model.names import ColumnName, DatasetName

MEDPAR = DatasetName("medpar")
COLUMNS = (Column(ColumnName("id"), ColumnType.INTEGER), Column(ColumnName("note"), ColumnType.TEXT))
DATASET = Dataset(MEDPAR, "", "", COLUMNS, None, None)
CUT = "c" * 64

# The engine refuses these too, behind the gate: no file, no attachment, no setting.
BOTH = {
    "files": [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM read_blob('/proc/self/environ')",
        "SELECT * FROM read_json('/etc/hosts')",
        "SELECT * FROM read_parquet('/etc/hosts')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM 'https://example.org/x.csv'",
        "SELECT * FROM glob('/*')",
        "SELECT * FROM sniff_csv('/etc/passwd')",
        "EXPORT DATABASE '/tmp/x'",
        "COPY medpar TO '/tmp/x.csv'",
        "COPY (SELECT * FROM medpar) TO '/dev/shm/x'",
        "WITH x AS (COPY medpar TO '/tmp/y.csv') SELECT * FROM x",
    ],
    "attachments": [
        "ATTACH '/tmp/other.db' AS other",
        "INSTALL httpfs",
        "LOAD httpfs",
        "LOAD '/tmp/evil.so'",
        "CREATE SECRET s (TYPE s3, KEY_ID 'a', SECRET 'b')",
    ],
    "settings": [
        "SET enable_external_access = true",
        "SET GLOBAL memory_limit = '99GB'",
        "RESET lock_configuration",
        "PRAGMA enable_profiling",
    ],
    "writing": [
        "INSERT INTO cut0.main.data VALUES (1)",
        "DELETE FROM cut0.main.data",
        "UPDATE cut0.main.data SET note = ''",
        "DROP TABLE cut0.main.data",
        "CREATE TABLE cut0.main.x (i INT)",
        "WITH x AS (DELETE FROM cut0.main.data RETURNING *) SELECT * FROM x",
    ],
    "unknown": [
        "SELECT * FROM nowhere",
        "SELECT getenv('PATH')",
        "SELECT ghost_function(1)",
        "SELECT FROM WHERE",
        "",
    ],
}

# Only the gate stands before these: the engine would answer.
GATE = {
    "base tables": [
        "SELECT __unit FROM cut0.main.data",
        "SELECT * FROM cut0.data",
        "SELECT * FROM main.medpar",
        "SELECT * FROM memory.main.medpar",
    ],
    "catalogues": [
        "SELECT * FROM duckdb_tables()",
        "SELECT * FROM duckdb_settings()",
        "SELECT * FROM duckdb_columns",
        "SELECT * FROM information_schema.tables",
        "SELECT * FROM sqlite_master",
        "SELECT * FROM pragma_storage_info('cut0.main.data')",
        "SELECT * FROM pragma_database_size()",
        "SELECT stats(id) FROM medpar",
        "SELECT current_setting('memory_limit')",
        "SELECT version()",
        "SELECT current_database()",
        "SHOW TABLES",
        "DESCRIBE medpar",
        "SUMMARIZE medpar",
        "SELECT * FROM (SUMMARIZE medpar)",
    ],
    "queries in text": [
        "SELECT * FROM query('SELECT 1')",
        "SELECT * FROM query_table('medpar')",
        "SELECT * FROM json_execute_serialized_sql(json_serialize_sql('SELECT 1'))",
        "PREPARE p AS SELECT 1",
        "USE cut0",
        "EXPLAIN SELECT * FROM medpar",
        "SELECT json_serialize_sql('SELECT 1')",
    ],
    "time and memory": [
        "SELECT repeat('x', 1000)",
        "SELECT rpad('x', 1000, 'y')",
        "SELECT lpad('x', 1000, 'y')",
        "SELECT format('{:1000}', 1)",
        "SELECT printf('%1000d', 1)",
        "SELECT levenshtein('a', 'b')",
        "SELECT list_reduce([1, 2], lambda a, b: a + b)",
        "SELECT list_transform([1], lambda a: a + 1)",
        "SELECT [x + 1 for x in [1, 2]]",
        "SELECT range(10)",
        "SELECT * FROM range(10)",
        "SELECT * FROM generate_series(1, 10)",
        "SELECT unnest([1, 2])",
        "WITH RECURSIVE r AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM r WHERE i < 9) SELECT * FROM r",
        "PIVOT medpar ON note USING count(*)",
        "SELECT * FROM medpar WHERE id IN (" + ",".join(["1"] * 1_001) + ")",
        " UNION ALL ".join(["SELECT 1"] * 18),
        "SELECT " + "+".join(["1"] * 2_100),
        "SELECT " + "(" * 60 + "1" + "+1)" * 60,
        "SELECT 1 FROM " + ", ".join(f"medpar m{i}" for i in range(13)),
        "SELECT '" + "x" * 20_000 + "'",
    ],
    "oracles and chance": [
        "SELECT error('x') FROM medpar WHERE false",
        "SELECT random()",
        "SELECT gen_random_uuid()",
        "SELECT nextval('s') WHERE false",
        "SELECT now()",
        "SELECT current_date",
        "SELECT pg_typeof(1)",
        "SELECT txid_current()",
        "SELECT write_log('x')",
    ],
    "other ways to name": [
        "SELECT #1 FROM medpar",
        "SELECT rowid FROM medpar",
        "SELECT COLUMNS('n.*') FROM medpar",
        "SELECT COLUMNS(lambda c: c LIKE 'n%') FROM medpar",
        "SELECT * FROM medpar TABLESAMPLE 50%",
        "SELECT * FROM medpar LIMIT 10%",
        "SELECT id FROM medpar POSITIONAL JOIN medpar b",
        "SELECT note COLLATE nocase FROM medpar",
        "SELECT system.main.abs(1)",
        "SELECT {'a': 1}.a",
        "SELECT note[1] FROM medpar",
        "SELECT id::main.INTEGER FROM medpar",
        "SELECT id::JSON FROM medpar",
        "SELECT try(id) FROM medpar",
        "WITH duckdb_tables AS (SELECT 1) SELECT * FROM duckdb_tables",
        "SELECT ?",
        "SELECT $name",
        "SELECT 1; SELECT 2",
        "CALL duckdb_settings()",
        "SET VARIABLE x = 1",
        "SELECT getvariable('x')",
        "SELECT current_user",
        "SELECT user FROM medpar",
        "SELECT session_user",
        "SELECT current_timestamp",
    ],
}  # fmt: skip

ALL = [(kind, sql) for group in (BOTH, GATE) for kind, several in group.items() for sql in several]

ALLOWED = [
    "SELECT * FROM medpar",
    "SELECT id, note FROM medpar WHERE id > 3 AND note LIKE 'a%' ORDER BY id DESC LIMIT 5 OFFSET 1",
    "SELECT note, count(*) FILTER (WHERE id > 1), sum(id), median(id) FROM medpar GROUP BY ALL HAVING count(*) > 0",
    "SELECT DISTINCT ON (note) id FROM medpar ORDER BY note, id",
    "WITH a AS (SELECT * FROM medpar), b AS (SELECT max(id) AS top FROM a) SELECT a.id FROM a, b WHERE a.id = b.top",
    "SELECT a.id FROM medpar a LEFT JOIN medpar b USING (id) WHERE b.note IS NULL OR NOT EXISTS (SELECT 1)",
    "SELECT id, row_number() OVER (PARTITION BY note ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM medpar",
    "SELECT lag(id, 1) OVER (ORDER BY id), first_value(id) OVER (ORDER BY id) FROM medpar",
    "SELECT CASE WHEN id BETWEEN 1 AND 3 THEN 'low' ELSE upper(note) END FROM medpar",
    "SELECT id FROM medpar UNION SELECT -id FROM medpar EXCEPT SELECT 1 INTERSECT SELECT 2",
    "SELECT TRY_CAST(note AS INTEGER), id::DOUBLE / 3, coalesce(note, '-'), nullif(id, 1) FROM medpar",
    "SELECT * EXCLUDE (note) REPLACE (id + 1 AS id) FROM medpar",
    "SELECT id FROM medpar WHERE id IN (SELECT id FROM medpar) AND id = ANY (SELECT id FROM medpar)",
    "SELECT date_trunc('month', DATE '2020-02-03'), regexp_matches(note, '^a'), note || '!' FROM medpar",
    "SELECT * FROM (VALUES (1, 'a'), (2, 'b')) AS t(x, y) WHERE x IN (1, 2)",
]


def known() -> dict[DatasetName, Dataset]:
    return {MEDPAR: DATASET}


@pytest.fixture(scope="module")
def reader() -> DuckdbReader:
    return DuckdbReader()


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    path = tmp_path_factory.mktemp("cut") / "cut.db"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "CREATE TABLE data AS SELECT i AS __row, i AS __unit, i AS id, 'n' || i AS note FROM range(9) t(i)"
        )
    return Bench([{"cut": CUT, "dataset": "medpar"}], [os.open(path, os.O_RDONLY)], "256MiB", 1)


def run(bench: Bench, sql: str) -> int:
    """What a worker would do without a gate: execute the text. Returns the number of rows."""
    result = bench._connection.execute(sql)
    return len(result.fetchall())


def test_there_are_enough_attacks() -> None:
    assert len(ALL) >= 60
    assert len({sql for _, sql in ALL}) == len(ALL)


@pytest.mark.parametrize(("kind", "sql"), ALL)
def test_the_gate_stops_it(reader: DuckdbReader, kind: str, sql: str) -> None:
    with pytest.raises(RequestError):
        reader.gate(sql, known())


@pytest.mark.parametrize(("kind", "sql"), ALL)
def test_the_gate_stops_it_before_the_dataset_is_looked_up(reader: DuckdbReader, kind: str, sql: str) -> None:
    try:
        names = reader.relations(sql)
    except RequestError:
        return
    assert names <= {"nowhere", "medpar"}
    assert "nowhere" in names or "current" in sql or "user" in sql, "the rest is refused by its form alone"


@pytest.mark.parametrize("sql", [sql for several in BOTH.values() for sql in several if sql])
def test_the_engine_would_stop_it_too(bench: Bench, sql: str) -> None:
    with pytest.raises((duckdb.Error, ValueError)):
        run(bench, sql)


@pytest.mark.parametrize("sql", ["SELECT __unit FROM cut0.main.data", "SELECT * FROM duckdb_tables()"])
def test_the_engine_alone_would_not_so_the_gate_has_to(bench: Bench, sql: str) -> None:
    assert run(bench, sql)


@pytest.mark.parametrize("sql", ALLOWED)
def test_plain_questions_pass_and_what_was_validated_runs(
    reader: DuckdbReader, bench: Bench, sql: str
) -> None:
    plan, _ = reader.gate(sql, known())
    stream = bench.stream(plan.tree, None)
    next(stream)
    assert sum(batch.num_rows for batch in stream) == run(bench, sql)


def test_the_view_shows_no_column_of_our_own(bench: Bench, reader: DuckdbReader) -> None:
    plan, _ = reader.gate("SELECT * FROM medpar", known())
    schema = next(bench.stream(plan.tree, None))
    assert schema.names == ["id", "note"]


def test_a_bound_on_rows_holds(bench: Bench, reader: DuckdbReader) -> None:
    plan, _ = reader.gate("SELECT * FROM medpar LIMIT 8", known())
    stream = bench.stream(plan.tree, 3)
    next(stream)
    assert sum(batch.num_rows for batch in stream) == 3


def test_a_refusal_names_the_construct_and_no_path(reader: DuckdbReader) -> None:
    with pytest.raises(RequestError) as refusal:
        reader.gate("SELECT getenv('HOME') FROM medpar", known())
    assert "'getenv'" in str(refusal.value)
    assert str(Path.home()) not in str(refusal.value)
