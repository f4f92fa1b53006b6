"""Nouns in and out of a column, and the two ways in which rows of them are kept."""

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, TypeVar

from sqlalchemy import Connection, Table, delete, insert, select

from dataspace.errors import SetupError
from dataspace.model.codec import from_json, to_json

T = TypeVar("T")


_written = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


def packed(value: object) -> str:
    """The text of a noun."""
    return _written(to_json(value))


def unpacked(kind: type[T], text: str) -> T:
    """The noun of a text; raises SetupError where the store holds what this version cannot read."""
    try:
        return from_json(kind, json.loads(text))
    except ValueError as error:
        raise SetupError(
            f"The store holds a {kind.__name__} that this version cannot read.",
            "Open it with the version that wrote it, or restore the last backup.",
        ) from error


def replace(connection: Connection, table: Table, key: str, row: dict[str, object]) -> None:
    """Put a row, in place of the one with the same `key`. For tables that nothing refers to."""
    connection.execute(delete(table).where(table.c[key] == row[key]))
    connection.execute(insert(table).values(row))


def one(connection: Connection, kind: type[T], table: Table, key: str, value: str) -> T | None:
    """The noun with this key, or None."""
    text = connection.execute(select(table.c.body).where(table.c[key] == value)).scalar()
    known: Any = kind
    noun: T | None = None if text is None else _unpacked_again(known, text)
    return noun


@lru_cache(maxsize=256)
def _unpacked_again(kind: type[Any], text: str) -> Any:
    """The same text is the same noun, and nouns do not change: every question looks up the dataset that it asks."""
    return unpacked(kind, text)


def every(connection: Connection, kind: type[T], table: Table, order: str) -> Sequence[T]:
    """All nouns of a table, sorted by a column. Sorted here, since each server has its own order of letters."""
    rows = connection.execute(select(table.c[order], table.c.body)).all()
    return [unpacked(kind, row.body) for row in sorted(rows, key=lambda row: row[0])]
