"""`dataspace site ledger, top-up`: what was spent of the privacy budget on the rows here, and adding to it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dataspace.cli.ledger import charge_line, decision_line
from dataspace.cli.site_home import OpenedSite
from dataspace.cli.words import Json, example, show_json
from dataspace.settings import SiteSettings, environment

if TYPE_CHECKING:
    from dataspace.model.permits import Permit

SiteHome = Annotated[
    Path | None, typer.Option("--home", help="Folder of the site; left out: DATASPACE_HOME.")
]
Dataset = Annotated[str, typer.Argument(help="Name of a dataset that this site holds.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands to `dataspace site`."""
    app.command(epilog=example("dataspace site ledger medpar --charges"))(ledger)
    app.command(
        "top-up",
        epilog=example('dataspace site top-up medpar --permit P-7 --epsilon 0.5 --reason "Second wave"'),
    )(top_up)


def ledger(
    dataset: Dataset,
    charges: Annotated[bool, typer.Option("--charges", help="Also each charge with its mechanisms.")] = False,
    as_json: Json = False,
    home: SiteHome = None,
) -> None:
    """What was spent of the privacy budget on the rows here, whoever asked."""
    from dataspace.client.ledgers import LedgerView
    from dataspace.model.codec import to_json

    with OpenedSite(SiteSettings.from_environment(environment(), home)) as site:
        account = site.services.account
        balances, decisions = account.balances(dataset), account.decisions(dataset)
        entries = account.charges(dataset) if charges else ()
    if as_json:
        show_json(
            {
                "balances": [to_json(balance) for balance in balances],
                "decisions": [to_json(decision) for decision in decisions],
                "charges": [{"state": state, **to_json(kept)} for kept, state in entries],
            }
        )
        return
    typer.echo(repr(LedgerView(dataset, tuple(balances))))
    for decision in decisions:
        typer.echo(decision_line(decision))
    for kept, state in entries:
        typer.echo(charge_line(kept.reserved, state, kept.charge))


def top_up(
    dataset: Dataset,
    epsilon: Annotated[float, typer.Option(help="How much ε is added.")],
    reason: Annotated[str, typer.Option(help="Why; it is recorded for ever.")],
    permit: Annotated[str, typer.Option(help="For a permit.")] = "",
    project: Annotated[str, typer.Option(help="For a project, as the ledger names it.")] = "",
    principal: Annotated[str, typer.Option(help="For a person, in all.")] = "",
    alone: Annotated[str, typer.Option(help="For a person who asks without a permit.")] = "",
    officer: Annotated[
        str, typer.Option(help="Above 8: the data protection officer who agreed, and where that is written.")
    ] = "",
    file: Annotated[
        Path | None,
        typer.Option(help="The permit's signed document (JWS); left out: the hub is asked for it."),
    ] = None,
    home: SiteHome = None,
) -> None:
    """Add to what one part may spend on the rows here: a recorded decision of this house, which its hub is told."""
    from dataspace.client.ledgers import level_of

    level, whose = level_of(permit, project, principal, alone)
    with OpenedSite(SiteSettings.from_environment(environment(), home)) as site:
        services = site.services
        known = _permit(site, permit, file) if permit else None
        whose = known.id if known else whose
        made = services.account.top_up(
            services.steward, dataset, level, whose, epsilon, reason, officer, known
        )
        typer.echo(decision_line(made))
        if not site.telling().catch_up(made.account.lineage):
            typer.echo("The hub could not be told now; it will be, with the next answer.", err=True)


def _permit(site: OpenedSite, id: str, file: Path | None) -> "Permit":
    """The verified document, under the number that the permit has here."""
    from dataspace.cli.files import read_text
    from dataspace.errors import InvalidRequest
    from dataspace.model.names import PermitId
    from dataspace.site.issuers import as_known_here

    jws = read_text(file).strip() if file else site.permit(PermitId(id))
    permit = site.services.guard.seal.verify(jws)
    if permit.id != id:
        raise InvalidRequest(f"This is the document of {permit.id}, not of {id}.", "Name the other one.")
    return as_known_here(permit, site.settings.pinned.issuer)
