"""Signatures of parties that are not of this house: checked here, and made by whoever has the key."""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def signed(key: bytes, signature: bytes, message: bytes) -> bool:
    """Whether the Ed25519 key (32 raw bytes) made that signature of that message. Raises nothing."""
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
