"""The last round of a run as one file: replaced as a whole, bound to its order, read as numbers alone."""

import hashlib
import io
import json
import os
from pathlib import Path

import numpy as np

from dataspace.adapters.flower.orders import ORDER, event_from_json, event_to_json
from dataspace.errors import VerificationFailed
from dataspace.model.names import site_name
from dataspace.model.runs import Checkpoint

CHECKPOINT = "checkpoint"
_DIGEST_BYTES = 32
_TEXT, _ARRAY = "text", "array:"


class FileCheckpoints:
    """Implements the port in a run's own directory, beside its order.

    The file begins with a SHA-256 over all that follows, and what follows names the SHA-256 of the order: neither
    half a file nor one that was copied from another run is gone on from.
    """

    def __init__(self, directory: Path) -> None:
        self._path = directory / CHECKPOINT
        self._order = directory / ORDER

    def keep(self, checkpoint: Checkpoint) -> None:
        """Write it beside, have it on the disk, then put it in the place of the one before."""
        said = {
            "order": self._order_digest(),
            "event": event_to_json(checkpoint.event),
            "state": dict(checkpoint.state),
            "refused": {site: dict(why) for site, why in checkpoint.refused.items()},
        }
        text = np.frombuffer(json.dumps(said, sort_keys=True, allow_nan=False).encode(), np.uint8)
        buffer = io.BytesIO()
        named = {_ARRAY + name: np.asarray(array) for name, array in checkpoint.arrays.items()}
        np.savez(buffer, allow_pickle=False, **{_TEXT: text, **named})
        content = buffer.getvalue()
        draft = self._path.with_suffix(".new")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(hashlib.sha256(content).digest() + content)
            file.flush()
            os.fsync(descriptor)
        draft.replace(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def last(self) -> Checkpoint | None:
        """The one that `keep` was called with last."""
        try:
            held = self._path.read_bytes()
        except FileNotFoundError:
            return None
        digest, content = held[:_DIGEST_BYTES], held[_DIGEST_BYTES:]
        if hashlib.sha256(content).digest() != digest:
            raise VerificationFailed(
                "The checkpoint of this run is damaged.", "Start the run again: what was spent stays spent."
            )
        with np.load(io.BytesIO(content), allow_pickle=False) as parts:
            said = json.loads(parts[_TEXT].tobytes())
            arrays = {
                name.removeprefix(_ARRAY): parts[name] for name in parts.files if name.startswith(_ARRAY)
            }
        if said["order"] != self._order_digest():
            raise VerificationFailed(
                "The checkpoint is of another order.", "Start the run again: what was spent stays spent."
            )
        refused = {site_name(site): why for site, why in said["refused"].items()}
        return Checkpoint(event_from_json(said["event"]), arrays, said["state"], refused)

    def _order_digest(self) -> str:
        return hashlib.sha256(self._order.read_bytes()).hexdigest()
