"""`dataspace policy history, diff, proposals, review, approve, decline`: versions, and the second steward."""

from typing import Annotated

import typer

from dataspace.cli.reaching import reach
from dataspace.cli.words import As, Home, example, show

Name = Annotated[str, typer.Argument(help="The policy's name.")]
Since = Annotated[str, typer.Option(help="How far back the rehearsal looks: 30d, 12h, 4w.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands to `dataspace policy`."""
    app.command(epilog=example("dataspace policy history hospital --as sam"))(history)
    app.command(epilog=example("dataspace policy diff hospital --as sam"))(diff)
    app.command(epilog=example("dataspace policy proposals --as sam"))(proposals)
    app.command(epilog=example("dataspace policy review hospital --as tim"))(review)
    app.command(epilog=example("dataspace policy approve hospital 3f2a91c0d4e7 --as tim"))(approve)
    app.command(epilog=example('dataspace policy decline hospital --reason "Too wide." --as tim'))(decline)


def history(name: Name, home: Home = None, person: As = "") -> None:
    """Every version of a policy: who published which text when."""
    with reach(home, person) as hub:
        show(hub.policy_history(name))


def diff(
    name: Name,
    old: Annotated[int, typer.Option(help="A version; left out: the one before --new.")] = 0,
    new: Annotated[int, typer.Option(help="A version; left out: the last one.")] = 0,
    home: Home = None,
    person: As = "",
) -> None:
    """Two versions of a policy, line by line."""
    from dataspace.client.tables import printable

    with reach(home, person) as hub:
        for line in hub.policy_difference(name, old, new).splitlines():
            typer.echo(printable(line))


def proposals(home: Home = None, person: As = "") -> None:
    """What waits for a second steward."""
    with reach(home, person) as hub:
        show(hub.proposed_policies())


def review(name: Name, since: Since = "30d", home: Home = None, person: As = "") -> None:
    """A proposal: how it differs from what is in force, and what it would have changed."""
    with reach(home, person) as hub:
        show(hub.review_policy(name, since))


def approve(
    name: Name,
    digest: Annotated[str, typer.Argument(help="Digest of the text that was reviewed; `review` shows it.")],
    home: Home = None,
    person: As = "",
) -> None:
    """The second yes, to the text that was reviewed. Never by whoever proposed it."""
    with reach(home, person) as hub:
        in_force = hub.approve_policy(name, digest)
    typer.echo(f"{name} is in force." if in_force else f"{name} is not in force any more.")


def decline(
    name: Name,
    reason: Annotated[str, typer.Option(help="Why, in a sentence; it is recorded.")] = "",
    home: Home = None,
    person: As = "",
) -> None:
    """Take a proposal away."""
    with reach(home, person) as hub:
        hub.decline_policy(name, reason)
    typer.echo(f"What was proposed for {name} is declined.")
