"""How local codes are said to mean those of a dictionary, as text: typed, or as JSON where a code has such signs.

type=Notfall:3,Wahl:1            typed: the last colon of each pair parts them
type={"Notfall, nachts": "3"}    any code at all
"""

import json
from collections.abc import Iterable

Pairs = tuple[tuple[str, str], ...]


def said(column: str, pairs: Iterable[tuple[str, str]]) -> str:
    """A mapping as one text that `read` reads back, whatever the codes are made of."""
    return f"{column}={json.dumps(dict(pairs), ensure_ascii=False)}"


def read(text: str) -> tuple[str, Pairs]:
    """The column, and its codes here with what each means. Raises ValueError for what is no such text."""
    column, sign, what = text.partition("=")
    if not sign or not column.strip() or not what.strip():
        raise ValueError("no column, =, and codes")
    pairs = _listed(what) if what.lstrip().startswith("{") else tuple(map(_pair, what.split(",")))
    if len({here for here, _ in pairs}) < len(pairs):
        raise ValueError("one code stands here twice")
    return column, pairs


def _listed(text: str) -> Pairs:
    pairs = json.loads(text, object_pairs_hook=tuple)
    if not pairs or not all(isinstance(code, str) for _, code in pairs):
        raise ValueError("codes are pairs of texts")
    return tuple((here, code) for here, code in pairs)


def _pair(text: str) -> tuple[str, str]:
    here, sign, code = text.rpartition(":")
    if not sign or not code.strip():
        raise ValueError("a code without what it means")
    return here.strip(), code.strip()
