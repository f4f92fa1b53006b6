"""C2SP signed notes with Ed25519: a text, an empty line, and signatures by named keys.

Strict on purpose, since a note read in two ways can be signed in one and shown in the other:
1. The text is UTF-8 without control characters, ends with a newline, and is divided off by the last empty line.
2. Every signature line is an em dash, a blank, a key name, a blank and canonical base64; at least one is there.
3. Signatures by keys that the reader does not know (name and key id) are ignored.
4. A signature by a known key that does not verify spoils the whole note; so does a second one by that key.
5. At least one known key has signed.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Sequence

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from dataspace.errors import VerificationFailed
from dataspace.model.records import VerifierKey

Sign = Callable[[bytes], bytes]
"""Signs bytes with Ed25519 (64 bytes back): `Ed25519PrivateKey.sign`, or a vault that keeps the key to itself."""

MAX_NOTE_CHARACTERS = 1_000_000
MAX_SIGNATURES = 100
_ED25519 = b"\x01"
_NAME = re.compile(r"[^\s+]+")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_SIGNATURE_LINE = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})")
_ASK_AGAIN = "Ask for the note again, as bytes: no editor or mail program may touch it."


def key_id(key: VerifierKey) -> bytes:
    """Four bytes that find a key among those of one name: SHA-256 of name, newline, algorithm and key."""
    return hashlib.sha256(key.name.encode() + b"\n" + _ED25519 + key.public).digest()[:4]


def format_verifier_key(key: VerifierKey) -> str:
    """`name+hash+base64`, one line to pin, print or read aloud. Raises ValueError for a name with a blank or +."""
    if not _NAME.fullmatch(key.name) or len(key.public) != 32:
        raise ValueError("a key's name has no blank and no +, and an Ed25519 public key has 32 bytes")
    return f"{key.name}+{key_id(key).hex()}+{base64.b64encode(_ED25519 + key.public).decode()}"


def parse_verifier_key(text: str) -> VerifierKey:
    """Read `name+hash+base64`. Raises VerificationFailed where it is torn, mistyped or of another algorithm."""
    name, _, rest = text.strip().partition("+")
    stated, _, encoded = rest.partition("+")
    try:
        decoded = decode_base64(encoded, "The verifier key")
    except VerificationFailed as error:
        raise VerificationFailed(
            "This is not a verifier key: its last part is not base64.",
            "It has three parts, name+hash+base64: copy it whole, as `dataspace log key` prints it.",
        ) from error
    if not _NAME.fullmatch(name) or len(decoded) != 33 or decoded[:1] != _ED25519:
        raise VerificationFailed(
            "This is not a verifier key for Ed25519.", "It has three parts: name+hash+base64; copy it whole."
        )
    key = VerifierKey(name, decoded[1:])
    if key_id(key).hex() != stated:
        raise VerificationFailed("The verifier key does not match its own hash.", "Copy it again, whole.")
    return key


def sign_note(text: str, key: VerifierKey, sign: Sign) -> str:
    """The note with this text (which ends with a newline) and one signature.

    Raises VerificationFailed where `sign` does not belong to `key`, before anyone sees the note.
    """
    return cosign_note(f"{_checked_text(text)}\n", key, sign)


def cosign_note(note: str, key: VerifierKey, sign: Sign) -> str:
    """The same note with one more signature. What it says is not checked: verify before vouching."""
    format_verifier_key(key)  # refuses a name that no reader could parse
    text = note[: note.rindex("\n\n") + 1]
    signature = sign(text.encode())
    _check(key, signature, text)
    return f"{note}— {key.name} {base64.b64encode(key_id(key) + signature).decode()}\n"


def verify_note(note: str, known: Sequence[VerifierKey]) -> tuple[str, tuple[VerifierKey, ...]]:
    """The text, and the known keys that signed it, in order. Raises VerificationFailed by the rules above."""
    text, lines = _divide(note)
    keys = {(key.name, key_id(key)): key for key in known}
    signers: list[VerifierKey] = []
    for line in lines:
        name, blob = _signature(line)  # 2
        key = keys.get((name, blob[:4]))
        if key is None:  # 3
            continue
        if key in signers:  # 4
            raise VerificationFailed(f"The note carries two signatures by {name}.", _ASK_AGAIN)
        _check(key, blob[4:], text)  # 4
        signers.append(key)
    if not signers:  # 5
        names = ", ".join(sorted({key.name for key in known})) or "nobody"
        raise VerificationFailed(
            f"The note is not signed by a key that you trust ({names}).",
            "Compare your verifier key with the one that the log's operator publishes.",
        )
    return text, tuple(signers)


def decode_base64(text: str, what: str) -> bytes:
    """Standard base64 in its only spelling: padded, no line breaks, unused bits zero (RFC 4648, 3.5)."""
    try:
        decoded = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise VerificationFailed(f"{what} is not base64.", _ASK_AGAIN) from error
    if base64.b64encode(decoded).decode() != text:
        raise VerificationFailed(f"{what} is base64 in a second spelling.", _ASK_AGAIN)
    return decoded


def _divide(note: str) -> tuple[str, list[str]]:
    head, gap, tail = note.rpartition("\n\n")  # 1
    if not gap or not tail.endswith("\n") or len(note) > MAX_NOTE_CHARACTERS:
        raise VerificationFailed("This is not a signed note: no text, empty line and signatures.", _ASK_AGAIN)
    lines = tail[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise VerificationFailed(f"The note has more than {MAX_SIGNATURES} signatures.", _ASK_AGAIN)
    return _checked_text(f"{head}\n"), lines


def _checked_text(text: str) -> str:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise VerificationFailed("The note's text is not UTF-8.", _ASK_AGAIN) from error
    if not text.endswith("\n") or _CONTROL.search(text):  # 1
        raise VerificationFailed("The note's text has control characters or no last newline.", _ASK_AGAIN)
    return text


def _signature(line: str) -> tuple[str, bytes]:
    found = _SIGNATURE_LINE.fullmatch(line)
    if found is None:
        raise VerificationFailed("A signature line of the note is malformed.", _ASK_AGAIN)
    blob = decode_base64(found[2], "A signature of the note")
    if len(blob) < 5:
        raise VerificationFailed("A signature of the note is shorter than its key id.", _ASK_AGAIN)
    return found[1], blob


def _check(key: VerifierKey, signature: bytes, text: str) -> None:
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(signature, text.encode())
    except (InvalidSignature, ValueError) as error:
        raise VerificationFailed(
            f"The signature by {key.name} does not fit the note's text.", _ASK_AGAIN
        ) from error
