"""A log that other software wrote: 15 entries, 16 signed checkpoints, tiles and entry bundles."""

from functools import partial
from pathlib import Path

import pytest

from dataspace.errors import VerificationFailed
from dataspace.model.records import Checkpoint, SignedCheckpoint
from dataspace.transparency.checkpoints import check_growth, verify_checkpoint
from dataspace.transparency.merkle import Node, consistency_proof, grow, inclusion_proof, leaf_hash, root_at
from dataspace.transparency.notes import format_verifier_key, parse_verifier_key
from dataspace.transparency.proofs import verify_consistency, verify_inclusion
from dataspace.transparency.tiles import (
    bundle_path,
    node_from_tiles,
    tile_bytes,
    tile_path,
    tiles_needed,
    tiles_of,
    unpack_bundle,
    verify_log,
)

LOG = (
    Path(__file__).resolve().parents[2].parent / "shared" / "conformance" / "tessera-log" / "testdata" / "log"
)
KEY_TEXT = "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx"
SIZES = range(16)
pytestmark = pytest.mark.skipif(not LOG.is_dir(), reason=f"no foreign log at {LOG}")


def read(path: str) -> bytes:
    return (LOG / path).read_bytes()


def checkpoint(name: str) -> Checkpoint:
    note = read(name).decode()
    return verify_checkpoint(SignedCheckpoint(note), parse_verifier_key(KEY_TEXT))


def entries(size: int) -> tuple[bytes, ...]:
    return unpack_bundle(read(bundle_path(0, size))) if size else ()


def tiles(size: int) -> Node:
    return node_from_tiles(size, read)


def test_the_verifier_key_is_read_and_written_alike() -> None:
    assert format_verifier_key(parse_verifier_key(KEY_TEXT)) == KEY_TEXT


def test_all_sixteen_checkpoints_verify_and_state_their_size() -> None:
    assert [checkpoint(f"checkpoint.{size}").size for size in SIZES] == list(SIZES)
    assert checkpoint("checkpoint") == checkpoint("checkpoint.15")


def test_a_checkpoint_with_any_one_byte_changed_is_refused() -> None:
    note = read("checkpoint.15")
    for position in range(len(note)):
        changed = bytearray(note)
        changed[position] ^= 1
        with pytest.raises((VerificationFailed, UnicodeDecodeError)):
            verify_checkpoint(SignedCheckpoint(changed.decode()), parse_verifier_key(KEY_TEXT))


def test_the_root_recomputed_from_the_entries_is_the_signed_one_at_every_size() -> None:
    earlier = [checkpoint(f"checkpoint.{size}") for size in SIZES]
    leaves = [leaf_hash(entry) for entry in entries(15)]
    verify_log(leaves, checkpoint("checkpoint"), earlier)
    for known in earlier:
        verify_log(leaves[: known.size], known)


def test_the_tiles_hold_what_our_tree_would_write() -> None:
    for size in SIZES[1:]:
        node = tiles(size)
        assert root_at(size, node) == checkpoint(f"checkpoint.{size}").root
        stored = [leaf_hash(entry) for entry in entries(size)]
        for tile in tiles_of(size):
            assert tile_bytes(tile, lambda level, index, s=stored: s[index]) == read(tile_path(tile))  # type: ignore[misc]
        assert grow(stored).size == size


def test_every_entry_is_proved_included_at_every_size_from_the_tiles() -> None:
    for size in SIZES[1:]:
        root = checkpoint(f"checkpoint.{size}").root
        for index, entry in enumerate(entries(size)):
            proof = inclusion_proof(index, size, tiles(size))
            verify_inclusion(index, size, leaf_hash(entry), proof, root)


def test_every_checkpoint_is_proved_consistent_with_every_later_one_from_the_tiles() -> None:
    for new in SIZES[1:]:
        for old in range(1, new + 1):
            first, second = checkpoint(f"checkpoint.{old}"), checkpoint(f"checkpoint.{new}")
            proof = consistency_proof(old, new, tiles(new))
            verify_consistency(old, new, first.root, second.root, proof)
            check_growth(second, first, lambda a, b: consistency_proof(a, b, tiles(b)))


def test_the_tiles_named_beforehand_are_those_that_the_proof_reads() -> None:
    seen: set[str] = set()

    def noting(path: str) -> bytes:
        seen.add(path)
        return read(path)

    inclusion_proof(7, 15, node_from_tiles(15, noting))
    assert {tile_path(tile) for tile in tiles_needed(partial(inclusion_proof, 7, 15), 15)} == seen
