"""Our primary rules agree with those of ACRO, the output checker that trusted research environments use."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

from dataspace.model.names import ColumnName, DatasetName
from dataspace.model.plans import AggregatePlan, Disclosure, Function, Key, Measure
from dataspace.planning.cells import Cell, ColumnCell
from dataspace.planning.disclosure import protect

PEERS = Path(__file__).parents[2] / ".venv-peers" / "bin" / "python"
TABLES = 200
COST = ColumnName("cost")
PLAN = AggregatePlan(
    DatasetName("d"),
    (Key(ColumnName("a"), (0, 1)), Key(ColumnName("b"), (0, 1, 2))),
    (Measure(Function.COUNT, None, "n"), Measure(Function.SUM, COST, "cost")),
)

SCRIPT = """
import json, logging, sys, warnings
import pandas as pd
from acro import ACRO
warnings.simplefilter("ignore"); logging.disable(logging.CRITICAL)
out = []
for rows in json.load(sys.stdin):
    acro = ACRO(suppress=False)
    frame = pd.DataFrame(rows, columns=["a", "b", "cost"])
    acro.crosstab(frame.a, frame.b)
    acro.crosstab(frame.a, frame.b, values=frame.cost, aggfunc="sum")
    found = []
    for at in (0, 1):
        outcome = acro.results.get_index(at).outcome
        outcome.columns = [str(c)[-2] if isinstance(c, tuple) else c for c in outcome.columns]
        found.append([[bool(w.strip()) and w.strip() != "ok" for w in row] for row in outcome.values.tolist()])
    out.append(found)
print("\\n" + json.dumps(out))
"""


def table(seed: int) -> list[tuple[int, int, float]]:
    """Six cells of 1 to 40 rows each, with heavy tails, so that each rule applies to some."""
    random = np.random.default_rng(seed)
    return [
        (a, b, float(cost))
        for a in (0, 1)
        for b in (0, 1, 2)
        for cost in random.lognormal(0, random.choice([0.3, 1.5, 3.0]), random.integers(1, 40))
    ]


def primary(rows: list[tuple[int, int, float]]) -> list[list[list[bool]]]:
    """Which cells we withhold of themselves: counts, then sums."""
    cells = []
    for a in (0, 1):
        for b in (0, 1, 2):
            costs = sorted((cost for x, y, cost in rows if (x, y) == (a, b)), reverse=True)
            size, total = len(costs), sum(costs)
            part = ColumnCell(size, size, total, total, size, tuple(costs[:2]), 1, 1, max(size - 2, 0))
            cells.append(Cell((a, b), size, {COST: part}))
    shown = protect(PLAN, cells, Disclosure())
    of_itself = {(shown.rows[s.row][0], s.column) for s in shown.suppressed if not s.secondary}
    return [[[((a, b), name) in of_itself for b in (0, 1, 2)] for a in (0, 1)] for name in ("n", "cost")]


@pytest.mark.ci
@pytest.mark.skipif(not PEERS.exists(), reason="ACRO is in .venv-peers, which is not here (`make peers`)")
def test_acro_withholds_the_same_cells_on_two_hundred_tables(tmp_path: Path) -> None:
    tables = [table(seed) for seed in range(TABLES)]
    done = subprocess.run(
        [str(PEERS), "-c", SCRIPT], input=json.dumps(tables), text=True, capture_output=True, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    theirs = json.loads(done.stdout.splitlines()[-1])
    ours = [primary(rows) for rows in tables]
    assert theirs == ours
    flat = np.array(ours)
    assert 0 < flat[:, 0].sum() < flat[:, 1].sum() < flat[:, 1].size, "no rule was tried"
