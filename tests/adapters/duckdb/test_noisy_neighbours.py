"""500 runs through the whole path, from SQL over cuts to what the clerk releases: one person more is not told apart."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pyarrow as pa
import pytest

from dataspace.adapters.duckdb.cuts import DuckdbCuts
from dataspace.adapters.duckdb.engine import ConfinedEngine
from dataspace.adapters.duckdb.reader import DuckdbReader
from dataspace.adapters.duckdb.vault import ParquetVault
from dataspace.model.datasets import Column, ColumnType, Dataset
from dataspace.model.names import ColumnName, DatasetName
from dataspace.model.plans import CellsPlan, CutRecipe, Noise
from dataspace.model.policies import AnswerKind
from dataspace.ports import CutLease
from tests.privacy.neighbours import told_apart

pytestmark = pytest.mark.ci

RUNS, EPSILON = 500, 0.5
PERSON, KIND, LOS = ColumnName("person"), ColumnName("kind"), ColumnName("los")
STAYS = Dataset(
    DatasetName("stays"),
    "Stays",
    "",
    (
        Column(PERSON, ColumnType.INTEGER),
        Column(KIND, ColumnType.INTEGER, values=(1, 2)),
        Column(LOS, ColumnType.INTEGER, lower=0, upper=60),
    ),
    PERSON,
    None,
)
OTHERS = [(person, 1 + person % 2, 5 * person) for person in range(1, 9) for _ in range(person)]
ONE = [(9, 1 + at % 2, 60) for at in range(6)]
SAMPLES = Dataset(
    DatasetName("samples"),
    "Samples",
    "",
    (Column(PERSON, ColumnType.INTEGER), Column(ColumnName("sodium"), ColumnType.INTEGER)),
    PERSON,
    None,
)
JOIN = "SELECT count(*) AS m FROM stays JOIN samples ON stays.person = samples.person"
CASES = {
    "count": "SELECT count(*) AS m FROM stays",
    "sum": "SELECT sum(los) AS m FROM stays",
    "mean": "SELECT avg(los) AS m FROM stays",
    "grouped count": "SELECT kind, count(*) AS m FROM stays GROUP BY kind",
    "grouped sum": "SELECT kind, sum(los) AS m FROM stays GROUP BY kind",
    "persons": "SELECT count(DISTINCT person) AS m FROM stays",
    "variance": "SELECT var_samp(los) AS m FROM stays",
    "median": "SELECT median(los) AS m FROM stays",
    "grouped mean": "SELECT kind, avg(los) AS m FROM stays GROUP BY kind",
    "grouped variance": "SELECT kind, var_samp(los) AS m FROM stays GROUP BY kind",
    "grouped median": "SELECT kind, median(los) AS m FROM stays GROUP BY kind",
    "joined count": JOIN,
}


@dataclass(frozen=True)
class World:
    """Two stays tables, without and with one person, and samples of everybody."""

    engine: ConfinedEngine
    reader: DuckdbReader
    stays: tuple[CutLease, CutLease]
    samples: CutLease

    def answers(self, sql: str, which: int, epsilon: float) -> list[list[float]]:
        """For each run the numbers of the cells."""
        lease = self.stays[which]
        joined = "samples" in sql
        plan = CellsPlan(
            self.reader.aggregate(sql, STAYS, noisy=True, others={SAMPLES.name: SAMPLES} if joined else {}),
            lease.cut,
            AnswerKind.NOISY,
            noise=Noise(epsilon, {LOS: (0.0, 60.0)}, whole=frozenset({LOS})),
            beside={SAMPLES.name: self.samples.cut} if joined else {},
        )
        leases = [lease, self.samples] if joined else [lease]
        return [
            self.engine.cells(f"neighbours {which}", plan, leases)[0]["m"].to_pylist() for _ in range(RUNS)
        ]


@pytest.fixture(scope="module")
def world(
    engine: ConfinedEngine, reader: DuckdbReader, cuts: DuckdbCuts, vault: ParquetVault
) -> Iterator[World]:
    with ExitStack() as held:

        def lease(dataset: Dataset, columns: dict[str, list[int]]) -> CutLease:
            table = pa.table(columns)
            version = vault.write(dataset.name, table.to_batches(), table.schema)
            names = tuple(column.name for column in dataset.columns)
            return held.enter_context(cuts.lease(CutRecipe(version.ref, names, privacy_unit=PERSON)))

        def stays(rows: list[tuple[int, int, int]]) -> CutLease:
            return lease(
                STAYS, {name: [row[at] for row in rows] for at, name in enumerate((PERSON, KIND, LOS))}
            )

        samples = [person for person in range(3, 12) for _ in range(4)]
        yield World(
            engine,
            reader,
            (stays(OTHERS), stays(OTHERS + ONE)),
            lease(SAMPLES, {"person": samples, "sodium": [140] * len(samples)}),
        )


def apart(one: list[list[float]], other: list[list[float]]) -> str:
    cells = [[row[at] for row in one] for at in range(len(one[0]))] + [[sum(row) for row in one]]
    others = [[row[at] for row in other] for at in range(len(other[0]))] + [[sum(row) for row in other]]
    found = [told_apart(mine, theirs, EPSILON) for mine, theirs in zip(cells, others, strict=True)]
    return "; ".join(event for event in found if event)


@pytest.mark.parametrize("name", CASES)
def test_one_person_more_is_not_told_apart_by_what_is_released(world: World, name: str) -> None:
    assert not apart(*(world.answers(CASES[name], which, EPSILON) for which in (0, 1)))


def test_the_same_test_finds_an_answer_with_eight_times_the_privacy_loss(world: World) -> None:
    assert apart(*(world.answers(CASES["sum"], which, 8 * EPSILON) for which in (0, 1)))
