"""`dataspace dataset`: register, describe and find data."""

from pathlib import Path
from typing import Annotated, Any

import typer

from dataspace.cli import curation, describing
from dataspace.cli.data_options import (
    Cast,
    Codes,
    Consent,
    Drop,
    Duo,
    Generalise,
    InPlace,
    Item,
    Labels,
    Name,
    Read,
    Rename,
    SecretEnv,
    SecretFile,
    steps_typed,
)
from dataspace.cli.describing import Fields
from dataspace.cli.reaching import reach
from dataspace.cli.sourcing import placed
from dataspace.cli.words import As, Home, Json, example, show, show_json

app = typer.Typer(
    help="Register, describe and find data.",
    epilog=example("dataspace dataset register medpar.csv --name medpar --drop 1"),
    no_args_is_help=True,
)
describing.add_to(app)
curation.add_to(app)


Called = Annotated[
    str, typer.Option(help="Lower-case letters, digits and _; also its name in SQL; left out: the file's.")
]
Title = Annotated[str, typer.Option(help="One line for people.")]
Description = Annotated[str, typer.Option(help="What a row is, where it comes from.")]
Follows = Annotated[str, typer.Option(help="A dictionary that it follows: name, or name@version.")]
Expect = Annotated[
    list[str] | None,
    typer.Option(help="A rule for every version: los=1..120, id=unique, sex=f|m, id=present."),
]
AcceptDrift = Annotated[
    bool, typer.Option("--accept-drift", help="Also where columns are gone or changed their type.")
]
Unit = Annotated[
    str, typer.Option(help="Column of the person to protect; row: each row is its own; left out: as before.")
]
Publish = Annotated[bool, typer.Option(help="Let others see the description.")]
Synthetic = Annotated[bool, typer.Option(help="The rows are made up.")]
Health = Annotated[bool, typer.Option(help="Health data: the record follows HealthDCAT-AP.")]


@app.command(
    epilog=example("dataspace dataset register medpar.csv --name medpar --dictionary medpar --unit row")
)
def register(
    source: Read,
    name: Called = "",
    title: Title = "",
    description: Description = "",
    dictionary: Follows = "",
    drop: Drop = None,
    rename: Rename = None,
    cast: Cast = None,
    generalise: Generalise = None,
    consent: Consent = None,
    codes: Codes = None,
    label: Labels = None,
    expect: Expect = None,
    accept_drift: AcceptDrift = False,
    unit: Unit = "",
    duo: Duo = None,
    publish: Publish = False,
    synthetic: Synthetic = False,
    health: Health = False,
    field: Fields = None,
    in_place: InPlace = False,
    item: Item = "",
    secret_file: SecretFile = None,
    secret_env: SecretEnv = "",
    home: Home = None,
    person: As = "",
) -> None:
    """Make a version of a file: profile, suspected identifiers, and what to do about them."""
    place = placed(source, in_place, item or name, secret_file, secret_env)
    said: dict[str, Any] = {
        "title": title,
        "description": description,
        "dictionary": dictionary,
        "privacy_unit": unit,
        "publish": publish,
        "synthetic": synthetic,
        "accept_drift": accept_drift,
        "expect": expect or [],
        "duo": duo or [],
        "fields": _fields(health, field),
    }
    steps = steps_typed(drop, rename, cast, generalise, consent, codes, label)
    with reach(home, person) as hub:
        called = name or (item if place else curation.name_of(Path(source)))
        made = hub.register(source, called, **said, **steps, **place)
        show(made)
        curation.told_of_earlier(hub, made.dataset.name)


def _fields(health: bool, typed: list[str] | None) -> dict[str, list[str]]:
    return ({"domain": ["health"]} if health else {}) | describing.pairs(typed or [])


@app.command("list", epilog=example("dataspace dataset list mortality"))
def list_datasets(
    text: Annotated[str, typer.Argument(help="Words to look for.")] = "",
    facet: Annotated[
        list[str] | None, typer.Option(help="Narrow: theme:…, access:PUBLIC, format:CSV, …")
    ] = None,
    as_json: Json = False,
    home: Home = None,
    person: As = "",
) -> None:
    """Datasets that you may know of."""
    from dataspace.model.codec import to_json

    with reach(home, person) as hub:
        found = hub.datasets(text, facet or [])
        if as_json:
            show_json([to_json(view.noun) for view in found])
        else:
            show(found)


@app.command(epilog=example("dataspace dataset search mortality --facet access:RESTRICTED"))
def search(
    text: Annotated[str, typer.Argument(help="Words to look for.")] = "",
    facet: Annotated[
        list[str] | None, typer.Option(help="Narrow: theme:…, access:PUBLIC, format:CSV, …")
    ] = None,
    page: Annotated[int, typer.Option(help="From 1.")] = 1,
    as_json: Json = False,
    home: Home = None,
    person: As = "",
) -> None:
    """Search all records, here and from harvested catalogues, with the counts of each facet."""
    from dataspace.model.codec import to_json

    with reach(home, person) as hub:
        found = hub.search(text, facet or [], page)
        if as_json:
            show_json(to_json(found.noun))
        else:
            show(found)


@app.command("show", epilog=example("dataspace dataset show medpar"))
def show_dataset(name: Name, as_json: Json = False, home: Home = None, person: As = "") -> None:
    """One dataset with its columns, labels and codes."""
    from dataspace.model.codec import to_json

    with reach(home, person) as hub:
        view = hub.dataset(name)
        if as_json:
            show_json(to_json(view.noun))
        else:
            show(view)


@app.command(epilog=example("dataspace dataset dictionary policies/dictionaries/medpar.yaml"))
def dictionary(
    file: Annotated[Path, typer.Argument(help="A dictionary in YAML.")], home: Home = None, person: As = ""
) -> None:
    """Load a dictionary that datasets can claim to follow."""
    from dataspace.cli.files import read_text

    with reach(home, person) as hub:
        typer.echo(hub.load_dictionary(read_text(file)))


@app.command(
    epilog=example(
        'dataspace dataset federated medpar --dictionary medpar --field controller="Hospital" --field contact=…'
    )
)
def federated(
    name: Name,
    dictionary: Annotated[str, typer.Option(help="A dictionary that was loaded before.")],
    title: Title = "",
    health: Health = False,
    field: Fields = None,
    draft: Annotated[
        bool, typer.Option("--draft", help="Only stewards see it until it is complete.")
    ] = False,
    home: Home = None,
    person: As = "",
) -> None:
    """Describe a dataset whose rows lie at the sites, with those who answer for it."""
    with reach(home, person) as hub:
        show(hub.describe_federated(name, dictionary, title, _fields(health, field), not draft))
