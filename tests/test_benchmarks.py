"""A figure counts only if it says over how much it was measured, and the runner takes nothing but figures."""

import json
from typing import Literal

import pytest

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


def test_an_unknown_name_lists_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nothing"]) == 1
    said = capsys.readouterr().err
    assert all(name in said for name in available())
