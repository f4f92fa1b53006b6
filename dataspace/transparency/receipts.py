"""Receipts (`dataspace-receipt/1`): proof, on one sheet of JSON, that a record stands in a log.

Verifying takes the receipt and the log's verifier key, and nothing else: no network, no hub, no clock.

    {"format": "dataspace-receipt/1", "index": 7, "salt": base64, "record": {...},
     "inclusion_proof": [base64, ...], "checkpoint": "the signed note"}
"""

import base64
import json
from collections.abc import Mapping, Sequence

from dataspace.errors import VerificationFailed
from dataspace.model.records import (
    JSON,
    Opening,
    Receipt,
    SignedCheckpoint,
    VerifiedReceipt,
    VerifierKey,
)
from dataspace.transparency.canonical import canonical_json, strict_json
from dataspace.transparency.checkpoints import unverified_checkpoint, verify_checkpoint
from dataspace.transparency.merkle import HASH_BYTES, MAX_SIZE, Node, inclusion_proof
from dataspace.transparency.notes import decode_base64
from dataspace.transparency.openings import SALT_BYTES, leaf_of, parse_record, record_document
from dataspace.transparency.proofs import verify_inclusion

FORMAT = "dataspace-receipt/1"
_FIELDS = {"format", "index", "salt", "record", "inclusion_proof", "checkpoint"}
_MAX_PROOF = 64
_ASK_AGAIN = "Ask for the receipt again."
_CHANGED = (
    "This receipt or the log was changed since it was issued. Ask for the receipt again and compare the two; "
    "if the new one fails too, keep both and tell an auditor."
)


def make_receipt(index: int, opening: Opening, signed: SignedCheckpoint, node: Node) -> Receipt:
    """The receipt of record `index` under a checkpoint of one's own log that already covers it.

    Raises ValueError where the checkpoint is older than the record.
    """
    size = unverified_checkpoint(signed).size
    return Receipt(index, opening, inclusion_proof(index, size, node), signed)


def verify_receipt(
    receipt: Receipt,
    key: VerifierKey,
    *,
    expect: Mapping[str, JSON] | None = None,
    witnesses: Sequence[VerifierKey] = (),
    quorum: int = 0,
) -> VerifiedReceipt:
    """Check a receipt offline; what comes back is true of the log, what was passed in is only a claim.

    1. The checkpoint is a note with a good signature by `key`, and by `quorum` of the `witnesses`.
    2. It is a checkpoint of the log that `key` names.
    3. The checkpoint covers the index.
    4. Salt and record have a canonical form, and so a leaf hash.
    5. The proof leads from that leaf, at that index, to the checkpoint's root.
    6. Each fact in `expect` (such as the digest of the answer at hand) stands in the record as given.

    Raises VerificationFailed, which names the step. It does not show that the log is shown alike to everyone: compare
    its checkpoint with others for that (`check_growth`).
    """
    checkpoint = verify_checkpoint(receipt.checkpoint, key, witnesses=witnesses, quorum=quorum)  # 1, 2
    if not 0 <= receipt.index < checkpoint.size:  # 3
        raise VerificationFailed(
            f"The receipt is for record {receipt.index}, its checkpoint covers {checkpoint.size} records.",
            "Ask for the receipt again, under a newer checkpoint.",
        )
    try:
        leaf = leaf_of(receipt.opening)  # 4
    except ValueError as error:
        raise VerificationFailed("The receipt's record or salt has no canonical form.", _ASK_AGAIN) from error
    try:
        verify_inclusion(receipt.index, checkpoint.size, leaf, receipt.inclusion_proof, checkpoint.root)  # 5
    except VerificationFailed as error:
        raise VerificationFailed(error.fact, _CHANGED) from error
    facts = receipt.opening.record.facts
    for name, value in (expect or {}).items():  # 6
        if name not in facts or canonical_json(facts[name]) != canonical_json(value):
            raise VerificationFailed(
                f"The record is genuine, but its '{name}' is not the one expected.",
                "The receipt belongs to something else: look for the one of this answer.",
            )
    return VerifiedReceipt(receipt.index, receipt.opening.record, checkpoint)


def receipt_json(receipt: Receipt) -> str:
    """The receipt as text, indented for people; reading it back gives an equal receipt."""
    return json.dumps(
        receipt_document(receipt), indent=2, ensure_ascii=False, sort_keys=True, allow_nan=False
    )


def receipt_document(receipt: Receipt) -> dict[str, JSON]:
    """The receipt as JSON values, to be put inside another document."""
    return {
        "format": FORMAT,
        "index": receipt.index,
        "salt": _encode(receipt.opening.salt),
        "record": record_document(receipt.opening.record),
        "inclusion_proof": [_encode(sibling) for sibling in receipt.inclusion_proof],
        "checkpoint": receipt.checkpoint.note,
    }


def parse_receipt(text: str | bytes) -> Receipt:
    """Read a receipt's text. Raises VerificationFailed where it is none; a receipt that parses proves nothing yet."""
    try:
        document = strict_json(text)
    except ValueError as error:
        raise VerificationFailed("The receipt is not JSON with one meaning.", _ASK_AGAIN) from error
    return receipt_from(document)


def receipt_from(document: JSON) -> Receipt:
    """Read a receipt from JSON values; raises VerificationFailed like `parse_receipt`."""
    if not isinstance(document, Mapping):
        raise VerificationFailed("A receipt is a JSON object.", _ASK_AGAIN)
    match document:
        case {"format": str(named)} if named != FORMAT:
            raise VerificationFailed("The receipt is of another format.", f"This version reads {FORMAT}.")
        case {
            "format": str(),
            "index": int(index),
            "salt": str(salt),
            "record": Mapping() as record,
            "inclusion_proof": [*siblings],
            "checkpoint": str(note),
        } if (
            set(document) == _FIELDS
            and not isinstance(index, bool)
            and 0 <= index < MAX_SIZE
            and len(siblings) <= _MAX_PROOF
        ):
            opening = Opening(_decode(salt, SALT_BYTES, "The salt"), parse_record(record))
            proof = tuple(_decode(text, HASH_BYTES, "A hash of the proof") for text in siblings)
            return Receipt(index, opening, proof, SignedCheckpoint(note))
    raise VerificationFailed(f"The document has not exactly the fields of {FORMAT}.", _ASK_AGAIN)


def _encode(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _decode(text: object, length: int, what: str) -> bytes:
    if not isinstance(text, str):
        raise VerificationFailed(f"{what} is not text.", _ASK_AGAIN)
    data = decode_base64(text, what)
    if len(data) != length:
        raise VerificationFailed(f"{what} has not {length} bytes.", _ASK_AGAIN)
    return data
