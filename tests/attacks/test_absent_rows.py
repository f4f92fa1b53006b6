"""Whatever is asked of a cut: hidden rows and masked values change neither the answer nor the refusal.

Two versions go through the same recipe. One has rows beyond the filter and values behind masks; in the other these rows
were never there and these values are others. A grammar makes questions; both give the same answer or the same refusal.
"""

# ruff: noqa: S608 - questions are made of text

import os
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from dataspace.adapters.duckdb.bench import Bench
from dataspace.adapters.duckdb.cuts import DuckdbCuts
from dataspace.adapters.duckdb.reader import DuckdbReader
from dataspace.adapters.duckdb.vault import ParquetVault
from dataspace.errors import UnsupportedQuery
from dataspace.model.datasets import Column, ColumnType, Dataset
from dataspace.model.names import ColumnName, DatasetName
from dataspace.model.plans import CutRecipe
from dataspace.model.policies import Mask, MaskKind
from dataspace.model.predicates import Comparator, Compare
from dataspace.ports import CutLease

STAYS = DatasetName("stays")
ID, LOS, NOTE, NAME, COST = (ColumnName(n) for n in ("id", "los", "note", "name", "cost"))
KINDS = {ID: "integer", LOS: "integer", NOTE: "text", NAME: "text", COST: "number"}
DATASET = Dataset(STAYS, "", "", tuple(Column(n, ColumnType(k)) for n, k in KINDS.items()), None, None)
MASKS = {NAME: Mask(MaskKind.CONSTANT, constant="shown"), COST: Mask(MaskKind.NULL)}
ROWS = 80

numbers = st.recursive(
    st.sampled_from(
        ["id", "los", "1", "0", "7", "51", "length(note)", "cost", "CAST(note AS INTEGER)", "ascii(name)"]
    ),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "//", "%"]), inner).map(
            lambda t: f"({t[0]} {t[1]} {t[2]})"
        ),
        inner.map(lambda n: f"CASE WHEN los > 50 THEN CAST('x' AS INTEGER) ELSE {n} END"),
        inner.map(lambda n: f"coalesce({n}, 0)"),
    ),
    max_leaves=4,
)
texts = st.sampled_from(
    ["note", "name", "'HIDDEN'", "CAST(los AS VARCHAR)", "upper(note)", "substr(note, 3)"]
)
conditions = st.recursive(
    st.one_of(
        st.tuples(numbers, st.sampled_from([">", "<=", "=", "<>"]), numbers).map(" ".join),
        st.tuples(texts, st.sampled_from(["LIKE", "=", ">", "SIMILAR TO"]), texts).map(" ".join),
        texts.map(lambda t: f"{t} IS NULL"),
        numbers.map(lambda n: f"id IN (SELECT {n} FROM stays)"),
        numbers.map(lambda n: f"EXISTS (SELECT 1 FROM stays b WHERE b.id = {n.replace('id', 'stays.id')})"),
    ),
    lambda inner: st.tuples(inner, st.sampled_from(["AND", "OR"]), inner).map(lambda t: f"({' '.join(t)})"),
    max_leaves=3,
)
measures = st.one_of(
    st.tuples(st.sampled_from(["sum", "min", "max", "count", "median", "stddev"]), numbers).map(
        lambda t: f"{t[0]}({t[1]})"
    ),
    st.tuples(st.sampled_from(["min", "max", "count", "any_value"]), texts).map(lambda t: f"{t[0]}({t[1]})"),
    conditions.map(lambda c: f"count(*) FILTER (WHERE {c})"),
)
questions = st.one_of(
    st.tuples(numbers, texts, conditions).map("SELECT {0[0]}, {0[1]} FROM stays WHERE {0[2]}".format),
    st.tuples(measures, conditions).map("SELECT {0[0]} FROM stays WHERE {0[1]}".format),
    st.tuples(texts, measures).map("SELECT {0[0]} AS k, {0[1]} FROM stays GROUP BY k".format),
    st.tuples(numbers, texts).map("SELECT id, sum({0[0]}) OVER (ORDER BY {0[1]}, id) FROM stays".format),
    st.tuples(conditions).map(
        "SELECT a.id FROM stays a LEFT JOIN stays ON a.id = stays.los WHERE {0[0]}".format
    ),
    st.tuples(numbers, numbers).map("SELECT {0[0]} FROM stays UNION SELECT {0[1]} FROM stays".format),
    st.tuples(numbers, conditions).map(
        "WITH c AS (SELECT {0[0]} AS n FROM stays WHERE {0[1]}) SELECT max(n) FROM c".format
    ),
)


def version(hidden: bool) -> pa.Table:
    """80 rows within the filter. `hidden`: as many beyond it between them, and names and costs that masks hide."""
    rows = []
    for i in range(ROWS):
        rows.append(
            (
                i,
                1 + i * 7 % 50,
                f"n{i}" if i % 3 else str(i),
                f"NAME-{i}" if hidden else "",
                float(i * hidden),
            )
        )
        if hidden:
            rows.append((1_000 + i, 51 + i, f"HIDDEN-{i}", f"NAME-{i}", 1e9))
    return pa.table(dict(zip(KINDS, map(list, zip(*rows, strict=True)), strict=True)))


@pytest.fixture(scope="module")
def benches(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Bench, Bench]]:
    vault, made = ParquetVault(tmp_path_factory.mktemp("two")), list[Bench]()
    cuts = DuckdbCuts(vault, 64 * 2**20, lambda _: b"k" * 32)
    for hidden in (True, False):
        table = version(hidden)
        ref = vault.write(STAYS, table.to_batches(), table.schema).ref
        recipe = CutRecipe(ref, tuple(KINDS), Compare(LOS, Comparator.LE, 50), MASKS)
        with cuts.lease(recipe) as lease:
            made.append(over(lease))
    yield made[0], made[1]
    cuts.close()


def over(lease: CutLease) -> Bench:
    return Bench([{"cut": lease.cut, "dataset": STAYS}], [os.dup(lease.fd)], "256MiB", 1)


@pytest.fixture(scope="module")
def reader() -> DuckdbReader:
    return DuckdbReader()


def outcome(reader: DuckdbReader, bench: Bench, sql: str) -> object:
    """The rows in a fixed order, or the error, in its own words."""
    plan, _ = reader.gate(sql, {STAYS: DATASET})
    try:
        stream = bench.stream(plan.tree, None)
        next(stream)
        return sorted(repr(row) for batch in stream for row in batch.to_pylist())
    except duckdb.Error as error:
        return type(error).__name__, str(error)


@pytest.mark.slow
@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(questions)
@example("SELECT CAST(note AS INTEGER) FROM stays")
@example("SELECT 1 // (los - 51) FROM stays WHERE name LIKE 'NAME%'")
@example("SELECT max(los), count(*), sum(cost), min(name) FROM stays")
def test_hidden_rows_and_masked_values_change_no_answer_and_no_refusal(
    reader: DuckdbReader, benches: tuple[Bench, Bench], sql: str
) -> None:
    seen = outcome(reader, benches[0], sql)
    assert seen == outcome(reader, benches[1], sql), sql
    assert "HIDDEN-" not in str(seen)
    assert "NAME-" not in str(seen)


def test_the_grammar_asks_what_would_tell_without_a_cut(reader: DuckdbReader, tmp_path: Path) -> None:
    """Over the versions themselves, with the filter as a plain view, the same kind of question tells them apart."""
    told = []
    for hidden in (True, False):
        with duckdb.connect() as plain:
            plain.register("version", version(hidden))
            plain.execute("CREATE TABLE whole AS SELECT * FROM version")
            plain.execute("CREATE VIEW stays AS SELECT * FROM whole WHERE los <= 50")
            try:
                plain.execute("SELECT max(name), sum(cost) FROM stays")
                told.append(plain.fetchall())
            except duckdb.Error as error:
                told.append([str(error)])
    assert told[0] != told[1]
    with pytest.raises(UnsupportedQuery):
        reader.gate("SELECT error(note) FROM stays", {STAYS: DATASET})
