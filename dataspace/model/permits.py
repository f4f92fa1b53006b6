"""Applications and permits: how access is asked for, granted, limited and taken back."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from dataspace.model.names import ApplicationId, ColumnName, DatasetName, PermitId, PrincipalId, SiteName
from dataspace.model.policies import AnswerKind, Obligations


class Basis(StrEnum):
    """What a permit rests on. What a hub grants by itself is a contract, not an EHDS permit, and says so."""

    EHDS = "ehds"
    NATIONAL = "national"
    CONTRACT = "contract"


class ApplicationState(StrEnum):
    """Where an application stands."""

    SUBMITTED = "submitted"
    GRANTED = "granted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Application:
    """A request for access, before anyone has decided. Silence never grants."""

    id: ApplicationId
    applicant: PrincipalId
    organisation: str
    title: str
    datasets: tuple[DatasetName, ...]
    purpose: str
    kinds: frozenset[AnswerKind]
    legal_basis: tuple[str, ...]
    ethics_vote: str
    submitted: datetime
    due: datetime
    state: ApplicationState = ApplicationState.SUBMITTED
    decided_by: PrincipalId | None = None
    permit: PermitId | None = None
    purposes: tuple[str, ...] = ()
    """All purposes applied for, `purpose` first."""


@dataclass(frozen=True, slots=True)
class DatasetGrant:
    """What a permit gives of one lineage. `version` is a SHA-256 or `latest`; `columns` None means all."""

    dataset: DatasetName
    version: str = "latest"
    columns: frozenset[ColumnName] | None = None


@dataclass(frozen=True, slots=True)
class Permit:
    """A grant, as signed. `persons` are the named persons; `sites` empty means the hub's data and any site
    that accepts the permit. The limits are those of `obligations`, and a site may only be stricter."""

    id: PermitId
    application: ApplicationId
    basis: Basis
    issued_by: str
    persons: frozenset[PrincipalId]
    organisation: str
    title: str
    purpose: str
    legal_basis: tuple[str, ...]
    ethics_vote: str
    datasets: tuple[DatasetGrant, ...]
    kinds: frozenset[AnswerKind]
    obligations: Obligations
    not_before: datetime
    expires: datetime
    sites: frozenset[SiteName] = frozenset()
    roster: str = ""
    """Digest of the sites that may compute together."""
    purposes: tuple[str, ...] = ()
    """All purposes granted, `purpose` first; empty means that one only."""
    revoked: datetime | None = None
    """When it was taken back, as far as the decider knows; None while it stands."""


@dataclass(frozen=True, slots=True)
class SignedPermit:
    """The permit and the JWS (compact, `alg: Ed25519`) that travels."""

    permit: Permit
    jws: str


@dataclass(frozen=True, slots=True)
class PermitStatus:
    """A short-lived statement of which permits of an issuer are revoked, signed for one asker's nonce."""

    issuer: str
    revoked: frozenset[PermitId]
    nonce: str
    at: datetime
    extra: tuple[str, ...] = field(default=())
