"""`dataspace inbox`, `deputy` and `call`: what waits, who stands in, and what is approved beforehand."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from dataspace.cli.reaching import reach
from dataspace.cli.words import As, Home, Json, example, show, show_json

calls = typer.Typer(
    help="Open calls: an application that fits one is granted at once.",
    epilog=example("dataspace call open vouchers.yaml"),
    no_args_is_help=True,
)


def add_to(app: typer.Typer, datasets: typer.Typer) -> None:
    """Put the commands into the group of all commands, and the one about a dataset into that group."""
    datasets.command("opt-out", epilog=example("dataspace dataset opt-out medpar --list persons.txt"))(
        opt_out
    )
    app.command("inbox", epilog=example("dataspace inbox"))(inbox)
    app.command("deputy", epilog=example("dataspace deputy eva --until 2026-12-24"))(deputy)
    app.add_typer(calls, name="call")


def opt_out(
    name: Annotated[str, typer.Argument(help="Name of the dataset.")],
    file: Annotated[Path, typer.Option("--list", help="One person a line, as in the privacy unit.")],
    at_once: Annotated[
        bool, typer.Option("--at-once", help="An objection or a withdrawn consent: out of everything, now.")
    ] = False,
    home: Home = None,
    person: As = "",
) -> None:
    """Leave persons out: of what is approved from now on, or at once of everything."""
    from dataspace.cli.files import read_text

    with reach(home, person) as hub:
        digest = hub.opt_out(name, read_text(file).splitlines(), at_once)
        when = "at once, of everything" if at_once else "of what is approved from now on"
        typer.echo(f"They are left out of {name} {when}. List {digest[:16]}….")


def inbox(as_json: Json = False, home: Home = None, person: As = "") -> None:
    """What waits for you, until when, and what to type."""
    from dataspace.model.codec import to_json

    with reach(home, person) as hub:
        found = hub.inbox()
        if as_json:
            show_json([to_json(item) for item in found])
        else:
            show(found if len(found) else "Nothing waits for you.")


def deputy(
    name: Annotated[str, typer.Argument(help="Who looks after your inbox; left out: who does now.")] = "",
    until: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The last day; left out: end it now.")
    ] = None,
    home: Home = None,
    person: As = "",
) -> None:
    """Name somebody who looks after your inbox; they act in their own name and role."""
    from dataspace.cli.permit_acts import last_moment

    with reach(home, person) as hub:
        if name:
            hub.name_deputy(name, last_moment(until) if until else None)
        show(hub.deputies())


@calls.command("list", epilog=example("dataspace call list"))
def list_calls(home: Home = None, person: As = "") -> None:
    """Calls that are open now."""
    with reach(home, person) as hub:
        show(hub.calls())


@calls.command("open", epilog=example("dataspace call open vouchers.yaml"))
def open_call(
    template: Annotated[Path, typer.Argument(help="The template, in YAML.")],
    home: Home = None,
    person: As = "",
) -> None:
    """Approve a template beforehand: applications that fit it are granted at once, and recorded."""
    from dataspace.adapters.call_yaml import parse_call
    from dataspace.cli.files import read_text

    said = parse_call(read_text(template), template.name)
    with reach(home, person) as hub:
        show(hub.open_call(**said))
