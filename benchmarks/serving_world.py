"""What the doors are timed on: a hub behind both, over TLS, in a process of its own, with one table of 4 M × 8."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.sizes import scaled

ROWS, COLUMNS = scaled(4_000_000, 50_000), 8
PURPOSE = "service optimisation"
PEOPLE = 8
_POLICY = """
policy: big
title: Big
owner: the data steward of the hub
on: big
allow:
  - rule: rows
    for: service optimisation
    who: anyone
    answers: rows
    because: No persons.
"""


@dataclass(frozen=True, slots=True)
class Served:
    """Where it is, and a token for each of its researchers."""

    url: str
    flight: str
    ca: Path
    tokens: tuple[str, ...]
    pid: int


def filled(home: Path, rows: int = ROWS) -> None:
    """Make the hub and its table: four columns of integers, four of numbers."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    import dataspace
    from dataspace.testing.examples import RECORD

    people = {"sam": "steward", **{f"p{i}": "researcher" for i in range(PEOPLE)}}
    dataspace.create(home, people)
    draw = np.random.default_rng(7)
    columns: dict[str, Any] = {f"i{n}": draw.integers(0, 10**6, rows) for n in range(COLUMNS // 2)}
    columns |= {f"x{n}": draw.normal(size=rows) for n in range(COLUMNS // 2)}
    pq.write_table(pa.table(columns), home.parent / "big.parquet")
    with dataspace.open(home, "sam") as sam:
        sam.register(home.parent / "big.parquet", "big", "Big", synthetic=True, publish=True, fields=RECORD)
        sam.publish_policy(_POLICY)


@contextmanager
def served(rows: int = ROWS) -> Iterator[Served]:
    """Started, with a port for each door."""
    from dataspace.bootstrap import issue_token
    from dataspace.settings import HubSettings

    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "hub"
        filled(home, rows)
        command = [sys.executable, "-m", "dataspace.cli", "hub", "start", "--home", str(home), "--port", "0"]
        with subprocess.Popen(
            [*command, "--flight-port", "0", "--no-federated"], stdout=subprocess.PIPE, text=True
        ) as child:
            try:
                assert child.stdout is not None
                url = child.stdout.readline().strip()
                flight = child.stdout.readline().strip().removeprefix("Flight SQL: ")
                settings = HubSettings(home)
                tokens = tuple(issue_token(settings, f"p{i}") for i in range(PEOPLE))
                yield Served(url, flight, home / "authority" / "ca.crt", tokens, child.pid)
            finally:
                child.terminate()
                child.wait(20)
