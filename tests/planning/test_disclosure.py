"""The rules on what may be shown, as truth tables; and that what is withheld cannot be computed back."""

from collections.abc import Mapping
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataspace.model.datasets import Value
from dataspace.model.names import ColumnName, DatasetName
from dataspace.model.plans import AggregatePlan, Disclosure, Function, Key, Measure
from dataspace.model.predicates import Comparator, Compare
from dataspace.planning.cells import Cell, ColumnCell, Keys
from dataspace.planning.disclosure import Protected, protect
from dataspace.planning.suppression import determined

ROW, COLUMN, LOS, COST = (ColumnName(name) for name in ("row", "column", "los", "cost"))
COUNT = Measure(Function.COUNT, None, "count")
RULES = Disclosure()


def plan(
    *domains: tuple[Value, ...], measures: tuple[Measure, ...] = (COUNT,), where: Compare | None = None
) -> AggregatePlan:
    names = (ROW, COLUMN, ColumnName("third"))
    keys = tuple(Key(name, domain) for name, domain in zip(names, domains, strict=False))
    return AggregatePlan(DatasetName("d"), keys, measures, where)


def counts(protected: Protected) -> dict[Keys, int | float | None]:
    return {keys: numbers[0] for keys, numbers in protected.rows}


def hidden(protected: Protected, measure: str = "count") -> set[Keys]:
    return {protected.rows[s.row][0] for s in protected.suppressed if s.column == measure}


def cells(numbers: Mapping[Keys, int]) -> list[Cell]:
    return [Cell(keys, units) for keys, units in numbers.items() if units]


@pytest.mark.parametrize(("units", "shown"), [(0, None), (1, None), (9, None), (10, 10), (11, 11)])
def test_a_total_is_shown_from_the_cohort_on(units: int, shown: int | None) -> None:
    found = protect(plan(), cells({(): units}), RULES)
    assert counts(found) == {(): shown}
    assert bool(found.suppressed) is (shown is None)


# One line of three groups: what is there, and what is withheld (p: of itself, s: because of another).
LINES = [
    ((20, 30, 40), "..."),
    ((9, 30, 40), "ps."),
    ((30, 9, 25), ".ps"),
    ((0, 30, 40), "ps."),
    ((4, 4, 40), "pps"),  # 8 together: their sum is known, and under the cohort
    ((6, 6, 40), "pp."),
    ((0, 0, 40), "ppp"),  # all are in one group: that tells that nobody is elsewhere
    ((0, 9, 40), "pps"),
    ((9, 9, 9), "ppp"),
    ((0, 0, 0), "ppp"),
    ((10, 10, 10), "..."),
]


@pytest.mark.parametrize(("units", "pattern"), LINES)
def test_one_line_by_the_truth_table(units: tuple[int, ...], pattern: str) -> None:
    found = protect(plan((1, 2, 3)), cells({(at + 1,): n for at, n in enumerate(units)}), RULES)
    secondary = {s.row: s.secondary for s in found.suppressed}
    marks = "".join("." if at not in secondary else "s" if secondary[at] else "p" for at in range(3))
    assert marks == pattern
    assert [numbers[0] for _, numbers in found.rows] == [
        None if mark != "." else n for n, mark in zip(units, pattern, strict=True)
    ]


def test_an_empty_declared_cell_is_withheld_like_a_small_one() -> None:
    without = protect(plan((1, 2, 3)), cells({(1,): 50, (2,): 60}), RULES)
    small = protect(plan((1, 2, 3)), cells({(1,): 50, (2,): 60, (3,): 3}), RULES)
    assert counts(without).keys() == counts(small).keys()
    assert counts(without) == counts(small)


def test_a_small_cell_in_a_table_takes_a_rectangle_with_it() -> None:
    numbers: dict[Keys, int] = {(r, c): 50 + 10 * r + c for r in (1, 2, 3) for c in (1, 2, 3)}
    numbers[2, 2] = 4
    found = protect(plan((1, 2, 3), (1, 2, 3)), cells(numbers), RULES)
    assert (2, 2) in hidden(found)
    for axis in (0, 1):
        for value in (1, 2, 3):
            assert len([keys for keys in hidden(found) if keys[axis] == value]) != 1


def test_the_condition_says_which_cells_are_empty_without_telling_anything() -> None:
    where = Compare(ROW, Comparator.EQ, 3)
    found = protect(
        plan((1, 2, 3), (False, True), where=where), cells({(3, False): 40, (3, True): 30}), RULES
    )
    assert counts(found) == {(3, False): 40, (3, True): 30}


def test_a_group_that_is_not_declared_is_not_even_named_when_small() -> None:
    found = protect(plan(()), cells({("a",): 30, ("b",): 40, ("rare",): 2, ("rarer",): 9}), RULES)
    assert counts(found) == {("a",): 30, ("b",): 40}
    assert "not declared" in " ".join(found.rules)


def test_a_missing_value_is_shown_as_a_group_only_where_it_is_large() -> None:
    assert (None,) in counts(protect(plan((1, 2)), cells({(1,): 30, (2,): 40, (None,): 20}), RULES))
    found = protect(plan((1, 2)), cells({(1,): 30, (2,): 40, (None,): 2}), RULES)
    assert (None,) not in counts(found)
    assert hidden(found) == {(1,)}, "else the total would tell how many have none"


def column(**facts: object) -> ColumnCell:
    """Forty units of much the same size, many values."""
    base = {
        "rows": 40, "units": 40, "total": 400.0, "absolute": 400.0, "nonzero": 40, "largest": (20.0, 19.0),
        "at_lowest": 3, "at_highest": 3, "between": 30,
    }  # fmt: skip
    return ColumnCell(**{**base, **facts})  # type: ignore[arg-type]


SUMS = [
    ("nothing unusual", column(), True),
    ("two make up more than 90 %", column(largest=(250.0, 111.0)), False),
    ("two make up just 90 %", column(largest=(200.0, 160.0)), True),
    ("the second could estimate the first", column(absolute=400.0, largest=(351.0, 20.0)), False),
    ("the rest hides the first", column(absolute=400.0, largest=(330.0, 20.0)), True),
    ("one makes up all", column(largest=(400.0, 0.0)), False),
    ("few units have a value", column(units=9), False),
    ("few units lack a value", column(units=35), False),
    ("few units are not zero", column(nonzero=9), False),
    ("all are zero", column(nonzero=0, total=0.0, absolute=0.0, largest=(0.0, 0.0), constant=True), False),
    ("all have one value", column(constant=True, between=0), False),
    ("a flag that few have", column(between=0, at_lowest=34, at_highest=6), False),
    ("a flag that few lack", column(between=0, at_lowest=6, at_highest=34), False),
    ("a flag that many have and lack", column(between=0, at_lowest=25, at_highest=15), True),
    ("a total that is no number", column(total=float("inf")), False),
]


@pytest.mark.parametrize(("case", "part", "shown"), SUMS, ids=[case for case, _, _ in SUMS])
@pytest.mark.parametrize("function", [Function.SUM, Function.AVG])
def test_a_sum_or_mean_is_shown_where_it_tells_of_no_one(
    case: str, part: ColumnCell, shown: bool, function: Function
) -> None:
    asked = plan(measures=(COUNT, Measure(function, LOS, "x")))
    found = protect(asked, [Cell((), 40, {LOS: part})], RULES)
    (_, (count, value)) = found.rows[0]
    assert count == 40
    assert (value is not None) is shown


@pytest.mark.parametrize(("units", "groups", "shown"), [(10, 1, False), (11, 1, True), (10, 2, True)])
def test_means_by_group_leave_ten_degrees_of_freedom(units: int, groups: int, shown: bool) -> None:
    part = column(units=units, nonzero=units, rows=units)
    asked = plan(
        tuple(range(groups)),
        measures=(COUNT, Measure(Function.AVG, LOS, "x"), Measure(Function.SUM, COST, "s")),
    )
    other = column(units=units, nonzero=units, rows=units)
    found = protect(asked, [Cell((at,), units, {LOS: part, COST: other}) for at in range(groups)], RULES)
    assert [numbers[1] is not None for _, numbers in found.rows] == [shown] * groups
    assert all(numbers[0] == units and numbers[2] is not None for _, numbers in found.rows), (
        "only means are a model"
    )


def test_the_p_percent_rule_stands_on_its_own() -> None:
    """With the usual 10 % the (2, 90 %) rule covers it; a steward may ask for more."""
    asked, cell = (
        plan(measures=(Measure(Function.SUM, LOS, "x"),)),
        Cell((), 40, {LOS: column(largest=(300.0, 50.0))}),
    )
    assert protect(asked, [cell], RULES).rows[0][1] == (400.0,)
    assert protect(asked, [cell], Disclosure(p_percent=0.2)).rows[0][1] == (None,)


def test_a_count_of_a_column_needs_no_dominance_but_both_sides_of_it_large() -> None:
    asked = plan(measures=(Measure(Function.COUNT, LOS, "known"),))
    table = [(40, 40, True), (40, 30, True), (40, 35, False), (40, 5, False), (40, 0, False)]
    for units, known, shown in table:
        part = column(units=known, constant=True)
        found = protect(asked, [Cell((), units, {LOS: part})], RULES)
        assert (found.rows[0][1][0] is not None) is shown, (units, known)


def test_where_the_count_is_withheld_every_number_of_the_cell_is() -> None:
    asked = plan((1, 2, 3), measures=(COUNT, Measure(Function.SUM, LOS, "sum")))
    several = [Cell((1,), 4, {LOS: column(units=4, rows=4)})]
    several += [Cell((at,), 40, {LOS: column()}) for at in (2, 3)]
    found = protect(asked, several, RULES)
    assert hidden(found) == {(1,), (2,)}
    assert hidden(found, "sum") >= {(1,), (2,)}


def test_the_rules_are_parameters() -> None:
    strict = Disclosure(cohort=41)
    assert counts(protect(plan(), cells({(): 40}), strict)) == {(): None}
    loose = Disclosure(cohort=5, dominance_n=1, dominance_share=0.99, p_percent=0.0)
    part = column(largest=(390.0, 5.0))
    found = protect(plan(measures=(Measure(Function.SUM, LOS, "x"),)), [Cell((), 40, {LOS: part})], loose)
    assert found.rows[0][1] == (400.0,)


def test_more_cells_than_an_answer_may_have_are_an_error() -> None:
    with pytest.raises(ValueError, match="more cells"):
        protect(plan((), ()), cells({(f"a{i}", f"b{i}"): 20 for i in range(40)}), RULES)


def test_a_bridge_between_two_rectangles_is_found() -> None:
    """Two withheld cells in every line, and still one of them follows: it alone joins two closed blocks."""
    rows = [(0, 0), (0, 1), (1, 0), (1, 1), (1, 2), (2, 2), (2, 3), (3, 2), (3, 3)]
    lines = [
        tuple(at for at, keys in enumerate(rows) if keys[axis] == v) for axis in (0, 1) for v in range(4)
    ]
    assert [rows[at] for at in determined(range(len(rows)), lines)] == [(1, 2)]


def solvable(protected: Protected, truth: Mapping[Keys, int]) -> set[Keys]:
    """Cells that an attacker who knows every total of every line gets by linear algebra (an oracle of its own)."""
    unknown = sorted(hidden(protected), key=repr)
    if not unknown:
        return set()
    equations = []
    for axis in range(len(unknown[0])):
        if len({keys[axis] for keys in truth}) == 1:
            continue  # such a total is the cell itself, which nobody is shown
        for rest in {keys[:axis] + keys[axis + 1 :] for keys in truth}:
            row = [1.0 if keys[:axis] + keys[axis + 1 :] == rest else 0.0 for keys in unknown]
            if any(row):
                equations.append(row)
    if not equations:
        return set()
    matrix = np.array(equations)
    rank = np.linalg.matrix_rank(matrix)
    found = set()
    for at, keys in enumerate(unknown):
        unit = np.zeros((1, len(unknown)))
        unit[0, at] = 1.0
        if np.linalg.matrix_rank(np.vstack([matrix, unit])) == rank:
            found.add(keys)
    return found


def test_a_small_cell_that_follows_from_all_lines_together_is_covered_too() -> None:
    truth: dict[Keys, int] = {(row, at): 100 for row in range(4) for at in range(4)}
    for block in (0, 2):
        for row, at in product((block, block + 1), repeat=2):
            truth[row, at] = 6
    truth[1, 2] = 3  # the bridge: no line has it alone, and still it follows
    found = protect(plan((0, 1, 2, 3), (0, 1, 2, 3)), cells(truth), RULES)
    assert (1, 2) in hidden(found)
    assert not solvable(found, truth) & {keys for keys, units in truth.items() if units < RULES.cohort}


@given(st.data())
def test_what_is_small_cannot_be_computed_from_what_is_shown_and_the_totals(data: st.DataObject) -> None:
    shape = data.draw(st.tuples(st.integers(1, 5), st.integers(1, 5)))
    keys: list[Keys] = list(product(range(shape[0]), range(shape[1])))
    sizes = st.one_of(st.integers(0, 12), st.integers(10, 300))
    truth = {key: data.draw(sizes) for key in keys}
    found = protect(plan(tuple(range(shape[0])), tuple(range(shape[1]))), cells(truth), RULES)
    shown = {k for k, v in counts(found).items() if v is not None}
    small = {key for key, units in truth.items() if units < RULES.cohort}
    assert not shown & small
    for key in solvable(found, truth) & small:
        # Only where nothing else is left to withhold in its lines.
        assert not [other for other in shown if other[0] == key[0] or other[1] == key[1]]


@given(st.lists(st.integers(0, 60), min_size=2, max_size=8))
def test_in_one_line_the_withheld_sum_is_at_least_the_cohort_or_all_is_withheld(sizes: list[int]) -> None:
    truth: dict[Keys, int] = {(at,): size for at, size in enumerate(sizes)}
    found = protect(plan(tuple(range(len(sizes)))), cells(truth), RULES)
    out = hidden(found)
    if out and len(out) < len(sizes):
        assert len(out) > 1
        assert sum(truth[keys] for keys in out) >= RULES.cohort
