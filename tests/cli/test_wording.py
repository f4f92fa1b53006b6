"""What to type is said in the shell's words, and can be pasted."""

from collections.abc import Sequence

import pytest
import typer

from dataspace.cli.main import app
from dataspace.cli.wording import complete, given_in, options_in, shell_words

TREE = options_in(typer.main.get_command(app))
GIVEN = {"--home": "my hub", "--as": "sven"}


@pytest.mark.parametrize(
    ("python", "shell"),
    [
        (
            'You can change this: hub.apply("stays", purpose="scientific research", kinds=["noisy"], '
            "legal_basis=[…]), then ask with permit=….",
            "You can change this: `dataspace permit apply stays --purpose 'scientific research' --kind noisy "
            "--legal-basis …`, then ask with --permit ….",
        ),
        ("You hold P-1: ask with permit='P-1'.", "You hold P-1: ask with --permit P-1."),
        ('ask with kind="aggregate".', 'ask with --kind "aggregate".'),
        (
            "receipt r-18: .receipt.verify()",
            "receipt r-18: `dataspace log receipt 18 --output r-18.json`",
        ),
        (
            "receipt of intent 17: .receipt.verify()",
            "receipt: `dataspace log receipt 17 --outcome --output r-17.json`",
        ),
        ("Use `hub.train(…)` or `hub.glm(…)`.", "Use `dataspace train`."),
        ("Pass one: connect(url, token=…).", "Pass one: DATASPACE_TOKEN=…."),
    ],
)
def test_a_call_of_python_is_a_command_in_a_shell(python: str, shell: str) -> None:
    assert shell_words(python) == shell


def test_the_certificate_of_a_hub_is_named_by_its_variable() -> None:
    said = shell_words('Give the hub\'s own: connect(url, ca="hub-ca.pem").')
    assert "DATASPACE_CA=hub-ca.pem" in said and "connect(" not in said


@pytest.mark.parametrize(
    ("said", "pasted"),
    [
        (
            "See `dataspace permit review A-2`.",
            "See `dataspace permit review A-2 --home 'my hub' --as sven`.",
        ),
        (
            "all at once: dataspace dataset fix stays --drop 1",
            "all at once: dataspace dataset fix stays --drop 1 --home 'my hub' --as sven",
        ),
        ("Make one: `dataspace hub init`.", "Make one: `dataspace hub init --home 'my hub'`."),
        ("`dataspace site accept P-2 --yes`", "`dataspace site accept P-2 --yes`"),
        ("`dataspace inbox --as eva`", "`dataspace inbox --as eva --home 'my hub'`"),
        ("`dataspace policy approve p 12`", "`dataspace policy approve p 12 --home 'my hub'`"),
        ("the dataspace is a folder", "the dataspace is a folder"),
    ],
)
def test_a_suggested_command_carries_what_was_typed_where_it_takes_it(said: str, pasted: str) -> None:
    assert complete(said, GIVEN, TREE) == pasted


@pytest.mark.parametrize(
    ("typed", "given"),
    [
        (["inbox", "--home", "h", "--as=eva"], {"--home": "h", "--as": "eva"}),
        (["inbox", "--as"], {}),
    ],
)
def test_what_was_typed_is_found_on_the_line(typed: Sequence[str], given: dict[str, str]) -> None:
    assert given_in(typed) == given


def test_the_home_of_a_site_is_not_given_to_a_command_of_the_hub_nor_the_other_way_round() -> None:
    said = "`dataspace permit list`, then `dataspace site accept P-1`"
    home = {"--home": "here"}
    at_site = "`dataspace permit list`, then `dataspace site accept P-1 --home here`"
    assert complete(said, home, TREE, at_site=True) == at_site
    assert (
        complete(said, home, TREE) == "`dataspace permit list --home here`, then `dataspace site accept P-1`"
    )
