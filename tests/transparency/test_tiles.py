"""The log as files: names, contents, what a proof needs, and the check of a whole log."""

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataspace.errors import VerificationFailed
from dataspace.model.records import Checkpoint
from dataspace.transparency.merkle import (
    Frontier,
    append_leaf,
    consistency_proof,
    frontier_root,
    grow,
    inclusion_proof,
    leaf_hash,
    root_at,
)
from dataspace.transparency.tiles import (
    Tile,
    bundle_path,
    new_tiles,
    node_from_tiles,
    pack_bundle,
    parse_tile_path,
    tile_bytes,
    tile_path,
    tiles_needed,
    tiles_of,
    unpack_bundle,
    verify_log,
)

N = 256 * 256 + 700  # so that tile level 1 is full once and tile level 2 begins
LEAVES = [leaf_hash(i.to_bytes(4, "big")) for i in range(N)]
NODES: dict[tuple[int, int], bytes] = {}
frontier = Frontier()
for _leaf in LEAVES:
    frontier, _made = append_leaf(frontier, _leaf)
    NODES.update({(n.level, n.index): n.hash for n in _made})
ROOT = frontier_root(frontier)


def node(level: int, index: int) -> bytes:
    return NODES[level, index]


def files(size: int) -> dict[str, bytes]:
    return {tile_path(tile): tile_bytes(tile, node) for tile in tiles_of(size)}


FILES = files(N)


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0), "tile/0/000"),
        (Tile(0, 1_234_067), "tile/0/x001/x234/067"),
        (Tile(3, 999, 7), "tile/3/999.p/7"),
        (Tile(1, 1000, 1), "tile/1/x001/000.p/1"),
    ],
)
def test_tiles_are_named_as_the_specification_shows(tile: Tile, path: str) -> None:
    assert tile_path(tile) == path
    assert parse_tile_path(path) == tile


@given(st.integers(0, 7), st.integers(0, 2**60), st.integers(1, 256))
def test_a_tile_s_path_leads_back_to_the_tile(level: int, index: int, width: int) -> None:
    assert parse_tile_path(tile_path(Tile(level, index, width))) == Tile(level, index, width)
    assert parse_tile_path(bundle_path(index, width)) == Tile(-1, index, width)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile/0/0",
        "tile/0/x000/001",
        "tile/0/001.p/0",
        "tile/0/001.p/256",
        "tile/0/001.p/01",
        "tile/64/000",
        "tile/00/000",
        "tile/0/../000",
        "tile/0/000\n",
        "tile/-1/000",
        "tile/0/٠٠٠",
        "/tile/0/000",
    ],
)
def test_a_path_that_no_tile_has_is_no_tile(path: str) -> None:
    assert parse_tile_path(path) is None


@pytest.mark.parametrize("tile", [Tile(0, -1), Tile(0, 0, 0), Tile(0, 0, 257)])
def test_a_tile_that_cannot_be_has_no_path(tile: Tile) -> None:
    with pytest.raises(ValueError):
        tile_path(tile)


def test_the_tiles_of_a_log_hold_its_whole_tree() -> None:
    assert len(FILES) == 259 + 2 + 1 == len(set(FILES))
    assert FILES["tile/2/000.p/1"] == node(16, 0)
    assert b"".join(FILES[tile_path(t)] for t in tiles_of(N) if t.level == 0) == b"".join(LEAVES)
    assert list(tiles_of(0)) == []
    assert root_at(N, node_from_tiles(N, FILES.__getitem__)) == ROOT


@given(st.integers(0, N - 1))
def test_inclusion_is_proved_from_exactly_the_tiles_named_beforehand(index: int) -> None:
    prove = partial(inclusion_proof, index, N)
    fetched = {tile_path(tile): FILES[tile_path(tile)] for tile in tiles_needed(prove, N)}
    assert prove(node_from_tiles(N, fetched.__getitem__)) == prove(node)
    assert len(fetched) <= 5


@given(st.integers(1, N), st.integers(1, N))
def test_consistency_is_proved_from_exactly_the_tiles_named_beforehand(one: int, two: int) -> None:
    old, new = sorted((one, two))
    prove = partial(consistency_proof, old, new)
    then = {tile_path(tile): tile_bytes(tile, node) for tile in tiles_needed(prove, new)}
    assert prove(node_from_tiles(new, then.__getitem__)) == prove(node)


@given(st.lists(st.integers(1, N), min_size=1, max_size=4))
def test_publishing_only_the_new_tiles_each_time_leaves_nothing_out(sizes: list[int]) -> None:
    published: set[Tile] = set()
    before = 0
    for size in sorted(sizes):
        published |= set(new_tiles(before, size))
        assert set(tiles_of(size)) <= published
        before = size
    assert list(new_tiles(before, before)) == []


def test_a_tile_that_was_cut_off_is_refused() -> None:
    with pytest.raises(VerificationFailed, match="has not 256 hashes"):
        node_from_tiles(N, lambda path: FILES[path][:-1])(0, 0)


def test_a_node_that_is_not_complete_in_the_tree_is_not_made_up_from_a_tile() -> None:
    served = node_from_tiles(5, files(5).__getitem__)
    assert served(2, 0) == node(2, 0)
    for level, index in ((0, 5), (1, 2), (2, 1), (3, 0), (0, 700)):
        with pytest.raises(ValueError, match="not complete"):
            served(level, index)


@given(st.lists(st.binary(max_size=300), max_size=256))
def test_a_bundle_gives_its_entries_back(entries: list[bytes]) -> None:
    packed = pack_bundle(entries)
    assert unpack_bundle(packed) == tuple(entries)
    for cut in {1, 2, len(packed) // 2} if packed else ():
        head = packed[: len(packed) - cut]
        try:
            assert unpack_bundle(head) == tuple(entries[: len(unpack_bundle(head))])
        except VerificationFailed:
            continue


def test_a_bundle_that_is_cut_off_or_too_full_is_refused() -> None:
    for content in (b"\x00", b"\x00\x01", pack_bundle([b"ab"])[:-1], b"\x00\x00" * 257):
        with pytest.raises(VerificationFailed):
            unpack_bundle(content)
    for entries in ([b""] * 257, [bytes(65_536)]):
        with pytest.raises(ValueError):
            pack_bundle(entries)


def at(size: int, origin: str = "hub") -> Checkpoint:
    return Checkpoint(origin, size, frontier_root(grow(LEAVES[:size])))


def test_a_whole_log_is_checked_against_every_checkpoint_ever_seen() -> None:
    verify_log(LEAVES[:300], at(300), [at(0), at(1), at(256), at(299)])
    verify_log([], at(0))


def test_a_log_that_was_changed_shortened_or_prolonged_is_found_out() -> None:
    changed = [*LEAVES[:100], leaf_hash(b"changed"), *LEAVES[101:300]]
    for leaves in (changed, LEAVES[:299], LEAVES[:301], LEAVES[1:301], []):
        with pytest.raises(VerificationFailed):
            verify_log(leaves, at(300))
    rewritten = Checkpoint("hub", 300, frontier_root(grow(changed)))
    verify_log(changed, rewritten)
    with pytest.raises(VerificationFailed, match="first 200 entries"):
        verify_log(changed, rewritten, [at(100), at(200)])


def test_the_empty_log_has_one_root_too() -> None:
    wrong = Checkpoint("hub", 0, LEAVES[0])
    for leaves, checkpoint, earlier in (([], wrong, []), (LEAVES[:5], at(5), [wrong])):
        with pytest.raises(VerificationFailed, match="first 0 entries"):
            verify_log(leaves, checkpoint, earlier)


def test_checkpoints_of_another_log_or_a_later_size_are_not_silently_skipped() -> None:
    for other in (at(5, "other"), at(11)):
        with pytest.raises(VerificationFailed, match="not an earlier one"):
            verify_log(LEAVES[:10], at(10), [other])
