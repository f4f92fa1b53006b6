"""What services need from the world: one protocol for one need, its docstring the promise.

Long, because it is the one list of all needs, and holds promises only.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from dataspace.model.answers import AnswerNote
from dataspace.model.charges import (
    Account,
    Balance,
    Charge,
    Disjoint,
    Limits,
    Overspent,
    Purse,
    Reservation,
    TopUp,
)
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
from dataspace.model.permits import Application, Call, Deputy, Permit, PermitStatus, SignedPermit
from dataspace.model.plans import AggregatePlan, CellsPlan, CutRecipe, RowsPlan
from dataspace.model.policies import Policy, PolicySet
from dataspace.model.predicates import Predicate
from dataspace.model.principals import Principal
from dataspace.model.publishing import Proposal
from dataspace.model.records import Receipt, Record
from dataspace.model.releases import Release
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


class Proposals(Protocol):
    """Policies that wait for a second steward, at most one for each id."""

    def put(self, proposal: Proposal) -> None:
        """Keep it, in place of an earlier one for the same policy."""
        ...

    def get(self, policy: PolicyId) -> Proposal | None: ...
    def all(self) -> Sequence[Proposal]:
        """Oldest first."""
        ...

    def remove(self, policy: PolicyId) -> None:
        """Of one that is not there, nothing is done."""
        ...


class PermitStore(Protocol):
    """Applications and permits, durable before they are acknowledged."""

    def next_number(self, kind: str) -> int:
        """1, 2, 3, … for `application` and `permit`, never handed out twice, also by two processes."""
        ...

    def put_application(self, application: Application) -> None: ...
    def application(self, id: ApplicationId) -> Application | None: ...
    def applications(self) -> Sequence[Application]: ...
    def change_application(self, application: Application) -> None:
        """Put it in place of the revision before it; Conflict where another change came first, by any process."""
        ...

    def put_permit(self, permit: SignedPermit) -> None: ...
    def permit(self, id: PermitId) -> SignedPermit | None: ...
    def permits(self) -> Sequence[SignedPermit]: ...
    def revoke(self, id: PermitId, at: datetime) -> None: ...
    def change_permit(self, before: SignedPermit, after: SignedPermit) -> None:
        """Put `after` in place of exactly `before`; Conflict where another change came first, by any process."""
        ...

    def put_call(self, call: Call) -> None: ...
    def calls(self) -> Sequence[Call]: ...
    def put_deputy(self, deputy: Deputy) -> None:
        """Name one, or end one early by a new `until`; none is ever forgotten."""
        ...

    def deputies(self) -> Sequence[Deputy]: ...


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

    def consistency(self, old: int, new: int) -> Sequence[bytes]:
        """The proof that the log of `new` records begins with that of `old` (RFC 6962).

        Raises ValueError outside 1 to size.
        """
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

    def short(self, account: Account, charge: Charge, limits: Limits) -> Overspent | None:
        """What `reserve` would refuse with now. Nothing is set aside."""
        ...

    def balance(self, account: Account, limits: Limits, permit: PermitId | None = None) -> Balance: ...
    def purses(self, account: Account, limits: Limits) -> Sequence[Purse]:
        """Every part of an account that was ever charged or raised, the lineage first; `limits` say at which δ."""
        ...

    def decide(self, decision: TopUp | Disjoint) -> None:
        """Let it take effect and keep it for ever. Nothing else ever raises a limit, and nothing lowers what was
        spent. InvalidRequest where it cannot stand beside the earlier ones."""
        ...

    def decisions(self, account: Account) -> Sequence[TopUp | Disjoint]:
        """All of them, oldest first."""
        ...

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


class OptOutLists(Protocol):
    """Lists of persons who opted out or objected. As confidential as the data."""

    def put(self, persons: Iterable[str]) -> str:
        """Keep a list durably; its digest, which is salted."""
        ...

    def persons(self, digest: str) -> frozenset[str]:
        """Raises SetupError where the list is not there, or is not what was put."""
        ...


class Mail(Protocol):
    """Mail to people. It may be lost, and whoever sends does not wait: nothing may hang on it."""

    def send(self, to: str, subject: str, text: str) -> None: ...


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

    def reading(self, ref: VersionRef) -> AbstractContextManager[Sequence[Path]]:
        """The same files, for as long as the context lasts."""
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

    def bound(self, sql: str, values: Sequence[object]) -> str:
        """The same question with these values as literals. InvalidRequest where their number or kind does not fit."""
        ...

    def relations(self, sql: str) -> frozenset[DatasetName]:
        """Datasets that the text reads; UnsupportedQuery for anything that is not one plain query."""
        ...

    def gate(
        self, sql: str, known: Mapping[DatasetName, Dataset]
    ) -> tuple[RowsPlan, Mapping[DatasetName, frozenset[ColumnName]]]:
        """For answers of kind rows: what was validated (and runs), and the columns that each dataset needs."""
        ...

    def aggregate(self, sql: str, dataset: Dataset, noisy: bool = False) -> AggregatePlan:
        """For aggregate and noisy answers: the closed subset, or UnsupportedQuery with the nearest form."""
        ...

    def predicate(self, text: str, dataset: Dataset | None = None) -> Predicate:
        """A condition such as `type = 3 and died = 0`; columns and literals are checked where a dataset is given."""
        ...


class Binder(Protocol):
    """Which parameters a question has, for doors at which it is prepared before values come."""

    def parameters(self, sql: str) -> Sequence[str]:
        """Names of the parameters, in the order in which values are given; `1`, `2`, … for plain question marks."""
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


class Airlock(Protocol):
    """Files that wait until people let them out, and what became of them."""

    def turn(self) -> AbstractContextManager[None]:
        """Alone with the queue, also among processes."""
        ...

    def put(self, release: Release, content: bytes | None = None) -> None:
        """Durable when this returns; `content` comes with the first."""
        ...

    def get(self, id: str) -> Release | None: ...
    def all(self) -> Sequence[Release]:
        """Oldest first."""
        ...

    def content(self, id: str) -> bytes: ...


class PastTurn(Protocol):
    """Entries of one lineage, while nobody else adds to them."""

    def names(self) -> Sequence[str]:
        """Of all entries, oldest first. The name of an entry never stands for other contents."""
        ...

    def read(self, name: str) -> bytes: ...
    def keep(self, name: str, content: bytes) -> None:
        """Durable and sealed when this returns."""
        ...


class Past(Protocol):
    """Which units stood behind the aggregates that were told: as confidential as the data, sealed at rest."""

    def turn(self, lineage: str, seconds: float) -> AbstractContextManager[PastTurn]:
        """Alone with what was told of a lineage, also among processes; TimeoutError where it takes longer."""
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

    def expel(self, site: SiteName, public_key: bytes) -> None:
        """From now on the node with this key (PEM) is refused; no other is disturbed."""
        ...


class Witnessed(Protocol):
    """The latest checkpoint of each site's log that this hub has countersigned."""

    def latest(self, site: SiteName) -> str:
        """The note, with both signatures; empty where there is none yet."""
        ...

    def put(self, site: SiteName, before: str, note: str) -> bool:
        """Keep `note` durably in the place of `before`; False where something else is kept by now."""
        ...
