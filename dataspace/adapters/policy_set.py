"""The snapshot that a decision is made from, and the digest by which a record names it."""

from collections.abc import Iterable

from dataspace.model.codec import to_json
from dataspace.model.policies import Policy, PolicySet
from dataspace.transparency.canonical import digest


def policy_set(policies: Iterable[Policy]) -> PolicySet:
    """These policies, sorted by id; equal policies have equal digests, in whatever order they were published."""
    ordered = tuple(sorted(policies, key=lambda policy: policy.id))
    return PolicySet(ordered, digest([to_json(policy) for policy in ordered]))
