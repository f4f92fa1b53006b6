"""The small formula language: `y ~ a + b`, and nothing else."""

import pytest

from dataspace.client.formulas import parse_formula
from dataspace.errors import InvalidRequest


def test_a_formula_names_a_target_and_features() -> None:
    assert parse_formula("died ~ age80 + hmo+white") == ("died", ("age80", "hmo", "white"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "died",
        "died ~",
        "~ a",
        "died ~ .",
        "died ~ a * b",
        "died ~ a:b",
        "died ~ a - 1",
        "died ~ log(a)",
        "y ~ a +",
    ],
)
def test_anything_else_is_refused_with_the_allowed_form(text: str) -> None:
    with pytest.raises(InvalidRequest, match=r"target ~ feature \+ feature"):
        parse_formula(text)


@pytest.mark.parametrize("text", ["died ~ a + a", "died ~ died + a"])
def test_a_column_is_named_once(text: str) -> None:
    with pytest.raises(InvalidRequest, match="twice"):
        parse_formula(text)
