"""`dataspace policy`: write a policy, rehearse it, put it in force, and look back."""

import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from dataspace.cli import policy_odrl, policy_versions
from dataspace.cli.files import read_text
from dataspace.cli.words import As, Home, Json, example, show, show_json
from dataspace.errors import InvalidRequest, PolicyUnreadable
from dataspace.model.policies import Policy

app = typer.Typer(
    help="Write a policy, rehearse it, put it in force, and look back.",
    epilog=example("dataspace policy test policies/hospital.yaml"),
    no_args_is_help=True,
)
File = Annotated[Path, typer.Argument(help="A policy in YAML.")]
policy_odrl.add_to(app)
Since = Annotated[str, typer.Option(help="How far back: 30d, 12h, 4w.")]
policy_versions.add_to(app)


@app.command(epilog=example("dataspace policy new hospital-registry heart --on heart_stays"))
def new(
    template: Annotated[str, typer.Argument(help="A policy that comes with the package; `list` shows them.")],
    name: Annotated[
        str, typer.Argument(help="The new policy's name: lower-case letters, digits and -.")
    ] = "",
    on: Annotated[str, typer.Option(help="The dataset that it is for; left out: the template's.")] = "",
    folder: Annotated[Path, typer.Option(help="Where to write it.")] = Path(),
) -> None:
    """Write a policy to edit, with its scenarios beside it. `dataspace policy new list` shows the templates."""
    from dataspace.adapters.packaged_policies import policy_names, policy_text
    from dataspace.adapters.policy_template import filled_in

    if template == "list":
        for known in policy_names():
            title = next(line for line in policy_text(known).splitlines() if line.startswith("title:"))
            typer.echo(f"{known:22} {title.removeprefix('title:').strip()}")
        return
    if not name:
        raise InvalidRequest("The new policy needs a name.", f"`dataspace policy new {template} NAME`.")
    for path, text in filled_in(template, name, on).items():
        place = folder / path
        try:
            with place.open("x", encoding="utf-8") as file:  # never over something that somebody wrote
                file.write(text)
        except FileExistsError as error:
            raise InvalidRequest(f"'{place}' is there already.", "Choose another name.") from error
        except OSError as error:
            raise InvalidRequest(
                f"'{place}' cannot be written ({error.strerror}).", "Check --folder."
            ) from error
    typer.echo(f"{folder / name}.yaml and {name}.scenarios.yaml are there to edit, not in force.")
    typer.echo(f"Then: dataspace policy test {folder / name}.yaml")


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
    """Try a policy on its scenarios: each decided as it would be. Exit 1 where one differs."""
    from dataspace.adapters.duckdb.reader import DuckdbReader
    from dataspace.adapters.scenario_yaml import parse_scenarios
    from dataspace.policy.digest import policy_set
    from dataspace.policy.rehearse import rehearse

    policy = _read(file)  # first: what is wrong with the policy itself comes before its scenarios
    beside = scenarios or file.with_name(f"{file.stem}.scenarios.yaml")
    with DuckdbReader() as reader:
        rehearsal = parse_scenarios(read_text(beside), beside.name, reader.predicate)
    if rehearsal.policy != policy.id:
        raise InvalidRequest(
            f"{beside.name} is about '{rehearsal.policy}', not about '{policy.id}'.", "Name the right file."
        )
    if policy.id in rehearsal.beside:
        raise InvalidRequest(f"{beside.name} names '{policy.id}' beside itself.", "Take it out of `with`.")
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


@app.command(epilog=example("dataspace policy rehearse policies/hospital.yaml --since 30d --as sam"))
def rehearse(
    file: File, since: Since = "30d", as_json: Json = False, home: Home = None, person: As = ""
) -> None:
    """What a policy would have changed among the recorded requests: who gains, who loses, and how much."""
    from dataspace.cli.reaching import reach
    from dataspace.model.codec import to_json

    _read(file)
    with reach(home, person) as hub:
        found = hub.rehearse_policy(read_text(file), since)
    if as_json:
        show_json(to_json(found.noun))
    else:
        show(found)


@app.command(epilog=example("dataspace policy publish policies/hospital.yaml --as sam"))
def publish(
    file: File,
    digest: Annotated[
        str, typer.Option(help="Digest of the text that was reviewed; another text is refused.")
    ] = "",
    home: Home = None,
    person: As = "",
) -> None:
    """Put a policy in force, replacing the one of the same name. Warns of datasets that are not there."""
    from dataspace.cli.reaching import reach
    from dataspace.client.policymaking import digest_of
    from dataspace.client.wire import HubWarning

    _read(file)  # so that a mistake is told with the file's own name
    text = read_text(file)
    with reach(home, person) as hub, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", HubWarning)
        name = hub.publish_policy(text, digest)
        waits = any(one.policy == name and one.digest == digest_of(text) for one in hub.proposed_policies())
    typer.echo(f"{name} {'is proposed' if waits else 'is in force'}.")
    _warn(str(warning.message) for warning in caught if issubclass(warning.category, HubWarning))


@app.command(epilog=example("dataspace policy duo medpar DUO:0000015 GS=DE,FR --as sam"))
def duo(
    dataset: Annotated[str, typer.Argument(help="The dataset that the codes are about.")],
    codes: Annotated[list[str], typer.Argument(help="DUO:0000015 or NMDS; GS=DE,FR where more is needed.")],
    home: Home = None,
    person: As = "",
) -> None:
    """Put in force what the DUO codes of a dataset come to, instead of the codes that it had."""
    from dataspace.cli.reaching import reach

    with reach(home, person) as hub:
        name = hub.use_conditions(dataset, codes)
    typer.echo(f"{name} is in force." if name else f"These codes restrict nothing of {dataset}.")


@app.command(epilog=example("dataspace policy withdraw hospital --as sam"))
def withdraw(
    name: Annotated[str, typer.Argument(help="The policy's name.")], home: Home = None, person: As = ""
) -> None:
    """Take a policy out of force: what it alone permitted is denied from now on."""
    from dataspace.cli.reaching import reach

    with reach(home, person) as hub:
        done = hub.withdraw_policy(name)
        typer.echo(f"{name} is not in force any more." if done else f"Withdrawing {name} is proposed.")


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
    """Policies that are in force with it: from the same folder, else those that come with the package."""
    from dataspace.adapters.duckdb.reader import DuckdbReader
    from dataspace.adapters.packaged_policies import policy_names, policy_text
    from dataspace.adapters.policy_yaml import parse_policy

    found = []
    with DuckdbReader() as reader:
        for name in dict.fromkeys(names):
            place = file.with_name(f"{name}.yaml")
            packaged = not place.exists() and name in policy_names()
            text = policy_text(name) if packaged else read_text(place)
            found.append(parse_policy(text, place.name, reader.predicate))
    return found
