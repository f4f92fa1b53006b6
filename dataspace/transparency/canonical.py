"""One spelling for every JSON value, so that equal values have equal hashes.

RFC 8785 (JCS): keys sorted by UTF-16 code units, no blanks, numbers as ECMAScript writes them, UTF-8.
Refused, because the same text would not come back or another reader would see another value:
* NaN and the infinities, which JSON cannot say;
* whole numbers that a double does not carry unchanged (2^53 + 1): write them as strings;
* lone surrogates, which are not Unicode text;
* keys that are not strings, and keys given twice (when read);
* nesting deeper than `MAX_DEPTH`;
* every other type (datetime, Decimal, bytes): choose the spelling yourself.

As in RFC 8785, 1.0 and 1 are one number, and so are -0.0 and 0.
"""

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import NoReturn

from dataspace.model.records import JSON

MAX_DEPTH = 64
_MAX_SAFE = 2**53 - 1
_QUOTED = json.JSONEncoder(ensure_ascii=False).encode
"""Made once: `json.dumps` makes an encoder for each text, and a record has a hundred."""


def canonical_json(value: object) -> bytes:
    """The canonical text of a JSON value. Raises ValueError that says what was refused and where."""
    return _render(value, "$", 0).encode("utf-8")


def digest(value: object) -> str:
    """SHA-256, in lower-case hex, of the canonical JSON. Raises ValueError like `canonical_json`."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def strict_json(text: str | bytes) -> JSON:
    """Read JSON that has one meaning, in UTF-8. Raises ValueError for anything else, also for a key given twice.

    What cannot be written canonically is not taken in either (1e999, lone surrogates), without writing it: this is
    done for every message.
    """
    try:
        text = (text.encode() if isinstance(text, str) else text).decode()
        value: JSON = _READER.decode(text)
    except UnicodeError as error:
        raise ValueError("the text is not UTF-8") from error
    except RecursionError as error:
        raise ValueError(f"nested deeper than {MAX_DEPTH} levels") from error
    if text.count("[") + text.count("{") > MAX_DEPTH and not _shallow(value):
        raise ValueError(f"nested deeper than {MAX_DEPTH} levels")
    if "\\" in text and ("\\ud" in text or "\\uD" in text):  # half a surrogate pair comes in no other way
        _render(value, "$", 0)
    return value


def _shallow(value: JSON) -> bool:
    """Whether no member is nested deeper than `MAX_DEPTH`."""
    level: list[JSON] = [value]
    for _ in range(MAX_DEPTH + 1):
        level = [member for one in level for member in _members(one)]
        if not level:
            return True
    return False


def _members(value: JSON) -> Iterable[JSON]:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def _render(value: object, where: str, depth: int) -> str:
    if depth > MAX_DEPTH:
        raise ValueError(f"nested deeper than {MAX_DEPTH} levels at {where[:80]}")
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return _string(value, where)
        case int():
            return _whole(value, where)
        case float():
            return _double(value, where)
        case Mapping():
            return _object(value, where, depth)
        case list() | tuple():
            return "[" + ",".join(_render(v, f"{where}[{i}]", depth + 1) for i, v in enumerate(value)) + "]"
    raise ValueError(f"{where} is a {type(value).__name__}, which JSON has no spelling for")


def _object(value: Mapping[object, object], where: str, depth: int) -> str:
    members: dict[str, object] = {}
    for key, member in value.items():
        if not isinstance(key, str):
            raise ValueError(f"{where} has a key that is a {type(key).__name__}, not a string")
        members[key] = member
    # Strings first: a lone surrogate in a key must be refused in words before it is sorted.
    names = {key: _string(key, where) for key in members}
    ordered = sorted(members, key=lambda key: key.encode("utf-16-be"))
    return (
        "{" + ",".join(f"{names[k]}:{_render(members[k], f'{where}.{k}', depth + 1)}" for k in ordered) + "}"
    )


def _string(value: str, where: str) -> str:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ValueError(f"{where} holds half a surrogate pair, which is not text") from error
    return _QUOTED(str(value))


def _whole(value: int, where: str) -> str:
    number = int(value)
    text = str(number) if abs(number) < 10**21 else ""
    # Beyond 2^53 only what ECMAScript itself would print survives a reader who keeps numbers as doubles.
    if abs(number) > _MAX_SAFE and (not text or _double(float(number), where) != text):
        raise ValueError(f"{where} is a whole number that a double cannot carry; write it as a string")
    return text


def _double(value: float, where: str) -> str:
    """ECMAScript's Number::toString (RFC 8785 section 3.2.2.3), from Python's equally short digits."""
    if not math.isfinite(value):
        raise ValueError(f"{where} is not a finite number")
    if value == 0:
        return "0"
    # float.__repr__ and not repr: subclasses such as numpy's doubles print their type.
    sign, digits_tuple, exponent = Decimal(float.__repr__(value)).normalize().as_tuple()
    digits = "".join(map(str, digits_tuple))
    point = len(digits) + int(exponent)  # the decimal point stands after this many digits
    prefix = "-" if sign else ""
    if len(digits) <= point <= 21:
        return prefix + digits.ljust(point, "0")
    if 0 < point <= 21:
        return f"{prefix}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"{prefix}0.{'0' * -point}{digits}"
    mantissa = digits if len(digits) == 1 else f"{digits[0]}.{digits[1:]}"
    return f"{prefix}{mantissa}e{point - 1:+d}"


def _unique(pairs: list[tuple[str, JSON]]) -> dict[str, JSON]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("an object names one of its keys twice")
    return members


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _whole_read(text: str) -> int:
    number = int(text)
    if len(text) > _SAFE_DIGITS:
        _whole(number, "a number")
    return number


def _double_read(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number is larger than a double can carry")
    return number


_SAFE_DIGITS = len(str(_MAX_SAFE)) - 1
_READER = json.JSONDecoder(
    object_pairs_hook=_unique,
    parse_constant=_no_constant,
    parse_int=_whole_read,
    parse_float=_double_read,
)
