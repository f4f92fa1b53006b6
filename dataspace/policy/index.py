"""The rules that can speak of a dataset, found without reading all policies for each request."""

from collections.abc import Sequence
from functools import lru_cache

from dataspace.model.names import DatasetName
from dataspace.model.policies import Policy, PolicySet, Rule

Ruled = tuple[Policy, int, Rule]
"""A rule with its policy and its place there, counted from 0."""


class _Snapshot:
    """Compares by identity: a snapshot of policies is immutable, and comparing its contents would cost more than
    reading them. Holding it keeps the identity from being given to another."""

    __slots__ = ("policies",)

    def __init__(self, policies: PolicySet) -> None:
        self.policies = policies

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Snapshot) and other.policies is self.policies

    def __hash__(self) -> int:
        return id(self.policies)


class _Index:
    """Rules by dataset; those that say everything or speak of labels may concern any."""

    __slots__ = ("anywhere", "named")

    def __init__(self, policies: PolicySet) -> None:
        ruled = [
            (policy, place, rule) for policy in policies.policies for place, rule in enumerate(policy.rules)
        ]
        anywhere = [entry for entry in ruled if entry[2].target.everything or entry[2].target.labels]
        named: dict[DatasetName, list[Ruled]] = {}
        for entry in ruled:
            target = entry[2].target
            if not (target.everything or target.labels):
                for dataset in target.datasets:
                    named.setdefault(dataset, []).append(entry)
        self.anywhere: tuple[Ruled, ...] = tuple(anywhere)
        self.named = {dataset: (*entries, *anywhere) for dataset, entries in named.items()}


def candidates(policies: PolicySet, dataset: DatasetName) -> Sequence[Ruled]:
    """Every rule that might speak of the dataset; a superset, in no particular order."""
    index = _index(_Snapshot(policies))
    return index.named.get(dataset, index.anywhere)


@lru_cache(maxsize=8)
def _index(snapshot: _Snapshot) -> _Index:
    return _Index(snapshot.policies)
