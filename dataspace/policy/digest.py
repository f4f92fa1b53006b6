"""Policies as one immutable set with the digest that records keep, so that a past decision can be replayed."""

from collections import Counter
from collections.abc import Iterable

from dataspace.model.codec import to_json
from dataspace.model.policies import Policy, PolicySet
from dataspace.transparency.canonical import digest


def policy_set(policies: Iterable[Policy]) -> PolicySet:
    """The set, sorted by id, with SHA-256 over its canonical JSON. Raises ValueError where two share an id."""
    ordered = tuple(sorted(policies, key=lambda policy: policy.id))
    twice = sorted(name for name, times in Counter(policy.id for policy in ordered).items() if times > 1)
    if twice:
        raise ValueError(f"two policies are called {twice[0]}: a reason could not say which one decided")
    return PolicySet(ordered, digest(to_json(ordered)))
