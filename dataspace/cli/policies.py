"""`dataspace policy`: read a policy, rehearse it, put it in force."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from dataspace.cli.files import read_text
from dataspace.cli.words import As, Home, example
from dataspace.model.policies import Policy

app = typer.Typer(
    help="Read a policy, rehearse it, put it in force.",
    epilog=example("dataspace policy test policies/hospital.yaml"),
    no_args_is_help=True,
)
File = Annotated[Path, typer.Argument(help="A policy in YAML.")]


@app.command(epilog=example("dataspace policy check policies/hospital.yaml"))
def check(file: File) -> None:
    """Read a policy and say what it holds, or what is wrong and where. Changes nothing."""
    policy = _read(file)
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

    beside = scenarios or file.with_name(f"{file.stem}.scenarios.yaml")
    rehearsal = parse_scenarios(read_text(beside), beside.name, DuckdbReader().predicate)
    in_force = policy_set([_read(file), *_neighbours(file, rehearsal.beside)])
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
    """Put a policy in force, replacing the one of the same name."""
    from dataspace.cli.reaching import reach

    _read(file)  # so that a mistake is told with the file's own name
    with reach(home, person) as hub:
        typer.echo(f"{hub.publish_policy(read_text(file))} is in force.")


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

    return parse_policy(read_text(file), file.name, DuckdbReader().predicate)


def _neighbours(file: Path, names: Sequence[str]) -> list[Policy]:
    return [_read(file.with_name(f"{name}.yaml")) for name in names]
