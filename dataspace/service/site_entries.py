"""What a site signs when it tells of its ledger: so that an entry is nobody else's, and unchanged."""

from dataclasses import replace

from dataspace.model.codec import to_json
from dataspace.model.mirrored import SiteEntry
from dataspace.transparency.canonical import canonical_json
from dataspace.transparency.signatures import signed


def entry_digest(entry: SiteEntry) -> bytes:
    """The bytes that are signed."""
    return canonical_json({"dataspace": "ledger-entry/1", "entry": to_json(replace(entry, signature=""))})


def stands(entry: SiteEntry, key: bytes) -> bool:
    """Whether the key (32 raw bytes) signed this entry. Raises nothing."""
    try:
        signature = bytes.fromhex(entry.signature)
    except ValueError:
        return False
    return signed(key, signature, entry_digest(entry))
