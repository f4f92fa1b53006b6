"""Policies and dictionaries: put in force by a steward, each with a record that holds the digest of the text."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from dataspace.errors import Conflict, InvalidRequest, NotAllowed, PolicyUnreadable, UnknownName
from dataspace.model.datasets import Dataset, Dictionary
from dataspace.model.names import PolicyId
from dataspace.model.policies import Policy
from dataspace.model.principals import Principal, Role
from dataspace.model.publishing import Proposal
from dataspace.model.records import JSON, RecordKind
from dataspace.policy.duo import PREFIX as DUO
from dataspace.policy.naming import unknown_columns, unknown_datasets
from dataspace.ports import Catalog, PolicyStore, Proposals
from dataspace.service.discovering import discoverable
from dataspace.service.enforcing import Enforcement
from dataspace.service.permitting import require
from dataspace.service.registering import Registering

SHORTEST_DIGEST = 12
"""Characters of a digest that are enough to say which text was meant."""


@dataclass(frozen=True, slots=True)
class Published(Policy):
    """What became of a policy, and what its steward may have meant otherwise, a sentence each.

    `version` is 0 while it `waits` for a second steward.
    """

    warnings: tuple[str, ...] = ()
    version: int = 0
    digest: str = ""
    waits: bool = False


@dataclass(frozen=True, slots=True)
class Publishing:
    """What a steward puts in force. `parse_policy` and `parse_dictionary` raise an error that names the place.

    `stewards` is how many have to agree: 1, or 2 who are never the same.
    """

    policies: PolicyStore
    catalog: Catalog
    registering: Registering
    enforcement: Enforcement
    parse_policy: Callable[[str], Policy]
    parse_dictionary: Callable[[str], Dictionary]
    proposals: Proposals
    stewards: int = 1

    def publish(self, steward: Principal, text: str, digest: str = "") -> Published:
        """Put a policy in force, replacing the one of the same id; where two stewards have to agree, propose it.

        `digest` is that of the text as it was reviewed: another one is refused. Raises PolicyUnreadable, recorded,
        also where a rule filters or hides by a column that a dataset here has not: every question would fail, or the
        column meant would be shown. A dataset that is not here yet is a warning only.
        """
        require(steward, Role.STEWARD)
        source = digest_of(text)
        if digest and not same(digest, source):
            self._refused(steward, source, "another text was reviewed")
            raise Conflict(
                f"This is not the text that was reviewed: its digest is {source[:12]}, not {digest[:12]}.",
                "Read the difference, then publish what you read.",
            )
        policy, warnings = self._read(steward, text)
        if policy.id.startswith(DUO):
            raise InvalidRequest(
                f"'{policy.id}' is written from the DUO codes of a dataset.",
                "Register the dataset with `--duo`, or give the policy another name.",
            )
        return self._decided(steward, policy, text, warnings)

    def codes(self, steward: Principal, text: str) -> Published:
        """Put in force what a dataset's DUO codes come to. Loosening it needs as many stewards as any policy."""
        require(steward, Role.STEWARD)
        policy, _ = self._read(steward, text)
        if self.text_in_force(policy.id) == text:
            return _said(policy, (), len(self.policies.texts(policy.id)), digest_of(text))
        if not self.text_in_force(
            policy.id
        ):  # the first codes of a dataset only take away: nobody has to agree
            return self._in_force(steward, policy, text, (), {})
        return self._decided(steward, policy, text, ())

    def withdraw(self, steward: Principal, id: str) -> bool:
        """Take a policy out of force; what it alone permitted is denied from now on. False while that waits."""
        require(steward, Role.STEWARD)
        known = tuple(policy.id for policy in self.policies.current().policies)
        if id not in known:
            raise UnknownName("policy", id, known)
        if self.stewards > 1:
            self._propose(steward, PolicyId(id), "")
            return False
        self.enforcement.record(RecordKind.POLICY_WITHDRAWN, steward, {"policy": id})
        self.policies.withdraw(PolicyId(id))
        return True

    def approve(self, steward: Principal, id: str, digest: str) -> Published | None:
        """The second yes: what was reviewed takes effect, and nothing else. None where it was a withdrawal.

        Raises NotAllowed for whoever proposed it; Conflict where the proposal is another one than was reviewed, or
        what it would replace has changed since.
        """
        proposal = self.proposal(steward, id)
        if proposal.by == steward.id:
            raise NotAllowed("Whoever proposed a policy cannot approve it.", "Ask another steward.")
        if not same(digest, proposal.digest):
            raise Conflict(
                f"What waits for '{id}' is {proposal.digest[:12]}, not what was reviewed ({digest[:12]}).",
                f"Review it: `dataspace policy review {id}`.",
            )
        if digest_of(self.text_in_force(proposal.policy)) != proposal.base:
            raise Conflict(f"'{id}' has changed since this was proposed.", "Decline it, and propose anew.")
        agreed: dict[str, JSON] = {"proposed_by": proposal.by}
        if proposal.text:
            policy, warnings = self._read(steward, proposal.text)
            done = self._in_force(steward, policy, proposal.text, warnings, agreed)
        else:
            self.enforcement.record(RecordKind.POLICY_WITHDRAWN, steward, {"policy": id, **agreed})
            self.policies.withdraw(proposal.policy)
            done = None
        self.proposals.remove(proposal.policy)
        return done

    def decline(self, steward: Principal, id: str, reason: str = "") -> None:
        """Take a proposal away: by its author, or by who reviewed it."""
        proposal = self.proposal(steward, id)
        facts: dict[str, JSON] = {"policy": id, "source": proposal.digest, "reason": reason[:500]}
        self.enforcement.record(RecordKind.POLICY_DECLINED, steward, facts)
        self.proposals.remove(proposal.policy)

    def proposal(self, steward: Principal, id: str) -> Proposal:
        """What waits under that id, for stewards. Raises UnknownName."""
        require(steward, Role.STEWARD)
        found = self.proposals.get(PolicyId(id))
        if found is None:
            waiting = tuple(one.policy for one in self.proposals.all())
            raise UnknownName("proposal", id, waiting, "`dataspace policy proposals` shows what waits.")
        return found

    def in_force(self) -> Sequence[Policy]:
        """All policies in force: whoever is bound by a rule may read it."""
        return self.policies.current().policies

    def text_in_force(self, id: PolicyId) -> str:
        """As it was written; empty where none is in force under that id."""
        if not any(policy.id == id for policy in self.policies.current().policies):
            return ""
        return self.policies.texts(id)[-1]

    def dictionary(self, steward: Principal, text: str) -> Dictionary:
        """Load a dictionary that datasets can claim to follow."""
        require(steward, Role.STEWARD)
        dictionary = self.parse_dictionary(text)
        self.catalog.put_dictionary(dictionary)
        return dictionary

    def federated(
        self,
        steward: Principal,
        name: str,
        dictionary: str,
        title: str,
        fields: Mapping[str, Sequence[str]] | None = None,
        publish: bool = True,
    ) -> Dataset:
        """Describe a dataset whose rows lie at the sites, by a dictionary that was loaded before."""
        require(steward, Role.STEWARD)
        found = self.catalog.dictionary(dictionary)
        if found is None:
            raise UnknownName(
                "dictionary", dictionary, (), "Load it with `dataspace dataset dictionary FILE`."
            )
        return self.registering.describe_federated(steward, name, found, title, fields or {}, publish)

    def _read(self, steward: Principal, text: str) -> tuple[Policy, tuple[str, ...]]:
        """The policy and its warnings; what cannot be read is recorded with the reason, and takes no effect."""
        try:
            policy = self.parse_policy(text)
            visible = discoverable(self.catalog, steward, self.enforcement)
            for rule, _, sentence in unknown_columns(policy, visible):
                raise PolicyUnreadable(f"Rule '{policy.id}/{rule}': {sentence}", "It was not put in force.")
        except PolicyUnreadable as error:
            self._refused(steward, digest_of(text), error.fact)
            raise
        return policy, unknown_datasets(policy, visible)

    def _refused(self, steward: Principal, source: str, reason: str) -> None:
        facts: dict[str, JSON] = {"source": source, "reason": reason[:500]}
        self.enforcement.record(RecordKind.POLICY_REFUSED, steward, facts)

    def _decided(self, steward: Principal, policy: Policy, text: str, warnings: tuple[str, ...]) -> Published:
        if self.stewards > 1:
            proposal = self._propose(steward, policy.id, text)
            wait = (
                f"'{policy.id}' waits for a second steward: `dataspace policy review {policy.id}` shows it, "
                f"`dataspace policy approve {policy.id} {proposal.digest[:12]}` puts it in force."
            )
            return _said(policy, (*warnings, wait), 0, proposal.digest)
        return self._in_force(steward, policy, text, warnings, {})

    def _propose(self, steward: Principal, id: PolicyId, text: str) -> Proposal:
        base = digest_of(self.text_in_force(id))
        # A withdrawal has no text of its own: its digest names what it would take away.
        digest = digest_of(text or f"withdraw {base}")
        proposal = Proposal(id, digest, text, base, steward.id, self.enforcement.clock.now())
        facts: dict[str, JSON] = {"policy": id, "source": digest, "base": base, "withdraws": not text}
        self.enforcement.record(RecordKind.POLICY_PROPOSED, steward, facts)
        self.proposals.put(proposal)
        return proposal

    def _in_force(
        self,
        steward: Principal,
        policy: Policy,
        text: str,
        warnings: tuple[str, ...],
        more: dict[str, JSON],
    ) -> Published:
        version, source = len(self.policies.texts(policy.id)) + 1, digest_of(text)
        facts: dict[str, JSON] = {"policy": policy.id, "source": source, "version": version}
        facts.update(more)
        self.enforcement.record(RecordKind.POLICY_PUBLISHED, steward, facts)
        self.policies.publish(policy, text)
        return _said(policy, warnings, version, source)


def digest_of(text: str) -> str:
    """SHA-256, in hex, of a policy's text as written."""
    return hashlib.sha256(text.encode()).hexdigest()


def same(said: str, whole: str) -> bool:
    """Whether a digest, or its first characters, names that one."""
    return len(said) >= SHORTEST_DIGEST and whole.startswith(said.lower())


def _said(policy: Policy, warnings: tuple[str, ...], version: int, digest: str) -> Published:
    fields = policy.id, policy.title, policy.owner, policy.rules, policy.site
    return Published(*fields, warnings, version, digest, waits=version == 0)
