"""Words of a text as the index keeps them, and where they stand in the text for marking."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

from dataspace.model.finding import Mark

LONGEST_WORD = 64
MOST_WORDS = 12
"""More words narrow nothing further, and each costs."""
EXCERPT_CHARACTERS = 240
_WORD = re.compile(r"[^\W_]+")
_ASCII = re.compile(r"[a-z0-9]+")


def folded(text: str) -> str:
    """Without case, accents and compatibility forms: `Mortalité` and `mortalite` are one word."""
    if text.isascii():
        return text.lower()
    plain = unicodedata.normalize("NFKD", text)
    return "".join(c for c in plain if not unicodedata.combining(c)).casefold()


def words_of(*texts: str) -> list[str]:
    """All words, folded, in their order."""
    text = folded(" ".join(texts))
    pattern = _ASCII if text.isascii() else _WORD
    return [word[:LONGEST_WORD] for word in pattern.findall(text)]


def asked_words(text: str) -> tuple[str, ...]:
    """The different words of a question, the first few."""
    return tuple(dict.fromkeys(words_of(text)))[:MOST_WORDS]


def marks(text: str, words: Iterable[str]) -> tuple[Mark, ...]:
    """Where the words (or words that begin with them) stand."""
    wanted = tuple(words)
    if not wanted:
        return ()
    return tuple(
        Mark(found.start(), found.end())
        for found in _WORD.finditer(text)
        if folded(found.group()).startswith(wanted)
    )


def excerpt(text: str, words: Sequence[str]) -> tuple[str, tuple[Mark, ...]]:
    """The part of a text around the first word that was looked for, and the marks within it."""
    found = marks(text, words)
    start = 0
    if found and found[0].end > EXCERPT_CHARACTERS:
        start = text.rfind(" ", 0, max(0, found[0].start - EXCERPT_CHARACTERS // 3)) + 1
    part = text[start : start + EXCERPT_CHARACTERS]
    inside = (Mark(mark.start - start, mark.end - start) for mark in found)
    return part, tuple(mark for mark in inside if mark.start >= 0 and mark.end <= len(part))
