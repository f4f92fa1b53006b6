"""Each notebook runs from its first cell to its last, in a folder and a home of its own, and is committed bare."""

import sys
from pathlib import Path

import nbformat
import pytest
from ipykernel.kernelspec import write_kernel_spec
from nbclient import NotebookClient

pytestmark = pytest.mark.slow

NOTEBOOKS = sorted((Path(__file__).resolve().parents[2] / "notebooks").glob("*.ipynb"))
SECONDS = 120


@pytest.fixture
def kernel(home: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A kernel of the interpreter that runs the tests, known by no other name than this one."""
    # Kernels are looked up by name, and one that the machine has would run another interpreter.
    folder = home / "jupyter"
    write_kernel_spec(str(folder / "kernels" / "these-tests"))
    monkeypatch.setenv("JUPYTER_PATH", str(folder))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(home / "jupyter-data"))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(home / "jupyter-runtime"))
    monkeypatch.setenv("IPYTHONDIR", str(home / "ipython"))
    return "these-tests"


def test_there_is_one_for_the_steward_the_researcher_and_the_site() -> None:
    assert [path.stem for path in NOTEBOOKS] == ["researcher", "site", "steward"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_to_its_end_and_leaves_nothing_behind(
    path: Path, kernel: str, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    working, temporary = tmp_path / "working", tmp_path / "temporary"
    working.mkdir()
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook, timeout=SECONDS, kernel_name=kernel, resources={"metadata": {"path": str(working)}}
    )
    client.execute()
    assert not list(working.iterdir())
    assert not list(temporary.glob("dataspace-*"))
    assert not (home / ".local" / "share" / "dataspace").exists()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_committed_without_outputs_and_is_short(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(not cell.outputs and cell.execution_count is None for cell in code)
    assert 8 <= len(code) <= 15
    assert notebook.cells[0].cell_type == "markdown"
    assert notebook.cells[0].source.startswith("# The ")
    assert "invented" in notebook.cells[0].source


def test_the_kernel_is_the_interpreter_of_the_tests(kernel: str, home: Path) -> None:
    assert sys.executable in (home / "jupyter" / "kernels" / kernel / "kernel.json").read_text()
