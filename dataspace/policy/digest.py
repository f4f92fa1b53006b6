"""Policies as one immutable set with the digest that records keep, so that a past decision can be replayed.

The digest of a set is the SHA-256 over the digests of its policies, in order of id; that of a policy the SHA-256 of its
JSON (`model/codec.py`) with sorted keys and without blanks, all but ASCII escaped. So a set of which a few policies
changed has its digest without the others being read again.
"""

import hashlib
import json
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterable

from dataspace.model.codec import one_level
from dataspace.model.names import PolicyId
from dataspace.model.policies import Policy, PolicySet
from dataspace.policy.index import Index, indexed, keep

_SIZE = hashlib.sha256().digest_size
_WRITER = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), allow_nan=False, check_circular=False, default=one_level
)


def policy_set(policies: Iterable[Policy]) -> PolicySet:
    """The set, sorted by id and compiled. Raises ValueError where two share an id, or one has no JSON form."""
    ordered = tuple(sorted(policies, key=_id))
    twice = sorted(name for name, times in Counter(map(_id, ordered)).items() if times > 1)
    if twice:
        raise ValueError(f"two policies are called {twice[0]}: a reason could not say which one decided")
    digests = b"".join(map(_digest, ordered))
    snapshot = PolicySet(ordered, hashlib.sha256(digests).hexdigest())
    keep(snapshot, Index(ordered, digests))
    return snapshot


def amended(
    policies: PolicySet, published: Iterable[Policy] = (), withdrawn: Collection[PolicyId] = ()
) -> PolicySet:
    """The set with some policies published, in the place of those of the same id, and some withdrawn.

    Costs what changed, and a few copies of lists of references; the set that it starts from stays as it is, for whoever
    decides meanwhile. Raises ValueError where two that are published share an id, or one has no JSON form.
    """
    fresh = tuple(published)
    come = {policy.id: policy for policy in fresh if policy.id not in withdrawn}
    if len({policy.id for policy in fresh}) != len(fresh):
        raise ValueError("two of the policies to publish share an id")
    old = indexed(policies)
    ordered, gone = list(policies.policies), list[Policy]()
    digests = bytearray(old.digests or b"".join(map(_digest, ordered)))
    for name in {*come, *withdrawn}:
        place = bisect_left(ordered, name, key=_id)
        at = slice(place * _SIZE, place * _SIZE)
        if place < len(ordered) and ordered[place].id == name:
            gone.append(ordered.pop(place))
            at = slice(at.start, at.start + _SIZE)
        digests[at] = _digest(come[name]) if name in come else b""
        if name in come:
            ordered.insert(place, come[name])
    snapshot = PolicySet(tuple(ordered), hashlib.sha256(digests).hexdigest())
    keep(snapshot, old.amended(gone, list(come.values()), bytes(digests)))
    return snapshot


def _id(policy: Policy) -> PolicyId:
    return policy.id


def _digest(policy: Policy) -> bytes:
    try:
        text = _WRITER.encode(policy)
    except RecursionError as error:
        raise ValueError(f"the policy {policy.id} is nested too deeply to be written down") from error
    return hashlib.sha256(text.encode()).digest()
