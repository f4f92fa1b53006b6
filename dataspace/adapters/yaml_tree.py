"""YAML as a tree of texts with line numbers, read so that a hostile or careless file cannot do harm.

Every scalar stays the text that was written: `on`, `no`, `12:30` and `1e3` are words here, not booleans, minutes or
numbers (YAML 1.1 would make them so). Refused: anchors and aliases (a page of them unfolds to gigabytes), tags
(which name classes to build), keys given twice (the last one would win silently), several documents in one file,
and whatever is larger or deeper than any policy is.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

import yaml

from dataspace.errors import PolicyUnreadable

MOST_CHARACTERS = 64 * 1024
MOST_DEPTH = 12
MOST_NODES = 4_000
_UNSEEN = frozenset({"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"})
"""Categories of Unicode: control, format, private, surrogate, unassigned, line and paragraph separators."""
_ALIKE = frozenset(
    {"LATIN", "GREEK", "CYRILLIC", "ARMENIAN", "CHEROKEE", "COPTIC", "FULLWIDTH", "MATHEMATICAL"}
)
_UNITS = "\u00b5\u03bc\u03a9\u2126"
"""Micro and ohm stand beside Latin letters in units."""
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Where:
    """A place in a file, for messages. Lines count from 1."""

    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Text:
    """One scalar, as written."""

    where: Where
    text: str


@dataclass(frozen=True, slots=True)
class Listing:
    """A sequence."""

    where: Where
    items: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Fields:
    """A mapping; keys are unique texts."""

    where: Where
    members: dict[str, "Node"] = field(default_factory=dict)
    keys: dict[str, Where] = field(default_factory=dict)


Node = Text | Listing | Fields


def unreadable(where: Where, fact: str, hint: str = "") -> PolicyUnreadable:
    """The one error of a file that cannot be read: file, line, fact, what to do."""
    return PolicyUnreadable(f"{where.file}, line {where.line}: {fact}", hint)


def unknown(where: Where, what: str, word: str, words: Iterable[str]) -> PolicyUnreadable:
    """A word that is not one of those possible here, with the nearest that is."""
    possible = sorted(words)
    near = get_close_matches(word, possible, n=1, cutoff=0.5)
    hint = f"Did you mean '{near[0]}'?" if near else f"Possible here: {', '.join(possible[:24])}."
    return unreadable(where, f"'{word[:60]}' is not {what}.", hint)


def read_tree(text: str, file: str) -> Fields:
    """The file's mapping. Raises PolicyUnreadable."""
    start = Where(file, 1)
    if len(text) > MOST_CHARACTERS:
        raise unreadable(start, f"the file has more than {MOST_CHARACTERS:,} characters.", "Split it.")
    try:
        _check_events(text, file)
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = Where(file, mark.line + 1) if mark else start
        raise unreadable(where, "this is not YAML.", "Check indentation, colons and quotes there.") from error
    except yaml.YAMLError as error:
        raise unreadable(
            start, "the file holds characters that YAML does not allow.", "Retype it."
        ) from error
    tree = _tree(root, file) if root is not None else Text(start, "")
    if not isinstance(tree, Fields):
        raise unreadable(start, "the file holds no mapping.", "Begin with 'policy: <name>'.")
    return tree


def fields(node: Node, known: Sequence[str], what: str) -> Fields:
    """The node as a mapping whose keys are all known."""
    if not isinstance(node, Fields):
        raise unreadable(node.where, f"{what} has to be written as 'key: value' lines.", "")
    for key in node.members:
        if key not in known:
            raise unknown(node.keys[key], f"a key of {what}", key, known)
    return node


def text_of(node: Node, what: str) -> str:
    """The node as one text that is not empty."""
    if not isinstance(node, Text):
        raise unreadable(node.where, f"{what} has to be one value.")
    if not node.text.strip():
        raise unreadable(node.where, f"{what} is empty.", "Write a value, or delete the line.")
    return node.text.strip()


def items_of(node: Node, what: str) -> tuple[Node, ...]:
    """The node as a list of at least one; one value is a list of one. An empty list is refused, for it would mean
    'any' to one reader and 'none' to another."""
    found = node.items if isinstance(node, Listing) else (node,)
    if not found:
        raise unreadable(node.where, f"{what} is empty.", "Write a value, or delete the line.")
    return found


def refuse_disguised(where: Where, text: str) -> None:
    """Refuse what reads as something else than it is: characters that nobody sees or that turn the direction of
    writing, and words that mix letters of several alphabets (a Cyrillic а in a Latin name)."""
    for character in text:
        if unicodedata.category(character) in _UNSEEN and character not in "\t\n":
            raise unreadable(
                where, f"it holds an invisible character (U+{ord(character):04X}).", "Retype it."
            )
    for word in _WORD.findall(text):
        alphabets = {_alphabet(letter) for letter in word} - {""}
        if len(alphabets) > 1:
            said = " and ".join(sorted(name.capitalize() for name in alphabets))
            raise unreadable(where, f"the word '{word[:40]}' mixes letters of {said}.", "Retype it.")


def _alphabet(letter: str) -> str:
    """`LATIN`, `GREEK`, `CYRILLIC`, … where letters of it look like those of another alphabet; empty elsewhere."""
    if letter in _UNITS:
        return ""
    name = unicodedata.name(letter, "").split(" ")[0]
    return name if name in _ALIKE else ""


def _check_events(text: str, file: str) -> None:
    depth = nodes = documents = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        where = Where(file, event.start_mark.line + 1 if event.start_mark else 1)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise unreadable(where, "anchors and aliases (& and *) are not allowed.", "Write it out.")
        if getattr(event, "tag", None) is not None:
            raise unreadable(where, "tags (!) are not allowed.", "Write the plain value.")
        documents += isinstance(event, yaml.DocumentStartEvent)
        nodes += isinstance(event, yaml.NodeEvent)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if documents > 1:
            raise unreadable(where, "one file holds one document.", "Delete the '---' or split the file.")
        if depth > MOST_DEPTH or nodes > MOST_NODES:
            raise unreadable(where, "the file is nested too deeply or too long for a policy.", "Simplify it.")


def _tree(node: yaml.Node, file: str) -> Node:
    where = Where(file, node.start_mark.line + 1)
    if isinstance(node, yaml.ScalarNode):
        refuse_disguised(where, node.value)
        return Text(where, node.value)
    if isinstance(node, yaml.SequenceNode):
        return Listing(where, tuple(_tree(item, file) for item in node.value))
    result = Fields(where)
    for key, value in node.value:
        at = Where(file, key.start_mark.line + 1)
        if not isinstance(key, yaml.ScalarNode):
            raise unreadable(at, "a key has to be one word or phrase.")
        refuse_disguised(at, key.value)
        if key.value in result.members:
            raise unreadable(at, f"'{key.value[:60]}' stands here a second time.", "Keep one of the two.")
        result.members[key.value] = _tree(value, file)
        result.keys[key.value] = at
    return result
