"""Checkpoints (C2SP tlog-checkpoint): the signed state of a log, which its operator cannot take back.

The text has the origin, the size in decimal and the root hash in base64, a line each. Lines after these three are
extensions: signed with the rest, and ignored here.
"""

import base64
import re
from collections.abc import Callable, Sequence

from dataspace.errors import VerificationFailed
from dataspace.model.records import Checkpoint, SignedCheckpoint, VerifierKey
from dataspace.transparency.merkle import HASH_BYTES, MAX_SIZE
from dataspace.transparency.notes import Sign, decode_base64, sign_note, verify_note
from dataspace.transparency.proofs import verify_consistency

_SIZE = re.compile(r"0|[1-9][0-9]{0,19}")
_NOT_ONE = "A checkpoint has three lines, origin, size and root; ask the log again."


def checkpoint_text(checkpoint: Checkpoint) -> str:
    """The three lines that are signed. Raises ValueError for a checkpoint that no reader would accept."""
    fits = len(checkpoint.root) == HASH_BYTES and 0 <= checkpoint.size <= MAX_SIZE
    if not fits or not checkpoint.origin or "\n" in checkpoint.origin:
        raise ValueError("a checkpoint has a one-line origin, a size to 2^64 - 1 and a root of 32 bytes")
    return f"{checkpoint.origin}\n{checkpoint.size}\n{base64.b64encode(checkpoint.root).decode()}\n"


def parse_checkpoint(text: str) -> Checkpoint:
    """Read the signed text; raises VerificationFailed where it is none."""
    lines = text.split("\n")
    if lines.pop() or len(lines) < 3 or not all(lines):
        raise VerificationFailed("The text is not a checkpoint: a line is missing or empty.", _NOT_ONE)
    origin, size, root = lines[:3]
    if not _SIZE.fullmatch(size) or int(size) > MAX_SIZE:
        raise VerificationFailed("The checkpoint's size is not a plain decimal number to 2^64 - 1.", _NOT_ONE)
    decoded = decode_base64(root, "The checkpoint's root")
    if len(decoded) != HASH_BYTES:
        raise VerificationFailed("The checkpoint's root has not 32 bytes.", _NOT_ONE)
    return Checkpoint(origin, int(size), decoded)


def sign_checkpoint(checkpoint: Checkpoint, key: VerifierKey, sign: Sign) -> SignedCheckpoint:
    """Sign the state of one's own log. Raises ValueError where the key is another log's."""
    if key.name != checkpoint.origin:
        raise ValueError(f"the key of {key.name} does not sign for {checkpoint.origin}")
    return SignedCheckpoint(sign_note(checkpoint_text(checkpoint), key, sign))


def verify_checkpoint(
    signed: SignedCheckpoint, key: VerifierKey, *, witnesses: Sequence[VerifierKey] = (), quorum: int = 0
) -> Checkpoint:
    """The checkpoint, if the log signed it and at least `quorum` of the witnesses did too.

    Raises VerificationFailed with the step. The origin must be the key's name, so that a key that signs for two
    logs cannot show the checkpoint of one as the other's.
    """
    text, signers = verify_note(signed.note, (key, *witnesses))
    if key not in signers:
        raise VerificationFailed(
            f"The checkpoint is witnessed, but not signed by the log {key.name}.", "Ask the log again."
        )
    seen = sum(witness in signers for witness in {*witnesses} - {key})
    if seen < quorum:
        raise VerificationFailed(
            f"The checkpoint has {seen} known witnesses, {quorum} are asked for.",
            "Ask the log for a witnessed checkpoint, or ask the witnesses what they saw.",
        )
    checkpoint = parse_checkpoint(text)
    if checkpoint.origin != key.name:
        raise VerificationFailed(
            f"The checkpoint is of the log {checkpoint.origin}, the key is of {key.name}.",
            "Use the verifier key of the log that gave the checkpoint.",
        )
    return checkpoint


def unverified_checkpoint(signed: SignedCheckpoint) -> Checkpoint:
    """What the note says, signature unread: for the log's own notes, and to choose the key to verify with."""
    return parse_checkpoint(signed.note.rpartition("\n\n")[0] + "\n")


def check_growth(
    old: Checkpoint, new: Checkpoint, proof_between: Callable[[int, int], Sequence[bytes]]
) -> None:
    """Check that `new` is the same log as `old`, grown by appending only; the smaller may be given second.

    `proof_between(size, size)` asks the log. Raises VerificationFailed; a log that fails shows two histories.
    """
    if old.origin != new.origin:
        raise VerificationFailed(
            f"The checkpoints are of two logs, {old.origin} and {new.origin}.", "Compare those of one log."
        )
    first, second = sorted((old, new), key=lambda checkpoint: checkpoint.size)
    if first.size == 0:  # every log begins with the empty one: there is nothing to prove
        return
    proof = () if first.size == second.size else proof_between(first.size, second.size)
    verify_consistency(first.size, second.size, first.root, second.root, proof)
