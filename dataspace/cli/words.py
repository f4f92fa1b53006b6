"""Words that several commands share: their examples, their common options, and how things are printed."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

Home = Annotated[
    Path | None,
    typer.Option(
        help="Folder of a hub on this machine; left out: DATASPACE_HOME, or the hub at DATASPACE_URL."
    ),
]
As = Annotated[str, typer.Option("--as", help="Who asks, at a hub on this machine.")]
Permit = Annotated[str | None, typer.Option(help="A permit's id, such as P-7.")]
Purpose = Annotated[str, typer.Option(help="A purpose; left out: the permit's.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def example(*lines: str) -> str:
    """The end of a command's help."""
    return "Example: " + "; ".join(lines)


def show(text: object) -> None:
    """Print something as it reads in a notebook."""
    typer.echo(repr(text) if not isinstance(text, str) else text)


def show_json(document: Any) -> None:
    """Print JSON for programs."""
    typer.echo(json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True))
