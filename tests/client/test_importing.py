"""What the client loads: nothing of a server, and Arrow only once an answer is read."""

import json
import subprocess
import sys

SERVER = {
    "duckdb",
    "fastapi",
    "uvicorn",
    "starlette",
    "sqlalchemy",
    "flwr",
    "joserfc",
    "rdflib",
    "scipy",
    "opendp",
}
LATER = {"pyarrow", "numpy", "pandas", "polars", "IPython"}
OURS = {"bootstrap", "adapters", "service", "http", "flight", "site", "cli", "ports"}


def loaded(statement: str) -> set[str]:
    """The modules of a fresh interpreter after a statement."""
    said = f"import sys, json; {statement}; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", said], check=True, capture_output=True, text=True)
    return set(json.loads(done.stdout))


def test_the_front_door_loads_nothing_of_a_server_and_no_arrow() -> None:
    names = loaded("from dataspace import connect")
    assert not {name.partition(".")[0] for name in names} & (SERVER | LATER)


def test_a_connection_loads_nothing_of_a_server_and_no_arrow() -> None:
    names = loaded("import dataspace; dataspace.connect('https://hub.example', token='t').close()")
    assert not {name.partition(".")[0] for name in names} & (SERVER | LATER)
    assert not {name.split(".")[1] for name in names if name.startswith("dataspace.")} & OURS
    assert not [name for name in names if name.startswith("dataspace.client.magic")]
