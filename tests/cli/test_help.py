"""Every command says what it does and ends its help with an example that can be typed."""

import re
import shlex
from collections.abc import Iterator

import click
import pytest
import typer.main

from dataspace.cli.argument_help import restored
from dataspace.cli.main import app, main

ROOT = typer.main.get_command(app)


def commands(
    command: click.Command, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    children = getattr(command, "commands", {})
    for name, child in children.items():
        yield from commands(child, (*path, name))


ALL = list(commands(ROOT))
NAMES = {path for path, _ in ALL}


def test_the_groups_that_people_are_told_of_exist() -> None:
    assert {
        (name,) for name in ("hub", "site", "dataset", "policy", "permit", "query", "train", "log", "demo")
    } <= NAMES


@pytest.mark.parametrize(("path", "command"), ALL, ids=[" ".join(path) or "dataspace" for path, _ in ALL])
def test_help_says_what_it_does_and_shows_an_example(
    path: tuple[str, ...], command: click.Command, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*path, "--help"]) == 0
    shown = capsys.readouterr().out
    assert "Example: dataspace " in shown
    assert command.help
    assert command.help.rstrip().endswith("."), "help is a sentence"


def test_every_argument_says_what_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    told = [
        (path, one.name, one.help)
        for path, command in commands(restored(typer.main.get_command(app)))
        for one in command.params
        if isinstance(one, click.Argument)
    ]
    assert told and [(path, name) for path, name, text in told if not text] == []
    main(["dataset", "show", "--help"])
    assert "Name of the dataset." in capsys.readouterr().out


@pytest.mark.parametrize(("path", "command"), ALL, ids=[" ".join(path) or "dataspace" for path, _ in ALL])
def test_an_example_is_a_command_with_options_that_exist(
    path: tuple[str, ...], command: click.Command
) -> None:
    for example in re.sub(r"^Example: ", "", command.epilog or "").split("; "):
        words = shlex.split(example.split(" > ")[0])
        assert words[0] == "dataspace"
        words = words[1:]
        target: click.Command = ROOT
        while words and words[0] in getattr(target, "commands", {}):
            target = target.commands[words.pop(0)]  # type: ignore[attr-defined]
        known = {
            option for parameter in target.params for option in (*parameter.opts, *parameter.secondary_opts)
        }
        assert {word for word in words if word.startswith("--")} <= known, example
        if path and not getattr(command, "commands", {}):
            assert target is command, "the example is of this very command"
