"""The whole path keeps its promise: from a cut through worker and clerk, one person more or less is not told apart."""

from collections.abc import Iterator
from dataclasses import replace

import pyarrow as pa
import pytest

from dataspace.adapters.duckdb.cuts import DuckdbCuts
from dataspace.adapters.duckdb.engine import ConfinedEngine
from dataspace.adapters.duckdb.reader import DuckdbReader
from dataspace.adapters.duckdb.vault import ParquetVault
from dataspace.model.datasets import Dataset
from dataspace.model.names import ColumnName, DatasetName
from dataspace.model.plans import CellsPlan, CutRecipe, Noise
from dataspace.model.policies import AnswerKind
from dataspace.ports import CutLease
from tests.privacy.neighbours import told_apart

pytestmark = pytest.mark.slow

RUNS = 500
MEDPAR, PERSON, LOS = DatasetName("medpar"), ColumnName("person"), ColumnName("los")
COLUMNS = (ColumnName("type"), LOS)
EPSILON = 2.0

Both = tuple[CutLease, CutLease]

OTHERS = [(person, 1 + person % 3, 10 + person) for person in range(1, 21)]
ONE = [(0, 1 + at % 3, 60) for at in range(30)]
"""A person with thirty rows, who stands before all others: each of their rows has another place in the version."""


@pytest.fixture(scope="module")
def neighbours(cuts: DuckdbCuts, vault: ParquetVault) -> Iterator[Both]:
    leases = []
    for rows in (OTHERS, ONE + OTHERS):
        person, kind, los = (list(part) for part in zip(*rows, strict=True))
        table = pa.table({"person": person, "type": kind, "los": los})
        version = vault.write(MEDPAR, table.to_batches(), table.schema)
        leases.append(cuts.lease(CutRecipe(version.ref, COLUMNS, privacy_unit=PERSON)))
    with leases[0] as one, leases[1] as other:
        yield one, other


@pytest.mark.parametrize(
    ("sql", "measures"),
    [
        ("SELECT count(*) AS n, sum(los) AS s FROM medpar", 2),
        ("SELECT avg(los) AS a, stddev(los) AS d FROM medpar", 2),
        ("SELECT type, count(*) AS n, sum(los) AS s FROM medpar GROUP BY type", 2),
        ("SELECT median(los) AS m FROM medpar", 1),
    ],
)
def test_one_person_more_or_less_is_not_told_apart_from_an_answer(
    engine: ConfinedEngine,
    reader: DuckdbReader,
    dataset: Dataset,
    neighbours: Both,
    sql: str,
    measures: int,
) -> None:
    plan = reader.aggregate(sql, replace(dataset, privacy_unit=PERSON), noisy=True)
    noise = Noise(EPSILON, {LOS: (0.0, 60.0)})
    found: list[dict[str, list[float]]] = []
    for session, lease in zip(("without", "with"), neighbours, strict=True):
        asked = CellsPlan(plan, lease.cut, AnswerKind.NOISY, noise=noise)
        outcomes: dict[str, list[float]] = {}
        for _ in range(RUNS):
            table, _ = engine.cells(session, asked, [lease])
            for measure in plan.measures:
                values = table[measure.name].to_pylist()
                for at, value in enumerate(values):
                    outcomes.setdefault(f"{measure.name} {at}", []).append(value)
                outcomes.setdefault(f"{measure.name} of all", []).append(sum(values))
        found.append(outcomes)
    without, having = found
    for name in without:
        assert not told_apart(without[name], having[name], EPSILON / measures), name
