"""An application before it is submitted: what it may say, and whether it says enough."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from dataspace.errors import InvalidRequest, UnknownColumn, UnknownName
from dataspace.model.datasets import Dataset
from dataspace.model.names import ApplicationId, ColumnName, DatasetName, PrincipalId, SiteName
from dataspace.model.permits import Application, ApplicationState, Basis, Track
from dataspace.model.policies import AnswerKind
from dataspace.model.principals import Principal
from dataspace.planning.tracks import DATA_REQUEST_KINDS, limits_of_track
from dataspace.policy.duo import DISEASE
from dataspace.vocabulary.terms import resolve

MOST_PERSONS = 200
LONGEST_PROJECT = 200


@dataclass(frozen=True, slots=True)
class Details:
    """What an application may say beyond datasets, purposes and kinds of answer. `draft` keeps it to oneself."""

    basis: Basis = Basis.CONTRACT
    persons: frozenset[PrincipalId] = frozenset()
    columns: Mapping[DatasetName, frozenset[ColumnName]] = field(default_factory=dict)
    versions: Mapping[DatasetName, str] = field(default_factory=dict)
    sites: frozenset[SiteName] = frozenset()
    safeguards: tuple[str, ...] = ()
    track: Track | None = None
    data_request: bool = False
    call: str = ""
    draft: bool = False
    project: str = ""
    disease: str = ""
    """As MONDO:0005148."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What is applied for, as `POST /applications` has it."""

    datasets: tuple[DatasetName, ...]
    purposes: tuple[str, ...]
    kinds: frozenset[AnswerKind]
    legal_basis: tuple[str, ...] = ()
    ethics_vote: str = ""
    title: str = ""
    details: Details = field(default_factory=Details)


def drafted(
    id: ApplicationId, principal: Principal, datasets: Sequence[Dataset], said: Contents, now: datetime
) -> Application:
    """The application as a draft; `datasets` are those that it names. Raises InvalidRequest or UnknownName for what it
    cannot say."""
    kinds, details = said.kinds, said.details
    if not (datasets and said.purposes and kinds):
        raise InvalidRequest(
            "An application names datasets, a purpose and a kind of answer.", "Fill them in."
        )
    _check_details(datasets, kinds, details)
    known = tuple(resolve(purpose).iri for purpose in said.purposes)
    return Application(
        id=id,
        applicant=principal.id,
        organisation=principal.organisation,
        title=said.title or f"Access to {', '.join(dataset.name for dataset in datasets)}",
        datasets=tuple(dataset.name for dataset in datasets),
        purpose=known[0],
        purposes=known,
        kinds=kinds,
        legal_basis=tuple(resolve(basis).iri for basis in said.legal_basis),
        ethics_vote=said.ethics_vote,
        submitted=now,
        due=now,
        state=ApplicationState.DRAFT,
        basis=details.basis,
        persons=details.persons,
        columns=details.columns,
        versions=details.versions,
        sites=details.sites,
        safeguards=details.safeguards,
        track=details.track,
        data_request=details.data_request,
        call=details.call,
        project=details.project.strip(),
        disease=details.disease.strip(),
    )


def edited(before: Application, after: Application) -> Application:
    """A draft with other contents, under the same number; what people have said and agreed to is not carried over."""
    return replace(
        after,
        id=before.id,
        state=before.state,
        revision=before.revision,
        steps=before.steps,
        submitted=before.submitted,
        due=before.due,
    )


def _check_details(datasets: Sequence[Dataset], kinds: frozenset[AnswerKind], details: Details) -> None:
    named = {dataset.name: dataset for dataset in datasets}
    if stray := sorted((details.columns.keys() | details.versions.keys()) - named.keys()):
        raise InvalidRequest(f"'{stray[0]}' is not among the datasets applied for.", "Name it there too.")
    for name, columns in details.columns.items():
        known = [column.name for column in named[name].columns]
        if not columns:
            raise InvalidRequest(
                f"No column of '{name}' is applied for.", "Name some, or leave it out for all."
            )
        if unknown := sorted(columns - set(known)):
            raise UnknownColumn(unknown[0], [name], known)
    for name, version in details.versions.items():
        chapters = [chapter.sha256 for chapter in named[name].history]
        if version != "latest" and version not in chapters:
            raise UnknownName("version", version, chapters, f"`dataspace dataset versions {name}`.")
    if details.disease.strip() and not DISEASE.fullmatch(details.disease.strip()):
        raise InvalidRequest(
            f"'{details.disease[:40]}' is no disease of MONDO.", "Write it as MONDO:0005148."
        )
    if len(details.project) > LONGEST_PROJECT or not details.project.isprintable():
        raise InvalidRequest("That is no name of a project.", f"Use {LONGEST_PROJECT} characters at most.")
    if len(details.persons) > MOST_PERSONS:
        raise InvalidRequest(f"A permit names {MOST_PERSONS} persons at most.", "Apply in parts.")
    if details.data_request and not kinds <= DATA_REQUEST_KINDS:
        raise InvalidRequest(
            "A data request gives statistics only: aggregate or noisy answers.",
            "Leave the other kinds out, or apply for access.",
        )
    beyond = sorted(kinds - limits_of_track(details.track).kinds)
    if details.track is not None and beyond:
        raise InvalidRequest(
            f"The track '{details.track.value}' does not give {', '.join(beyond)}.", "Choose another track."
        )
