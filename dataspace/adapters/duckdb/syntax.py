"""DuckDB's own syntax tree of one SELECT, from an instance that only parses; everything else is refused here."""

import json
import re
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any

import duckdb

from dataspace.errors import UnsupportedQuery

Node = Mapping[str, Any]

MAXIMUM_LENGTH = 30_000
"""Characters of a statement; longer ones are programs, and cost seconds of planning."""
_REMEMBERED, _REMEMBERED_LENGTH = 128, 32_000
"""Outcomes that are kept, and the characters of the largest of them: 4 MB in all."""


class Parser:
    """Text to tree and back. Holds no data and can open no file."""

    def __init__(self) -> None:
        self._connection = duckdb.connect(":memory:")
        self._connection.execute("SET threads = 1; SET memory_limit = '256MB'; SET temp_directory = ''")
        self.system_names = frozenset(
            name.lower()
            for (name,) in self._connection.execute(
                "SELECT view_name FROM duckdb_views() UNION SELECT table_name FROM duckdb_tables()"
            ).fetchall()
        )
        self._connection.execute("SET enable_external_access = false; SET lock_configuration = true")
        self._lock = threading.Lock()
        self._known = OrderedDict[tuple[str, str], str]()

    def close(self) -> None:
        """Let go of the instance: nothing can be parsed afterwards. Twice is fine."""
        with self._lock:
            if hasattr(self, "_connection"):
                self._connection.close()
                # Closed, it is still an object of the engine; one that outlives the interpreter is complained of.
                del self._connection

    def serialised(self, sql: str, trusted: bool = False, before: str = "") -> str:
        """The tree of exactly one SELECT, as JSON. Raises UnsupportedQuery for any other text.

        `trusted` text was written here, from what was validated: it may be longer. `before` is what makes a SELECT of
        a part of one: the place of an error is told in the part.
        """
        if not sql.strip():
            raise _nothing()
        if len(sql) > (8 if trusted else 1) * MAXIMUM_LENGTH:
            raise UnsupportedQuery(f"a text of {len(sql):,} characters", f"Use at most {MAXIMUM_LENGTH:,}.")
        text = self._scalar("SELECT json_serialize_sql(?)", before + sql)
        document = read_json(text)
        if document.get("error") is not False:
            raise _not_parsed(document, len(before))
        if not document.get("statements"):
            raise _nothing()
        if len(document["statements"]) != 1:
            raise UnsupportedQuery("more than one statement", "Send one SELECT at a time.")
        return text

    def tree(self, sql: str, before: str = "") -> Node:
        """The root node of exactly one SELECT; `before` as at `serialised`."""
        return root(self.serialised(sql, before=before))

    def restored(self, serialised: str) -> str:
        """The text that a tree stands for."""
        return self._scalar("SELECT json_deserialize_sql(CAST(? AS JSON))", serialised)

    def _scalar(self, query: str, argument: str) -> str:
        """Of the last few texts the outcome is known: each is looked at several times on its way, and often again."""
        try:
            with self._lock:
                if (query, argument) in self._known:
                    self._known.move_to_end((query, argument))
                    return self._known[query, argument]
                rows = self._connection.execute(query, [argument]).fetchall()
                found = str(rows[0][0])
                if len(argument) + len(found) <= _REMEMBERED_LENGTH:
                    self._known[query, argument] = found
                    if len(self._known) > _REMEMBERED:
                        self._known.popitem(last=False)
        except (duckdb.Error, RecursionError, ValueError) as error:
            raise UnsupportedQuery(
                "a text that cannot be parsed", "Check the spelling, and simplify it."
            ) from error
        return found


def root(serialised: str) -> Node:
    """The root node of a serialised statement. Raises UnsupportedQuery where there are unexpected parameters."""
    statement = read_json(serialised)["statements"][0]
    for place in statement.get("named_param_map") or ():
        name = str(place.get("key", ""))[:60]
        raise UnsupportedQuery(f"the parameter '${name}' without a value", "Send a value for it.")
    only(statement, {"node"}, "this statement", "Send one SELECT.")
    node: Node = statement["node"]
    return node


def read_json(text: str) -> dict[str, Any]:
    """Parse what the engine serialised; nesting beyond the interpreter's is a refusal."""
    try:
        document: dict[str, Any] = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnsupportedQuery("a text nested this deeply", "Simplify it.") from error
    return document


_NEAR = re.compile(r'at or near "(\w{1,30})"')


def _not_parsed(document: Mapping[str, Any], before: int) -> UnsupportedQuery:
    """`before`: characters that the asker did not write."""
    if document.get("error_type") == "parser":
        place = str(document.get("position", ""))
        word = _NEAR.search(str(document.get("error_message", "")))
        near = f": '{word[1]}'" if word else ""
        where = f" (near character {max(int(place) - before, 0) + 1}{near})" if place.isdigit() else ""
        return UnsupportedQuery(f"a text that cannot be parsed{where}", "Check the spelling there.")
    return UnsupportedQuery("a statement that is not a SELECT", "Only SELECT is answered.")


def _nothing() -> UnsupportedQuery:
    return UnsupportedQuery("an empty question", "Write one SELECT, such as SELECT count(*) FROM a dataset.")


def empty(value: object) -> bool:
    """Whether a part of a node says nothing: absent, off, or without members."""
    return value in (None, "", False, "NONE") or value == [] or value == {} or value == {"map": []}


def only(node: Node, allowed: Iterable[str], construct: str, instead: str) -> None:
    """Raises UnsupportedQuery where a node says anything in a field that is not expected."""
    known = {*allowed, "query_location", "query_location_length", "class", "type"}
    for name, value in node.items():
        if name not in known and not empty(value):
            raise UnsupportedQuery(construct, instead)


def identifier(node: Node) -> tuple[str, ...]:
    """The parts of a qualified name, in lower case."""
    return tuple(str(part).lower() for part in (node.get("qualified_name") or {}).get("path", ()))


SIMPLE_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")
"""The shape of a name that an asker may give to something of their own."""
