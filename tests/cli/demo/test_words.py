"""The facts are the same in the terminal, in the JSON and in the report, and what is withheld is never a blank."""

import io
import json
from dataclasses import replace

import pytest
from rich.console import Console

from dataspace.cli.demo.display import Display
from dataspace.cli.demo.facts import Registered, Walk
from dataspace.cli.demo.summary import summary
from dataspace.cli.demo.words import blocks, grid
from dataspace.model.codec import from_json, to_json
from tests.cli.demo.made_walk import FACTS, SHOWN, TRAINED, WALK


def told(brief: bool = False, terminal: bool = False) -> str:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=terminal, width=40)
    with Display(console, 10, brief=brief) as display:
        for step in WALK.steps:
            display.begin(step.number, step.title, step.explanation)
            display.waiting("[red]hospital-a[/red]")
            display.waiting("[red]hospital-a[/red]")
            display.end(step)
    return stream.getvalue()


def test_the_whole_walk_is_json_and_reads_back_the_same() -> None:
    text = json.dumps(to_json(WALK), allow_nan=False)
    again = json.loads(text)
    assert len(again["steps"]) == 10
    assert from_json(Registered, again["steps"][0]["facts"]) == FACTS[0]
    assert {name.name for name in Walk.__dataclass_fields__.values()} == again.keys()


def test_a_withheld_cell_is_a_star_and_a_missing_value_is_not() -> None:
    odd = replace(SHOWN, rows=(*SHOWN.rows, {"type": None, "stays": 12}))
    assert [row[1] for row in grid(odd).rows] == ["211", "*", "*", "12"]
    assert grid(odd).rows[3][0] == ""
    assert "* suppressed: 2 cells, under the cohort or would reveal one that is" in blocks(SHOWN)


def test_every_step_has_words_and_something_else_has_none() -> None:
    assert all(blocks(facts) for facts in FACTS)
    with pytest.raises(TypeError):
        blocks("something else")


def test_a_hospital_without_a_model_of_its_own_counts_in_no_mean() -> None:
    text = "\n".join(block if isinstance(block, str) else block.text() for block in blocks(TRAINED))
    assert "hospital-d (did not take part)" in text and "hospital-d refused" in text
    means = next(line for line in text.splitlines() if line.startswith("mean"))
    assert means.split() == ["mean", "0.550", "0.605", "0.605"]  # of three, of four and of four
    assert "2.2e-16" in text


def test_the_summary_has_one_line_a_step() -> None:
    lines = summary(WALK).text().splitlines()
    assert len(lines) == 11
    assert "hospital-d refused" in lines[8]


def test_plain_lines_show_what_is_waited_for_once_and_take_no_markup() -> None:
    text = told()
    assert text.count("[red]hospital-a[/red]") == 10
    assert "\x1b" not in text
    # A narrow console breaks no table.
    assert any(
        "receipt r-17 (query.delivered) holds in hub at 61 records" in line for line in text.splitlines()
    )


def test_with_json_only_the_progress_is_shown() -> None:
    assert "Step 5" in told(brief=True)
    assert "211" not in told(brief=True)


def test_a_terminal_gets_a_bar() -> None:
    assert "\x1b" in told(terminal=True)
