"""What a command's help says of its arguments.

typer 0.20 keeps an argument's help where click 8.5 then puts its own, which is empty; it is put back from where it was
declared. Without this `--help` names arguments, and says nothing of them.
"""

from collections.abc import Iterator

import click
from typer.models import ArgumentInfo
from typer.utils import get_params_from_function


def restored(root: click.Command) -> click.Command:
    """The same tree of commands, with the help that its arguments were declared with."""
    for command in _commands(root):
        if command.callback is None:
            continue
        declared = get_params_from_function(getattr(command.callback, "__wrapped__", command.callback))
        for one in command.params:
            about = declared[one.name].default if one.name in declared else None
            if isinstance(one, click.Argument) and isinstance(about, ArgumentInfo):
                one.help = about.help
    return root


def _commands(command: click.Command) -> Iterator[click.Command]:
    yield command
    for one in getattr(command, "commands", {}).values():
        yield from _commands(one)
