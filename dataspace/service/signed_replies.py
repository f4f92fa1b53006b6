"""What a site signs when it answers: so a reply is nobody else's, to no other question, and unchanged."""

import hashlib
from typing import Any

from dataspace.model.runs import SiteMessage, SiteReply
from dataspace.transparency.canonical import canonical_json
from dataspace.transparency.signatures import signed


def reply_digest(message: SiteMessage, reply: SiteReply) -> bytes:
    """The bytes that are signed: run, round, step and numbers asked with, and all of the answer."""
    return canonical_json(
        {
            "dataspace": "reply/1",
            "run": message.run,
            "round": message.round,
            "step": message.step.value,
            "asked": {name: array_digest(array) for name, array in message.arrays.items()},
            "document": reply.document,
            "arrays": {name: array_digest(array) for name, array in reply.arrays.items()},
            "refused": reply.refused,
            "reason": reply.reason,
        }
    )


def stands(message: SiteMessage, reply: SiteReply, key: str) -> bool:
    """Whether the key (in hex) signed this answer to this message. Raises nothing."""
    try:
        public, signature = bytes.fromhex(key), bytes.fromhex(reply.signature)
    except ValueError:
        return False
    return signed(public, signature, reply_digest(message, reply))


def array_digest(array: Any) -> str:
    """SHA-256 over type, shape and values, in hex."""
    head = f"{array.dtype.str} {array.shape} ".encode()
    return hashlib.sha256(head + array.tobytes()).hexdigest()
