"""The options by which rows are read and curated, alike at a hub and at a site; and what was typed of them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

Name = Annotated[str, typer.Argument(help="Name of the dataset.")]
Which = Annotated[str, typer.Argument(help="A version: its number, or the beginning of its hash.")]
Reason = Annotated[str, typer.Option(help="Why, in a sentence; it is told to whoever asks.")]
Sure = Annotated[bool, typer.Option("--yes", help="Do not ask: the bytes cannot be brought back.")]
Read = Annotated[
    str, typer.Argument(help="A CSV or Parquet file, or an address: postgresql://…, s3://…, file:///…")
]
InPlace = Annotated[
    bool,
    typer.Option("--in-place", help="Of an address: the rows stay there, and are read for each cut."),
]
Item = Annotated[str, typer.Option(help="Of an address: the table or object; left out: the name.")]
SecretFile = Annotated[
    Path | None, typer.Option(help="Of an address: a file (0600) with the password or KEY:SECRET.")
]
SecretEnv = Annotated[str, typer.Option(help="Of an address: the variable that holds it.")]
Duo = Annotated[
    list[str] | None, typer.Option(help="DUO:0000015, or GS=DE,FR; several times. They become a policy.")
]
Drop = Annotated[
    list[str] | None, typer.Option(help="A column to leave out, by name or place; several times.")
]
Rename = Annotated[list[str] | None, typer.Option(help="OLD=NEW; several times.")]
Cast = Annotated[
    list[str] | None, typer.Option(help="COLUMN=TYPE: boolean, integer, number, text, date, timestamp.")
]
Generalise = Annotated[
    list[str] | None,
    typer.Option(
        help="COLUMN=month|quarter|year (dates), 10 (bands, or length of a prefix), group (small codes)."
    ),
]
Consent = Annotated[
    list[str] | None, typer.Option(help="COLUMN=VALUE: keep the rows that consent; VALUE|VALUE for several.")
]
Codes = Annotated[
    list[str] | None,
    typer.Option(
        help="COLUMN=HERE:CODE,HERE:CODE, what the codes of this source mean; or @FILE, a CSV: column,here,code."
    ),
]
Labels = Annotated[list[str] | None, typer.Option(help="COLUMN=quasi-identifier, …; COLUMN=none.")]

Typed = Sequence[str] | None


def steps_typed(
    drop: Typed, rename: Typed, cast: Typed, generalise: Typed, consent: Typed, codes: Typed, label: Typed
) -> dict[str, Any]:
    """What was typed of curation, by the names that `Registration` and `Hub.register` have for it."""
    return {
        "drop": tuple(drop or ()),
        "rename": tuple(rename or ()),
        "cast": tuple(cast or ()),
        "generalise": tuple(generalise or ()),
        "consent": tuple(consent or ()),
        "codes": tuple(codes_of(codes)),
        "label": tuple(label or ()),
    }


def codes_of(typed: Typed) -> list[str]:
    """What was typed of codes, with what each `@FILE` says in its place."""
    from dataspace.cli.code_files import codes_in

    said: list[str] = []
    for text in typed or ():
        said += codes_in(Path(text[1:])) if text.startswith("@") else [text]
    return said


def confirm_erasing(name: str, version: str, yes: bool) -> None:
    """Ask before bytes are destroyed; ends the command where the answer is no."""
    if not yes:
        typer.confirm(
            f"Destroy the bytes of {name} version {version}? They cannot be brought back.", abort=True
        )
