"""The Merkle tree of RFC 6962: its hashes, how it grows leaf by leaf, and the proofs it gives.

A store is asked for *nodes* only: `node(level, index)` is the hash over the 2^level leaves from
index * 2^level on, fixed for ever once those leaves exist. Everything else is computed from nodes.

Subtree proofs are those of the IETF's Merkle Tree Certificates draft: leaves [start, end) are a subtree
where start is a multiple of the smallest power of two that is at least end - start. Consistency with an older
tree is the case start = 0. Who only verifies needs `proofs.py` alone.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

HASH_BYTES = 32
MAX_SIZE = 2**64 - 1
EMPTY_ROOT = hashlib.sha256().digest()

Node = Callable[[int, int], bytes]
"""(level, index) -> the hash of one complete subtree; level 0 are the leaf hashes."""


def leaf_hash(data: bytes) -> bytes:
    """The hash of one entry; the prefix 0 keeps it apart from every node (RFC 6962 section 2.1)."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees side by side; the prefix 1 keeps it apart from every leaf."""
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Frontier:
    """The right edge of a tree of `size` leaves: its complete subtrees, the largest first; at most 64."""

    size: int = 0
    nodes: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class NewNode:
    """One hash that a store must keep because a leaf was appended: its own, or a subtree now complete."""

    level: int
    index: int
    hash: bytes


def append_leaf(frontier: Frontier, leaf: bytes) -> tuple[Frontier, tuple[NewNode, ...]]:
    """Grow the tree by one leaf hash: the new frontier, and the nodes to store, from the leaf upwards.

    Amortised two nodes a leaf. Raises ValueError where `leaf` is not a hash.
    """
    if len(leaf) != HASH_BYTES:
        raise ValueError("a leaf hash has 32 bytes; hash the entry with leaf_hash first")
    nodes, level, index, current = list(frontier.nodes), 0, frontier.size, leaf
    made = [NewNode(0, index, leaf)]
    while index % 2 == 1:  # a left sibling waits: the subtree above both is complete now
        current = node_hash(nodes.pop(), current)
        level, index = level + 1, index // 2
        made.append(NewNode(level, index, current))
    return Frontier(frontier.size + 1, (*nodes, current)), tuple(made)


def frontier_root(frontier: Frontier) -> bytes:
    """The root hash of the tree; of the empty tree, the hash of nothing."""
    return _join(frontier.nodes) if frontier.nodes else EMPTY_ROOT


def frontier_at(size: int, node: Node) -> Frontier:
    """The frontier of the first `size` leaves, read from a store: one node for each bit set in `size`."""
    nodes, start = [], 0
    for level in reversed(range(size.bit_length())):
        if size >> level & 1:
            nodes.append(node(level, start >> level))
            start += 1 << level
    return Frontier(size, tuple(nodes))


def root_at(size: int, node: Node) -> bytes:
    """The root hash over the first `size` leaves of a store."""
    return frontier_root(frontier_at(size, node))


def grow(leaves: Iterable[bytes]) -> Frontier:
    """The frontier over these leaf hashes, from the first on; memory stays constant."""
    frontier = Frontier()
    for leaf in leaves:
        frontier, _ = append_leaf(frontier, leaf)
    return frontier


def inclusion_proof(index: int, size: int, node: Node) -> tuple[bytes, ...]:
    """That leaf `index` stands in the tree of `size` leaves: siblings from the leaf up (RFC 6962, 2.1.1).

    Raises ValueError where the tree has no such leaf.
    """
    if not 0 <= index < size <= MAX_SIZE:
        raise ValueError(f"a log of {size} leaves has no leaf {index}; leaves are counted from 0")
    path, low, high = [], 0, size
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            path.append(_range_root(middle, high, node))
            high = middle
        else:
            path.append(_range_root(low, middle, node))
            low = middle
    return tuple(reversed(path))


def consistency_proof(old: int, new: int, node: Node) -> tuple[bytes, ...]:
    """That the tree of `new` leaves begins with the tree of `old` leaves (RFC 6962 section 2.1.2).

    Raises ValueError where `old` is 0 (every tree begins with nothing: there is nothing to prove) or above `new`.
    """
    if not 0 < old <= new <= MAX_SIZE:
        raise ValueError(f"no consistency proof leads from size {old} to {new}; the first is at least 1")
    return subtree_proof(0, old, new, node)


def subtree_proof(start: int, end: int, size: int, node: Node) -> tuple[bytes, ...]:
    """That the subtree over leaves [start, end) belongs to the tree of `size` leaves.

    Raises ValueError where these leaves are no subtree.
    """
    if not (is_subtree(start, end) and end <= size <= MAX_SIZE):
        raise ValueError(f"leaves {start} to {end} are no subtree of a tree of {size} leaves")
    if start == end:
        return ()
    path, low, high, whole = [], 0, size, True
    while (low, high) != (start, end):
        middle = low + _split(high - low)
        if end <= middle:
            path.append(_range_root(middle, high, node))
            high = middle
        else:
            path.append(_range_root(low, middle, node))
            if start < middle:  # the subtree reaches over the middle: its left part is the hash just given
                start, whole = middle, False
            low = middle
    if not whole:
        path.append(_range_root(low, high, node))
    return tuple(reversed(path))


def _split(length: int) -> int:
    """The largest power of two below `length` (at least 2): where RFC 6962 divides a tree."""
    return 1 << (length - 1).bit_length() - 1


def _range_root(low: int, high: int, node: Node) -> bytes:
    """The root over leaves [low, high), a range that RFC 6962's divisions produce."""
    parts = []
    while low < high:
        level = (high - low).bit_length() - 1
        parts.append(node(level, low >> level))
        low += 1 << level
    return _join(parts)


def _join(parts: Sequence[bytes]) -> bytes:
    """The root over complete subtrees that stand side by side, the largest first: joined from the right."""
    root = parts[-1]
    for left in reversed(parts[:-1]):
        root = node_hash(left, root)
    return root


def is_subtree(start: int, end: int) -> bool:
    """Whether leaves [start, end) are a subtree of some tree; an empty range is one."""
    return 0 <= start <= end and (start == end or start % (1 << (end - start - 1).bit_length()) == 0)
