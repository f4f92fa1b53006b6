"""Words that several commands share: their examples, their common options, and how things are printed."""

import json
from pathlib import Path
from typing import Annotated, Any

import click
import typer

from dataspace.cli.wording import complete, options_in, shell_words

Home = Annotated[
    Path | None,
    typer.Option(
        help="Folder of a hub on this machine; left out: DATASPACE_HOME, or the hub at DATASPACE_URL."
    ),
]
As = Annotated[str, typer.Option("--as", help="Who asks, at a hub on this machine; left out: DATASPACE_AS.")]
Permit = Annotated[str | None, typer.Option(help="A permit's id, such as P-7.")]
Purpose = Annotated[str, typer.Option(help="A purpose; left out: the permit's.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def example(*lines: str) -> str:
    """The end of a command's help."""
    return "Example: " + "; ".join(lines)


def show(text: object) -> None:
    """Print something in the words of a shell: by its `_repr_shell_`, or as it reads in a notebook, translated."""
    typer.echo(worded(text))


def worded(text: object) -> str:
    """What `show` prints."""
    if isinstance(text, str):
        said = text
    else:
        own = getattr(text, "_repr_shell_", None)
        said = own() if own is not None else repr(text)
    context = click.get_current_context(silent=True)
    if context is None:
        return shell_words(said)
    typed = {"--home": context.params.get("home"), "--as": context.params.get("person")}
    given = {option: str(value) for option, value in typed.items() if value}
    at_site = context.command_path.split()[1:2] == ["site"]
    return complete(shell_words(said), given, options_in(context.find_root().command), at_site)


def show_json(document: Any) -> None:
    """Print JSON for programs."""
    typer.echo(json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True))
