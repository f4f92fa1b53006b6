"""`CREATE TEMP TABLE … AS` and `DROP TABLE`: the two statements beside SELECT, read by DuckDB's own tokens.

The engine serialises SELECT alone, so what stands before AS is matched here word by word. Nothing of it ever runs: what
follows AS goes through the gate as any question, and that tree is what runs, within a statement of our own.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import duckdb

from dataspace.adapters.duckdb.syntax import MAXIMUM_LENGTH
from dataspace.errors import UnsupportedQuery
from dataspace.model.names import dataset_name
from dataspace.model.temporaries import Drop, Keep

_CREATE = (
    "Write CREATE TEMP TABLE name AS SELECT …: rows can be kept for a while, and nothing else can be made."
)
_DROP = "Write DROP TABLE name, with the name of a temporary result of yours."


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    ends: int
    """Place in the text's bytes at which the next token begins."""


def statement_of(sql: str, taken: Collection[str] = ()) -> Keep | Drop | None:
    """What is to be kept or dropped; None for any other text. Raises UnsupportedQuery for other forms of CREATE and
    DROP, and for names that a temporary result cannot have: `taken` are those of the engine."""
    if len(sql) > 2 * MAXIMUM_LENGTH:
        return None  # the parser says so
    try:
        data = sql.encode()
        tokens = duckdb.tokenize(sql)
    except (UnicodeError, ValueError, duckdb.Error):
        return None
    words = _words(data, tokens, 10)
    match [word.text.lower() for word in words[:1]]:
        case ["create"]:
            return _kept(data, words, taken)
        case ["drop"]:
            return _dropped(words, taken)
    return None


def _kept(data: bytes, words: Sequence[_Word], taken: Collection[str]) -> Keep:
    said = [word.text.lower() for word in words]
    replaces = said[1:3] == ["or", "replace"]
    at = 3 if replaces else 1
    if len(said) < at + 5 or said[at] not in ("temp", "temporary") or said[at + 1] != "table":
        raise UnsupportedQuery("this form of CREATE", _CREATE)
    if said[at + 3] != "as":
        raise UnsupportedQuery("this form of CREATE TEMP TABLE", _CREATE)
    name = _name(words[at + 2].text, taken)
    return Keep(name, replaces, data[words[at + 3].ends :].decode())


def _dropped(words: Sequence[_Word], taken: Collection[str]) -> Drop:
    said = [word.text.lower() for word in words]
    if said[-1] == ";":
        said.pop()
    lenient = said[2:4] == ["if", "exists"]
    at = 4 if lenient else 2
    if said[1:2] != ["table"] or len(said) != at + 1:
        raise UnsupportedQuery("this form of DROP", _DROP)
    return Drop(_name(words[at].text, taken), lenient)


def _name(word: str, taken: Collection[str]) -> str:
    plain = word[1:-1] if len(word) > 2 and word[0] == word[-1] == '"' else word
    try:
        name = dataset_name(plain.lower())
    except ValueError as error:
        raise UnsupportedQuery(
            "this name of a temporary result",
            "Use lower-case letters, digits and _, at most 63, first a letter.",
        ) from error
    if name in taken:
        raise UnsupportedQuery(f"the name '{name}' for a temporary result", "Choose another name.")
    return name


def _words(data: bytes, tokens: Sequence[tuple[int, object]], most: int) -> list[_Word]:
    """The first tokens that are no comments. The engine tells where each begins, in bytes."""
    found: list[_Word] = []
    starts = [start for start, _ in tokens] + [len(data)]
    for at, (start, kind) in enumerate(tokens):
        if len(found) == most:
            break
        if kind != duckdb.token_type.comment:
            text = data[start : starts[at + 1]].decode(errors="replace").strip()
            found.append(_Word(text, starts[at + 1]))
    return found
