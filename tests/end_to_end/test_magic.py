"""`%%dataspace` in IPython itself, over an embedded hub."""

from collections.abc import Iterator
from typing import Any

import pytest

import dataspace
from dataspace.client.hub import Hub
from dataspace.testing.examples import RECORD

pytestmark = pytest.mark.slow
Config = pytest.importorskip("traitlets.config").Config
InteractiveShell = pytest.importorskip("IPython.core.interactiveshell").InteractiveShell
POLICY = """
policy: machines
title: Machines
owner: the data steward of the hub
on: machines
allow:
  - rule: rows
    for: service optimisation
    who: anyone
    answers: rows
    because: No persons.
"""


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """Ana's, with one dataset."""
    root = tmp_path_factory.mktemp("magic")
    dataspace.create(root / "hub", {"sam": "steward", "ana": "researcher"})
    (root / "m.csv").write_text("los,plant\n" + "".join(f"{i % 60},p{i % 4}\n" for i in range(200)))
    with dataspace.open(root / "hub", "sam") as sam:
        sam.register(root / "m.csv", "machines", "M", synthetic=True, publish=True, fields=RECORD)
        sam.publish_policy(POLICY)
    with dataspace.open(root / "hub", "ana") as ana:
        yield ana


@pytest.fixture
def shell(hub: Hub) -> Iterator[Any]:
    """An IPython with the extension loaded and a hub in its variables."""
    made = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    made.reset(new_session=True)
    made.run_cell("%load_ext dataspace").raise_error()
    made.user_ns["hub"] = hub
    yield made
    made.run_cell("%reset -f")
    InteractiveShell.clear_instance()


ASK = '--purpose "service optimisation" --kind rows'


def test_a_cell_is_asked_and_its_answer_kept(shell: Any) -> None:
    cell = (
        f"%%dataspace {ASK} --into found\nSELECT plant, count(*) AS n FROM machines GROUP BY plant ORDER BY 1"
    )
    ran = shell.run_cell(cell)
    ran.raise_error()
    assert [row["n"] for row in ran.result.to_pylist()] == [50] * 4
    assert shell.user_ns["found"] is ran.result


def test_rows_are_kept_from_one_cell_to_the_next(shell: Any) -> None:
    made = shell.run_cell(
        f"%%dataspace {ASK}\nCREATE TEMP TABLE late AS\nSELECT * FROM machines WHERE los > 49"
    )
    made.raise_error()
    assert made.result.to_pylist() == [{"temporary": "late", "rows": 30}]
    asked = shell.run_cell(f"%%dataspace {ASK}\nSELECT count(*) AS n FROM late;")
    assert asked.result.to_pylist() == [{"n": 30}]


def test_a_refusal_is_the_cells_error_and_opens_an_application(shell: Any) -> None:
    ran = shell.run_cell("%%dataspace --kind rows --purpose advertising\nSELECT los FROM machines")
    assert isinstance(ran.error_in_exec, dataspace.Refused)
    opened = ran.error_in_exec.request_access()
    assert opened.said == {"datasets": "machines", "purpose": "advertising", "kinds": ["rows"]}
    made = opened.submit(purpose="service optimisation", ethics="24-1")
    assert "machines" in repr(made)


@pytest.mark.parametrize(
    ("typed", "found"), [("mach", "machines"), ("machines.lo", "machines.los"), ("pla", "plant")]
)
def test_datasets_and_columns_are_completed(shell: Any, typed: str, found: str) -> None:
    cell = f"%%dataspace {ASK}\nSELECT 1 FROM machines WHERE {typed}"
    assert found in {word.text for word in completions(shell, cell)}


def completions(shell: Any, cell: str) -> list[Any]:
    from IPython.core.completer import provisionalcompleter

    with provisionalcompleter():
        return list(shell.Completer.completions(cell, len(cell)))


def test_nothing_is_completed_outside_such_a_cell(shell: Any) -> None:
    assert "machines" not in {word.text for word in completions(shell, "x = mach")}


@pytest.mark.parametrize("line", ["--permits P-1", "P-1", "--permit", '--purpose "x', "--epsilon much"])
def test_an_option_that_is_none_is_told(shell: Any, line: str) -> None:
    ran = shell.run_cell(f"%%dataspace {line}\nSELECT 1")
    assert isinstance(ran.error_in_exec, dataspace.DataspaceError)


def test_without_a_hub_it_says_how_to_get_one(shell: Any) -> None:
    del shell.user_ns["hub"]
    ran = shell.run_cell("%%dataspace\nSELECT 1")
    assert "Which hub?" in str(ran.error_in_exec)
