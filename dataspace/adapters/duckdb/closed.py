"""The closed subset for aggregate and noisy answers: from a syntax tree to an `AggregatePlan`, or a hint."""

# ruff: noqa: S608 - hints, not statements

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from dataspace.adapters.duckdb.conditions import Scope, predicate_of
from dataspace.adapters.duckdb.flattening import both
from dataspace.adapters.duckdb.joined import first_of, joined_source
from dataspace.adapters.duckdb.noisy_subset import computed_key, is_computed, measure_of, places
from dataspace.adapters.duckdb.syntax import Node, empty, identifier, only
from dataspace.errors import UnsupportedQuery
from dataspace.model.datasets import ColumnType, Dataset
from dataspace.model.names import ColumnName, DatasetName
from dataspace.model.plans import AggregatePlan, Function, Key, Measure

_FUNCTIONS = {"count": Function.COUNT, "sum": Function.SUM, "avg": Function.AVG, "mean": Function.AVG}
_SELECT = {"modifiers", "select_list", "from_table", "where_clause", "group_expressions", "group_sets"}
_CALL = {
    "function_name",
    "is_operator",
    "qualified_name",
    "arguments",
    "alias",
    "distinct",
    "order_bys",
    "schema",
    "catalog",
}
_SUMMED = (ColumnType.INTEGER, ColumnType.NUMBER, ColumnType.BOOLEAN)


@dataclass(frozen=True, slots=True)
class _Hint:
    dataset: Dataset

    def __str__(self) -> str:
        keys = [c.name for c in self.dataset.columns if c.values or c.type is ColumnType.BOOLEAN][:2]
        names = ", ".join(keys)
        if not names:
            return f"Nearest form: SELECT count(*) FROM {self.dataset.name} WHERE …"
        return f"Nearest form: SELECT {names}, count(*) FROM {self.dataset.name} WHERE … GROUP BY {names}"

    def refuse(self, construct: str) -> UnsupportedQuery:
        return UnsupportedQuery(construct, str(self))


def aggregate_of(
    node: Node,
    dataset: Dataset,
    noisy: bool = False,
    others: Mapping[DatasetName, Dataset] = MappingProxyType({}),
) -> AggregatePlan:
    """The plan of a question in the closed subset, which is wider where the answer will be `noisy`.

    `others` are the further datasets that the text names; the one that FROM begins with is the one asked. Raises
    UnsupportedQuery with the nearest form.
    """
    if noisy and others:
        dataset, others = first_of(node, {dataset.name: dataset, **others})
    hint = _Hint(dataset)
    if node.get("type") != "SELECT_NODE":
        raise hint.refuse("UNION and other combinations of queries in an aggregate question")
    _refuse_extras(node, hint, noisy)
    if noisy:
        return _noisy(node, dataset, hint, others)
    scope = Scope(dataset, _from(node["from_table"], dataset, hint))
    items = node["select_list"]
    if all(item.get("type") in ("COLUMN_REF", "STAR") for item in items) and not node["group_expressions"]:
        raise _listing(items, scope, hint)
    selected = [scope.column(item) for item in items if item.get("type") == "COLUMN_REF"]
    measures = [_measure(item, scope, hint) for item in items if item.get("type") != "COLUMN_REF"]
    if any(
        not empty(i.get("alias")) and i["alias"] != scope.column(i)
        for i in items
        if i["type"] == "COLUMN_REF"
    ):
        raise hint.refuse("another name for a column that is grouped by")
    keys = _keys(node, selected, scope, hint)
    _check_order(node, keys, items, scope, hint)
    _check_names(keys, measures, hint)
    where = node.get("where_clause")
    predicate = None if where is None else predicate_of(where, scope)
    return AggregatePlan(
        dataset.name, tuple(_key(key, dataset, hint) for key in keys), tuple(measures), predicate,
        dataset.privacy_unit,
    )  # fmt: skip


def _noisy(node: Node, dataset: Dataset, hint: _Hint, others: Mapping[DatasetName, Dataset]) -> AggregatePlan:
    source, joins = joined_source(node, dataset, others, hint.refuse)
    scope, items = source.scope, node["select_list"]
    dataset = scope.dataset or dataset
    keys: list[Key] = []
    measures: list[Measure] = []
    for item in items:
        if item.get("type") == "COLUMN_REF":
            if not empty(item.get("alias")) and item["alias"].lower() != item["column_names"][-1].lower():
                raise hint.refuse("another name for a column that is grouped by")
            keys.append(_key(scope.column(item), dataset, hint))
        elif is_computed(item):
            keys.append(computed_key(item, scope, hint.refuse))
        else:
            measures.append(measure_of(item, scope, hint.refuse))
    grouped = places(node, node.get("group_expressions", ()), items, scope, hint.refuse)
    wanted = {at for at, item in enumerate(items) if item.get("type") == "COLUMN_REF" or is_computed(item)}
    if node.get("aggregate_handling") != "FORCE_AGGREGATES" and grouped != wanted:
        raise hint.refuse("a selected column that is not grouped by, or one grouped by that is not selected")
    for modifier in node.get("modifiers", ()):
        orders = [o for o in modifier["orders"] if o["expression"].get("type") != "STAR"]
        if any(order.get("type") == "DESCENDING" for order in modifier["orders"]):
            raise hint.refuse("descending order: sort the answer after it came")
        if not places(node, [o["expression"] for o in orders], items, scope, hint.refuse) <= wanted:
            raise hint.refuse("ordering by something else than the columns that are grouped by")
    _check_names([key.column for key in keys], measures, hint)
    condition = node.get("where_clause")
    own = () if condition is None else (predicate_of(condition, scope),)
    return AggregatePlan(
        dataset.name, tuple(keys), tuple(measures), both((*source.where, *own)), dataset.privacy_unit, joins
    )


def _listing(items: Sequence[Node], scope: Scope, hint: _Hint) -> UnsupportedQuery:
    for item in items:
        if item.get("type") == "COLUMN_REF":
            scope.column(item)
    refused = hint.refuse("an aggregate question without count, sum or avg")
    refused.lists_rows = True
    return refused


def _refuse_extras(node: Node, hint: _Hint, noisy: bool) -> None:
    words = {"having": "HAVING", "sample": "TABLESAMPLE", "qualify": "QUALIFY"}
    words |= {} if noisy else {"cte_map": "WITH"}
    for field, word in words.items():
        if not empty(node.get(field)):
            raise hint.refuse(f"{word} in an aggregate question")
    only(node, _SELECT | {"aggregate_handling", "cte_map"}, "this clause in an aggregate question", str(hint))
    if node.get("aggregate_handling") not in ("STANDARD_HANDLING", "FORCE_AGGREGATES"):
        raise hint.refuse("this way of grouping")
    for modifier in node.get("modifiers", ()):
        if modifier.get("type") != "ORDER_MODIFIER":
            word = "LIMIT" if "LIMIT" in str(modifier.get("type")) else "DISTINCT"
            raise hint.refuse(f"{word} in an aggregate question")


def _from(table: Node, dataset: Dataset, hint: _Hint) -> frozenset[str]:
    if table.get("type") != "BASE_TABLE":
        raise hint.refuse("joins, subqueries and functions in FROM of an aggregate question")
    only(table, {"alias", "table_name", "qualified_name"}, "this form of FROM", str(hint))
    if identifier(table) != (dataset.name,):
        raise hint.refuse("another dataset than the one that the question is about")
    return frozenset({dataset.name, str(table.get("alias") or dataset.name).lower()})


def _measure(item: Node, scope: Scope, hint: _Hint) -> Measure:
    path = identifier(item)
    if item.get("type") != "FUNCTION" or len(path) != 1:
        raise hint.refuse("an expression in SELECT: columns, count, sum and avg are all there is")
    order = item.get("order_bys") or {}
    if not empty(order.get("orders")):
        raise hint.refuse("ORDER BY inside a function")
    only(item, _CALL, "FILTER and other extras of a function: put the condition into WHERE", str(hint))
    alias = str(item.get("alias") or "")
    if path == ("count_star",):
        return Measure(Function.COUNT, None, alias or "count")
    function = _FUNCTIONS.get(path[0])
    if function is None:
        raise hint.refuse(f"the function '{path[0]}': count, sum and avg are all there is")
    column = _argument(item, scope, hint)
    if item.get("distinct"):
        unit = scope.dataset.privacy_unit if scope.dataset else None
        if function is not Function.COUNT or column != unit:
            raise hint.refuse("DISTINCT: count(*) counts distinct privacy units by itself")
        return Measure(Function.COUNT, None, alias or "count")
    described = scope.dataset.column(column) if scope.dataset else None
    if function is not Function.COUNT and described is not None and described.type not in _SUMMED:
        raise hint.refuse(f"{path[0]} of '{column}', which is no number")
    return Measure(function, column, alias or f"{function.value}_{column}")


def _argument(item: Node, scope: Scope, hint: _Hint) -> ColumnName:
    arguments = item.get("arguments", ())
    plain = [a["expression"] for a in arguments if a.get("expression", {}).get("type") == "COLUMN_REF"]
    if len(arguments) != 1 or len(plain) != 1:
        raise hint.refuse("an expression inside a function: name one column")
    return scope.column(plain[0])


def _keys(node: Node, selected: Sequence[ColumnName], scope: Scope, hint: _Hint) -> tuple[ColumnName, ...]:
    if len(set(selected)) != len(selected):
        raise hint.refuse("a column selected twice")
    if node.get("aggregate_handling") == "FORCE_AGGREGATES":
        return tuple(selected)
    expressions = node.get("group_expressions", ())
    if not empty(node.get("group_sets")) and node["group_sets"] != [list(range(len(expressions)))]:
        raise hint.refuse("GROUPING SETS, ROLLUP and CUBE: ask one question for each")
    grouped = [_grouped(expression, node["select_list"], scope, hint) for expression in expressions]
    if set(grouped) != set(selected):
        raise hint.refuse("a selected column that is not grouped by, or one grouped by that is not selected")
    return tuple(selected)


def _grouped(expression: Node, items: Sequence[Node], scope: Scope, hint: _Hint) -> ColumnName:
    if expression.get("type") == "VALUE_CONSTANT":
        text = str((expression.get("literal") or {}).get("text", ""))
        place = int(text) if text.isdigit() else 0
        if not 1 <= place <= len(items):
            raise hint.refuse("a place in GROUP BY or ORDER BY that SELECT has not")
        expression = items[place - 1]
    if expression.get("type") != "COLUMN_REF":
        raise hint.refuse("grouping or ordering by an expression")
    return scope.column(expression)


def _check_order(
    node: Node, keys: Sequence[ColumnName], items: Sequence[Node], scope: Scope, hint: _Hint
) -> None:
    """Answers come in the declared order of their keys, so only that order can be asked for."""
    for modifier in node.get("modifiers", ()):
        orders = modifier["orders"]
        everything = [o for o in orders if o["expression"].get("type") == "STAR"]
        if any(order.get("type") == "DESCENDING" for order in orders):
            raise hint.refuse("descending order: sort the answer after it came")
        named = [_grouped(o["expression"], items, scope, hint) for o in orders if o not in everything]
        if not set(named) <= set(keys):
            raise hint.refuse("ordering by something else than the columns that are grouped by")


def _check_names(keys: Sequence[ColumnName], measures: Sequence[Measure], hint: _Hint) -> None:
    if not measures:
        raise hint.refuse("an aggregate question without count, sum or avg")
    names = [str(name).lower() for name in (*keys, *(measure.name for measure in measures))]
    if len(set(names)) != len(names):
        raise hint.refuse("two columns of the same name in the answer")


def _key(name: ColumnName, dataset: Dataset, hint: _Hint) -> Key:
    if name == dataset.privacy_unit:
        raise hint.refuse(f"grouping by '{name}', the privacy unit")
    column = dataset.column(name)
    if column is None or column.type in (ColumnType.OTHER, ColumnType.TIMESTAMP):
        raise hint.refuse(f"grouping by '{name}', which is a time or of a richer type")
    if column.type is ColumnType.NUMBER and not column.values:
        raise hint.refuse(f"grouping by '{name}', a measurement without declared values")
    return Key(name, column.values or ((False, True) if column.type is ColumnType.BOOLEAN else ()))
