"""Readers of JSON by declared type: each is compiled once, and reads values of its type from then on.

What does not fit is told with its path, which grows only where something does not fit.

Long, because there is a reader for each kind of type, and they call each other.
"""

import base64
import types
from collections.abc import Callable, Mapping, Set
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Any, NewType, Union, cast, get_args, get_origin, get_type_hints

Json = Any
"""None, bool, int, float, str, list[Json] or dict[str, Json]: a recursive alias that mypy would not narrow."""

PLAIN = frozenset({type(None), bool, int, float, str})
"""Types that JSON spells itself."""

Reader = Callable[[Json], Any]
"""Makes a value of one type from JSON, or raises `Unfit`. Looked up once for each type."""


class Unfit(ValueError):
    """What does not fit, and where below the value that was being read: the path grows on the way out."""

    def __init__(self, why: str, path: str = "") -> None:
        super().__init__(why)
        self.why, self.path = why, path

    def below(self, step: str) -> "Unfit":
        """The same, as seen from one step above."""
        return Unfit(self.why, step + self.path)


@cache
def reader(kind: Any) -> Reader:
    """How values of a declared type are read. Raises nothing until it reads."""
    if kind is Any:
        return lambda document: document
    if isinstance(kind, NewType):
        return reader(kind.__supertype__)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return _union_reader(arguments)
    if origin is tuple and not (len(arguments) == 2 and arguments[1] is Ellipsis):
        return _row_reader(arguments)
    if origin is tuple or origin is frozenset:
        return _list_reader(origin, arguments[0])
    if origin is not None:
        return _mapping_reader(*arguments)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _enum_reader(kind)
    if is_dataclass(kind):
        return _noun_reader(kind)
    return _scalar_reader(kind)


def _scalar_reader(kind: Any) -> Reader:
    written, convert = _CONVERTED.get(kind, (kind, None))

    def read(document: Json) -> Any:
        if type(document) is kind and kind in PLAIN:
            return document
        if convert is not None and type(document) is written:
            return convert(document)
        raise Unfit(f"expected {getattr(kind, '__name__', kind)}, found {type(document).__name__}")

    return read


def _time(document: str) -> datetime:
    try:
        moment = datetime.fromisoformat(document)
    except ValueError as error:
        raise Unfit("not a time in ISO 8601") from error
    if moment.tzinfo is None:
        raise Unfit("a time without its offset from UTC")
    return moment


def _double(document: int) -> float:
    try:
        return float(document)
    except OverflowError as error:
        raise Unfit("a number larger than a double can carry") from error


def _bytes(document: str) -> bytes:
    try:
        return base64.b64decode(document, validate=True)
    except ValueError as error:
        raise Unfit("not base64") from error


_CONVERTED: Mapping[Any, tuple[type, Callable[[Any], Any]]] = {
    float: (int, _double),
    datetime: (str, _time),
    bytes: (str, _bytes),
}
"""Types that JSON has no spelling of their own for: what they are written as, and how that is read."""


def _enum_reader(kind: type[Enum]) -> Reader:
    members = {member.value: member for member in kind}

    def read(document: Json) -> Enum:
        found = members.get(document) if type(document) is str else None
        if found is not None:
            return found
        try:
            return kind(document)
        except ValueError as error:
            words = ", ".join(str(member.value) for member in kind)
            raise Unfit(f"expected one of {words}") from error

    return read


def _row_reader(kinds: tuple[Any, ...]) -> Reader:
    """A tuple of so many items, each of a type of its own."""
    readers = tuple(map(reader, kinds))

    def read(document: Json) -> Any:
        if not isinstance(document, list):
            raise Unfit("expected an array")
        if len(document) != len(readers):
            raise Unfit(f"expected {len(readers)} items")
        return tuple(_item(one, item, i) for i, (one, item) in enumerate(zip(readers, document, strict=True)))

    return read


def _list_reader(origin: Any, kind: Any) -> Reader:
    plain, one = _plain(kind), reader(kind)

    def read(document: Json) -> Any:
        if not isinstance(document, list):
            raise Unfit("expected an array")
        if plain.issuperset(map(type, document)):
            return origin(document)
        try:
            return origin(map(one, document))
        except Unfit:
            return origin(_item(one, item, i) for i, item in enumerate(document))  # raises, and says which

    return read


def _item(one: Reader, item: Json, place: int) -> Any:
    try:
        return one(item)
    except Unfit as error:
        raise error.below(f"[{place}]") from error


def _mapping_reader(key: Any, kind: Any) -> Reader:
    name, one = reader(key), reader(kind)

    def read(document: Json) -> Any:
        if not isinstance(document, dict):
            raise Unfit("expected an object")
        return {name(key): _member(one, value, key) for key, value in document.items()}

    return read


def _member(one: Reader, value: Json, key: str) -> Any:
    try:
        return one(value)
    except Unfit as error:
        raise error.below(f".{key}") from error


def _union_reader(members: tuple[Any, ...]) -> Reader:
    plain = frozenset(members) & PLAIN
    nouns = {
        cast(type, member).__name__: reader(cast(Any, member)) for member in members if is_dataclass(member)
    }
    readers = tuple(reader(member) for member in members if member is not type(None))
    if len(readers) == 1 and not nouns:
        only = readers[0]
        return lambda document: None if document is None else only(document)

    def read(document: Json) -> Any:
        if type(document) in plain:
            return document
        if isinstance(document, dict) and "is" in document:
            named = nouns.get(document["is"]) if isinstance(document["is"], str) else None
            if named is None:
                raise Unfit("not one of the known kinds")
            return named(document)
        problem: Unfit | None = None
        for one in readers:
            try:
                return one(document)
            except Unfit as error:
                problem = error
        raise Unfit("fits none of the allowed types") from problem

    return read


_MOST_SHAPES = 64
"""For one noun: names of fields, in an order, with types of values. Others are read all the same, only slower."""


def _noun_reader(kind: Any) -> Reader:
    known = {field.name for field in fields(kind)}
    needed = [
        field.name for field in fields(kind) if field.default is MISSING and field.default_factory is MISSING
    ]
    tagged, make = "is" not in known, _maker(kind)
    readers: dict[str, tuple[Set[type], Reader]] = {}
    shapes: dict[tuple[Any, ...], tuple[tuple[str, Reader], ...]] = {}

    def shaped(document: dict[str, Json]) -> tuple[tuple[str, Reader], ...]:
        """The fields of a document that are not taken as they are. Raises Unfit for one that lacks or adds a field."""
        if not readers:  # when first read, since the fields of a noun may lead back to it
            readers.update(_field_readers(kind))
        for name in needed:
            if name not in document:
                raise _misshapen(document, known, name)
        if not document.keys() <= readers.keys():
            raise _misshapen(document, known)
        found = ((name, *readers[name], type(value)) for name, value in document.items())
        return tuple((name, one) for name, plain, one, given in found if given not in plain)

    def read(document: Json) -> Any:
        if not isinstance(document, dict):
            raise Unfit("expected an object")
        # Names and types in their order: what was looked at once for each such shape holds for all of that shape.
        shape = (*document, *map(type, document.values()))
        rest = shapes.get(shape)
        if rest is None:
            rest = shaped(document)
            if len(shapes) < _MOST_SHAPES:
                shapes[shape] = rest
        values = dict(document)
        name = ""
        try:
            for name, one in rest:
                values[name] = one(values[name])
        except Unfit as error:
            raise error.below(f".{name}") from error
        if tagged:
            values.pop("is", None)
        try:
            return make(values)
        except (TypeError, ValueError) as error:
            raise Unfit(str(error)) from error

    return read


def _maker(kind: Any) -> Callable[[dict[str, Any]], Any]:
    """How a noun is made of the values of its fields, which are all that are needed and no others.

    One with slots and without `__post_init__` has its slots filled as its own `__init__` does, which looks up
    `object.__setattr__` for each: half of what reading a large noun costs.
    """
    members = fields(kind)
    if hasattr(kind, "__post_init__") or "__slots__" not in vars(kind) or not all(m.init for m in members):
        return lambda values: kind(**values)
    slots = tuple((member.name, getattr(kind, member.name).__set__) for member in members)
    left_out = {
        member.name: (lambda value=member.default: value)
        if member.default_factory is MISSING
        else member.default_factory
        for member in members
        if member.default is not MISSING or member.default_factory is not MISSING
    }

    def make(values: dict[str, Any]) -> Any:
        noun = object.__new__(kind)
        if len(values) < len(slots):
            values = {**{name: made() for name, made in left_out.items() if name not in values}, **values}
        for name, fill in slots:
            fill(noun, values[name])
        return noun

    return make


def _misshapen(document: Mapping[str, Json], known: Set[str], missing: str = "") -> Unfit:
    unknown = sorted(document.keys() - known - {"is"})
    return Unfit(f"unknown field {unknown[0]!r}" if unknown else f"the field {missing!r} is missing")


def _field_readers(kind: Any) -> dict[str, tuple[Set[type], Reader]]:
    """By field: the types of JSON that are taken as they are, and how anything else is read."""
    hints = get_type_hints(kind)
    found = {field.name: (_plain(hints[field.name]), reader(hints[field.name])) for field in fields(kind)}
    return {"is": (PLAIN, reader(Any)), **found}  # a noun may say its kind also where only one is possible


def _plain(kind: Any) -> frozenset[type]:
    """What a value of this declared type may be in JSON and stay."""
    if isinstance(kind, NewType):
        return _plain(kind.__supertype__)
    members = get_args(kind) if get_origin(kind) in (Union, types.UnionType) else (kind,)
    return frozenset(members) & PLAIN
