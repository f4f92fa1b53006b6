"""From a record to its leaf: the log shows a hash, and only who holds the opening can say of what.

A leaf's data is SHA-256(salt ‖ canonical JSON of the record), 32 bytes; its leaf hash is RFC 6962's of those.
The salt has a fixed length, since otherwise its end and the record's beginning could be moved against each other.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta

from dataspace.errors import VerificationFailed
from dataspace.model.names import PrincipalId, SiteName
from dataspace.model.records import JSON, Opening, Record, RecordKind
from dataspace.transparency.canonical import canonical_json
from dataspace.transparency.merkle import leaf_hash

SALT_BYTES = 32
_FIELDS = {"at", "facts", "kind", "principal", "site"}
_ASK_AGAIN = "Ask for the receipt again."


def commitment(opening: Opening, body: bytes | None = None) -> bytes:
    """The leaf's data: what an entry of the log holds. Raises ValueError for a salt or record without a form.

    `body` is the canonical JSON of the record, where it was just written.
    """
    if len(opening.salt) != SALT_BYTES:
        raise ValueError(f"a salt has {SALT_BYTES} random bytes")
    written = canonical_json(record_document(opening.record)) if body is None else body
    return hashlib.sha256(opening.salt + written).digest()


def leaf_of(opening: Opening, body: bytes | None = None) -> bytes:
    """The leaf hash of a record: what `append_leaf` takes."""
    return leaf_hash(commitment(opening, body))


def record_document(record: Record) -> dict[str, JSON]:
    """The JSON form of a record. Raises ValueError where its time is not in UTC."""
    return {
        "kind": record.kind.value,
        "at": _spell(record.at),
        "site": record.site,
        "principal": record.principal,
        "facts": record.facts,
    }


def parse_record(document: Mapping[str, JSON]) -> Record:
    """Read the JSON form of a record back; raises VerificationFailed where it is none, or has other fields too."""
    match document:
        case {
            "kind": str(kind),
            "at": str(at),
            "site": str(site),
            "principal": str() | None as principal,
            "facts": Mapping() as facts,
        } if set(document) == _FIELDS:
            who = None if principal is None else PrincipalId(principal)
            return Record(_kind(kind), _time(at), SiteName(site), who, facts)
    raise VerificationFailed(
        "The record has not exactly the fields kind, at, site, principal and facts.", _ASK_AGAIN
    )


def _kind(text: str) -> RecordKind:
    try:
        return RecordKind(text)
    except ValueError as error:
        raise VerificationFailed(
            "The record is of a kind that this version does not know.", "Verify it with a newer version."
        ) from error


def _spell(at: datetime) -> str:
    """RFC 3339 in UTC, always with microseconds: one spelling for one moment."""
    if at.utcoffset() != timedelta(0):
        raise ValueError("a record's time is in UTC, and says so")
    return f"{at.replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def _time(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
        if _spell(at) == text:
            return at
    except ValueError as error:
        raise VerificationFailed("The record's time cannot be read.", _ASK_AGAIN) from error
    raise VerificationFailed("The record's time is not written in UTC with microseconds and Z.", _ASK_AGAIN)
