"""A shared dictionary from YAML: names, types, codes, bounds and labels that several sites' datasets follow.

    dictionary: medpar            its name; with the version: medpar@1
    version: 1
    title: Hospital stays
    unit: stay                    what one row is, in a noun
    columns:
      - name: type
        type: integer             boolean, integer, number, text, date, timestamp
        title: Kind of admission
        description: …
        codes: {1: elective, 2: urgent, 3: emergency}
        bounds: [1, 3]
        labels: [quasi-identifier]
        ucum: d                   unit of measurement

Reading is strict: an unknown word, a missing one, or one said twice takes no effect but an error with its line.
"""

import math
from collections.abc import Callable, Mapping

from dataspace.adapters.yaml_tree import (
    Fields,
    Listing,
    Node,
    Text,
    fields,
    items_of,
    read_tree,
    text_of,
    unknown,
    unreadable,
)
from dataspace.model.datasets import Column, ColumnType, Dictionary, Label, Value
from dataspace.model.names import ColumnName, dataset_name

_DICTIONARY = ("dictionary", "version", "title", "unit", "columns")
_COLUMN = ("name", "type", "title", "description", "codes", "bounds", "labels", "ucum")
_NUMERIC = (ColumnType.INTEGER, ColumnType.NUMBER)
_CODES: Mapping[ColumnType, Callable[[str], Value]] = {
    ColumnType.BOOLEAN: {"true": True, "false": False}.__getitem__,
    ColumnType.INTEGER: int,
    ColumnType.NUMBER: float,
}


def parse_dictionary(text: str, file: str = "dictionary.yaml") -> Dictionary:
    """The dictionary that a text describes; `file` is for messages. Raises PolicyUnreadable with file and line."""
    said = fields(read_tree(text, file), _DICTIONARY, "a dictionary")
    columns = tuple(_column(item) for item in items_of(_needed(said, "columns"), "'columns'"))
    names = [column.name for column in columns]
    if twice := [name for name in names if names.count(name) > 1]:
        raise unreadable(said.keys["columns"], f"the column '{twice[0]}' is described twice.", "Keep one.")
    name = _needed(said, "dictionary")
    try:
        dataset_name(text_of(name, "the name"))
    except ValueError as error:
        raise unreadable(name.where, f"{error}.", "Rename it.") from error
    return Dictionary(
        name=text_of(name, "the name"),
        version=text_of(_needed(said, "version"), "the version"),
        title=text_of(_needed(said, "title"), "the title"),
        columns=columns,
        unit=text_of(_needed(said, "unit"), "the unit"),
    )


def _column(node: Node) -> Column:
    said = fields(node, _COLUMN, "a column")
    kind = ColumnType(_word(_needed(said, "type"), "a type", [kind.value for kind in ColumnType]))
    codes = _codes(said.members["codes"], kind) if "codes" in said.members else {}
    lower, upper = _bounds(said.members["bounds"], kind) if "bounds" in said.members else (None, None)
    return Column(
        name=ColumnName(text_of(_needed(said, "name"), "the name")),
        type=kind,
        title=_optional(said, "title"),
        description=_optional(said, "description"),
        labels=_labels(said),
        values=tuple(codes),
        meanings=tuple(codes.values()),
        lower=lower,
        upper=upper,
        unit=_optional(said, "ucum"),
    )


def _labels(said: Fields) -> frozenset[Label]:
    if "labels" not in said.members:
        return frozenset()
    known = [label.value for label in Label]
    return frozenset(
        Label(_word(item, "a label", known)) for item in items_of(said.members["labels"], "'labels'")
    )


def _codes(node: Node, kind: ColumnType) -> dict[Value, str]:
    if not isinstance(node, Fields) or not node.members:
        raise unreadable(
            node.where, "codes are pairs of a code and its meaning.", "Write {1: elective, 2: urgent}."
        )
    codes: dict[Value, str] = {}
    for key, meaning in node.members.items():
        try:
            code = _CODES.get(kind, str)(key)
        except (ValueError, KeyError) as error:
            raise unreadable(
                node.keys[key], f"this code is not of type {kind.value}.", "Correct it."
            ) from error
        if code in codes:
            raise unreadable(node.keys[key], "this code stands here a second time.", "Keep one of the two.")
        codes[code] = text_of(meaning, "the meaning of a code")
    return codes


def _bounds(node: Node, kind: ColumnType) -> tuple[float, float]:
    problem = unreadable(
        node.where, "bounds are two numbers, the lower first, of a numeric column.", "Write [0, 120]."
    )
    if kind not in _NUMERIC or not isinstance(node, Listing):
        raise problem
    try:
        lower, upper = [float(text_of(item, "a bound")) for item in node.items]
    except ValueError as error:
        raise problem from error
    if not lower < upper or math.isinf(lower) or math.isinf(upper):
        raise problem
    return lower, upper


def _word(node: Node, what: str, known: list[str]) -> str:
    word = text_of(node, what)
    if word not in known:
        raise unknown(node.where, what, word, known)
    return word


def _needed(said: Fields, key: str) -> Node:
    if key not in said.members:
        raise unreadable(said.where, f"'{key}' is missing.", "Add it.")
    return said.members[key]


def _optional(said: Fields, key: str) -> str:
    """Empty where it is not said; an empty value is one that was forgotten."""
    node = said.members.get(key, Text(said.where, ""))
    return text_of(node, f"'{key}'") if key in said.members else ""
