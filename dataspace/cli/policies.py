"""`dataspace policy`: read a policy, rehearse it, put it in force."""

import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from dataspace.cli.files import read_text
from dataspace.cli.words import As, Home, example
from dataspace.errors import PolicyUnreadable
from dataspace.model.policies import Policy

app = typer.Typer(
    help="Read a policy, rehearse it, put it in force.",
    epilog=example("dataspace policy test policies/hospital.yaml"),
    no_args_is_help=True,
)
File = Annotated[Path, typer.Argument(help="A policy in YAML.")]


@app.command(epilog=example("dataspace policy check policies/hospital.yaml"))
def check(file: File, home: Home = None, person: As = "") -> None:
    """Read a policy and say what it holds, or what is wrong and where. Changes nothing.

    Where a hub is named (--home), datasets and columns are looked up there, as the person of --as may see them.
    """
    policy = _read(file)
    if home is not None:
        _look_up(policy, home, person)
    typer.echo(
        f"{policy.id}: {policy.title}. {len(policy.rules)} rules, not in force. Owner: {policy.owner}."
    )
    for rule in policy.rules:
        typer.echo(f"  {rule.effect.value:6} {rule.id}" + (f": {rule.because}" if rule.because else ""))


@app.command(epilog=example("dataspace policy test policies/hospital.yaml"))
def test(
    file: File,
    scenarios: Annotated[
        Path | None, typer.Option(help="The scenario file; left out: the one beside the policy.")
    ] = None,
) -> None:
    """Rehearse a policy: each scenario beside it, decided as it would be. Exit 1 where one differs."""
    from dataspace.adapters.duckdb.reader import DuckdbReader
    from dataspace.adapters.scenario_yaml import parse_scenarios
    from dataspace.policy.digest import policy_set
    from dataspace.policy.rehearse import rehearse

    policy = _read(file)  # first: what is wrong with the policy itself comes before its scenarios
    beside = scenarios or file.with_name(f"{file.stem}.scenarios.yaml")
    with DuckdbReader() as reader:
        rehearsal = parse_scenarios(read_text(beside), beside.name, reader.predicate)
    in_force = policy_set([policy, *_neighbours(file, rehearsal.beside)])
    failed = 0
    for scenario in rehearsal.scenarios:
        differences = rehearse(scenario, in_force)
        failed += bool(differences)
        typer.echo(f"{'FAIL' if differences else 'ok':4}  {scenario.name}")
        for difference in differences:
            typer.echo(f"        {difference}")
    typer.echo(f"{len(rehearsal.scenarios) - failed} of {len(rehearsal.scenarios)} scenarios as expected.")
    if failed:
        raise typer.Exit(1)


@app.command(epilog=example("dataspace policy publish policies/hospital.yaml --as sam"))
def publish(file: File, home: Home = None, person: As = "") -> None:
    """Put a policy in force, replacing the one of the same name. Warns of datasets that are not there."""
    from dataspace.cli.reaching import reach
    from dataspace.client.wire import HubWarning

    _read(file)  # so that a mistake is told with the file's own name
    with reach(home, person) as hub, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", HubWarning)
        name = hub.publish_policy(read_text(file))
    typer.echo(f"{name} is in force.")
    _warn(str(warning.message) for warning in caught if issubclass(warning.category, HubWarning))


@app.command(epilog=example("dataspace policy withdraw hospital --as sam"))
def withdraw(
    name: Annotated[str, typer.Argument(help="The policy's name.")], home: Home = None, person: As = ""
) -> None:
    """Take a policy out of force: what it alone permitted is denied from now on."""
    from dataspace.cli.reaching import reach

    with reach(home, person) as hub:
        hub.withdraw_policy(name)
        typer.echo(f"{name} is not in force any more.")


@app.command("list", epilog=example("dataspace policy list"))
def list_policies(home: Home = None, person: As = "") -> None:
    """Policies in force."""
    from dataspace.cli.reaching import reach
    from dataspace.client.tables import Grid

    with reach(home, person) as hub:
        rows = tuple((p["id"], str(len(p["rules"])), p["title"], p["owner"]) for p in hub.policies())
    typer.echo(Grid(("policy", "rules", "title", "owner"), rows, (False, True, False, False)).text())


def _read(file: Path) -> Policy:
    from dataspace.adapters.duckdb.reader import DuckdbReader
    from dataspace.adapters.policy_yaml import parse_policy

    with DuckdbReader() as reader:
        return parse_policy(read_text(file), file.name, reader.predicate)


def _look_up(policy: Policy, home: Path, person: str) -> None:
    from dataspace.cli.reaching import reach
    from dataspace.policy.naming import unknown_columns, unknown_datasets

    with reach(home, person) as hub:
        visible = [view.noun for view in hub.datasets()]
    for rule, _, sentence in unknown_columns(policy, visible):
        raise PolicyUnreadable(f"Rule '{policy.id}/{rule}': {sentence}", "It would not be put in force.")
    _warn(unknown_datasets(policy, visible))


def _warn(sentences: Iterable[str]) -> None:
    for sentence in sentences:
        typer.echo(f"warning: {sentence}", err=True)


def _neighbours(file: Path, names: Sequence[str]) -> list[Policy]:
    return [_read(file.with_name(f"{name}.yaml")) for name in names]
