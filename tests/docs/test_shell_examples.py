"""Each `dataspace …` line of the README and of the documentation is one that the command line understands."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import typer

from dataspace.cli.main import app

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
CLI = typer.main.get_command(app)

FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SHELL = {"", "sh", "console", "shell", "bash"}
INLINE = re.compile(r"`(dataspace [^`]+)`")


def lines() -> Iterator[tuple[str, str]]:
    """Page and line of each command in a fenced block, without the prompt."""
    for page in PAGES:
        for language, block in FENCED.findall(page.read_text()):
            for line in block.splitlines() if language in SHELL else ():
                text = line.removeprefix("$ ").strip()
                if text.startswith("dataspace "):
                    yield str(page.relative_to(ROOT)), text


def described() -> Iterator[tuple[str, str]]:
    """Page and text of each command that is named in a sentence."""
    for page in PAGES:
        for text in INLINE.findall(page.read_text()):
            yield str(page.relative_to(ROOT)), text


def command_of(arguments: list[str]) -> tuple[Any, list[str]]:
    """The command that the words lead to, and what is left of them."""
    command: Any = CLI
    rest = arguments
    while rest and rest[0] in getattr(command, "commands", {}):
        command, rest = command.commands[rest[0]], rest[1:]
    return command, rest


LINES = list(lines())


@pytest.mark.parametrize(("page", "line"), LINES, ids=[f"{page}: {line}" for page, line in LINES])
def test_a_line_is_understood(page: str, line: str) -> None:
    words = shlex.split(line.partition(" > ")[0].partition(" | ")[0], comments=True)
    command, rest = command_of(words[1:])
    assert not hasattr(command, "commands"), f"{page}: '{line}' names a group, not a command"
    try:
        command.make_context(command.name, rest)  # reads arguments and options, and runs nothing
    except click.ClickException as error:
        pytest.fail(f"{page}: '{line}': {error.format_message()}")


def test_a_command_in_a_sentence_exists() -> None:
    wrong = []
    for page, text in described():
        command, rest = command_of(text.split()[1:])
        names_nothing = command is CLI and rest[0] != "COMMAND" and not rest[0].startswith("-")
        if names_nothing or (hasattr(command, "commands") and rest and rest[0].islower()):
            wrong.append(f"{page}: {text}")
    assert wrong == []


def test_there_are_such_lines() -> None:
    assert len(LINES) > 30


@pytest.mark.parametrize(
    "line", ["dataspace permit grnat A-7", "dataspace log receipt", "dataspace hub start --prot 1"]
)
def test_a_line_that_is_wrong_is_noticed(line: str) -> None:
    command, rest = command_of(line.split()[1:])
    with pytest.raises((click.ClickException, AssertionError)):
        assert not hasattr(command, "commands")
        command.make_context(command.name, rest)
