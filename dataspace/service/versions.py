"""The versions of a policy: who published which text when, and how two of them differ."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from dataspace.errors import NotAllowed, UnknownName
from dataspace.model.names import PolicyId, PrincipalId
from dataspace.model.principals import Principal, Role
from dataspace.model.publishing import PolicyVersion, Proposal, Review
from dataspace.model.records import Record, RecordKind
from dataspace.ports import Log, PolicyStore
from dataspace.service.permitting import require
from dataspace.service.publishing import Publishing, digest_of
from dataspace.service.rehearsing import MONTH, Rehearsing

_READERS = frozenset({Role.STEWARD, Role.AUDITOR, Role.ADMINISTRATOR})


@dataclass(frozen=True, slots=True)
class Versions:
    """For stewards, auditors and administrators: the records name who published."""

    policies: PolicyStore
    log: Log
    publishing: Publishing
    rehearsing: Rehearsing

    def history(self, asker: Principal, id: str) -> Sequence[PolicyVersion]:
        """Every version, oldest first. Raises UnknownName where nothing was ever published under that id."""
        texts = self._texts(asker, id)
        policy = PolicyId(id)
        records = [
            record
            for _, record in self.log.records()
            if record.kind is RecordKind.POLICY_PUBLISHED and record.facts.get("policy") == id
        ]
        standing = bool(self.publishing.text_in_force(policy))
        return [
            _version(policy, number, text, records, standing and number == len(texts))
            for number, text in enumerate(texts, start=1)
        ]

    def text(self, asker: Principal, id: str, number: int) -> str:
        """One version as it was written."""
        texts = self._texts(asker, id)
        if not 1 <= number <= len(texts):
            raise UnknownName("version", f"{id} {number}", (), f"There are 1 to {len(texts)}.")
        return texts[number - 1]

    def difference(self, asker: Principal, id: str, old: int = 0, new: int = 0) -> str:
        """Two versions line by line; 0 is the last one for `new`, and the one before `new` for `old`. A version
        before the first is empty."""
        texts = self._texts(asker, id)
        second = new or len(texts)
        first = old or second - 1
        before = self.text(asker, id, first) if first else ""
        return unified(before, self.text(asker, id, second), f"{id} {first}", f"{id} {second}")

    def review(self, steward: Principal, id: str, since: timedelta = MONTH) -> Review:
        """What a second steward has to see before approving."""
        proposal = self.publishing.proposal(steward, id)
        before = self.publishing.text_in_force(proposal.policy)
        policy = self.publishing.parse_policy(proposal.text) if proposal.text else None
        replay = self.rehearsing.replay(proposal.policy, policy, proposal.digest, since)
        difference = unified(before, proposal.text, f"{id} in force", f"{id} proposed by {proposal.by}")
        return Review(proposal, difference, replay)

    def waiting(self, steward: Principal) -> Sequence[Proposal]:
        """What waits for a second steward, oldest first."""
        require(steward, Role.STEWARD)
        return self.publishing.proposals.all()

    def _texts(self, asker: Principal, id: str) -> Sequence[str]:
        if not asker.roles & _READERS:
            raise NotAllowed("Who published a policy is for stewards and auditors.", "Ask one of them.")
        texts = self.policies.texts(PolicyId(id))
        if not texts:
            known = tuple(policy.id for policy in self.policies.current().policies)
            raise UnknownName("policy", id, known)
        return texts


def unified(before: str, after: str, old: str, new: str) -> str:
    """A unified difference; empty where the two are the same."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), old, new, lineterm="")
    return "\n".join(lines)


def _version(
    policy: PolicyId, number: int, text: str, records: Sequence[Record], in_force: bool
) -> PolicyVersion:
    digest = digest_of(text)
    found = _record(records, number, digest)
    if found is None:
        return PolicyVersion(policy, number, digest, in_force=in_force)
    proposed = found.facts.get("proposed_by")
    author = PrincipalId(str(proposed)) if proposed else found.principal
    second = found.principal if proposed else None
    return PolicyVersion(policy, number, digest, found.at, author, second, in_force)


def _record(records: Sequence[Record], number: int, digest: str) -> Record | None:
    """The record of a version: by its number, or (records that have none) the first with its digest."""
    mine = [record for record in records if record.facts.get("source") == digest]
    numbered = [record for record in mine if record.facts.get("version") == number]
    plain = [record for record in mine if "version" not in record.facts]
    return next(iter((*numbered[-1:], *plain)), None)
