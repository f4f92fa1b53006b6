"""The words of entries in the form that each database searches fastest: FTS5 for SQLite, tsvector for PostgreSQL.

Both are given words that are folded already and ask the same of them, so that a search finds the same in both. A
token (`f12`, a value of a facet) stands beside the words and never matches one of them.
"""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Worded:
    """One entry's words: by the fields that rank, and the tokens to narrow by."""

    number: int
    title: str
    keywords: str
    rest: str
    tokens: str


@dataclass(frozen=True, slots=True)
class Question:
    """Each word, in one of the first `fields` of title, keywords and rest; each token.

    Who may know of a hit is not asked here: nearly every record has the same audience, and merging such a list with
    that of a word takes longer than finding the word. The finder looks it up.
    """

    words: tuple[str, ...]
    tokens: tuple[str, ...]
    prefixes: bool
    fields: int = 3


class WordIndex(Protocol):
    """What the finder needs of a database."""

    def add(self, connection: Connection, rows: Sequence[Worded]) -> None: ...
    def remove(self, connection: Connection, numbers: Sequence[int]) -> None: ...
    def latest(self, connection: Connection, question: Question, limit: int) -> Numbers:
        """Numbers of the latest hits, the latest first, whoever may know of them."""
        ...

    def near(self, connection: Connection, start: str, limit: int) -> list[str]:
        """Words that begin like this. They may come from entries that the asker must not know of."""
        ...


class Fts5Words:
    """`WordIndex` on SQLite."""

    def add(self, connection: Connection, rows: Sequence[Worded]) -> None:
        sql = "INSERT INTO words (rowid, title, keywords, rest, tokens) VALUES (?, ?, ?, ?, ?)"
        values = [(row.number, row.title, row.keywords, row.rest, row.tokens) for row in rows]
        connection.exec_driver_sql(sql, values)

    def remove(self, connection: Connection, numbers: Sequence[int]) -> None:
        connection.exec_driver_sql("DELETE FROM words WHERE rowid = ?", [(number,) for number in numbers])

    def latest(self, connection: Connection, question: Question, limit: int) -> Numbers:
        sql = "SELECT rowid FROM words WHERE words MATCH ? ORDER BY rowid DESC LIMIT ?"
        return _numbers(connection, sql, (_match(question), limit))

    def near(self, connection: Connection, start: str, limit: int) -> list[str]:
        connection.exec_driver_sql(
            "CREATE VIRTUAL TABLE IF NOT EXISTS temp.vocabulary USING fts5vocab(main, words, row)"
        )
        sql = "SELECT term FROM temp.vocabulary WHERE term >= ? AND term < ? LIMIT ?"
        return [row[0] for row in connection.exec_driver_sql(sql, (start, f"{start}\U0010ffff", limit))]


def _numbers(connection: Connection, sql: str, values: tuple[object, ...]) -> Numbers:
    # The driver's own cursor: thousands of numbers, and nothing else of a row is wanted.
    with closing(connection.connection.cursor()) as cursor:
        cursor.execute(sql, values)
        return np.fromiter(chain.from_iterable(cursor.fetchall()), np.int64)


_FIELDS = ("{title}", "{title keywords}", "{title keywords rest}")


def _match(question: Question) -> str:
    """The question in FTS5's language. Words hold letters and digits alone, so quoting them is enough."""
    more = " *" if question.prefixes else ""
    parts = []
    if question.words:
        words = " AND ".join(f'"{word}"{more}' for word in question.words)
        parts.append(f"{_FIELDS[question.fields - 1]} : ({words})")
    tokens = [f'"{token}"' for token in question.tokens]
    if tokens:
        parts.append("tokens : (" + " AND ".join(tokens) + ")")
    return " AND ".join(f"({part})" for part in parts)


class VectorWords:
    """`WordIndex` on PostgreSQL. Weights: A title, B keywords, C the rest, D tokens."""

    def add(self, connection: Connection, rows: Sequence[Worded]) -> None:
        sql = "INSERT INTO words (number, vector) VALUES (%s, %s::tsvector)"
        connection.exec_driver_sql(sql, [(row.number, _vector(row)) for row in rows])

    def remove(self, connection: Connection, numbers: Sequence[int]) -> None:
        connection.exec_driver_sql("DELETE FROM words WHERE number = ANY(%s)", (list(numbers),))

    def latest(self, connection: Connection, question: Question, limit: int) -> Numbers:
        sql = "SELECT number FROM words WHERE vector @@ %s::tsquery ORDER BY number DESC LIMIT %s"
        return _numbers(connection, sql, (_tsquery(question), limit))

    def near(self, connection: Connection, start: str, limit: int) -> list[str]:
        # The latest entries only: the server has no list of words to look in.
        sql = (
            "SELECT word FROM ts_stat('SELECT vector FROM words ORDER BY number DESC LIMIT 5000', 'abc')"
            " WHERE starts_with(word, %s) LIMIT %s"
        )
        return [row[0] for row in connection.exec_driver_sql(sql, (start, limit))]


def _vector(row: Worded) -> str:
    """Each word with the weight of its field; only a word with a position has one."""
    fields = zip((row.title, row.keywords, row.rest, row.tokens), ("1A", "2B", "3C", "4D"), strict=True)
    return " ".join(f"'{word}':{weight}" for field, weight in fields for word in dict.fromkeys(field.split()))


def _tsquery(question: Question) -> str:
    more, weights = "*" if question.prefixes else "", "ABC"[: question.fields]
    parts = [f"'{word}':{more}{weights}" for word in question.words]
    parts += [f"'{token}':D" for token in question.tokens]
    return " & ".join(parts)
