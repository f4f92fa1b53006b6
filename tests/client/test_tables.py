"""Tables line up, and nothing in them can move a terminal's cursor or become HTML."""

import pytest

from dataspace.client.tables import Grid, number, plus_minus, printable


def test_columns_line_up_and_numbers_stand_to_the_right() -> None:
    grid = Grid(("site", "n"), (("hospital-a", "7"), ("b", "1,234")), (False, True))
    assert grid.text() == "site            n\nhospital-a      7\nb           1,234"


def test_a_cell_cannot_move_the_cursor_of_a_terminal() -> None:
    text = Grid(("name",), (("a\x1b[2Jb\nc",),)).text()
    assert "\x1b" not in text
    assert text.count("\n") == 1
    assert printable("naïve ✓") == "naïve ✓"


def test_html_is_escaped() -> None:
    html = Grid(("<th>",), (("<script>alert('x')</script>",),)).html()
    assert "<script" not in html
    assert "&lt;script&gt;alert(&#x27;x&#x27;)" in html


@pytest.mark.parametrize(
    ("value", "words"),
    [(1234, "1,234"), (1234.0, "1,234"), (0.12345, "0.1235"), (98765.4, "98,765.4"), (float("nan"), "nan")],
)
def test_numbers_read_as_people_write_them(value: float, words: str) -> None:
    assert number(value) == words


@pytest.mark.parametrize(
    ("value", "half", "words"),
    [
        (272, 7.4, "272 ± 7"),
        (27.18, 2.04, "27.2 ± 2.0"),
        (0.4312, 0.0151, "0.431 ± 0.015"),
        (123_456.7, 321.0, "123,457 ± 321"),
        (3.5, 0.0, "4 ± 0"),
        (3.5, float("inf"), "4 ± inf"),
    ],
)
def test_a_mean_is_shown_as_finely_as_its_interval_allows(value: float, half: float, words: str) -> None:
    assert plus_minus(value, half) == words
