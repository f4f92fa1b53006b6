"""Applications and permits: how access is asked for, granted, limited and taken back.

Long, because the workflow has many nouns and each is small.
"""

from collections.abc import Mapping
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


class Track(StrEnum):
    """What stage of work an application is for; `planning/tracks.py` has the limits that each brings."""

    EXPLORATORY = "exploratory"
    SCALING = "scaling"
    PRODUCTION = "production"


class ApplicationState(StrEnum):
    """Where an application stands. `planning/permit_workflow.py` says how it gets from one to the next."""

    DRAFT = "draft"
    """Seen by the applicant alone; no deadline runs."""
    SUBMITTED = "submitted"
    """The completeness check is due."""
    INCOMPLETE = "incomplete"
    """Sent back: the applicant completes it and submits it again."""
    REVIEW = "review"
    """Complete; the reviewers read it, and the decision's deadline runs."""
    QUESTIONED = "questioned"
    """A reviewer has asked the applicant; the decision's deadline stands still until the answer."""
    REVIEWED = "reviewed"
    """Enough reviewers are in favour: it can be decided."""
    GRANTED = "granted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class Act(StrEnum):
    """What somebody does to an application."""

    EDIT = "edit"
    SUBMIT = "submit"
    WITHDRAW = "withdraw"
    COMPLETE = "complete"
    SEND_BACK = "send-back"
    ASK = "ask"
    ANSWER = "answer"
    SUPPORT = "support"
    OPPOSE = "oppose"
    PROLONG = "prolong"
    COMMENT = "comment"
    GRANT = "grant"
    REFUSE = "refuse"


class PermitAct(StrEnum):
    """What somebody does to a permit."""

    AMEND = "amend"
    EXTEND = "extend"
    SUSPEND = "suspend"
    RESUME = "resume"
    REVOKE = "revoke"
    CLOSE = "close"


class PermitState(StrEnum):
    """Where a permit stands at a moment."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    EXPIRED = "expired"
    """Its last day has passed; what is still due is the closure."""
    REVOKED = "revoked"
    CLOSED = "closed"
    """Results were reported and the deletion of what was held was attested."""


@dataclass(frozen=True, slots=True)
class Step:
    """One act on an application or a permit, as its people read it later. The log has the same, for proof."""

    at: datetime
    by: PrincipalId | None
    """None for what a call decided by itself."""
    act: str
    text: str = ""


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
    revision: int = 0
    """Grows with every change: who decides names the one that they have read."""
    basis: Basis = Basis.CONTRACT
    persons: frozenset[PrincipalId] = frozenset()
    """Further persons to be named in the permit; the applicant always is."""
    columns: Mapping[DatasetName, frozenset[ColumnName]] = field(default_factory=dict)
    """Columns applied for; a dataset that is not a key means all of its columns."""
    versions: Mapping[DatasetName, str] = field(default_factory=dict)
    """SHA-256 of the version applied for; a dataset that is not a key means the latest."""
    sites: frozenset[SiteName] = frozenset()
    safeguards: tuple[str, ...] = ()
    track: Track | None = None
    data_request: bool = False
    """Statistics only, without access to data (EHDS Art. 69)."""
    call: str = ""
    steps: tuple[Step, ...] = ()
    supported_by: tuple[PrincipalId, ...] = ()
    """Reviewers in favour of this revision's contents."""
    waiting_since: datetime | None = None
    """When a reviewer asked the applicant; None unless a question is open."""
    prolonged: bool = False
    project: str = ""
    """The project that the data are for; empty where none is named."""
    disease: str = ""
    """What is studied, as MONDO:0005148; empty where no single disease is."""


@dataclass(frozen=True, slots=True)
class Call:
    """An open call: applications that fit it were approved beforehand. Never empty in what it says."""

    id: str
    title: str
    opened_by: PrincipalId
    datasets: frozenset[DatasetName]
    purposes: tuple[str, ...]
    kinds: frozenset[AnswerKind]
    track: Track
    until: datetime
    days: int = 90
    """How long each permit lasts."""
    permits: int = 100
    """How many permits the call gives at most."""
    organisations: frozenset[str] = frozenset()
    """Who may apply; empty means every organisation that the hub's issuer names."""
    conditions: Obligations = field(default_factory=Obligations)


@dataclass(frozen=True, slots=True)
class Deputy:
    """Who looks after a person's inbox, and from when to when. A deputy acts in their own name and role."""

    of: PrincipalId
    deputy: PrincipalId
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    """One thing that waits for somebody: what to do, until when, and what to type."""

    what: str
    id: str
    until: datetime | None
    command: str
    on_behalf_of: PrincipalId | None = None
    overdue: bool = False


@dataclass(frozen=True, slots=True)
class DatasetGrant:
    """What a permit gives of one lineage. `version` is a SHA-256 or `latest`; `columns` None means all."""

    dataset: DatasetName
    version: str = "latest"
    columns: frozenset[ColumnName] | None = None
    schema: str = ""
    """SHA-256 over names and types of the columns as they were granted; empty where that was not pinned."""


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
    """Digest of the sites that may compute together, each with its key; empty where none held the data yet."""
    purposes: tuple[str, ...] = ()
    """All purposes granted, `purpose` first; empty means that one only."""
    revoked: datetime | None = None
    """When it was taken back, as far as the decider knows; None while it stands."""
    suspended: datetime | None = None
    """Since when it does not hold for the time being, as far as the decider knows."""
    closed: datetime | None = None
    """When results were reported and deletion attested, as far as the decider knows."""
    revision: int = 0
    """How often it was amended or extended; the list of permits in force names the document that holds."""
    extended: bool = False
    safeguards: tuple[str, ...] = ()
    track: Track | None = None
    data_request: bool = False
    publication_months: int = 18
    """Results are published within so many months after the end (EHDS Art. 61(4))."""
    opt_outs: Mapping[DatasetName, str] = field(default_factory=dict)
    """Digest of the opt-out list that was frozen into it, for each dataset that had one."""
    call: str = ""
    expiry_seen: bool = False
    """Its expiry was recorded, and what was held for it ended."""
    reminded: int = 0
    """The last reminder of its end that its persons were sent, in days before it; 0 for none."""
    roster_sites: frozenset[SiteName] = frozenset()
    """The sites that `roster` is the digest of."""
    project: str = ""
    """The project that it was granted for; empty where none was named."""
    disease: str = ""
    """The disease that may be studied, as MONDO:0005148; empty where none was named."""


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
    suspended: frozenset[PermitId] = frozenset()
    documents: Mapping[PermitId, str] = field(default_factory=dict)
    """SHA-256 of the signed document in force, for each permit that was amended or extended."""
    sequence: int = 0
    """Size of the issuer's log when the list was made: it never becomes smaller."""
