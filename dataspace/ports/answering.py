"""What a question needs from the world: how it is read, where it runs, what was told before."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol

import pyarrow as pa

from dataspace.model.answers import AnswerNote
from dataspace.model.datasets import Dataset
from dataspace.model.names import ColumnName, CutId, DatasetName
from dataspace.model.plans import AggregatePlan, CellsPlan, CutRecipe, RowsMessage, RowsPlan
from dataspace.model.predicates import Predicate
from dataspace.model.releases import Release
from dataspace.model.runs import Arrays, SiteMessage
from dataspace.model.temporaries import Drop, Keep, Temporary


class Answers(Protocol):
    """Answers that may be given again: the same noisy question within a version costs nothing the second time."""

    def recall(self, key: str) -> pa.Table | None: ...
    def remember(self, key: str, answer: pa.Table) -> None: ...
    def forget(self, version: str) -> None:
        """Drop what was answered from this version: every key that begins with it and a slash."""
        ...


class SqlReader(Protocol):
    """What a text asks for, read off DuckDB's own syntax tree; never a regular expression."""

    def bound(self, sql: str, values: Sequence[object] | Mapping[str, object]) -> str:
        """The same question with these values as literals. InvalidRequest where their number or kind does not fit."""
        ...

    def statement(self, sql: str) -> Keep | Drop | None:
        """What is to be kept or dropped under a name, UnsupportedQuery for other forms of that; None for a question."""
        ...

    def relations(self, sql: str) -> frozenset[DatasetName]:
        """Datasets that the text reads; UnsupportedQuery for anything that is not one plain query."""
        ...

    def gate(
        self, sql: str, known: Mapping[DatasetName, Dataset]
    ) -> tuple[RowsPlan, Mapping[DatasetName, frozenset[ColumnName]]]:
        """For answers of kind rows: what was validated (and runs), and the columns that each dataset needs."""
        ...

    def aggregate(
        self,
        sql: str,
        dataset: Dataset,
        noisy: bool = False,
        others: Mapping[DatasetName, Dataset] = MappingProxyType({}),
    ) -> AggregatePlan:
        """For aggregate and noisy answers: the closed subset, or UnsupportedQuery with the nearest form.

        `others` are the further datasets that the text names; the plan is about the one that FROM begins with.
        """
        ...

    def predicate(self, text: str, dataset: Dataset | None = None) -> Predicate:
        """A condition such as `type = 3 and died = 0`; columns and literals are checked where a dataset is given."""
        ...


class Binder(Protocol):
    """Which parameters a question has, for doors at which it is prepared before values come."""

    def parameters(self, sql: str) -> Sequence[str]:
        """Names of the parameters, in the order in which values are given; `1`, `2`, … for plain question marks."""
        ...


@dataclass(frozen=True, slots=True)
class CutLease:
    """A cut that is materialised and will stay while the lease is held. `fd` is a sealed memfd."""

    cut: CutId
    recipe: CutRecipe
    fd: int
    size: int
    rows: int


class Cuts(Protocol):
    """Materialised cuts, shared by all with the same recipe, within one memory budget."""

    def lease(
        self, recipe: CutRecipe, progress: Callable[[float], None] = ...
    ) -> AbstractContextManager[CutLease]: ...
    def drop(self, dataset: DatasetName) -> None:
        """Forget every cut of a lineage at once (revocation, erasure, a changed policy)."""
        ...


class Airlock(Protocol):
    """Files that wait until people let them out, and what became of them."""

    def turn(self) -> AbstractContextManager[None]:
        """Alone with the queue, also among processes."""
        ...

    def put(self, release: Release, content: bytes | None = None) -> None:
        """Durable when this returns; `content` comes with the first."""
        ...

    def get(self, id: str) -> Release | None: ...
    def all(self) -> Sequence[Release]:
        """Oldest first."""
        ...

    def content(self, id: str) -> bytes: ...


class PastTurn(Protocol):
    """Entries of one lineage, while nobody else adds to them."""

    def names(self) -> Sequence[str]:
        """Of all entries, oldest first. The name of an entry never stands for other contents."""
        ...

    def read(self, name: str) -> bytes: ...
    def keep(self, name: str, content: bytes) -> None:
        """Durable and sealed when this returns."""
        ...


class Past(Protocol):
    """Which units stood behind the aggregates that were told: as confidential as the data, sealed at rest."""

    def turn(self, lineage: str, seconds: float) -> AbstractContextManager[PastTurn]:
        """Alone with what was told of a lineage, also among processes; TimeoutError where it takes longer."""
        ...


class Engine(Protocol):
    """Runs plans in confined processes over cuts, and nothing else. `version` is part of every cut's name."""

    @property
    def version(self) -> str: ...
    def rows(self, session: str, plan: RowsPlan, leases: Sequence[CutLease]) -> Iterator[RowsMessage]:
        """The schema in a message without rows, then the batches as they come; whatever goes wrong is NoAnswer.

        Rows that are to be kept stay where they are, and the answer says how many. Raises TemporaryGone, Conflict,
        TemporaryTooLarge where that cannot be.
        """
        ...

    def cells(self, session: str, plan: CellsPlan, leases: Sequence[CutLease]) -> tuple[pa.Table, AnswerNote]:
        """Worker to clerk to answer; whatever goes wrong is NoAnswer."""
        ...

    def step(
        self, session: str, message: SiteMessage, leases: Sequence[CutLease]
    ) -> tuple[Mapping[str, Any], Arrays]:
        """One step of training in the worker that holds the cut: a plain update."""
        ...

    def kept(self, session: str) -> Mapping[str, Temporary | None]:
        """The temporary results of a session by name; None for one that was there and is gone."""
        ...

    def drop(self, session: str, name: str) -> None:
        """Forget a temporary result; nothing where there is none."""
        ...

    def close(self, session: str) -> None: ...
    def stop(self) -> None: ...
