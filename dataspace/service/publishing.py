"""Policies and dictionaries: put in force by a steward, each with a record that holds the digest of the text."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dataspace.errors import UnknownName
from dataspace.model.datasets import Dataset, Dictionary
from dataspace.model.names import PolicyId
from dataspace.model.policies import Policy
from dataspace.model.principals import Principal, Role
from dataspace.model.records import RecordKind
from dataspace.ports import Catalog, PolicyStore
from dataspace.service.enforcing import Enforcement
from dataspace.service.permitting import require
from dataspace.service.registering import Registering


@dataclass(frozen=True, slots=True)
class Publishing:
    """What a steward puts in force. `parse_policy` and `parse_dictionary` raise an error that names the place."""

    policies: PolicyStore
    catalog: Catalog
    registering: Registering
    enforcement: Enforcement
    parse_policy: Callable[[str], Policy]
    parse_dictionary: Callable[[str], Dictionary]

    def publish(self, steward: Principal, text: str) -> Policy:
        """Put a policy in force, replacing the one of the same id."""
        require(steward, Role.STEWARD)
        policy = self.parse_policy(text)
        facts = {"policy": policy.id, "source": hashlib.sha256(text.encode()).hexdigest()}
        self.enforcement.record(RecordKind.POLICY_PUBLISHED, steward, facts)
        self.policies.publish(policy, text)
        return policy

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
