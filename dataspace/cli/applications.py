"""`dataspace permit`: apply for access, change what was applied for, and read it as whoever reviews it does."""

from collections.abc import Iterable
from typing import Annotated, Any

import typer

from dataspace.cli.reaching import reach
from dataspace.cli.words import As, Home, example, show
from dataspace.errors import InvalidRequest
from dataspace.model.permits import Basis, Track
from dataspace.model.policies import AnswerKind

app = typer.Typer(
    help="Apply for access, decide on applications, verify permits.",
    epilog=example('dataspace permit apply medpar --purpose "scientific research"'),
    no_args_is_help=True,
)
Id = Annotated[str, typer.Argument(help="An id, such as A-7 or P-7.")]
Several = list[str] | None
Kinds = Annotated[list[AnswerKind] | None, typer.Option("--kind", help="Kind of answer; several times.")]
LegalBasis = Annotated[Several, typer.Option(help="Such as A6-1-e; several times.")]
Ethics = Annotated[str | None, typer.Option(help="Number of the ethics vote.")]
Title = Annotated[str | None, typer.Option(help="One line for people.")]
TrackOf = Annotated[Track | None, typer.Option(help="What stage of work it is for.")]
BasisOf = Annotated[Basis | None, typer.Option(help="What the permit is to rest on; left out: contract.")]
Persons = Annotated[Several, typer.Option(help="A further person; several times.")]
Columns = Annotated[Several, typer.Option("--column", help="dataset.column; left out: all columns.")]
Versions = Annotated[Several, typer.Option("--version", help="dataset=SHA-256; left out: the latest.")]
Sites = Annotated[Several, typer.Option("--site", help="A site it is for; left out: each that accepts it.")]
Safeguards = Annotated[Several, typer.Option("--safeguard", help="What you do to protect; several times.")]
Request = Annotated[
    bool | None, typer.Option("--data-request/--access", help="Statistics only, without access to data.")
]
Project = Annotated[str | None, typer.Option(help="The project that the data are for.")]
Disease = Annotated[str | None, typer.Option(help="The one disease that is studied: MONDO:0005148.")]


@app.command(epilog=example('dataspace permit apply medpar --purpose "scientific research" --ethics 24-113'))
def apply(
    datasets: Annotated[list[str], typer.Argument(help="Names of datasets.")],
    purpose: Annotated[list[str], typer.Option(help="A purpose; several times.")],
    kind: Kinds = None,
    legal_basis: LegalBasis = None,
    ethics: Ethics = None,
    title: Title = None,
    track: TrackOf = None,
    basis: BasisOf = None,
    call: Annotated[str, typer.Option(help="An open call, such as C-1: granted at once where it fits.")] = "",
    with_person: Persons = None,
    column: Columns = None,
    version: Versions = None,
    site: Sites = None,
    safeguard: Safeguards = None,
    data_request: Request = None,
    project: Project = None,
    disease: Disease = None,
    draft: Annotated[bool, typer.Option("--draft", help="Keep it to yourself for now.")] = False,
    home: Home = None,
    person: As = "",
) -> None:
    """Apply for access."""
    said = _said(
        kinds=kind, legal_basis=legal_basis, ethics=ethics, title=title, track=track, basis=basis,
        persons=with_person, columns=_columns(column), versions=_versions(version), sites=site,
        safeguards=safeguard, data_request=data_request, project=project, disease=disease,
    )  # fmt: skip
    with reach(home, person) as hub:
        show(hub.apply(datasets, purpose=purpose, **{**said, "call": call, "draft": draft}))


@app.command(epilog=example("dataspace permit edit A-7 --ethics 24-113"))
def edit(
    id: Id,
    dataset: Annotated[Several, typer.Option(help="A dataset; several times, instead of those.")] = None,
    purpose: Annotated[Several, typer.Option(help="A purpose; several times, instead of those.")] = None,
    kind: Kinds = None,
    legal_basis: LegalBasis = None,
    ethics: Ethics = None,
    title: Title = None,
    track: TrackOf = None,
    basis: BasisOf = None,
    with_person: Persons = None,
    column: Columns = None,
    version: Versions = None,
    site: Sites = None,
    safeguard: Safeguards = None,
    data_request: Request = None,
    project: Project = None,
    disease: Disease = None,
    home: Home = None,
    person: As = "",
) -> None:
    """Change a draft of yours, or what was sent back to you; what you do not say stays. Submit it then."""
    said = _said(
        datasets=dataset, purpose=purpose, kinds=kind, legal_basis=legal_basis, ethics=ethics, title=title,
        track=track, basis=basis, persons=with_person, columns=_columns(column),
        versions=_versions(version), sites=site, safeguards=safeguard, data_request=data_request,
        project=project, disease=disease,
    )  # fmt: skip
    if not said:
        raise InvalidRequest(
            "Nothing is said that could be changed.", "`dataspace permit edit --help` lists what."
        )
    with reach(home, person) as hub:
        show(hub.edit_application(id, **said))


@app.command(epilog=example("dataspace permit review A-7"))
def review(id: Id, home: Home = None, person: As = "") -> None:
    """What an application asks for, beside what the datasets hold; also one that was decided."""
    from dataspace.client.tables import printable

    with reach(home, person) as hub:
        found = hub.application(id)
        show(found)
        for name, words in found.asked:
            typer.echo(f"  {name:12}  {words}")
        for step in found.steps:
            typer.echo(f"  · {printable(step)}")
        for dataset in found.noun.datasets:
            labelled = {c.name: c.labels for c in hub.dataset(dataset).columns if c.labels}
            words = "; ".join(f"{name} ({', '.join(sorted(labels))})" for name, labels in labelled.items())
            typer.echo(f"  {dataset:12}  {words or 'no labelled column'}")


def _said(**options: Any) -> dict[str, Any]:
    """Those that were given, as the client takes them."""
    return {name: value for name, value in options.items() if value is not None}


def _columns(words: Iterable[str] | None) -> dict[str, list[str]] | None:
    """`medpar.died` and `medpar.los` as columns by dataset."""
    found: dict[str, list[str]] = {}
    for word in words or ():
        dataset, point, name = word.partition(".")
        if not (point and name):
            raise InvalidRequest(f"'{word[:80]}' is no dataset.column.", "For example: medpar.died.")
        found.setdefault(dataset, []).append(name)
    return found or None


def _versions(words: Iterable[str] | None) -> dict[str, str] | None:
    """`medpar=ab12…` as versions by dataset."""
    found = {}
    for word in words or ():
        dataset, sign, version = word.partition("=")
        if not (sign and version):
            raise InvalidRequest(
                f"'{word[:80]}' is no dataset=version.", "`dataspace dataset versions` lists them."
            )
        found[dataset] = version
    return found or None
