"""Policies and dictionaries: put in force by a steward, each with a record that holds the digest of the text."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dataspace.errors import PolicyUnreadable, UnknownName
from dataspace.model.datasets import Dataset, Dictionary
from dataspace.model.names import PolicyId
from dataspace.model.policies import Policy
from dataspace.model.principals import Principal, Role
from dataspace.model.records import RecordKind
from dataspace.policy.naming import unknown_columns, unknown_datasets
from dataspace.ports import Catalog, PolicyStore
from dataspace.service.asking import may_discover
from dataspace.service.enforcing import Enforcement
from dataspace.service.permitting import require
from dataspace.service.registering import Registering


@dataclass(frozen=True, slots=True)
class Published(Policy):
    """The policy that is in force now, and what its steward may have meant otherwise, a sentence each."""

    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Publishing:
    """What a steward puts in force. `parse_policy` and `parse_dictionary` raise an error that names the place."""

    policies: PolicyStore
    catalog: Catalog
    registering: Registering
    enforcement: Enforcement
    parse_policy: Callable[[str], Policy]
    parse_dictionary: Callable[[str], Dictionary]

    def publish(self, steward: Principal, text: str) -> Published:
        """Put a policy in force, replacing the one of the same id.

        Raises PolicyUnreadable where a rule filters or hides by a column that a dataset here has not: every question
        would fail, or the column meant would be shown. A dataset that is not here yet is a warning only.
        """
        require(steward, Role.STEWARD)
        policy = self.parse_policy(text)
        visible = [d for d in self.catalog.all() if may_discover(d, steward)]
        for rule, _, sentence in unknown_columns(policy, visible):
            raise PolicyUnreadable(f"Rule '{policy.id}/{rule}': {sentence}", "It was not put in force.")
        facts = {"policy": policy.id, "source": hashlib.sha256(text.encode()).hexdigest()}
        self.enforcement.record(RecordKind.POLICY_PUBLISHED, steward, facts)
        self.policies.publish(policy, text)
        return Published(
            policy.id,
            policy.title,
            policy.owner,
            policy.rules,
            policy.site,
            unknown_datasets(policy, visible),
        )

    def withdraw(self, steward: Principal, id: str) -> None:
        """Take a policy out of force; what it alone permitted is denied from now on."""
        require(steward, Role.STEWARD)
        known = tuple(policy.id for policy in self.policies.current().policies)
        if id not in known:
            raise UnknownName("policy", id, known)
        self.enforcement.record(RecordKind.POLICY_WITHDRAWN, steward, {"policy": id})
        self.policies.withdraw(PolicyId(id))

    def in_force(self) -> Sequence[Policy]:
        """All policies in force: whoever is bound by a rule may read it."""
        return self.policies.current().policies

    def dictionary(self, steward: Principal, text: str) -> Dictionary:
        """Load a dictionary that datasets can claim to follow."""
        require(steward, Role.STEWARD)
        dictionary = self.parse_dictionary(text)
        self.catalog.put_dictionary(dictionary)
        return dictionary

    def federated(self, steward: Principal, name: str, dictionary: str, title: str) -> Dataset:
        """Describe a dataset whose rows lie at the sites, by a dictionary that was loaded before."""
        require(steward, Role.STEWARD)
        found = self.catalog.dictionary(dictionary)
        if found is None:
            raise UnknownName(
                "dictionary", dictionary, (), "Load it with `dataspace dataset dictionary FILE`."
            )
        return self.registering.describe_federated(steward, name, found, title)
