"""`dataspace dataset check, edit, publish, describe, import`: the catalogue record of a dataset."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from dataspace.cli.curation import told_of_earlier
from dataspace.cli.data_options import Codes, Name, codes_of
from dataspace.cli.reaching import reach
from dataspace.cli.words import As, Home, Json, example, show, show_json
from dataspace.errors import InvalidRequest

Fields = Annotated[
    list[str] | None,
    typer.Option(
        "--field", help="NAME=VALUE; several times, also for one name; NAME= clears. See `dataset check`."
    ),
]


def add_to(app: typer.Typer) -> None:
    """Add the commands to `dataspace dataset`."""
    app.command(
        epilog=example(
            "dataspace dataset check medpar",
            "dataspace dataset check medpar --dictionary medpar --codes type=Notfall:3",
        )
    )(check)
    app.command(
        epilog=example(
            'dataspace dataset edit medpar --field controller="Hospital of Nowhere" --field keyword=stay'
        )
    )(edit)
    app.command(epilog=example("dataspace dataset publish medpar"))(publish)
    app.command(epilog=example("dataspace dataset describe medpar --format turtle"))(describe)
    app.command("import", epilog=example("dataspace dataset import record.ttl --name registry"))(bring)


def check(
    name: Name,
    dictionary: Annotated[
        str,
        typer.Option(help="Instead: map columns, codes and units to this dictionary, and keep the mapping."),
    ] = "",
    apply: Annotated[bool, typer.Option("--apply", help="Make a version by the mapping at once.")] = False,
    codes: Codes = None,
    as_json: Json = False,
    home: Home = None,
    person: As = "",
) -> None:
    """What the record lacks before it can be published, why it is asked for, and what to type. Ends with 1 if so."""
    from dataspace.model.codec import to_json

    if dictionary:
        with reach(home, person) as hub:
            matching = hub.match(name, dictionary, apply=apply, codes=codes_of(codes))
        if as_json:
            show_json(to_json(matching.noun))
        else:
            show(matching)
            if matching.noun.steps and not apply:
                show(
                    f"a version by this mapping: `dataspace dataset check {name} --dictionary {dictionary} --apply`"
                )
        raise typer.Exit(0 if matching.complete else 1)
    if codes or apply:
        raise InvalidRequest("There is no dictionary to map to.", "Name one: --dictionary NAME.")
    with reach(home, person) as hub:
        found = hub.check(name)
    if as_json:
        show_json(to_json(found.noun))
    else:
        show(found)
    if not found.publishable:
        raise typer.Exit(1)


def edit(name: Name, field: Fields = None, home: Home = None, person: As = "") -> None:
    """Fill in fields of the record, and say what still needs you."""
    with reach(home, person) as hub:
        if field:
            hub.edit(name, pairs(field))
        show(hub.check(name))


def publish(name: Name, home: Home = None, person: As = "") -> None:
    """Let others see the record; refused while something required is missing."""
    with reach(home, person) as hub:
        hub.publish(name)
        typer.echo(f"{name} is published: everybody sees its description, nobody its rows without a permit.")
        told_of_earlier(hub, name)


def describe(
    name: Name,
    form: Annotated[str, typer.Option("--format", help="turtle, json-ld or croissant.")] = "turtle",
    home: Home = None,
    person: As = "",
) -> None:
    """The record as DCAT-AP (HealthDCAT-AP for health data), or as Croissant."""
    from dataspace.errors import InvalidRequest

    known = {"turtle": "text/turtle", "json-ld": "application/ld+json", "croissant": "croissant"}
    if form not in known:
        raise InvalidRequest(f"'{form}' is no format of a record.", f"Say {', '.join(known)}.")
    with reach(home, person) as hub:
        typer.echo(hub.describe(name, known[form]))


def bring(
    file: Annotated[
        Path, typer.Argument(help="A record: Turtle (.ttl), JSON-LD (.jsonld) or N-Triples (.nt).")
    ],
    name: Annotated[str, typer.Option(help="What it is called here: lower-case letters, digits and _.")],
    iri: Annotated[str, typer.Option(help="Which dataset, where the file describes several.")] = "",
    home: Home = None,
    person: As = "",
) -> None:
    """Take in a record from outside as a draft; exported again it loses nothing that it brought."""
    with reach(home, person) as hub:
        hub.bring(name, file, iri=iri)
        show(hub.check(name))


def pairs(typed: Sequence[str]) -> dict[str, list[str]]:
    """`NAME=VALUE` several times, by name; raises InvalidRequest for what has no `=`."""
    from dataspace.errors import InvalidRequest

    fields: dict[str, list[str]] = {}
    for text in typed:
        name, sign, value = text.partition("=")
        if not sign:
            raise InvalidRequest(f"'{text[:60]}' is no NAME=VALUE.", 'Write --field controller="Hospital".')
        fields.setdefault(name.strip(), []).append(value.strip())
    return fields
