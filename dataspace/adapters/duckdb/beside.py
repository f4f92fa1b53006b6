"""The rows of a cut with those of joined cuts beside them, as a worker reads them."""

# ruff: noqa: S608 - identifiers are quoted

from dataclasses import replace

from dataspace.adapters.duckdb.bench import Bench
from dataspace.adapters.duckdb.compile import ROW, UNIT, Types, quoted
from dataspace.model.names import ColumnName
from dataspace.model.plans import AggregatePlan, CellsPlan
from dataspace.planning.joining import beside


def beside_relation(bench: Bench, plan: CellsPlan) -> tuple[AggregatePlan, str, Types]:
    """The rows with those beside them, as a relation that has a number of its own for each, and its types.

    Where each row is its own unit it stays that: the rows that a lookup makes of it are one unit's.
    """
    asked, relation, types = plan.aggregate, bench.relation(plan.cut), dict(bench.types(plan.cut))
    if not asked.joins:
        return asked, relation, types
    own = [f"a.{quoted(name)}" for name in types if name not in (UNIT, ROW)]
    unit = f"a.{UNIT}" if asked.privacy_unit is not None else f"a.{ROW} + 1"
    columns, rows, joins = list[str](), [f"a.{ROW}"], list[str]()
    for at, join in enumerate(asked.joins):
        cut = plan.beside[join.dataset]
        other, known = bench.relation(cut), bench.types(cut)
        names = [name for name in known if name not in (UNIT, ROW)]
        for name in names:
            columns.append(f"b{at}.{quoted(name)} AS {quoted(beside(join.dataset, name))}")
            types[beside(join.dataset, name)] = known[name]
        rows.append(f"coalesce(b{at}.{ROW}, -1)")
        if join.lookup:
            # A mask may have changed a type: then nothing is equal, and nothing is cast.
            same = types[join.here] is known[join.there]
            equal = f"b{at}.{quoted(join.there)} = a.{quoted(join.here)}" if same else "false"
            joins.append(f"{'LEFT ' if join.optional else ''}JOIN {other} AS b{at} ON {equal}")
        else:
            mine, theirs = (text.replace(".main.data", ".main.units") for text in (relation, other))
            joins.append(
                f"JOIN {mine} AS ua{at} ON ua{at}.unit = a.{UNIT} JOIN {theirs} AS ub{at} ON ub{at}.print = "
                f"ua{at}.print JOIN {other} AS b{at} ON b{at}.{UNIT} = ub{at}.unit"
            )
    number = f"CAST(hash({', '.join(rows)}) >> 1 AS BIGINT) AS {ROW}"
    listed = ", ".join([f"{unit} AS {UNIT}", number, *own, *columns])
    text = f"(SELECT {listed} FROM {relation} AS a {' '.join(joins)}) AS beside"
    return replace(asked, privacy_unit=asked.privacy_unit or ColumnName("row")), text, types
