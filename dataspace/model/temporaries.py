"""Temporary results: rows that an asker keeps in their own worker, to ask about them again, until the session ends."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from dataspace.model.datasets import Column
from dataspace.model.names import ColumnName, CutId, DatasetName


@dataclass(frozen=True, slots=True)
class Keep:
    """`CREATE TEMP TABLE name AS …`: the rows of the question are to be kept under a name. `question` is what follows
    AS, `replaces` whether one of that name may go."""

    name: str
    replaces: bool
    question: str


@dataclass(frozen=True, slots=True)
class Drop:
    """`DROP TABLE name`. `lenient` where there need be none of that name."""

    name: str
    lenient: bool


@dataclass(frozen=True, slots=True)
class Keeping:
    """What a temporary result is made of. `intent` is the number of the record that announced it.

    `sources` are the columns that were read of each dataset, also by way of other temporary results, and `cuts` the
    cuts that they were read from: it holds for as long as the same would be given again.
    """

    name: str
    replaces: bool = False
    intent: int = 0
    sources: Mapping[DatasetName, frozenset[ColumnName]] = field(default_factory=dict)
    cuts: Mapping[DatasetName, CutId] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Temporary:
    """One temporary result that is there. `size` is in bytes of the worker's memory."""

    made: Keeping
    columns: tuple[Column, ...]
    rows: int
    size: int
