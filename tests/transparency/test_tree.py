"""The tree's laws: every proof verifies, no changed one does, and growing agrees with the definition."""

import hashlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataspace.errors import VerificationFailed
from dataspace.transparency.merkle import (
    EMPTY_ROOT,
    Frontier,
    Node,
    append_leaf,
    consistency_proof,
    frontier_at,
    frontier_root,
    grow,
    inclusion_proof,
    is_subtree,
    leaf_hash,
    root_at,
    subtree_proof,
)
from dataspace.transparency.proofs import verify_consistency, verify_inclusion, verify_subtree

N = 40


def by_definition(leaves: Sequence[bytes]) -> bytes:
    """RFC 6962 section 2.1, written down as it stands there, over entries instead of leaf hashes."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\1" + by_definition(leaves[:k]) + by_definition(leaves[k:])).digest()


def store(entries: Sequence[bytes]) -> tuple[Frontier, Node]:
    """What a log's table holds after these entries: only nodes that `append_leaf` gave out."""
    frontier, nodes = Frontier(), {}
    for entry in entries:
        frontier, made = append_leaf(frontier, leaf_hash(entry))
        for node in made:
            assert (node.level, node.index) not in nodes, "a node is written once"
            nodes[node.level, node.index] = node.hash
    return frontier, lambda level, index: nodes[level, index]


ENTRIES = [bytes([i]) for i in range(N)]
FRONTIER, NODE = store(ENTRIES)
ROOTS = [by_definition(ENTRIES[:size]) for size in range(N + 1)]


def test_the_root_is_that_of_the_definition_at_every_size() -> None:
    for size in range(N + 1):
        assert root_at(size, NODE) == ROOTS[size]
        assert frontier_root(grow(map(leaf_hash, ENTRIES[:size]))) == ROOTS[size]
    assert ROOTS[0] == EMPTY_ROOT


def test_a_frontier_read_back_from_the_store_grows_on_as_if_never_stored() -> None:
    for size in range(N):
        resumed, _ = append_leaf(frontier_at(size, NODE), leaf_hash(ENTRIES[size]))
        assert resumed == frontier_at(size + 1, NODE)
    assert frontier_at(N, NODE) == FRONTIER


def test_every_leaf_is_proved_in_every_tree_that_has_it_and_nowhere_else() -> None:
    for size in range(1, N + 1):
        for index in range(size):
            proof, leaf = inclusion_proof(index, size, NODE), leaf_hash(ENTRIES[index])
            verify_inclusion(index, size, leaf, proof, ROOTS[size])
            for other in range(size):
                if other != index:
                    with pytest.raises(VerificationFailed):
                        verify_inclusion(other, size, leaf, proof, ROOTS[size])


def test_every_tree_is_proved_to_begin_with_every_smaller_one() -> None:
    for new in range(1, N + 1):
        for old in range(1, new + 1):
            proof = consistency_proof(old, new, NODE)
            verify_consistency(old, new, ROOTS[old], ROOTS[new], proof)
            for wrong in {old - 1, old + 1} & set(range(1, new + 1)):
                with pytest.raises(VerificationFailed):
                    verify_consistency(wrong, new, ROOTS[old], ROOTS[new], proof)


def test_every_subtree_is_proved_part_of_every_tree_that_covers_it() -> None:
    for size in range(1, 25):
        for end in range(size + 1):
            for start in range(end + 1):
                if is_subtree(start, end):
                    part = by_definition(ENTRIES[start:end])
                    proof = subtree_proof(start, end, size, NODE)
                    verify_subtree(start, end, size, part, ROOTS[size], proof)
                    with pytest.raises(VerificationFailed):
                        verify_subtree(start, end, size, ROOTS[size + 1], ROOTS[size], proof)
                else:
                    with pytest.raises(ValueError):
                        subtree_proof(start, end, size, NODE)


@given(st.data())
def test_no_flipped_bit_and_no_hash_more_or_less_is_accepted(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, N))
    index = data.draw(st.integers(0, size - 1))
    leaf, root = leaf_hash(ENTRIES[index]), ROOTS[size]
    proof = inclusion_proof(index, size, NODE)
    at, bit = data.draw(st.integers(0, len(proof) + 1)), data.draw(st.integers(0, 255))
    changed = flipped([leaf, *proof, root], at, bit)
    with pytest.raises(VerificationFailed):
        verify_inclusion(index, size, changed[0], changed[1:-1], changed[-1])
    for other in (proof[:-1], (*proof, root), (root, *proof), proof[1:]):
        if other != proof:
            with pytest.raises(VerificationFailed):
                verify_inclusion(index, size, leaf, other, root)


@given(st.data())
def test_no_flipped_bit_and_no_hash_more_or_less_passes_for_consistency(data: st.DataObject) -> None:
    new = data.draw(st.integers(1, N))
    old = data.draw(st.integers(1, new))
    proof = consistency_proof(old, new, NODE)
    at, bit = data.draw(st.integers(0, len(proof) + 1)), data.draw(st.integers(0, 255))
    changed = flipped([ROOTS[old], *proof, ROOTS[new]], at, bit)
    with pytest.raises(VerificationFailed):
        verify_consistency(old, new, changed[0], changed[-1], changed[1:-1])
    for other in (proof[:-1], (*proof, ROOTS[old]), (ROOTS[old], *proof), proof[1:]):
        if other != proof:
            with pytest.raises(VerificationFailed):
                verify_consistency(old, new, ROOTS[old], ROOTS[new], other)


def flipped(hashes: Sequence[bytes], at: int, bit: int) -> list[bytes]:
    whole = bytearray(b"".join(hashes))
    whole[at * 32 + bit // 8] ^= 1 << bit % 8
    return [bytes(whole[start : start + 32]) for start in range(0, len(whole), 32)]


def test_sizes_to_the_last_64_bit_number_are_proved_and_verified() -> None:
    """A log of 2^64 - 1 equal entries: its nodes need no store, since each level has one hash."""
    level_hashes = [leaf_hash(b"same")]
    for _ in range(64):
        level_hashes.append(hashlib.sha256(b"\1" + level_hashes[-1] * 2).digest())
    size = 2**64 - 1

    def node(level: int, index: int) -> bytes:
        assert (index + 1) << level <= size
        return level_hashes[level]

    root = root_at(size, node)
    for index in (0, 1, 2**63 - 1, 2**63, size - 2, size - 1):
        verify_inclusion(index, size, level_hashes[0], inclusion_proof(index, size, node), root)
    for old in (1, 2**32 + 1, 2**63, size - 1, size):
        verify_consistency(old, size, root_at(old, node), root, consistency_proof(old, size, node))
    with pytest.raises(VerificationFailed):
        verify_inclusion(0, size + 1, level_hashes[0], inclusion_proof(0, size, node), root)


def test_a_proof_that_climbs_past_the_root_is_refused_though_its_hashes_fit() -> None:
    """Otherwise a part of a tree could be shown as a smaller tree that has the whole tree's root."""
    first, second, third, fourth = (leaf_hash(entry) for entry in ENTRIES[:4])
    with pytest.raises(VerificationFailed, match="longer"):
        verify_inclusion(0, 1, second, [first], ROOTS[2])
    with pytest.raises(VerificationFailed, match="longer"):
        verify_consistency(1, 2, third, ROOTS[4], [fourth, ROOTS[2]])


def test_an_entry_made_of_two_hashes_is_not_mistaken_for_a_node() -> None:
    left, right = leaf_hash(b"a"), leaf_hash(b"b")
    assert leaf_hash(left + right) != root_at(2, store([b"a", b"b"])[1])


def test_proofs_that_cannot_exist_are_refused_before_the_store_is_asked() -> None:
    def never(level: int, index: int) -> bytes:
        raise AssertionError("asked")

    for index, size in ((0, 0), (1, 1), (-1, 4), (0, 2**64)):
        with pytest.raises(ValueError):
            inclusion_proof(index, size, never)
    for old, new in ((0, 0), (0, 4), (5, 4), (-1, 2)):
        with pytest.raises(ValueError):
            consistency_proof(old, new, never)
    with pytest.raises(ValueError):
        append_leaf(Frontier(), b"an entry, not a hash")


def test_nothing_is_proved_from_the_empty_log_not_even_to_itself() -> None:
    with pytest.raises(VerificationFailed):
        verify_consistency(0, 0, EMPTY_ROOT, EMPTY_ROOT, ())
