"""`dataspace ledger`: what was spent of the privacy budget, how it came to that, and what a steward adds."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import click
import typer
from typer.core import TyperGroup

from dataspace.cli.reaching import reach
from dataspace.cli.words import As, Home, Json, example, show, show_json

if TYPE_CHECKING:
    from datetime import datetime

    from dataspace.model.charges import Charge, Disjoint, TopUp


class _ShowsByDefault(TyperGroup):
    """`dataspace ledger medpar` is `dataspace ledger show medpar`."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            args = ["show", *args]
        return super().resolve_command(ctx, args)


app = typer.Typer(
    cls=_ShowsByDefault,
    help="What was spent of the privacy budget, and what a steward adds to it.",
    epilog=example("dataspace ledger show medpar"),
    no_args_is_help=True,
)
Dataset = Annotated[str, typer.Argument(help="Name of the dataset.")]
Reason = Annotated[str, typer.Option(help="Why; it is recorded for ever.")]


@app.command("show", epilog=example("dataspace ledger show medpar --together"))
def show_ledger(
    dataset: Dataset,
    together: Annotated[
        bool, typer.Option("--together", help="Also what all charges come to together (seconds).")
    ] = False,
    charges: Annotated[bool, typer.Option("--charges", help="Also each charge with its mechanisms.")] = False,
    as_json: Json = False,
    home: Home = None,
    person: As = "",
) -> None:
    """What was spent over a dataset, and what is left: all for stewards, your own part for you."""
    from dataspace.model.codec import to_json

    with reach(home, person) as hub:
        found = hub.ledger(dataset, composed=together)
        if as_json:
            document = {"balances": [to_json(balance) for balance in found.balances]}
            document["sites"] = [to_json(balance) for balance in found.sites]
            if charges:
                document["charges"] = [to_json(charged) for charged in found.charges()]
                document["site_entries"] = [to_json(entry) for entry in found.site_entries()]
            document["decisions"] = [to_json(decision) for decision in found.decisions()]
            show_json(document)
            return
        show(found)
        entries = found.site_entries() if found.sites else ()
        for decision in found.decisions():
            typer.echo(decision_line(decision))
        for entry in entries:
            if entry.raised is not None:
                typer.echo(f"{entry.site}: {decision_line(entry.raised)}")
        if charges:
            for charged in found.charges():
                typer.echo(charge_line(charged.at, charged.state, charged.charge))
            for entry in entries:
                if entry.charge is not None:
                    typer.echo(f"{entry.site}: {charge_line(entry.at, entry.told.value, entry.charge)}")


@app.command(
    "top-up",
    epilog=example('dataspace ledger top-up medpar --permit P-7 --epsilon 0.5 --reason "Second wave"'),
)
def top_up(
    dataset: Dataset,
    epsilon: Annotated[float, typer.Option(help="How much ε is added.")],
    reason: Reason,
    permit: Annotated[str, typer.Option(help="For a permit.")] = "",
    project: Annotated[
        str, typer.Option(help="For a project: all permits of one organisation and title.")
    ] = "",
    principal: Annotated[str, typer.Option(help="For a person, in all.")] = "",
    alone: Annotated[str, typer.Option(help="For a person who asks without a permit.")] = "",
    officer: Annotated[
        str, typer.Option(help="Above 8: the data protection officer who agreed, and where that is written.")
    ] = "",
    home: Home = None,
    person: As = "",
) -> None:
    """Add to what one part of an account may spend: a steward's recorded decision. A lineage is never refilled."""
    with reach(home, person) as hub:
        made = hub.top_up(dataset, epsilon, reason, permit, project, principal, alone, officer)
        typer.echo(decision_line(made))


@app.command("disjoint", epilog=example('dataspace ledger disjoint stays site:north site:south --reason "…"'))
def disjoint(
    dataset: Dataset,
    parts: Annotated[list[str], typer.Argument(help="Versions (`version:SHA-256`) or sites (`site:name`).")],
    reason: Reason,
    home: Home = None,
    person: As = "",
) -> None:
    """Declare that no person is in two of these: only the dearest counts for the lineage. It is never taken back."""
    with reach(home, person) as hub:
        typer.echo(decision_line(hub.declare_disjoint(dataset, parts, reason)))


@app.command("plot", epilog=example("dataspace ledger plot medpar --output medpar.svg"))
def plot(
    dataset: Dataset,
    output: Annotated[Path | None, typer.Option(help="An SVG file; left out: drawn here.")] = None,
    home: Home = None,
    person: As = "",
) -> None:
    """What was spent over time: all for stewards, your own part for you."""
    from dataspace.client.spending import as_svg, as_text

    with reach(home, person) as hub:
        spending = hub.ledger(dataset).spending()
        if output is None:
            typer.echo(as_text(spending))
        else:
            output.write_text(as_svg(spending) + "\n", encoding="utf-8")
            typer.echo(f"Written to {output}.")


def decision_line(decision: "TopUp | Disjoint") -> str:
    """A top-up or a declaration on one line."""
    from dataspace.client.tables import printable
    from dataspace.model.charges import TopUp, shown

    if isinstance(decision, TopUp):
        officer = f", agreed by {decision.officer}" if decision.officer else ""
        what = f"ε {decision.epsilon:g} added to {decision.level.value} '{shown(decision.name)}'{officer}"
    else:
        what = f"no person in two of {', '.join(sorted(decision.parts))}"
    return printable(f"{decision.at:%Y-%m-%d %H:%M} {decision.by}: {what}: {decision.reason}")


def charge_line(at: "datetime", state: str, charge: "Charge") -> str:
    """A charge with its mechanisms on one line."""
    from dataspace.client.tables import printable

    events = ", ".join(
        f"{event.times} × {event.mechanism} {event.noise_multiplier:g}"
        + (f" q={event.sampling:g}" if event.sampling < 1 else "")
        for event in charge.events
    )
    whose = charge.permit or "no permit"
    return printable(
        f"{at:%Y-%m-%d %H:%M} {charge.principal} {whose} ε {charge.epsilon:g} δ {charge.delta:g}"
        f" {state} {charge.kind.value}: {events}"
    )
