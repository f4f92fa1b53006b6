"""Nouns to JSON and back, by their declared types: one spelling for the store, the wire and the records.

    dataclass   object, fields by name; with "is": class name where the declared type is a union of dataclasses
    enum        its value              datetime   ISO 8601 with offset
    tuple       array                  frozenset  array, sorted
    mapping     object                 bytes      base64

Reading is strict: an unknown field, a missing one without default, or a value of another type is a ValueError
that names the path, never the value.
"""

import base64
import binascii
import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Any, NewType, TypeVar, Union, cast, get_args, get_origin, get_type_hints

Json = Any
"""None, bool, int, float, str, list[Json] or dict[str, Json]: a recursive alias that mypy would not narrow."""

T = TypeVar("T")


def to_json(value: object) -> Json:
    """The JSON form of a noun. Raises TypeError for what is not a noun."""
    kind: Any = type(value)
    return value if kind in _PLAIN else _writer(kind)(value)


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
        return lambda value: sorted((to_json(item) for item in value), key=repr)
    if is_dataclass(kind):
        return _noun_writer(_names(kind), {"is": kind.__name__} if kind.__name__ in _TAGGED else {})
    raise TypeError(f"{kind.__name__} has no JSON form")


def _noun_writer(names: tuple[str, ...], tag: Mapping[str, str]) -> Callable[[Any], Json]:
    def write(value: Any) -> Json:
        body: dict[str, Json] = dict(tag)
        for name in names:
            item = getattr(value, name)
            body[name] = item if type(item) in _PLAIN else to_json(item)
        return body

    return write


_PLAIN = frozenset({type(None), bool, int, float, str})

# The members of unions, which alone say in JSON what they are.
_TAGGED = frozenset(
    {"Compare", "OneOf", "IsNull", "Not", "All", "AnyOf", "Constraint", "Compound", "Allow", "Deny"}
    | {"KeepConsented", "Drop", "Rename", "Cast", "Generalise", "MapCodes", "ConvertUnit"}
)


def from_json(kind: type[T], document: Json, path: str = "$") -> T:
    """Build a value of type `kind`; raises ValueError that names the path of what does not fit."""
    return cast(T, _read(kind, document, path))


def _key(key: object) -> str:
    if isinstance(key, Enum):
        return str(key.value)
    if isinstance(key, str):
        return key
    raise TypeError("a mapping's keys must be text")


def _read(kind: Any, document: Json, path: str) -> Any:
    if kind is Any:
        return document
    if isinstance(kind, NewType):
        return _read(kind.__supertype__, document, path)
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return _read_union(get_args(kind), document, path)
    if origin is not None:
        return _read_container(origin, get_args(kind), document, path)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _read_enum(kind, document, path)
    if is_dataclass(kind):
        return _read_dataclass(kind, document, path)
    return _read_scalar(kind, document, path)


def _read_scalar(kind: Any, document: Json, path: str) -> Any:
    if kind is type(None) and document is None:
        return None
    if kind is float and isinstance(document, int) and not isinstance(document, bool):
        return float(document)
    if kind in (bool, int, float, str) and type(document) is kind:
        return document
    if kind is datetime and isinstance(document, str):
        return _read_time(document, path)
    if kind is bytes and isinstance(document, str):
        try:
            return base64.b64decode(document, validate=True)
        except binascii.Error as error:
            raise ValueError(f"{path}: not base64") from error
    raise ValueError(f"{path}: expected {getattr(kind, '__name__', kind)}, found {type(document).__name__}")


def _read_time(document: str, path: str) -> datetime:
    try:
        moment = datetime.fromisoformat(document)
    except ValueError as error:
        raise ValueError(f"{path}: not a time in ISO 8601") from error
    if moment.tzinfo is None:
        raise ValueError(f"{path}: a time without its offset from UTC")
    return moment


def _read_enum(kind: type[Enum], document: Json, path: str) -> Enum:
    try:
        return kind(document)
    except ValueError as error:
        words = ", ".join(str(member.value) for member in kind)
        raise ValueError(f"{path}: expected one of {words}") from error


def _read_container(origin: Any, arguments: tuple[Any, ...], document: Json, path: str) -> Any:
    if origin is tuple or origin is frozenset:
        if not isinstance(document, list):
            raise ValueError(f"{path}: expected an array")
        if origin is tuple and not (len(arguments) == 2 and arguments[1] is Ellipsis):
            if len(document) != len(arguments):
                raise ValueError(f"{path}: expected {len(arguments)} items")
            pairs = zip(arguments, document, strict=True)
            return tuple(_read(kind, item, f"{path}[{i}]") for i, (kind, item) in enumerate(pairs))
        items = (_read(arguments[0], item, f"{path}[{i}]") for i, item in enumerate(document))
        return origin(items)
    if not isinstance(document, dict):
        raise ValueError(f"{path}: expected an object")
    return {_read(arguments[0], k, path): _read(arguments[1], v, f"{path}.{k}") for k, v in document.items()}


def _read_union(members: tuple[Any, ...], document: Json, path: str) -> Any:
    if isinstance(document, dict) and "is" in document:
        for member in members:
            if is_dataclass(member) and cast(type, member).__name__ == document["is"]:
                return _read_dataclass(member, document, path)
        raise ValueError(f"{path}: not one of the known kinds")
    for member in members:
        if member is type(document) or (member is type(None) and document is None):
            return document
    problem: ValueError | None = None
    for member in members:
        try:
            return _read(member, document, path)
        except ValueError as error:
            problem = error
    raise ValueError(f"{path}: fits none of the allowed types") from problem


@cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


def _read_dataclass(kind: Any, document: Json, path: str) -> Any:
    if not isinstance(document, dict):
        raise ValueError(f"{path}: expected an object")
    known = {field.name: field for field in fields(kind)}
    given = {name: value for name, value in document.items() if name != "is" or "is" in known}
    if unknown := sorted(given.keys() - known.keys()):
        raise ValueError(f"{path}: unknown field {unknown[0]!r}")
    for name, field in known.items():
        if name not in given and field.default is MISSING and field.default_factory is MISSING:
            raise ValueError(f"{path}: the field {name!r} is missing")
    hints = _hints(kind)
    values = {name: _read(hints[name], value, f"{path}.{name}") for name, value in given.items()}
    try:
        return kind(**values)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path}: {error}") from error
