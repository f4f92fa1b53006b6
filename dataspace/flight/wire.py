"""Protobuf's wire format, as much as Flight SQL needs: varints and length-delimited fields. Pure; refuses the rest.

Bytes from outside are read strictly: a cut-off field, a group, a varint beyond 64 bits or a message of too many fields
is a ValueError, and nothing is ever allocated for a length that the message only claims.
https://protobuf.dev/programming-guides/encoding/
"""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

Field: TypeAlias = int | bytes
Message: TypeAlias = Mapping[int, Sequence[Field]]

LARGEST = 4 << 20
"""Bytes of one message."""
_MOST_FIELDS = 10_000
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_BITS = 64


def decode(data: bytes) -> dict[int, list[Field]]:
    """The fields by number, each with its values in order. Raises ValueError."""
    if len(data) > LARGEST:
        raise ValueError("a message that is too long")
    fields: dict[int, list[Field]] = {}
    at, count = 0, 0
    while at < len(data):
        key, at = _varint(data, at)
        number, kind = key >> 3, key & 7
        count += 1
        if not 1 <= number < 2**29 or count > _MOST_FIELDS:
            raise ValueError("a field that nobody would send")
        value: Field
        if kind == _VARINT:
            value, at = _varint(data, at)
        elif kind in (_BYTES, _FIXED64, _FIXED32):
            length, at = _varint(data, at) if kind == _BYTES else ((8 if kind == _FIXED64 else 4), at)
            if length > len(data) - at:
                raise ValueError("a field that is cut off")
            value, at = data[at : at + length], at + length
        else:
            raise ValueError("a kind of field that is not known")
        fields.setdefault(number, []).append(value)
    return fields


def encode(*fields: tuple[int, Field | str | bool]) -> bytes:
    """A message of these fields, in this order. Numbers are not negative."""
    parts: list[bytes] = []
    for number, value in fields:
        if isinstance(value, int):
            if not 0 <= value < 2**_BITS:
                raise ValueError("a number that does not travel")
            parts += [_written(number << 3 | _VARINT), _written(int(value))]
        else:
            raw = value.encode() if isinstance(value, str) else value
            parts += [_written(number << 3 | _BYTES), _written(len(raw)), raw]
    return b"".join(parts)


def text(message: Message, number: int) -> str | None:
    """The last value of a text field, as protobuf has it; None where there is none. Raises ValueError."""
    found = raw(message, number)
    return None if found is None else found.decode()  # UnicodeDecodeError is a ValueError


def raw(message: Message, number: int) -> bytes | None:
    """The last value of a bytes field. Raises ValueError where it is a number."""
    values = message.get(number)
    if not values:
        return None
    last = values[-1]
    if not isinstance(last, bytes):
        raise ValueError("a number where bytes belong")
    return last


def flag(message: Message, number: int) -> bool:
    """The last value of a boolean field; False where there is none. Raises ValueError where it is bytes."""
    values = message.get(number)
    if values and not isinstance(values[-1], int):
        raise ValueError("bytes where a number belongs")
    return bool(values and values[-1])


def numbers(message: Message, number: int) -> tuple[int, ...]:
    """A repeated number, packed or not. Raises ValueError."""
    found: list[int] = []
    for value in message.get(number, ()):
        if isinstance(value, int):
            found.append(value)
            continue
        at = 0
        while at < len(value):
            one, at = _varint(value, at)
            found.append(one)
    return tuple(found)


def _varint(data: bytes, at: int) -> tuple[int, int]:
    result = shift = 0
    while True:
        if at >= len(data) or shift >= _BITS + 6:
            raise ValueError("a number that is cut off, or too long")
        byte = data[at]
        at += 1
        result |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            if result >> _BITS:
                raise ValueError("a number beyond 64 bits")
            return result, at


def _written(value: int) -> bytes:
    parts = bytearray()
    while True:
        byte, value = value & 0x7F, value >> 7
        parts.append(byte | (0x80 if value else 0))
        if not value:
            return bytes(parts)
