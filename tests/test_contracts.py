"""The import contracts bite: wrong imports, planted in a copy of the project, are named by the contract they break."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

LAYERS = "Imports point inwards; edges are independent; a new module says where it belongs"
CYCLES = "No cycles, at any depth"
CORE = "The core decides and touches nothing: no file, network, database, clock or random source"
SERVICE = "Use cases know needs, not technologies"
CLIENT = (
    "A notebook needs no server: the client imports model and errors, and nothing that only a hub installs"
)
AROUND_THE_CLIENT = "Only the front door and the command line use the client"
FLOWER = "Flower at arm's length: one adapter knows it (docs/adr/0001)"
CONNECTORS = "A connector sees one module of ours"

PLANTED = {
    "dataspace/model/outward.py": "import dataspace.errors",
    "dataspace/stray.py": "",
    "dataspace/http/sideways.py": "import dataspace.cli",
    "dataspace/policy/one.py": "import dataspace.policy.two",
    "dataspace/policy/two.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import dataspace.policy.one",
    "dataspace/policy/files.py": "import pathlib",
    "dataspace/planning/engine.py": "def late() -> None:\n    import duckdb",
    "dataspace/vocabulary/accounting.py": "import dp_accounting",
    "dataspace/privacy/keys.py": "import cryptography.hazmat",
    "dataspace/service/engine.py": "import duckdb",
    "dataspace/client/server.py": "import dataspace.service",
    "dataspace/client/heavy.py": "import sqlalchemy",
    "dataspace/adapters/borrowed.py": "import dataspace.client",
    "dataspace/site/direct.py": "import flwr.app",
    "connectors/dataspace_csv/nosy.py": "import dataspace.model.principals",
    "connectors/dataspace_csv/online.py": "import httpx",
}

CAUGHT = [
    (LAYERS, r"dataspace\.model\.outward -> dataspace\.errors"),
    (LAYERS, r"stray"),
    (LAYERS, r"dataspace\.http\.sideways -> dataspace\.cli"),
    (CYCLES, r"dataspace\.policy\.(one|two)|\.(one|two)"),
    (CORE, r"dataspace\.policy\.files imports pathlib"),
    (CORE, r"dataspace\.planning\.engine imports duckdb"),
    (CORE, r"dataspace\.vocabulary\.accounting imports dp_accounting"),
    (CORE, r"dataspace\.privacy\.keys imports cryptography"),
    (SERVICE, r"dataspace\.service\.engine imports duckdb"),
    (CLIENT, r"dataspace\.client\.server imports dataspace\.service"),
    (CLIENT, r"dataspace\.client\.heavy imports sqlalchemy"),
    (AROUND_THE_CLIENT, r"dataspace\.adapters\.borrowed"),
    (FLOWER, r"dataspace\.site\.direct -> flwr"),
    (CONNECTORS, r"dataspace_csv\.nosy imports dataspace\.model\.principals"),
    (CONNECTORS, r"dataspace_csv\.online imports httpx"),
]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the contracts say of a copy of the project with every wrong import in it."""
    copy = tmp_path_factory.mktemp("planted")
    for name in ("dataspace", "connectors", "tools"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / ".importlinter", copy)
    for name, text in PLANTED.items():
        (copy / name).write_text(f'"""Planted."""\n{text}\n')
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy / "connectors"), "COLUMNS": "400"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(("contract", "finding"), CAUGHT, ids=[finding for _, finding in CAUGHT])
def test_a_wrong_import_breaks_its_contract(report: str, contract: str, finding: str) -> None:
    _, *parts = re.split(r"^(.+)\n-{10,}$", report.partition("Broken contracts")[2], flags=re.MULTILINE)
    broken = dict(zip(parts[::2], parts[1::2], strict=True))
    assert contract in broken, report
    assert re.search(finding, broken[contract]), broken[contract]
