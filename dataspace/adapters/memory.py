"""Ports kept in memory, for tests and notebooks: the same promises as the store's, but for surviving the process.

Each is checked by the same contract as its durable counterpart (`dataspace.testing`). The log, the ledger and what
runs need stand in modules of their own, and are found here too.
"""

from collections.abc import Sequence
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
from dataspace.model.permits import Application, SignedPermit
from dataspace.model.policies import Policy, PolicySet
from dataspace.model.principals import Principal
from dataspace.model.sites import Site
from dataspace.policy.digest import policy_set

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
        self._snapshot = policy_set(self._in_force.values())
        self._texts.setdefault(policy.id, []).append(source)

    def current(self) -> PolicySet:
        return self._snapshot

    def withdraw(self, policy: PolicyId) -> None:
        if self._in_force.pop(policy, None) is None:
            raise UnknownName("policy", policy)
        self._snapshot = policy_set(self._in_force.values())

    def texts(self, policy: PolicyId) -> Sequence[str]:
        return list(self._texts.get(policy, ()))


class MemoryPermitStore:
    """`PermitStore`."""

    def __init__(self) -> None:
        self._numbers = {"application": 0, "permit": 0}
        self._applications: dict[ApplicationId, Application] = {}
        self._permits: dict[PermitId, SignedPermit] = {}

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


class MemoryAnswers:
    """`Answers`."""

    def __init__(self) -> None:
        self._answers: dict[str, pa.Table] = {}

    def recall(self, key: str) -> pa.Table | None:
        return self._answers.get(key)

    def remember(self, key: str, answer: pa.Table) -> None:
        self._answers.setdefault(key, answer)


class MemoryPeople:
    """`People`."""

    def __init__(self) -> None:
        self._people: dict[PrincipalId, Principal] = {}

    def put(self, principal: Principal) -> None:
        self._people[principal.id] = principal

    def get(self, id: PrincipalId) -> Principal | None:
        return self._people.get(id)

    def all(self) -> Sequence[Principal]:
        return [self._people[id] for id in sorted(self._people)]


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
