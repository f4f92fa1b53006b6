"""The command `dataspace`: groups of commands, and the one place where an error becomes a line and an exit code."""

import os
import sys
import traceback
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import click
import typer

from dataspace.cli import (
    datasets,
    hubs,
    ledger,
    logs,
    office,
    own_apps,
    permit_acts,
    policies,
    questions,
    releases,
    runs,
    sites,
)
from dataspace.cli.argument_help import restored
from dataspace.cli.wording import complete, given_in, options_in, shell_words
from dataspace.cli.words import example
from dataspace.errors import DataspaceError, InvalidRequest
from dataspace.settings import environment

INTERRUPTED = 130
USAGE = 2

app = typer.Typer(
    name="dataspace",
    help="Lawful, private, provable access to data that stays where it is.",
    epilog=example('dataspace query "SELECT count(*) AS n FROM medpar" --permit P-7'),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    suggest_commands=False,  # click suggests already; with both, it is said twice
)
for group, name in (
    (hubs.app, "hub"),
    (sites.app, "site"),
    (datasets.app, "dataset"),
    (policies.app, "policy"),
    (permit_acts.app, "permit"),
    (runs.app, "run"),
    (own_apps.app, "app"),
    (logs.app, "log"),
    (releases.app, "release"),
    (ledger.app, "ledger"),
):
    app.add_typer(group, name=name)
questions.add_to(app)
office.add_to(app, datasets.app)


@app.callback(invoke_without_command=True)
def root(
    show_version: Annotated[bool, typer.Option("--version", help="Print the version and end.")] = False,
) -> None:
    """Options of the command itself."""
    if show_version:
        typer.echo(version("dataspace"))
        raise typer.Exit


@app.command(epilog=example("dataspace demo --json --output demo-output"))
def demo(
    as_json: Annotated[bool, typer.Option("--json", help="Print the facts as one JSON object.")] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave the hub running, and say how to open it.")
    ] = False,
    output: Annotated[Path, typer.Option(help="Folder for the report.")] = Path("demo-output"),
) -> None:
    """Run the main job on this machine: a hub, four hospitals and a plant, in ten steps."""
    from dataspace.cli.demo.story import run

    raise typer.Exit(run(as_json=as_json, keep=keep, output=output))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code: 0, 1 for an error, 2 for a wrong use, 130 after Ctrl-C."""
    typed = list(arguments) if arguments is not None else sys.argv[1:]
    try:
        commands = typer.main.get_command(app)
        if "--help" in typed:
            restored(commands)
        code = commands(typed, standalone_mode=False)
        return code if isinstance(code, int) else 0
    except DataspaceError as error:
        _show(error, typed)
        return USAGE if isinstance(error, InvalidRequest) else 1
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except BrokenPipeError:
        # Whoever read our output has enough (`| head`). Python would complain once more when it flushes at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:  # noqa: BLE001 - the last resort: a sentence instead of a traceback
        if environment().get("DATASPACE_DEBUG") == "1":
            traceback.print_exc()
        print(
            f"Something went wrong here ({type(error).__name__}). Run it again with DATASPACE_DEBUG=1 to see where.",
            file=sys.stderr,
        )
        return 1


def _show(error: DataspaceError, typed: Sequence[str]) -> None:
    tree = options_in(typer.main.get_command(app))
    said = complete(shell_words(str(error)), given_in(typed), tree, at_site=list(typed[:1]) == ["site"])
    print(said, file=sys.stderr)
    if environment().get("DATASPACE_DEBUG") == "1":
        traceback.print_exc()
