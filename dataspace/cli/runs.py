"""`dataspace run`: how training runs stand, what happened in them, and their end."""

from typing import Annotated, Any

import typer

from dataspace.cli.reaching import reach
from dataspace.cli.words import As, Home, Json, example, show_json

app = typer.Typer(
    help="Training runs: how they stand, what happened, their end.",
    epilog=example("dataspace run status R-1a2b3c4d5e6f"),
    no_args_is_help=True,
)
Run = Annotated[str, typer.Argument(help="Name of the run.")]


@app.command(epilog=example("dataspace run status", "dataspace run status R-1a2b3c4d5e6f --json"))
def status(
    run: Annotated[str, typer.Argument(help="Name of the run; left out: all of yours.")] = "",
    as_json: Json = False,
    home: Home = None,
    person: As = "",
) -> None:
    """How a run stands: whom it waits for, who refused and why."""
    with reach(home, person) as hub:
        found = [hub.runs.status(run)] if run else hub.runs.all()
        if as_json:
            show_json(found[0] if run else found)
        elif not found:
            typer.echo("No run since the hub was started. Earlier ones stand in its log.")
        for one in () if as_json else found:
            typer.echo("\n".join(_lines(one)))


@app.command(epilog=example("dataspace run events R-1a2b3c4d5e6f"))
def events(run: Run, home: Home = None, person: As = "") -> None:
    """What happened, from the first on, as it comes, one JSON object a line, until the run has ended."""
    import json

    with reach(home, person) as hub:
        for event in hub.runs.events(run):
            typer.echo(json.dumps(event, ensure_ascii=False))


@app.command(epilog=example("dataspace run stop R-1a2b3c4d5e6f"))
def stop(run: Run, home: Home = None, person: As = "") -> None:
    """End a run; sites that work on it end their workers within some seconds."""
    with reach(home, person) as hub:
        before = hub.runs.status(run)["state"]
        hub.runs.stop(run)
        ended = before in ("finished", "failed")
        typer.echo(f"{run} had ended already: it {before}." if ended else f"{run} is stopped.")


def _lines(one: Any) -> list[str]:
    cause = f": {one['cause']}" if one["cause"] else ""
    answered = f" · answered {', '.join(one['answered'])}" if one["answered"] else ""
    again = f" · went on {one['resumed']} times" if one["resumed"] else ""
    lines = [f"{one['run']}  {one['state']}{cause} · round {one['round']}{answered}{again}"]
    longest = f" of {one['round_seconds']:g}" if one["round_seconds"] else ""
    lines += [
        f"  waits for {site}, {seconds:g}{longest} s by now" for site, seconds in one["waiting"].items()
    ]
    lines += [
        f"  {site} refused in round {why['round']} ({why['code']}): {why['reason']}"
        for site, why in one["refused"].items()
    ]
    return lines
