"""What services need from the world: one protocol for one need, its docstring the promise."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from dataspace.model.answers import AnswerNote
from dataspace.model.charges import Account, Balance, Charge, Limits, Overspent, Reservation
from dataspace.model.curation import Expectation
from dataspace.model.datasets import Column, Dataset, Dictionary, Profile, Version, VersionRef
from dataspace.model.names import (
    ApplicationId,
    ColumnName,
    CutId,
    DatasetName,
    PermitId,
    PolicyId,
    PrincipalId,
    RunId,
    SiteName,
)
from dataspace.model.permits import Application, Permit, PermitStatus, SignedPermit
from dataspace.model.plans import AggregatePlan, CellsPlan, CutRecipe, RowsPlan
from dataspace.model.policies import Policy, PolicySet
from dataspace.model.predicates import Predicate
from dataspace.model.principals import Principal
from dataspace.model.records import Receipt, Record
from dataspace.model.runs import Arrays, RunEvent, RunOrder, SiteMessage, SiteReply
from dataspace.model.sites import Site


class Clock(Protocol):
    """The one reading of the time; always UTC and aware."""

    def now(self) -> datetime: ...


class Catalog(Protocol):
    """Datasets, versions and dictionaries. What is acknowledged is durable."""

    def put(self, dataset: Dataset) -> None: ...
    def get(self, name: DatasetName) -> Dataset | None: ...
    def all(self) -> Sequence[Dataset]: ...
    def put_version(self, version: Version) -> None: ...
    def version(self, ref: VersionRef) -> Version | None: ...
    def put_dictionary(self, dictionary: Dictionary) -> None: ...
    def dictionary(self, name: str) -> Dictionary | None:
        """By `name@version`, or by `name` alone: the latest."""
        ...


class PolicyStore(Protocol):
    """Policies in force. A snapshot is immutable: one for each request."""

    def publish(self, policy: Policy, source: str) -> None:
        """Put a policy in force, replacing the one of the same id; keeps the older text."""
        ...

    def current(self) -> PolicySet: ...
    def withdraw(self, policy: PolicyId) -> None: ...
    def texts(self, policy: PolicyId) -> Sequence[str]:
        """Every text that was published under the id, oldest first; empty where none was."""
        ...


class PermitStore(Protocol):
    """Applications and permits, durable before they are acknowledged."""

    def next_number(self, kind: str) -> int:
        """1, 2, 3, … for `application` and `permit`, never handed out twice, also by two processes."""
        ...

    def put_application(self, application: Application) -> None: ...
    def application(self, id: ApplicationId) -> Application | None: ...
    def applications(self) -> Sequence[Application]: ...
    def put_permit(self, permit: SignedPermit) -> None: ...
    def permit(self, id: PermitId) -> SignedPermit | None: ...
    def permits(self) -> Sequence[SignedPermit]: ...
    def revoke(self, id: PermitId, at: datetime) -> None: ...


class Log(Protocol):
    """The transparency log. No record, no data: `append` returns only once the record is durable, or raises."""

    def append(self, record: Record) -> int:
        """Store durably and return its number, or raise; never drop it."""
        ...

    def size(self) -> int: ...
    def root(self) -> bytes: ...
    def checkpoint(self) -> str:
        """A signed note (C2SP tlog-checkpoint) over the present size."""
        ...

    def receipt(self, index: int) -> Receipt: ...
    def records(self, start: int = 0, stop: int | None = None) -> Iterator[tuple[int, Record]]: ...
    def verify(self) -> int:
        """Recompute the tree from the stored records; return its size, or raise VerificationFailed."""
        ...

    def verifier_key(self) -> str:
        """The key, in the C2SP form, that checkpoints and receipts verify with."""
        ...


class Ledger(Protocol):
    """The account of privacy loss. Reserve, run, commit; concurrent processes never overspend.

    A reservation that is neither committed nor forfeited counts as spent. `key` is an idempotency key: the same key
    gives the same reservation, neither free nor double.
    """

    def reserve(
        self, account: Account, charge: Charge, key: str, limits: Limits
    ) -> Reservation | Overspent: ...
    def commit(self, reservation: Reservation, actual: Charge) -> None: ...
    def forfeit(self, reservation: Reservation) -> None:
        """Give back what was set aside; only where the engine certainly never started."""
        ...

    def balance(self, account: Account, limits: Limits, permit: PermitId | None = None) -> Balance: ...
    def charges(self, account: Account | None = None) -> Sequence[tuple[Reservation, str]]:
        """All entries with their state: `reserved`, `committed` or `forfeited`, oldest first."""
        ...


class Answers(Protocol):
    """Answers that may be given again: the same noisy question within a version costs nothing the second time."""

    def recall(self, key: str) -> pa.Table | None: ...
    def remember(self, key: str, answer: pa.Table) -> None: ...


class People(Protocol):
    """The principals that a built-in issuer may issue tokens for."""

    def put(self, principal: Principal) -> None: ...
    def get(self, id: PrincipalId) -> Principal | None: ...
    def all(self) -> Sequence[Principal]: ...


class Sites(Protocol):
    """The sites that have joined a hub."""

    def put(self, site: Site) -> None: ...
    def get(self, name: SiteName) -> Site | None: ...
    def all(self) -> Sequence[Site]: ...


class Signer(Protocol):
    """Signs with one Ed25519 key that never leaves its provider."""

    def sign(self, message: bytes) -> bytes: ...
    def public_key(self) -> bytes:
        """32 raw bytes."""
        ...


class PermitSeal(Protocol):
    """Permits as JWS and status lists, signed by this hub or verified against the pinned issuers."""

    def sign(self, permit: Permit) -> str: ...
    def verify(self, jws: str) -> Permit:
        """The permit inside, if a pinned issuer signed it with the one allowed algorithm; else VerificationFailed."""
        ...

    def sign_status(self, status: PermitStatus) -> str: ...
    def verify_status(self, jws: str) -> PermitStatus: ...


class SiteWill(Protocol):
    """What the people of a site have decided, as it stands now."""

    def stopped(self) -> bool:
        """True while the kill switch is on."""
        ...

    def accepted(self, permit: PermitId, document: str) -> bool:
        """True where the site's steward countersigned the permit whose JWS has the SHA-256 `document` (hex)."""
        ...

    def approved(self, app_hash: str) -> bool:
        """True where the site approved this very code package."""
        ...


class StatusSource(Protocol):
    """Where a decider learns which permits are revoked, and how old that knowledge is."""

    def status(self) -> tuple[PermitStatus, float]:
        """The latest verified status and its age in seconds on a monotonic clock; SourceError where there is none."""
        ...


class Tokens(Protocol):
    """Identity: from a bearer token to a principal."""

    def principal(self, token: str) -> Principal:
        """Raises NotAuthenticated where the token does not hold."""
        ...

    def issue(self, principal: Principal, seconds: float) -> str: ...


class Vault(Protocol):
    """Immutable versions at rest. (The seam where encryption at rest stands.)"""

    def write(self, dataset: DatasetName, batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> Version:
        """Write, hash and seal; the same rows give the same version. Nothing is left behind where it raises."""
        ...

    def files(self, ref: VersionRef) -> Sequence[Path]:
        """The Parquet files of a version, checked against their hashes. Conflict where it was withdrawn."""
        ...

    def withdraw(self, ref: VersionRef) -> None:
        """From now on `files` refuses this dataset's version; the bytes stay."""
        ...

    def erase(self, ref: VersionRef) -> None:
        """The bytes are gone when this returns; of a version that is not there, nothing is done."""
        ...


class Profiler(Protocol):
    """One pass over a version: for the steward's eyes only."""

    def profile(self, ref: VersionRef, columns: Sequence[Column] = ()) -> Profile:
        """`columns` say what is known already: labels and titles of columns of these names."""
        ...


class Profiles(Protocol):
    """Profiles that were made: what a new version is compared with. As confidential as the data."""

    def put(self, ref: VersionRef, profile: Profile) -> None: ...
    def get(self, ref: VersionRef) -> Profile | None: ...
    def forget(self, ref: VersionRef) -> None: ...


class ExpectationCheck(Protocol):
    """Holds a version against declared rules."""

    def broken(
        self, ref: VersionRef, rules: Sequence[Expectation], others: Mapping[DatasetName, VersionRef]
    ) -> Sequence[tuple[Expectation, int]]:
        """The rules that rows break, with how many. `others` are the versions that `refers` looks at."""
        ...


class SqlReader(Protocol):
    """What a text asks for, read off DuckDB's own syntax tree; never a regular expression."""

    def relations(self, sql: str) -> frozenset[DatasetName]:
        """Datasets that the text reads; UnsupportedQuery for anything that is not one plain query."""
        ...

    def gate(
        self, sql: str, known: Mapping[DatasetName, Dataset]
    ) -> tuple[RowsPlan, Mapping[DatasetName, frozenset[ColumnName]]]:
        """For answers of kind rows: what was validated (and runs), and the columns that each dataset needs."""
        ...

    def aggregate(self, sql: str, dataset: Dataset) -> AggregatePlan:
        """For aggregate and noisy answers: the closed subset, or UnsupportedQuery with the nearest form."""
        ...

    def predicate(self, text: str, dataset: Dataset | None = None) -> Predicate:
        """A condition such as `type = 3 and died = 0`; columns and literals are checked where a dataset is given."""
        ...


@dataclass(frozen=True, slots=True)
class CutLease:
    """A cut that is materialised and will stay while the lease is held. `fd` is a sealed memfd."""

    cut: CutId
    recipe: CutRecipe
    fd: int
    size: int
    rows: int


class Cuts(Protocol):
    """Materialised cuts, shared by all with the same recipe, within one memory budget."""

    def lease(
        self, recipe: CutRecipe, progress: Callable[[float], None] = ...
    ) -> AbstractContextManager[CutLease]: ...
    def drop(self, dataset: DatasetName) -> None:
        """Forget every cut of a lineage at once (revocation, erasure, a changed policy)."""
        ...


class Engine(Protocol):
    """Runs plans in confined processes over cuts, and nothing else. `version` is part of every cut's name."""

    @property
    def version(self) -> str: ...
    def rows(self, session: str, plan: RowsPlan, leases: Sequence[CutLease]) -> Iterator[pa.RecordBatch]: ...
    def cells(self, session: str, plan: CellsPlan, leases: Sequence[CutLease]) -> tuple[pa.Table, AnswerNote]:
        """Worker to clerk to answer; whatever goes wrong is NoAnswer."""
        ...

    def step(
        self, session: str, message: SiteMessage, leases: Sequence[CutLease]
    ) -> tuple[Mapping[str, Any], Arrays]:
        """One step of training in the worker that holds the cut: a plain update."""
        ...

    def close(self, session: str) -> None: ...
    def stop(self) -> None: ...


class Exchange(Protocol):
    """Messages to sites. Every site gets exactly one reply: a silent one is `refused="no-answer"`."""

    def send(self, messages: Mapping[SiteName, SiteMessage], seconds: float) -> Iterator[SiteReply]: ...


class Journal(Protocol):
    """A run's own diary: a line is durable before `append` returns."""

    def append(self, event: RunEvent) -> None: ...


class Federation(Protocol):
    """Runs across sites, as the hub sees them."""

    def sites(self) -> Mapping[SiteName, int]:
        """Sites that are connected now, with their node ids."""
        ...

    def submit(self, order: RunOrder) -> None: ...
    def events(self, run: RunId) -> Iterator[RunEvent]:
        """Until the run is finished or failed; a coordinator that died ends it with a named cause."""
        ...

    def stop(self, run: RunId) -> None: ...


class Incoming(Protocol):
    """Files on their way in."""

    def received(self, filename: str, content: Iterable[bytes]) -> AbstractContextManager[Path]:
        """The bytes as a file of that name, whole, while the context lasts; afterwards nothing of it is left."""
        ...


class Invitations(Protocol):
    """Invitations that a hub has given out and nobody has used yet. Only the digest of the secret is kept."""

    def put(self, site: SiteName, digest: str, expires: datetime) -> None:
        """Remember it; an earlier one for the same site does not hold any more."""
        ...

    def take(self, site: SiteName, digest: str, now: datetime) -> bool:
        """True once, for the digest that was put, before it expires; also where two ask at the same time."""
        ...


class Nodes(Protocol):
    """Where sites connect to."""

    @property
    def address(self) -> str:
        """`host:port`, as a site reaches it."""
        ...

    @property
    def ca_pem(self) -> bytes:
        """The certificate that a site verifies it with."""
        ...

    @property
    def app_hash(self) -> str:
        """SHA-256 of the code package that runs execute."""
        ...

    def register(self, site: SiteName, public_key: bytes) -> int:
        """Admit the node with this key (PEM); its number. Twice gives the same."""
        ...
