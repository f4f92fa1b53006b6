"""`dataspace permit`: apply, review, grant, refuse, revoke, and verify a permit offline."""

import base64
import binascii
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from dataspace.cli.reaching import reach
from dataspace.cli.words import As, Home, Json, example, show, show_json
from dataspace.model.permits import Track
from dataspace.model.policies import AnswerKind

app = typer.Typer(
    help="Apply for access, decide on applications, verify permits.",
    epilog=example('dataspace permit apply medpar --purpose "scientific research"'),
    no_args_is_help=True,
)
Id = Annotated[str, typer.Argument(help="An id, such as A-7 or P-7.")]


@app.command(epilog=example('dataspace permit apply medpar --purpose "scientific research" --ethics 24-113'))
def apply(
    datasets: Annotated[list[str], typer.Argument(help="Names of datasets.")],
    purpose: Annotated[list[str], typer.Option(help="A purpose; several times.")],
    kind: Annotated[list[AnswerKind] | None, typer.Option(help="Kind of answer; several times.")] = None,
    legal_basis: Annotated[list[str] | None, typer.Option(help="Such as A6-1-e; several times.")] = None,
    ethics: Annotated[str, typer.Option(help="Number of the ethics vote.")] = "",
    title: Annotated[str, typer.Option(help="One line for people.")] = "",
    track: Annotated[Track | None, typer.Option(help="What stage of work it is for.")] = None,
    call: Annotated[str, typer.Option(help="An open call, such as C-1: granted at once where it fits.")] = "",
    with_person: Annotated[list[str] | None, typer.Option(help="A further person; several times.")] = None,
    column: Annotated[list[str] | None, typer.Option(help="dataset.column; left out: all columns.")] = None,
    data_request: Annotated[
        bool, typer.Option("--data-request", help="Statistics only, without access to data.")
    ] = False,
    project: Annotated[str, typer.Option(help="The project that the data are for.")] = "",
    disease: Annotated[str, typer.Option(help="The one disease that is studied: MONDO:0005148.")] = "",
    draft: Annotated[bool, typer.Option("--draft", help="Keep it to yourself for now.")] = False,
    home: Home = None,
    person: As = "",
) -> None:
    """Apply for access."""
    details: dict[str, object] = {
        "track": track.value if track else None,
        "call": call,
        "persons": with_person or [],
        "columns": _columns(column or []),
        "data_request": data_request,
        "draft": draft,
        "project": project,
        "disease": disease,
    }
    with reach(home, person) as hub:
        kinds = [k.value for k in kind or [AnswerKind.AGGREGATE]]
        show(
            hub.apply(
                datasets,
                purpose=purpose,
                ethics=ethics,
                kinds=kinds,
                legal_basis=legal_basis or [],
                title=title,
                **details,
            )
        )


def _columns(words: list[str]) -> dict[str, list[str]]:
    """`medpar.died` and `medpar.los` as columns by dataset."""
    from dataspace.errors import InvalidRequest

    found: dict[str, list[str]] = {}
    for word in words:
        dataset, point, name = word.partition(".")
        if not (point and name):
            raise InvalidRequest(f"'{word[:80]}' is no dataset.column.", "For example: medpar.died.")
        found.setdefault(dataset, []).append(name)
    return found


@app.command("list", epilog=example("dataspace permit list"))
def list_permits(as_json: Json = False, home: Home = None, person: As = "") -> None:
    """Permits that name you; all for a steward."""
    from dataspace.model.codec import to_json

    with reach(home, person) as hub:
        found = hub.permits()
        if as_json:
            show_json([to_json(view.noun) for view in found])
        else:
            show(found)


@app.command("inbox", epilog=example("dataspace permit inbox"))
def inbox(home: Home = None, person: As = "") -> None:
    """Applications that wait for a decision."""
    with reach(home, person) as hub:
        show(hub.applications())


@app.command(epilog=example("dataspace permit review A-7"))
def review(id: Id, home: Home = None, person: As = "") -> None:
    """What an application asks for, beside what the datasets hold."""
    from dataspace.errors import UnknownName

    with reach(home, person) as hub:
        waiting = {view.id: view for view in hub.applications()}
        if id not in waiting:
            raise UnknownName(
                "application", id, tuple(waiting), "`dataspace permit inbox` lists those that wait."
            )
        asked = waiting[id].noun
        show(waiting[id])
        typer.echo(f"  by            {asked.applicant}, {asked.organisation or 'no organisation stated'}")
        typer.echo(f"  purposes      {', '.join(asked.purposes)}")
        typer.echo(f"  kinds         {', '.join(sorted(asked.kinds))}")
        typer.echo(f"  legal basis   {', '.join(asked.legal_basis) or 'none stated'}")
        typer.echo(f"  ethics vote   {asked.ethics_vote or 'none stated'}")
        typer.echo(f"  basis         {asked.basis.value}; revision {asked.revision}")
        typer.echo(f"  track         {asked.track.value if asked.track else 'none'}")
        for step in waiting[id].steps:
            typer.echo(f"  · {step}")
        for name in asked.datasets:
            labelled = {c.name: c.labels for c in hub.dataset(name).columns if c.labels}
            words = "; ".join(
                f"{column} ({', '.join(sorted(labels))})" for column, labels in labelled.items()
            )
            typer.echo(f"  {name:12}  {words or 'no labelled column'}")


@app.command(epilog=example("dataspace permit grant A-7 --cohort 20 --without provnum --until 2027-11-22"))
def grant(
    id: Id,
    cohort: Annotated[int | None, typer.Option(help="Fewest units of a cell.")] = None,
    epsilon: Annotated[float | None, typer.Option(help="ε over the whole permit.")] = None,
    without: Annotated[list[str] | None, typer.Option(help="A column to withhold; several times.")] = None,
    until: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last day; 12 months if left out.")
    ] = None,
    revision: Annotated[
        int | None, typer.Option(help="The revision that you have read; a later one is refused.")
    ] = None,
    home: Home = None,
    person: As = "",
) -> None:
    """Grant an application; conditions tighten the defaults."""
    from datetime import UTC

    conditions: dict[str, object] = {}
    if cohort is not None:
        conditions["cohort"] = cohort
    if epsilon is not None:
        conditions["epsilon_total"] = epsilon
    if without:
        conditions["withheld"] = frozenset(without)
    expires = until.replace(hour=23, minute=59, second=59, tzinfo=UTC) if until else None
    with reach(home, person) as hub:
        show(hub.grant(id, expires=expires, revision=revision, **conditions))


@app.command(epilog=example('dataspace permit refuse A-7 --reason "The ethics vote has expired."'))
def refuse(
    id: Id,
    reason: Annotated[str, typer.Option(help="What the applicant is told.")],
    home: Home = None,
    person: As = "",
) -> None:
    """Refuse an application."""
    with reach(home, person) as hub:
        show(hub.refuse(id, reason))


@app.command(epilog=example('dataspace permit revoke P-7 --reason "The project has ended."'))
def revoke(
    id: Id,
    reason: Annotated[str, typer.Option(help="For the record.")] = "",
    home: Home = None,
    person: As = "",
) -> None:
    """Take a permit back."""
    with reach(home, person) as hub:
        show(hub.revoke(id, reason))


@app.command("show", epilog=example("dataspace permit show P-7 --jws > P-7.jws"))
def show_permit(
    id: Id,
    jws: Annotated[bool, typer.Option("--jws", help="Print the signed document that travels.")] = False,
    home: Home = None,
    person: As = "",
) -> None:
    """One permit."""
    with reach(home, person) as hub:
        permit = hub.permit(id)
        show(permit.jws if jws else permit)


@app.command(epilog=example("dataspace permit key"))
def key(home: Home = None, person: As = "") -> None:
    """The key that this hub signs permits with, for `permit verify`."""
    with reach(home, person) as hub:
        typer.echo(hub.permit_key())


@app.command(epilog=example("dataspace permit verify P-7.jws --issuer hub --key KEY"))
def verify(
    file: Annotated[Path, typer.Argument(help="The signed document (JWS).")],
    issuer: Annotated[str, typer.Option(help="Who is to have issued it.")],
    key: Annotated[
        str, typer.Option(help="The issuer's Ed25519 key, base64, as `dataspace permit key` prints it there.")
    ],
) -> None:
    """Check a permit offline: who signed it, and what it says."""
    from dataspace.adapters.clock import UtcClock
    from dataspace.adapters.jose import JosePermitSeal
    from dataspace.cli.files import read_text
    from dataspace.client.views import PermitView
    from dataspace.errors import InvalidRequest

    try:
        public = base64.b64decode(
            key.translate(str.maketrans("-_", "+/")) + "=" * (-len(key) % 4), validate=True
        )
    except binascii.Error as error:
        raise InvalidRequest(
            "The key is not base64.", "Copy it whole, as `dataspace permit key` prints it."
        ) from error
    if len(public) != 32:
        raise InvalidRequest(
            "The key has not 32 bytes.", "Copy it whole, as `dataspace permit key` prints it."
        )
    jws = read_text(file).strip()
    permit = JosePermitSeal(None, "", {issuer: public}, UtcClock()).verify(jws)
    typer.echo(f"Signed by {issuer}. Whether it was revoked since, the hub or a site knows.")
    show(PermitView(permit, jws))
