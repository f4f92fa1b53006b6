"""The front door: what it lists is what there is, and opening it costs nothing."""

import subprocess
import sys

import pytest

import dataspace

HEAVY = (
    "duckdb",
    "sqlalchemy",
    "flwr",
    "fastapi",
    "pyarrow",
    "numpy",
    "pydantic",
    "uvicorn",
    "torch",
    "pandas",
    "polars",
)


def python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_the_list_of_names_is_the_truth() -> None:
    assert all(getattr(dataspace, name) is not None for name in dataspace.__all__)
    assert set(dataspace.__all__) <= set(dir(dataspace))
    assert len(set(dataspace.__all__)) == len(dataspace.__all__)


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'conect'"):
        dataspace.conect  # noqa: B018


@pytest.mark.parametrize(
    "opened", ["import dataspace", "import dataspace; dataspace.connect, dataspace.Hub, dataspace.Answer"]
)
def test_a_notebook_loads_nothing_of_a_server(opened: str) -> None:
    loaded = python(f"{opened}\nimport sys; print([name for name in {HEAVY!r} if name in sys.modules])")
    assert loaded == "[]"


@pytest.mark.slow
def test_connecting_loads_nothing_of_a_server_either() -> None:
    code = (
        "import dataspace; dataspace.connect('https://hub.example', token='t')\n"
        f"import sys; print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    assert python(code) == "[]"


@pytest.mark.slow
def test_importing_costs_at_most_a_tenth_of_a_second() -> None:
    code = "import time; t = time.perf_counter(); import dataspace; print(time.perf_counter() - t)"
    # The least of several: the machine does other things too.
    assert min(float(python(code)) for _ in range(5)) < 0.1
