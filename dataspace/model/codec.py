"""Nouns to JSON and back, by their declared types: one spelling for the store, the wire and the records.

    dataclass   object, fields by name; with "is": class name where the declared type is a union of dataclasses
    enum        its value              datetime   ISO 8601 with offset
    tuple       array                  frozenset  array, sorted
    mapping     object                 bytes      base64

Reading is strict: an unknown field, a missing one without default, or a value of another type is a ValueError
that names the path, never the value.
"""

import base64
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar, cast

from dataspace.model.decoding import PLAIN, Json, Unfit, reader

T = TypeVar("T")


def to_json(value: object) -> Json:
    """The JSON form of a noun. Raises TypeError for what is not a noun."""
    kind: Any = type(value)
    return value if kind in PLAIN else _writer(kind)(value)


def one_level(value: object) -> Json:
    """What an encoder of JSON that writes texts, numbers, tuples and mappings itself needs to be told of any other
    value: `json.dumps(noun, default=one_level)` is the text of `to_json(noun)`, with nothing in between."""
    kind: Any = type(value)
    if kind is frozenset and not value:
        return []
    parts = _parts(kind)
    if parts is None:
        return to_json(value)
    names, of, tag = parts
    return dict(zip(names, of(value), strict=False), **tag)


@cache
def _parts(
    kind: type,
) -> tuple[tuple[str, ...], Callable[[object], tuple[object, ...]], dict[str, str]] | None:
    """Of a noun its fields, how they are got, and what it says of itself; None for what is none."""
    if not is_dataclass(kind):
        return None
    names = _names(kind)
    return names, attrgetter(*names, "__class__"), {"is": kind.__name__} if kind.__name__ in _TAGGED else {}


@cache
def _writer(kind: type) -> Callable[[Any], Json]:
    """How values of a type are written: looked up once for each type, as a policy or a record has many of few."""
    if issubclass(kind, Enum):
        return lambda value: value.value
    if kind is type(None) or issubclass(kind, bool | int | float | str):
        return lambda value: value
    if issubclass(kind, bytes):
        return lambda value: base64.b64encode(value).decode()
    if issubclass(kind, datetime):
        return lambda value: value.isoformat()
    if issubclass(kind, Mapping):
        return lambda value: {_key(key): to_json(item) for key, item in value.items()}
    if issubclass(kind, tuple | list):
        return lambda value: [to_json(item) for item in value]
    if issubclass(kind, frozenset | set):
        return lambda value: sorted([to_json(item) for item in value], key=repr) if value else []
    if is_dataclass(kind):
        return _noun_writer(_names(kind), {"is": kind.__name__} if kind.__name__ in _TAGGED else {})
    raise TypeError(f"{kind.__name__} has no JSON form")


def _noun_writer(names: tuple[str, ...], tag: Mapping[str, str]) -> Callable[[Any], Json]:
    parts = attrgetter(*names, "__class__")  # one name more, as of a single one it gives no tuple

    def write(value: Any) -> Json:
        body: dict[str, Json] = dict(zip(names, parts(value), strict=False))
        for name, item in body.items():
            kind: Any = type(item)
            if kind not in PLAIN:
                body[name] = _writer(kind)(item)
        return {**tag, **body} if tag else body

    return write


# The members of unions, which alone say in JSON what they are.
_TAGGED = frozenset(
    {"Compare", "OneOf", "IsNull", "Not", "All", "AnyOf", "Constraint", "Compound", "Allow", "Deny"}
    | {"KeepConsented", "Drop", "Rename", "Cast", "Generalise", "MapCodes", "ConvertUnit"}
)


def from_json(kind: type[T], document: Json, path: str = "$") -> T:
    """Build a value of type `kind`; raises ValueError that names the path of what does not fit."""
    try:
        return cast(T, reader(cast(Any, kind))(document))
    except Unfit as error:
        raise ValueError(f"{path}{error.path}: {error.why}") from error


def _key(key: object) -> str:
    if isinstance(key, Enum):
        return str(key.value)
    if isinstance(key, str):
        return key
    raise TypeError("a mapping's keys must be text")


@cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))
