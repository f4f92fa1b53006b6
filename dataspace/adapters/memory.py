"""Ports kept in memory, for tests and notebooks: the same promises as the store's, but for surviving the process.

Each is checked by the same contract as its durable counterpart (`dataspace.testing`). The log, the ledger and what
runs need stand in modules of their own, and are found here too.

Long, because there is one small store after another.
"""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pyarrow as pa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from dataspace.adapters.memory_ledger import MemoryLedger
from dataspace.adapters.memory_log import MemoryLog
from dataspace.adapters.memory_runs import MemoryJournal, MemoryStatusSource
from dataspace.errors import Conflict, InvalidRequest, UnknownName
from dataspace.model.datasets import Dataset, Dictionary, Version, VersionRef
from dataspace.model.names import ApplicationId, DatasetName, PermitId, PolicyId, PrincipalId, SiteName
from dataspace.model.permits import Application, Call, Deputy, SignedPermit
from dataspace.model.policies import Policy, PolicySet
from dataspace.model.principals import Principal
from dataspace.model.publishing import Proposal
from dataspace.model.sites import Site
from dataspace.policy.digest import amended, policy_set

__all__ = [
    "ManualClock",
    "MemoryAnswers",
    "MemoryCatalog",
    "MemoryJournal",
    "MemoryLedger",
    "MemoryLog",
    "MemoryPeople",
    "MemoryPermitStore",
    "MemoryPolicyStore",
    "MemoryProposals",
    "MemorySigner",
    "MemorySites",
    "MemoryStatusSource",
]


class ManualClock:
    """`Clock` that stands still until it is moved."""

    def __init__(self, now: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def advance(self, by: timedelta) -> None:
        """Move on by this much; backwards too, as clocks do."""
        self._now += by


class MemoryCatalog:
    """`Catalog`."""

    def __init__(self) -> None:
        self._datasets: dict[DatasetName, Dataset] = {}
        self._versions: dict[VersionRef, Version] = {}
        self._dictionaries: dict[str, Dictionary] = {}

    def put(self, dataset: Dataset) -> None:
        self._datasets[dataset.name] = dataset

    def get(self, name: DatasetName) -> Dataset | None:
        return self._datasets.get(name)

    def all(self) -> Sequence[Dataset]:
        return [self._datasets[name] for name in sorted(self._datasets)]

    def put_version(self, version: Version) -> None:
        self._versions.setdefault(version.ref, version)

    def version(self, ref: VersionRef) -> Version | None:
        return self._versions.get(ref)

    def put_dictionary(self, dictionary: Dictionary) -> None:
        if self._dictionaries.setdefault(str(dictionary), dictionary) != dictionary:
            raise Conflict(
                f"The dictionary '{dictionary}' is there with other contents.", "Give it a new version."
            )

    def dictionary(self, name: str) -> Dictionary | None:
        if "@" in name:
            return self._dictionaries.get(name)
        return next((one for one in reversed(self._dictionaries.values()) if one.name == name), None)


class MemoryPolicyStore:
    """`PolicyStore`."""

    def __init__(self) -> None:
        self._in_force: dict[PolicyId, Policy] = {}
        self._texts: dict[PolicyId, list[str]] = {}
        self._snapshot = policy_set(())

    def publish(self, policy: Policy, source: str) -> None:
        self._in_force[policy.id] = policy
        self._snapshot = amended(self._snapshot, [policy])
        self._texts.setdefault(policy.id, []).append(source)

    def current(self) -> PolicySet:
        return self._snapshot

    def withdraw(self, policy: PolicyId) -> None:
        if self._in_force.pop(policy, None) is None:
            raise UnknownName("policy", policy)
        self._snapshot = amended(self._snapshot, withdrawn=[policy])

    def texts(self, policy: PolicyId) -> Sequence[str]:
        return list(self._texts.get(policy, ()))


class MemoryProposals:
    """`Proposals`."""

    def __init__(self) -> None:
        self._waiting: dict[PolicyId, Proposal] = {}

    def put(self, proposal: Proposal) -> None:
        self._waiting[proposal.policy] = proposal

    def get(self, policy: PolicyId) -> Proposal | None:
        return self._waiting.get(policy)

    def all(self) -> Sequence[Proposal]:
        return sorted(self._waiting.values(), key=lambda proposal: proposal.at)

    def remove(self, policy: PolicyId) -> None:
        self._waiting.pop(policy, None)


class MemoryPermitStore:
    """`PermitStore`."""

    def __init__(self) -> None:
        self._numbers = {"application": 0, "permit": 0, "call": 0}
        self._applications: dict[ApplicationId, Application] = {}
        self._permits: dict[PermitId, SignedPermit] = {}
        self._calls: dict[str, Call] = {}
        self._deputies: dict[tuple[PrincipalId, PrincipalId, datetime], Deputy] = {}

    def next_number(self, kind: str) -> int:
        if kind not in self._numbers:
            raise InvalidRequest(
                f"Nothing of the kind '{kind}' is numbered.", f"Use {sorted(self._numbers)}."
            )
        self._numbers[kind] += 1
        return self._numbers[kind]

    def put_application(self, application: Application) -> None:
        self._applications[application.id] = application

    def application(self, id: ApplicationId) -> Application | None:
        return self._applications.get(id)

    def applications(self) -> Sequence[Application]:
        return list(self._applications.values())

    def change_application(self, application: Application) -> None:
        kept = self._applications.get(application.id)
        if kept is None or kept.revision != application.revision - 1:
            raise Conflict(
                f"{application.id} was changed meanwhile.", "Read it again, then decide on what it says now."
            )
        self._applications[application.id] = application

    def change_permit(self, before: SignedPermit, after: SignedPermit) -> None:
        if self._permits.get(before.permit.id) != before:
            raise Conflict(f"{before.permit.id} was changed meanwhile.", "Read it again, then decide.")
        self.put_permit(after)

    def put_call(self, call: Call) -> None:
        self._calls[call.id] = call

    def calls(self) -> Sequence[Call]:
        return list(self._calls.values())

    def put_deputy(self, deputy: Deputy) -> None:
        self._deputies[deputy.of, deputy.deputy, deputy.since] = deputy

    def deputies(self) -> Sequence[Deputy]:
        return list(self._deputies.values())

    def put_permit(self, permit: SignedPermit) -> None:
        kept = self._permits.get(permit.permit.id)
        self._permits[permit.permit.id] = permit
        if kept is not None and kept.permit.revoked is not None:
            self.revoke(permit.permit.id, kept.permit.revoked)

    def permit(self, id: PermitId) -> SignedPermit | None:
        return self._permits.get(id)

    def permits(self) -> Sequence[SignedPermit]:
        return list(self._permits.values())

    def revoke(self, id: PermitId, at: datetime) -> None:
        if id not in self._permits:
            raise UnknownName("permit", id)
        kept = self._permits[id]
        first = at if kept.permit.revoked is None else min(at, kept.permit.revoked)
        self._permits[id] = SignedPermit(replace(kept.permit, revoked=first), kept.jws)


class MemoryOptOuts:
    """`OptOutLists`."""

    def __init__(self) -> None:
        self._lists: dict[str, frozenset[str]] = {}

    def put(self, persons: Iterable[str]) -> str:
        digest = secrets.token_hex(32)
        self._lists[digest] = frozenset(persons)
        return digest

    def persons(self, digest: str) -> frozenset[str]:
        return self._lists[digest]


class MemoryAnswers:
    """`Answers`."""

    def __init__(self) -> None:
        self._answers: dict[str, pa.Table] = {}

    def recall(self, key: str) -> pa.Table | None:
        return self._answers.get(key)

    def remember(self, key: str, answer: pa.Table) -> None:
        self._answers.setdefault(key, answer)

    def forget(self, version: str) -> None:
        self._answers = {k: v for k, v in self._answers.items() if not k.startswith(f"{version}/")}


class MemoryPeople:
    """`People`."""

    def __init__(self) -> None:
        self._people: dict[PrincipalId, Principal] = {}
        self._signed_out: dict[PrincipalId, datetime] = {}

    def put(self, principal: Principal) -> None:
        self._people[principal.id] = principal

    def get(self, id: PrincipalId) -> Principal | None:
        return self._people.get(id)

    def all(self) -> Sequence[Principal]:
        return [self._people[id] for id in sorted(self._people)]

    def sign_out(self, id: PrincipalId, at: datetime) -> None:
        self._signed_out[id] = at

    def signed_out_at(self, id: PrincipalId) -> datetime | None:
        return self._signed_out.get(id)


class MemorySites:
    """`Sites`."""

    def __init__(self) -> None:
        self._sites: dict[SiteName, Site] = {}

    def put(self, site: Site) -> None:
        self._sites[site.name] = site

    def get(self, name: SiteName) -> Site | None:
        return self._sites.get(name)

    def all(self) -> Sequence[Site]:
        return [self._sites[name] for name in sorted(self._sites)]


class MemorySigner:
    """`Signer` with a key of its own; the same 32 bytes of `seed` give the same key."""

    def __init__(self, seed: bytes | None = None) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed) if seed else Ed25519PrivateKey.generate()

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message)

    def public_key(self) -> bytes:
        return self._key.public_key().public_bytes_raw()
