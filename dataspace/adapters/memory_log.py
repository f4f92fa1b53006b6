"""The transparency log in memory: the same tree and the same proofs, gone with the process."""

import os
import threading
from collections.abc import Callable, Iterator, Sequence

from dataspace.errors import UnknownName, VerificationFailed
from dataspace.model.records import Checkpoint, Opening, Receipt, Record, SignedCheckpoint, VerifierKey
from dataspace.ports import Signer
from dataspace.transparency.checkpoints import sign_checkpoint
from dataspace.transparency.merkle import Frontier, append_leaf, consistency_proof, frontier_root, grow
from dataspace.transparency.notes import format_verifier_key
from dataspace.transparency.openings import SALT_BYTES, leaf_of
from dataspace.transparency.receipts import make_receipt


class MemoryLog:
    """`Log`."""

    def __init__(
        self, signer: Signer, origin: str = "memory/log", entropy: Callable[[int], bytes] = os.urandom
    ) -> None:
        self._signer = signer
        self._key = VerifierKey(origin, signer.public_key())
        self._entropy = entropy
        self._openings: list[Opening] = []
        self._nodes: dict[tuple[int, int], bytes] = {}
        self._frontier = Frontier()
        self._lock = threading.Lock()

    def append(self, record: Record) -> int:
        opening = Opening(self._entropy(SALT_BYTES), record)
        leaf = leaf_of(opening)
        with self._lock:
            self._frontier, made = append_leaf(self._frontier, leaf)
            self._nodes |= {(node.level, node.index): node.hash for node in made}
            self._openings.append(opening)
            return len(self._openings) - 1

    def size(self) -> int:
        return self._frontier.size

    def root(self) -> bytes:
        return frontier_root(self._frontier)

    def checkpoint(self) -> str:
        return self._signed().note

    def receipt(self, index: int) -> Receipt:
        with self._lock:
            if not 0 <= index < len(self._openings):
                raise UnknownName("record", str(index), hint=f"The log has {len(self._openings)} records.")
            return make_receipt(
                index, self._openings[index], self._signed(), lambda level, at: self._nodes[level, at]
            )

    def records(self, start: int = 0, stop: int | None = None) -> Iterator[tuple[int, Record]]:
        start = max(0, start)
        for index, opening in enumerate(self._openings[start:stop], start):
            yield index, opening.record

    def verify(self) -> int:
        if frontier_root(grow(map(leaf_of, self._openings))) != self.root():
            raise VerificationFailed("The log does not have the root that its records give.", "Start anew.")
        return self.size()

    def verifier_key(self) -> str:
        return format_verifier_key(self._key)

    def consistency(self, old: int, new: int) -> Sequence[bytes]:
        if new > self.size():
            raise ValueError(f"the log has {self.size()} records, not {new}")
        return consistency_proof(old, new, lambda level, at: self._nodes[level, at])

    def _signed(self) -> SignedCheckpoint:
        state = Checkpoint(self._key.name, self._frontier.size, frontier_root(self._frontier))
        return sign_checkpoint(state, self._key, self._signer.sign)
