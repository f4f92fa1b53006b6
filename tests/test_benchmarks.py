"""A figure counts only if it says over how much it was measured, and the runner takes nothing but figures."""

import json
import re
from pathlib import Path
from typing import Literal

import pytest

from benchmarks import __main__ as runner
from benchmarks.__main__ import available, main, problem
from benchmarks.figure import Figure


def figure(better: Literal["lower", "higher"], value: float) -> Figure:
    return Figure("decisions", value, "µs", better, target=10, counts={"policies": 100})


def test_a_figure_without_counts_is_refused() -> None:
    with pytest.raises(ValueError, match="over how many"):
        Figure("decisions", 1, "µs", "lower", target=10, counts={})


@pytest.mark.parametrize(
    ("better", "value", "met"),
    [
        ("lower", 9, True),
        ("lower", 10, True),
        ("lower", 11, False),
        ("higher", 9, False),
        ("higher", 10, True),
    ],
)
def test_a_target_is_met_on_the_better_side(
    better: Literal["lower", "higher"], value: float, met: bool
) -> None:
    assert figure(better, value).met is met


def test_a_line_holds_the_figure_and_its_counts_side_by_side() -> None:
    line = figure("lower", 3).line()
    assert json.loads(line) == {
        "figure": "decisions", "value": 3, "unit": "µs", "better": "lower", "target": 10,
        "peer": None, "peer_value": None, "met": True, "policies": 100,
    }  # fmt: skip
    assert problem(line) is None


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("warming up", "not JSON"),
        ('"text"', "not a figure"),
        ('{"figure": "x"}', "not a figure"),
        (
            json.dumps(
                dict.fromkeys(["figure", "value", "unit", "better", "target", "peer", "peer_value", "met"])
            ),
            "over no number",
        ),
    ],
)
def test_the_runner_takes_nothing_but_figures(line: str, said: str) -> None:
    assert said in (problem(line) or "")


def scripts(folder: Path, **texts: str) -> None:
    """A folder of benchmarks that the runner is pointed at."""
    folder.mkdir()
    (folder / "__init__.py").touch()
    for name, text in texts.items():
        (folder / f"bench_{name}.py").write_text(text)


def test_one_that_breaks_does_not_keep_the_next_from_running(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    line = figure("lower", 11).line()
    scripts(
        tmp_path / "some",
        a_broken="raise SystemExit(3)",
        b_silent="",
        c_talks="print('warming up')",
        d_well=f"print({line!r})",
    )
    monkeypatch.setattr(runner, "HERE", tmp_path / "some")
    assert main([]) == 1
    said = capfd.readouterr()
    assert said.out.splitlines()[-1] == line
    assert "Failed: a_broken: ended with 3" in said.err
    assert "Failed: b_silent: measured nothing" in said.err
    assert "Failed: c_talks: not JSON: warming up" in said.err
    assert "4 benchmarks, 1 figures: 1 missed their target, 3 benchmarks failed" in said.err


def test_a_missed_target_is_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    scripts(tmp_path / "some", well=f"print({figure('lower', 11).line()!r})")
    monkeypatch.setattr(runner, "HERE", tmp_path / "some")
    assert main([]) == 0
    assert "Target missed: decisions" in capfd.readouterr().err


def test_what_takes_too_long_is_ended_with_all_that_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    text = "import subprocess\nsubprocess.run(['sleep', '600'])"
    scripts(tmp_path / "some", slow=text)
    monkeypatch.setattr(runner, "HERE", tmp_path / "some")
    monkeypatch.setattr(runner, "LONGEST", 0.5)
    assert main([]) == 1
    assert "slow: ended with -9" in capfd.readouterr().err


def test_every_script_that_needs_a_peer_makes_its_environment() -> None:
    root = Path(runner.__file__).resolve().parents[1]
    (named,) = re.findall(r"^PEERED := (.*)$", (root / "Makefile").read_text(), re.MULTILINE)
    of_peers = {"venv-peers", "benchmarks.patient"}
    needing = [
        name for name, path in available().items() if any(word in path.read_text() for word in of_peers)
    ]
    assert sorted(named.split()) == sorted(needing)


def test_an_unknown_name_lists_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nothing"]) == 1
    said = capsys.readouterr().err
    assert all(name in said for name in available())
