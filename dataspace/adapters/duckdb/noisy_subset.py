"""What a noisy question may say beyond an aggregate one: FILTER, CASE, spreads, quantiles and computed groups."""

import math
from collections.abc import Sequence

from dataspace.adapters.duckdb.conditions import Scope, literal_of, predicate_of
from dataspace.adapters.duckdb.flattening import Refuse, both
from dataspace.adapters.duckdb.syntax import Node, empty, identifier, only
from dataspace.model.datasets import ColumnType, Value
from dataspace.model.names import ColumnName
from dataspace.model.plans import Case, Function, Key, Measure
from dataspace.model.predicates import All, Comparator, Compare, Predicate
from dataspace.planning.cells import MAXIMUM_CELLS

LOWEST, HIGHEST = 0.01, 0.99
"""What MIN and MAX are quantiles at: the extremes themselves are always one person's."""

ALL_THERE_IS = "count, sum, avg, var_samp, stddev, median, quantile_cont, min and max are all there is"

_CALL = {
    "function_name", "is_operator", "qualified_name", "arguments", "alias", "distinct", "order_bys", "schema",
    "catalog", "filter",
}  # fmt: skip
_PLAIN = {
    "sum": Function.SUM, "avg": Function.AVG, "mean": Function.AVG,
    "variance": Function.VARIANCE, "var_samp": Function.VARIANCE,
    "stddev": Function.STDDEV, "stddev_samp": Function.STDDEV,
}  # fmt: skip
_LEVELS = {"median": 0.5, "min": LOWEST, "max": HIGHEST}
_QUANTILES = {"quantile", "quantile_cont", "quantile_disc", "approx_quantile"}
_NUMBERS = (ColumnType.INTEGER, ColumnType.NUMBER, ColumnType.BOOLEAN)

Parts = tuple[ColumnName | None, Predicate | None]


def measure_of(item: Node, scope: Scope, refuse: Refuse) -> Measure:
    """One number of the answer. Raises UnsupportedQuery for what cannot be bounded, with what can."""
    path = identifier(item)
    if item.get("type") != "FUNCTION" or len(path) != 1:
        raise refuse(f"an expression in SELECT: {ALL_THERE_IS}")
    name = path[0]
    only(item, _CALL, "extras of a function", "FILTER (WHERE …) is all there is.")
    asked = item.get("filter")
    where = () if asked is None else (predicate_of(asked, scope),)
    alias = str(item.get("alias") or "")
    if name == "count_star":
        return Measure(Function.COUNT, None, alias or "count", both(where))
    level, arguments = _level(item, name, refuse)
    if name not in ("count", *_PLAIN) and level is None:
        raise refuse(f"the function '{name}': {ALL_THERE_IS}")
    if name == "histogram":
        raise refuse("the function 'histogram': group by floor(column / width) and count")
    column, narrowed = _argument(name, arguments, scope, refuse)
    conditions = both((*where, *(() if narrowed is None else (narrowed,))))
    unit = scope.dataset.privacy_unit if scope.dataset else None
    if item.get("distinct"):
        if name != "count" or column is None or column != unit:
            raise refuse("DISTINCT: count(*) counts distinct privacy units by itself")
        return Measure(Function.COUNT, None, alias or "count", conditions)
    if name == "count" or column is None:
        return Measure(Function.COUNT, column, alias or f"{name}_{column or 'cases'}", conditions)
    _check_number(name, column, scope, refuse)
    function = Function.QUANTILE if level is not None else _PLAIN[name]
    return Measure(function, column, alias or f"{name}_{column}", conditions, level)


def _level(item: Node, name: str, refuse: Refuse) -> tuple[float | None, list[Node]]:
    """Of a quantile, and the arguments without it; WITHIN GROUP (ORDER BY column) names the column there."""
    arguments = [argument["expression"] for argument in item.get("arguments", ())]
    orders = (item.get("order_bys") or {}).get("orders") or []
    if name in _QUANTILES and len(orders) == 1 and len(arguments) == 1:
        if orders[0].get("type") not in ("ORDER_DEFAULT", "ASCENDING"):
            raise refuse("a quantile in descending order: take one less its level")
        arguments = [orders[0]["expression"], *arguments]
    elif not empty(orders):
        raise refuse("ORDER BY inside a function")
    if name not in _QUANTILES:
        return _LEVELS.get(name), arguments
    value = literal_of(arguments[1]) if len(arguments) == 2 else None
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value < 1:
        raise refuse("a quantile without one level between 0 and 1: write quantile_cont(column, 0.9)")
    return float(value), arguments[:1]


def _argument(name: str, arguments: Sequence[Node], scope: Scope, refuse: Refuse) -> Parts:
    """The column that is measured (None: rows are counted) and the condition of a CASE around it."""
    if len(arguments) == 1:
        (argument,) = arguments
        if argument.get("type") == "COLUMN_REF":
            return scope.column(argument), None
        if argument.get("type") == "CASE_EXPR" and len(argument.get("case_checks", ())) == 1:
            return _narrowed(name, argument, scope, refuse)
    raise refuse("an expression inside a function: name one column, or CASE WHEN … THEN column END")


def _narrowed(name: str, argument: Node, scope: Scope, refuse: Refuse) -> Parts:
    (check,), other = argument["case_checks"], _constant(argument.get("else_expr"))
    when, then = predicate_of(check["when_expr"], scope), check["then_expr"]
    nothing = other is None or (name == "sum" and other == 0 and not isinstance(other, bool))
    if not nothing:
        raise refuse("CASE with ELSE inside a function: leave ELSE out (in a sum, ELSE 0 is fine)")
    if then.get("type") == "COLUMN_REF":
        return scope.column(then), when
    one = _constant(then)
    if name == "count" or (name == "sum" and one == 1 and not isinstance(one, bool)):
        if one is None:
            raise refuse("CASE WHEN … THEN NULL")
        return None, when
    raise refuse("CASE WHEN … THEN an expression: name a column, or 1 in a sum or count")


def _constant(node: Node | None) -> Value:
    return None if node is None else literal_of(node)


def _check_number(name: str, column: ColumnName, scope: Scope, refuse: Refuse) -> None:
    described = scope.dataset.column(column) if scope.dataset else None
    if described is not None and described.type not in _NUMBERS:
        raise refuse(f"{name} of '{column}', which is no number")


def is_computed(item: Node) -> bool:
    """Whether an item of SELECT is a computed key: a CASE, or floor(column / width), also times the width."""
    return item.get("type") == "CASE_EXPR" or _floored(item) is not None


def computed_key(item: Node, scope: Scope, refuse: Refuse) -> Key:
    """A key whose values stand in the text, or follow from the declared bounds. Raises UnsupportedQuery."""
    name = str(item.get("alias") or "")
    if not name:
        raise refuse("a computed group without a name: write CASE … END AS name")
    if item.get("type") == "CASE_EXPR":
        return _cased(ColumnName(name), item, scope, refuse)
    return _banded(ColumnName(name), item, scope, refuse)


def _cased(name: ColumnName, item: Node, scope: Scope, refuse: Refuse) -> Key:
    cases = tuple(
        Case(predicate_of(check["when_expr"], scope), _constant(check["then_expr"]))
        for check in item["case_checks"]
    )
    otherwise = _constant(item.get("else_expr"))
    values = [*(case.value for case in cases), *([] if otherwise is None else [otherwise])]
    kinds = {"text" if isinstance(value, str) else "number" for value in values}
    if any(value is None or isinstance(value, bool) for value in values) or len(kinds) != 1:
        raise refuse("a CASE that does not name each group by a text, or each by a number")
    return Key(name, tuple(dict.fromkeys(values)), cases, otherwise)


def _banded(name: ColumnName, item: Node, scope: Scope, refuse: Refuse) -> Key:
    """The bands between the declared bounds; each holds its lower edge."""
    found = _floored(item)
    if found is None:
        raise refuse("this computed group")
    reference, width, times = found
    column = scope.column(reference)
    described = scope.dataset.column(column) if scope.dataset else None
    if described is None or described.lower is None or described.upper is None or not 0 < width < math.inf:
        raise refuse(f"bands of '{column}', which has no declared bounds: write the bands as CASE")
    first, last = math.floor(described.lower / width), math.floor(described.upper / width)
    if last - first >= MAXIMUM_CELLS:
        raise refuse(f"bands of '{column}' that are this narrow")
    numbers = [at * (width if times else 1) for at in range(first, last + 1)]
    values = tuple(int(value) if float(value).is_integer() else value for value in numbers)
    cases = tuple(
        Case(
            All(
                (
                    Compare(column, Comparator.GE, at * width),
                    Compare(column, Comparator.LT, (at + 1) * width),
                )
            ),
            value,
        )
        for at, value in zip(range(first, last + 1), values, strict=True)
    )
    return Key(name, values, cases)


def _floored(item: Node) -> tuple[Node, float, bool] | None:
    """floor(column / width), and whether it is multiplied by the width again."""
    if (outer := _call(item, "*")) is not None and len(outer) == 2:
        for inner, factor in (outer, outer[::-1]):
            found, width = _floored(inner), _positive(factor)
            if found is not None and found[1] == width and not found[2]:
                return found[0], found[1], True
        return None
    inside = _call(item, "floor")
    divided = _call(inside[0], "/") if inside and len(inside) == 1 else None
    if divided is None or len(divided) != 2 or divided[0].get("type") != "COLUMN_REF":
        return None
    width = _positive(divided[1])
    return None if width is None else (divided[0], width, False)


def _call(item: Node, name: str) -> list[Node] | None:
    if item.get("type") != "FUNCTION" or identifier(item) != (name,):
        return None
    return [argument["expression"] for argument in item.get("arguments", ())]


def _positive(node: Node) -> float | None:
    if node.get("type") != "VALUE_CONSTANT":
        return None
    value = literal_of(node)
    fits = isinstance(value, int | float) and not isinstance(value, bool) and value > 0
    return float(value) if fits and isinstance(value, int | float) else None


def places(
    node: Node, expressions: Sequence[Node], items: Sequence[Node], scope: Scope, refuse: Refuse
) -> set[int]:
    """The items of SELECT that GROUP BY or ORDER BY means: by place, by name, or by the same expression."""
    count = len(node.get("group_expressions", ()))
    if not empty(node.get("group_sets")) and node["group_sets"] != [list(range(count))]:
        raise refuse("GROUPING SETS, ROLLUP and CUBE: ask one question for each")
    return {_place(expression, items, scope, refuse) for expression in expressions}


def _place(expression: Node, items: Sequence[Node], scope: Scope, refuse: Refuse) -> int:
    if expression.get("type") == "VALUE_CONSTANT":
        text = str((expression.get("literal") or {}).get("text", ""))
        place = int(text) if text.isdigit() else 0
        if not 1 <= place <= len(items):
            raise refuse("a place in GROUP BY or ORDER BY that SELECT has not")
        return place - 1
    for at, item in enumerate(items):
        named = expression.get("type") == "COLUMN_REF" and not empty(item.get("alias"))
        if named and str(item["alias"]).lower() == str(expression["column_names"][-1]).lower():
            return at
        if _same(item, expression):
            return at
        columns = item.get("type") == expression.get("type") == "COLUMN_REF"
        if columns and scope.column(item) == scope.column(expression):
            return at
    raise refuse("grouping or ordering by what is not selected")


def _same(left: Node, right: Node) -> bool:
    """Whether two expressions say the same, wherever they stand and whatever they are called."""
    return _bare(left) == _bare(right)


def _bare(node: object) -> object:
    if isinstance(node, dict):
        dull = ("alias", "query_location", "query_location_length")
        return {key: _bare(value) for key, value in node.items() if key not in dull}
    return [_bare(value) for value in node] if isinstance(node, list) else node
