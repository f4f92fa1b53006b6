"""`dataspace dataset fix, versions, profile, expect, deprecate, withdraw, erase, dummy`: the life of versions."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dataspace.cli.data_options import (
    Cast,
    Codes,
    Consent,
    Drop,
    Generalise,
    Labels,
    Name,
    Reason,
    Rename,
    Sure,
    Which,
    confirm_erasing,
    steps_typed,
)
from dataspace.cli.reaching import reach
from dataspace.cli.words import As, Home, Json, example, show, show_json

if TYPE_CHECKING:
    from dataspace.client.hub import Hub
    from dataspace.client.registered import StillHeld


def add_to(app: typer.Typer) -> None:
    """Add the commands to `dataspace dataset`."""
    app.command(epilog=example("dataspace dataset fix medpar --drop 1 --generalise provnum=group"))(fix)
    app.command(epilog=example("dataspace dataset versions medpar"))(versions)
    app.command(epilog=example("dataspace dataset profile medpar"))(profile)
    app.command(epilog=example("dataspace dataset expect medpar los=1..120 died=0|1"))(expect)
    app.command(epilog=example('dataspace dataset deprecate medpar 1 --reason "Version 2 is corrected."'))(
        deprecate
    )
    app.command(epilog=example('dataspace dataset withdraw medpar 1 --reason "Names were left in."'))(
        withdraw
    )
    app.command(epilog=example('dataspace dataset erase medpar 1 --reason "Retention is over." --yes'))(erase)
    app.command(epilog=example("dataspace dataset dummy medpar --rows 500 --output dummy.parquet"))(dummy)


def fix(
    name: Name,
    drop: Drop = None,
    rename: Rename = None,
    cast: Cast = None,
    generalise: Generalise = None,
    consent: Consent = None,
    codes: Codes = None,
    label: Labels = None,
    unit: Annotated[str, typer.Option(help="Column of the person to protect, or row; of a draft.")] = "",
    home: Home = None,
    person: As = "",
) -> None:
    """Curate the latest version further: makes a new version."""
    with reach(home, person) as hub:
        show(
            hub.fix(
                name, privacy_unit=unit, **steps_typed(drop, rename, cast, generalise, consent, codes, label)
            )
        )
        told_of_earlier(hub, name)


def versions(name: Name, as_json: Json = False, home: Home = None, person: As = "") -> None:
    """Every version, oldest first, and whether it may still be asked."""
    from dataspace.model.codec import to_json

    with reach(home, person) as hub:
        found = hub.versions(name)
        held = [] if as_json else _held_or_not_told(hub, name)
    show_json(to_json(found.chapters)) if as_json else show(found)
    for one in held:
        show(one)


def told_of_earlier(hub: "Hub", name: str) -> None:
    """Say what earlier versions still hold: curating makes a new one, and takes nothing out of those before."""
    for one in hub.still_held(name):
        show(one)


def _held_or_not_told(hub: "Hub", name: str) -> "Sequence[StillHeld]":
    """What `still_held` tells stewards; nothing for others."""
    from dataspace.errors import NotAllowed

    try:
        return hub.still_held(name)
    except NotAllowed:
        return []


def profile(
    name: Name,
    version: Annotated[str, typer.Option(help="A version; left out: the latest.")] = "",
    as_json: Json = False,
    home: Home = None,
    person: As = "",
) -> None:
    """What one pass over a version told, and its difference to the one before."""
    from dataspace.model.codec import to_json

    with reach(home, person) as hub:
        found = hub.profile(name, version)
    show_json(to_json(found.noun)) if as_json else show(found)


def expect(
    name: Name,
    rules: Annotated[
        list[str] | None, typer.Argument(help="los=1..120, id=unique, a=present, s=f|m, x->d.id")
    ] = None,
    home: Home = None,
    person: As = "",
) -> None:
    """Replace the rules that every new version is held against; none takes them away."""
    with reach(home, person) as hub:
        kept = hub.expect(name, rules or []).noun.expectations
    show(f"{name} expects: {', '.join(map(str, kept)) or 'nothing'}")


def deprecate(name: Name, version: Which, reason: Reason = "", home: Home = None, person: As = "") -> None:
    """Say that there is something better. The version may still be asked."""
    with reach(home, person) as hub:
        settled = hub.deprecate(name, version, reason)
    show(f"{name} version {settled.number} is {settled.standing.value}.")


def withdraw(name: Name, version: Which, reason: Reason = "", home: Home = None, person: As = "") -> None:
    """No new access to a version, at once. Its bytes stay."""
    with reach(home, person) as hub:
        settled = hub.withdraw_version(name, version, reason)
    show(f"{name} version {settled.number} is {settled.standing.value}: nobody can ask it any more.")


def erase(
    name: Name,
    version: Which,
    reason: Reason = "",
    yes: Sure = False,
    home: Home = None,
    person: As = "",
) -> None:
    """Destroy the bytes of a version; the record of it stays."""
    confirm_erasing(name, version, yes)
    with reach(home, person) as hub:
        settled = hub.erase_version(name, version, reason)
    show(
        f"{name} version {settled.number} is {settled.standing.value}: its bytes are gone, the record stays."
    )


def dummy(
    name: Name,
    rows: Annotated[int, typer.Option("--rows", "-n", min=0, help="How many.")] = 500,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same rows.")] = 0,
    output: Annotated[Path | None, typer.Option(help="A Parquet or CSV file that is made.")] = None,
    home: Home = None,
    person: As = "",
) -> None:
    """Made-up rows from the description alone, to write code before any permit. They say nothing about the data."""
    with reach(home, person) as hub:
        made = hub.dummy(name, rows, seed)
        if output is None:
            show(made)
            return
        _written(made.to_arrow(), output)
    show(f"{rows:,} DUMMY rows of {name} in {output}")


def name_of(file: Path) -> str:
    """The name of a dataset from that of its file: `Visits 2024.csv` is `visits_2024`."""
    return re.sub(r"[^a-z0-9]+", "_", file.stem.lower()).strip("_")


def _written(table: object, output: Path) -> None:
    from dataspace.errors import InvalidRequest

    try:
        if output.suffix == ".parquet":
            import pyarrow.parquet

            pyarrow.parquet.write_table(table, output)
        elif output.suffix == ".csv":
            import pyarrow.csv

            pyarrow.csv.write_csv(table, output)
        else:
            raise InvalidRequest(f"'{output.name}' is no Parquet or CSV file.", "End it in .parquet or .csv.")
    except OSError as error:
        raise InvalidRequest(f"'{output}' cannot be written ({error.strerror}).", "Name another.") from error
