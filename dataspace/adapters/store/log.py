"""The transparency log in the control store: openings and tree nodes, appended under one lock across processes."""

import os
from collections.abc import Callable, Iterator, Sequence

from sqlalchemy import Connection, Row, bindparam, func, insert, select, tuple_
from sqlalchemy.exc import IntegrityError

from dataspace.adapters.store.database import Database
from dataspace.adapters.store.tables import leaves, nodes
from dataspace.errors import UnknownName, VerificationFailed
from dataspace.model.records import Checkpoint, Opening, Receipt, Record, SignedCheckpoint, VerifierKey
from dataspace.ports import Signer
from dataspace.transparency.canonical import canonical_json, strict_json
from dataspace.transparency.checkpoints import sign_checkpoint
from dataspace.transparency.merkle import (
    Frontier,
    NewNode,
    append_leaf,
    consistency_proof,
    frontier_at,
    frontier_root,
    root_at,
)
from dataspace.transparency.notes import format_verifier_key
from dataspace.transparency.openings import SALT_BYTES, leaf_of, parse_record, record_document
from dataspace.transparency.receipts import make_receipt

_PAGE = 500
_LAST = select(
    func.max(leaves.c.number),
    select(nodes.c.hash)
    .where(nodes.c.level == bindparam("level"), nodes.c.position == bindparam("position"))
    .scalar_subquery(),
)
_ADD_LEAF, _ADD_NODES = insert(leaves), insert(nodes)
_RESTORE = "Stop using this log, keep a copy, and compare it with the last checkpoint that others hold."


class SqlLog:
    """`Log`. `origin` is its name in checkpoints and receipts; `signer` holds its key."""

    def __init__(
        self, database: Database, signer: Signer, origin: str, entropy: Callable[[int], bytes] = os.urandom
    ) -> None:
        self._database = database
        self._signer = signer
        self._key = VerifierKey(origin, signer.public_key())
        self._entropy = entropy
        self._edge = Frontier()
        """The right edge as this process last left it; somebody else may have appended meanwhile."""
        format_verifier_key(
            self._key
        )  # a name that no reader could parse is refused before anything is signed

    def append(self, record: Record) -> int:
        """Raises ValueError for a record that has no canonical form; nothing is stored then."""
        opening = Opening(self._entropy(SALT_BYTES), record)
        body = canonical_json(record_document(record))
        leaf = leaf_of(opening, body)

        def work(connection: Connection) -> tuple[int, Frontier]:
            frontier = self._right_edge(connection)
            grown, made = append_leaf(frontier, leaf)
            index = frontier.size
            connection.execute(_ADD_LEAF, {"number": index, "salt": opening.salt, "body": body.decode()})
            rows = [{"level": node.level, "position": node.index, "hash": node.hash} for node in made]
            try:
                connection.execute(_ADD_NODES, rows)
            except IntegrityError as error:  # a record was here already, and was taken out
                raise _missing(index) from error
            return index, grown

        index, edge = self._database.write(work)
        self._edge = edge  # only what is on the disk is believed
        return index

    def size(self) -> int:
        with self._database.read() as connection:
            return _size(connection)

    def root(self) -> bytes:
        with self._database.read() as connection:
            return frontier_root(_frontier(connection, _size(connection)))

    def checkpoint(self) -> str:
        with self._database.read() as connection:
            return self._signed(connection).note

    def receipt(self, index: int) -> Receipt:
        """Raises UnknownName where there is no such record."""
        with self._database.read() as connection:
            row = connection.execute(select(leaves).where(leaves.c.number == index)).first()
            if row is None:
                raise UnknownName("record", str(index), hint=f"The log has {_size(connection)} records.")
            node = _reader(connection)
            return make_receipt(index, _opening(row), self._signed(connection), node)

    def records(self, start: int = 0, stop: int | None = None) -> Iterator[tuple[int, Record]]:
        for index, opening in self._openings(start, stop):
            yield index, opening.record

    def verify(self) -> int:
        """Also compares every stored node, since a proof made of a changed one would convince nobody."""
        frontier, unchecked = Frontier(), list[NewNode]()
        for index, opening in self._openings():
            if index != frontier.size:
                raise _missing(frontier.size)
            frontier, made = append_leaf(frontier, leaf_of(opening))
            unchecked += made
            if len(unchecked) > _PAGE:
                self._compare(unchecked)
                unchecked = []
        self._compare(unchecked)
        with self._database.read() as connection:
            beyond = (nodes.c.level == 0) & (nodes.c.position >= frontier.size)
            if _size(connection) == frontier.size and connection.execute(select(nodes).where(beyond)).first():
                raise _missing(frontier.size)
        return frontier.size

    def verifier_key(self) -> str:
        return format_verifier_key(self._key)

    def consistency(self, old: int, new: int) -> Sequence[bytes]:
        with self._database.read() as connection:
            if new > _size(connection):
                raise ValueError(f"the log has {_size(connection)} records, not {new}")
            return consistency_proof(old, new, _reader(connection))

    def _right_edge(self, connection: Connection) -> Frontier:
        """What the next record is appended to: as known here, if what was appended last is still what was known."""
        known = self._edge
        if known.size:
            level = (known.size & -known.size).bit_length() - 1
            place = {"level": level, "position": (known.size >> level) - 1}
            # The last subtree holds the last leaf, which is salted: no other record has this hash.
            if tuple(connection.execute(_LAST, place).one()) == (known.size - 1, known.nodes[-1]):
                return known
        return _frontier(connection, _size(connection))

    def _compare(self, computed: Sequence[NewNode]) -> None:
        with self._database.read() as connection:
            stored = _hashes(connection, [(node.level, node.index) for node in computed])
        for node in computed:
            if stored.get((node.level, node.index)) != node.hash:
                record = ((node.index + 1) << node.level) - 1
                raise VerificationFailed(f"Record {record} of the log is not what was logged.", _RESTORE)

    def _signed(self, connection: Connection) -> SignedCheckpoint:
        size = _size(connection)
        state = Checkpoint(self._key.name, size, root_at(size, _reader(connection)))
        return sign_checkpoint(state, self._key, self._signer.sign)

    def _openings(self, start: int = 0, stop: int | None = None) -> Iterator[tuple[int, Opening]]:
        """By pages, each a moment of its own: a slow reader must not keep old pages of the file alive."""
        start = max(0, start)
        while True:
            query = select(leaves).where(leaves.c.number >= start).order_by(leaves.c.number).limit(_PAGE)
            if stop is not None:
                query = query.where(leaves.c.number < stop)
            with self._database.read() as connection:
                page = connection.execute(query).all()
            for row in page:
                yield row.number, _opening(row)
            if len(page) < _PAGE:
                return
            start = page[-1].number + 1


def _opening(row: Row[tuple[object, ...]]) -> Opening:
    try:
        document = strict_json(row.body)
    except ValueError as error:
        raise VerificationFailed(f"Record {row.number} of the log cannot be read.", _RESTORE) from error
    if not isinstance(document, dict):
        raise VerificationFailed(f"Record {row.number} of the log cannot be read.", _RESTORE)
    return Opening(row.salt, parse_record(document))


def _size(connection: Connection) -> int:
    last = connection.execute(select(func.max(leaves.c.number))).scalar()
    return 0 if last is None else last + 1


def _frontier(connection: Connection, size: int) -> Frontier:
    """The right edge, read in one go: one node for each bit that is set in `size`."""
    wanted, start = [], 0
    for level in reversed(range(size.bit_length())):
        if size >> level & 1:
            wanted.append((level, start >> level))
            start += 1 << level
    found = _hashes(connection, wanted)
    return frontier_at(size, lambda level, index: _present(found.get((level, index)), index << level))


def _reader(connection: Connection) -> Callable[[int, int], bytes]:
    def node(level: int, index: int) -> bytes:
        return _present(_hashes(connection, [(level, index)]).get((level, index)), index << level)

    return node


def _hashes(connection: Connection, wanted: list[tuple[int, int]]) -> dict[tuple[int, int], bytes]:
    if not wanted:
        return {}
    query = select(nodes).where(tuple_(nodes.c.level, nodes.c.position).in_(wanted))
    return {(row.level, row.position): row.hash for row in connection.execute(query)}


def _missing(index: int) -> VerificationFailed:
    return VerificationFailed(f"Record {index} of the log is missing.", _RESTORE)


def _present(found: bytes | None, index: int) -> bytes:
    if found is None:
        raise VerificationFailed(f"A hash over record {index} of the log is missing.", _RESTORE)
    return found
