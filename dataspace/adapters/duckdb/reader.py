"""What a text asks for, read off DuckDB's own syntax tree."""

# ruff: noqa: S608 - only parsed

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Self

from dataspace.adapters.duckdb.binding import DuckdbBinder
from dataspace.adapters.duckdb.closed import aggregate_of
from dataspace.adapters.duckdb.conditions import FORMS, Scope, predicate_of
from dataspace.adapters.duckdb.gate import Gate
from dataspace.adapters.duckdb.keeping import statement_of
from dataspace.adapters.duckdb.syntax import Parser, only
from dataspace.errors import UnsupportedQuery
from dataspace.model.datasets import Dataset
from dataspace.model.names import ColumnName, DatasetName
from dataspace.model.plans import AggregatePlan, RowsPlan
from dataspace.model.predicates import Predicate
from dataspace.model.temporaries import Drop, Keep

_PLACE = "place"


class DuckdbReader:
    """Reads questions; executes nothing. Safe to share between threads."""

    def __init__(self) -> None:
        self._parser = Parser()
        self._gate = Gate(self._parser)
        self._binder = DuckdbBinder(self._parser)

    def close(self) -> None:
        """End the engine that parses; nothing can be read afterwards."""
        self._parser.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def bound(self, sql: str, values: Sequence[object] | Mapping[str, object]) -> str:
        """The same question with these values as literals."""
        return self._binder.bound(sql, values)

    def statement(self, sql: str) -> Keep | Drop | None:
        """What is to be kept or dropped under a name; None for a plain question."""
        return statement_of(sql, self._parser.system_names)

    def relations(self, sql: str) -> frozenset[DatasetName]:
        """Datasets that the text reads; UnsupportedQuery for anything that is not one plain query."""
        return self._gate.relations(sql)

    def gate(
        self, sql: str, known: Mapping[DatasetName, Dataset]
    ) -> tuple[RowsPlan, Mapping[DatasetName, frozenset[ColumnName]]]:
        """For answers of kind rows: what was validated (and runs), and the columns that each dataset needs."""
        return self._gate.check(sql, known)

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
        return aggregate_of(self._parser.tree(sql), dataset, noisy, others)

    def predicate(self, text: str, dataset: Dataset | None = None) -> Predicate:
        """A condition such as `type = 3 and died = 0`; columns and literals are checked where a dataset is given."""
        # Whatever else the text may bring along (GROUP BY, UNION, a second statement) stands in the tree.
        node = self._parser.tree(text, before=f"SELECT 1 FROM {_PLACE} WHERE ")
        if node.get("type") != "SELECT_NODE" or node.get("where_clause") is None:
            raise UnsupportedQuery("this condition", FORMS)
        only(
            node, {"select_list", "from_table", "where_clause", "aggregate_handling"}, "this condition", FORMS
        )
        only(node["from_table"], {"table_name", "qualified_name"}, "this condition", FORMS)
        names = frozenset({str(dataset.name)}) if dataset else frozenset[str]()
        return predicate_of(node["where_clause"], Scope(dataset, names))
