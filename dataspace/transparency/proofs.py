"""Checking what a log claims: that a leaf is in its tree, and that a tree grew only by appending.

The algorithms are those of RFC 9162 sections 2.1.3.2 and 2.1.4.2, for indices and sizes to 2^64 - 1. Nothing
is returned: a check passes, or raises VerificationFailed with the step that failed.
"""

from collections.abc import Sequence

from dataspace.errors import VerificationFailed
from dataspace.transparency.merkle import EMPTY_ROOT, HASH_BYTES, MAX_SIZE, is_subtree, node_hash

_ASK_AGAIN = (
    "Ask the log again; if it fails again the log has changed: keep both answers and tell an auditor."
)


def verify_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> None:
    """Check that leaf hash `leaf` is number `index` of the `size` under `root`, or raise VerificationFailed.

    The path is RFC 9162 section 2.1.3.2; indices and sizes to 2^64 - 1.
    """
    if not 0 <= index < size <= MAX_SIZE:
        raise VerificationFailed(f"Inclusion: a log of {size} leaves has no leaf {index}.", _ASK_AGAIN)
    _hashes(leaf, *proof)
    position, last, current = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise VerificationFailed("Inclusion: the proof is longer than the path to the root.", _ASK_AGAIN)
        if position % 2 == 1 or position == last:
            current = node_hash(sibling, current)
            while position % 2 == 0 and position != 0:  # no right neighbour: the path climbs without a hash
                position, last = position >> 1, last >> 1
        else:
            current = node_hash(current, sibling)
        position, last = position >> 1, last >> 1
    if last != 0:
        raise VerificationFailed("Inclusion: the proof ends before the root.", _ASK_AGAIN)
    _same(current, root, "Inclusion: the proof leads to another root.")


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Check that the tree under `new_root` begins with that under `old_root`, or raise VerificationFailed.

    Equal sizes need equal roots and an empty proof. From size 0 there is no proof, also not to size 0.
    """
    if old == 0:
        raise VerificationFailed(
            "Consistency: a proof from the empty log proves nothing.",
            "Start from a checkpoint of size 1 or more.",
        )
    verify_subtree(0, old, new, old_root, new_root, proof)


def verify_subtree(
    start: int, end: int, size: int, subtree_root: bytes, root: bytes, proof: Sequence[bytes]
) -> None:
    """Check that `subtree_root` is over leaves [start, end) under `root`, or raise VerificationFailed.

    Of an empty subtree only its own root is checked: it is part of every tree.
    """
    if not (is_subtree(start, end) and end <= size <= MAX_SIZE):
        raise VerificationFailed(
            f"Consistency: {start} to {end} is no part of a log of {size} leaves.",
            "Compare the older size first.",
        )
    if start == end or (start, end) == (0, size):
        if proof:
            raise VerificationFailed("Consistency: this proof must be empty.", _ASK_AGAIN)
        _same(subtree_root, EMPTY_ROOT if start == end else root, "Consistency: the roots differ.")
        return
    _hashes(subtree_root, root, *proof)
    first, last, edge, given = _seed(start, end, size, subtree_root, proof)
    _climb(first, last, edge, given, subtree_root, root)


def _seed(
    start: int, end: int, size: int, subtree_root: bytes, proof: Sequence[bytes]
) -> tuple[int, int, int, Sequence[bytes]]:
    """Where the climb begins: at the last complete part of the subtree, whose hash heads the result."""
    first, last, edge = start, end - 1, size - 1
    while first != last and (last % 2 == 1 or last == edge):
        first, last, edge = first >> 1, last >> 1, edge >> 1
    if first == last:  # the subtree is one node (complete, or the whole right edge): its root is the seed
        return first, last, edge, (subtree_root, *proof)
    if not proof:
        raise VerificationFailed("Consistency: the proof is empty.", _ASK_AGAIN)
    return first, last, edge, proof


def _climb(
    first: int, last: int, edge: int, given: Sequence[bytes], subtree_root: bytes, root: bytes
) -> None:
    """RFC 9162 section 2.1.4.2 with a left border `first`: both roots rise from one seed, `given[0]`."""
    part = whole = given[0]
    for sibling in given[1:]:
        if edge == 0:
            raise VerificationFailed(
                "Consistency: the proof is longer than the path to the root.", _ASK_AGAIN
            )
        if last % 2 == 1 or last == edge:
            if first < last:  # still inside the subtree
                part = node_hash(sibling, part)
            whole = node_hash(sibling, whole)
            while last % 2 == 0 and last != 0:
                first, last, edge = first >> 1, last >> 1, edge >> 1
        else:
            whole = node_hash(whole, sibling)
        first, last, edge = first >> 1, last >> 1, edge >> 1
    if edge != 0:
        raise VerificationFailed("Consistency: the proof ends before the root.", _ASK_AGAIN)
    _same(part, subtree_root, "Consistency: the proof leads to another older root.")
    _same(whole, root, "Consistency: the proof leads to another newer root.")


def _hashes(*values: bytes) -> None:
    if any(len(value) != HASH_BYTES for value in values):
        raise VerificationFailed("A hash in the proof has not 32 bytes.", _ASK_AGAIN)


def _same(computed: bytes, stated: bytes, what: str) -> None:
    if computed != stated:
        raise VerificationFailed(what, _ASK_AGAIN)
