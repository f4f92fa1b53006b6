"""The log as static files (C2SP tlog-tiles): which files there are, what is in them, and which a proof needs.

A tile holds up to 256 hashes side by side of tree level 8 × its own level; a partial one, `.p/<width>`, is what is
full so far. An entry bundle holds up to 256 entries, each behind its length in two bytes. Nothing here reads or
writes: paths, bytes and callables come in and go out.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from dataspace.errors import VerificationFailed
from dataspace.model.records import Checkpoint
from dataspace.transparency.merkle import (
    EMPTY_ROOT,
    HASH_BYTES,
    MAX_SIZE,
    Frontier,
    Node,
    append_leaf,
    frontier_root,
    grow,
)

TILE_WIDTH = 256
TILE_HEIGHT = 8
_MAX_LEVEL = 63 // TILE_HEIGHT
_MAX_ENTRY = 2**16 - 1
_PATH = re.compile(r"tile/(entries|\d|[1-5]\d|6[0-3])/((?:x\d{3}/)*\d{3})(?:\.p/([1-9]\d{0,2}))?")
_ASK_AGAIN = "Fetch the file again; if it stays so, the log's storage is damaged: tell its operator."


@dataclass(frozen=True, slots=True, order=True)
class Tile:
    """One file of hashes: number `index` on tile level `level`, of which `width` (1 to 256) hashes are full."""

    level: int
    index: int
    width: int = TILE_WIDTH


def tile_path(tile: Tile) -> str:
    """`tile/0/x001/x234/067` or `tile/0/000.p/15`, under the log's prefix."""
    return f"tile/{tile.level}/{_number(tile.index)}{_partial(tile.width)}"


def bundle_path(index: int, width: int = TILE_WIDTH) -> str:
    """`tile/entries/000` or `tile/entries/000.p/15`: the entries that the leaf tile of that index hashes."""
    return f"tile/entries/{_number(index)}{_partial(width)}"


def parse_tile_path(path: str) -> Tile | None:
    """The tile at this path, level -1 for an entry bundle; None where no tile has this path (one spelling each)."""
    found = _PATH.fullmatch(path)
    if found is None:
        return None
    index = int(found[2].replace("x", "").replace("/", ""))
    width = int(found[3] or TILE_WIDTH)
    entries = found[1] == "entries"
    tile = Tile(-1 if entries else int(found[1]), index, width)
    return tile if path == (bundle_path(index, width) if entries else tile_path(tile)) else None


def tiles_of(size: int) -> Iterator[Tile]:
    """Every tile of a log of `size` entries, leaf tiles first; the last of each level may be partial."""
    for level in range(_MAX_LEVEL + 1):
        hashes = size >> (TILE_HEIGHT * level)
        for index in range(-(-hashes // TILE_WIDTH)):
            yield Tile(level, index, min(TILE_WIDTH, hashes - index * TILE_WIDTH))


def new_tiles(old: int, new: int) -> Iterator[Tile]:
    """The tiles that a log must publish when it grows from `old` to `new` entries."""
    for level in range(_MAX_LEVEL + 1):
        before, hashes = old >> (TILE_HEIGHT * level), new >> (TILE_HEIGHT * level)
        for index in range(before // TILE_WIDTH, -(-hashes // TILE_WIDTH)):
            if hashes > before:
                yield Tile(level, index, min(TILE_WIDTH, hashes - index * TILE_WIDTH))


def tile_bytes(tile: Tile, node: Node) -> bytes:
    """The content of a tile, from a store's nodes."""
    start = tile.index * TILE_WIDTH
    return b"".join(node(tile.level * TILE_HEIGHT, start + offset) for offset in range(tile.width))


def tile_of(level: int, index: int, size: int) -> Tile:
    """The tile that holds (or, for a level between tiles, makes up) a node of the tree of `size` leaves."""
    tile_level, inner = divmod(level, TILE_HEIGHT)
    first = index << inner
    number = first // TILE_WIDTH
    return Tile(
        tile_level, number, min(TILE_WIDTH, (size >> (TILE_HEIGHT * tile_level)) - number * TILE_WIDTH)
    )


def tiles_needed(prove: Callable[[Node], object], size: int) -> tuple[Tile, ...]:
    """The tiles to fetch before a proof can be made: `tiles_needed(partial(inclusion_proof, 7, 15), 15)`."""
    asked: set[Tile] = set()

    def note(level: int, index: int) -> bytes:
        asked.add(tile_of(level, index, size))
        return EMPTY_ROOT

    prove(note)
    return tuple(sorted(asked))


def node_from_tiles(size: int, read: Callable[[str], bytes]) -> Node:
    """Serve nodes from tile files: `read` takes a tile's path. Raises VerificationFailed for a torn file.

    The hashes are taken as found: only a proof that verifies says that they are right.
    """

    def node(level: int, index: int) -> bytes:
        tile = tile_of(level, index, size)
        count = 1 << level % TILE_HEIGHT
        first = index * count - tile.index * TILE_WIDTH
        if first + count > tile.width:
            raise ValueError(f"node {index} of level {level} is not complete in a log of {size} leaves")
        path = tile_path(tile)
        content = read(path)
        if len(content) != tile.width * HASH_BYTES:
            raise VerificationFailed(f"The file {path} has not {tile.width} hashes.", _ASK_AGAIN)
        return _root_of(content[first * HASH_BYTES : (first + count) * HASH_BYTES])

    return node


def pack_bundle(entries: Sequence[bytes]) -> bytes:
    """The content of an entry bundle. Raises ValueError for more than 256 entries, or one over 65,535 bytes."""
    if len(entries) > TILE_WIDTH or any(len(entry) > _MAX_ENTRY for entry in entries):
        raise ValueError("a bundle has at most 256 entries of at most 65,535 bytes each")
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def unpack_bundle(content: bytes) -> tuple[bytes, ...]:
    """The entries of a bundle; raises VerificationFailed where it is cut off or too long."""
    entries: list[bytes] = []
    position = 0
    while position < len(content):
        start = position + 2
        position = start + int.from_bytes(content[position:start], "big")
        if position > len(content) or len(entries) == TILE_WIDTH:
            raise VerificationFailed("An entry bundle is cut off or holds more than 256 entries.", _ASK_AGAIN)
        entries.append(content[start:position])
    return tuple(entries)


def verify_log(leaves: Iterable[bytes], checkpoint: Checkpoint, earlier: Sequence[Checkpoint] = ()) -> None:
    """Recompute the root from all leaf hashes, and check it and every earlier checkpoint of the same log.

    Raises VerificationFailed that names the size where the log and a checkpoint part. Memory stays constant.
    """
    due: dict[int, list[Checkpoint]] = {}
    for known in (checkpoint, *earlier):
        if known.origin != checkpoint.origin or known.size > checkpoint.size:
            raise VerificationFailed(
                f"A checkpoint of {known.origin} at size {known.size} is not an earlier one.",
                "Give checkpoints of one log, the newest first.",
            )
        due.setdefault(known.size, []).append(known)
    frontier = Frontier()
    _compare(frontier, due)
    for leaf in leaves:
        frontier, _ = append_leaf(frontier, leaf)
        _compare(frontier, due)
    if frontier.size != checkpoint.size:
        raise VerificationFailed(
            f"The log holds {frontier.size} entries, its checkpoint says {checkpoint.size}.", _ASK_AGAIN
        )


def _compare(frontier: Frontier, due: dict[int, list[Checkpoint]]) -> None:
    if any(known.root != frontier_root(frontier) for known in due.get(frontier.size, ())):
        raise VerificationFailed(
            f"The first {frontier.size} entries do not have the root that was signed.",
            "The log was changed after it was signed: keep log and checkpoint, and tell an auditor.",
        )


def _root_of(hashes: bytes) -> bytes:
    return frontier_root(grow(hashes[at : at + HASH_BYTES] for at in range(0, len(hashes), HASH_BYTES)))


def _number(index: int) -> str:
    if not 0 <= index <= MAX_SIZE:
        raise ValueError("a tile's number is 0 to 2^64 - 1")
    thousands = f"{index:,}".split(",")
    groups = [group.zfill(3) for group in thousands]
    return "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])


def _partial(width: int) -> str:
    if not 1 <= width <= TILE_WIDTH:
        raise ValueError("a tile has 1 to 256 hashes")
    return "" if width == TILE_WIDTH else f".p/{width}"
