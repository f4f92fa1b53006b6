"""Told in steps: nothing exact follows, nothing that is shown becomes 0, and what is withheld stays so."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataspace.model.names import ColumnName, DatasetName
from dataspace.model.plans import AggregatePlan, Disclosure, Function, Key, Measure
from dataspace.planning.cells import Cell, ColumnCell
from dataspace.planning.disclosure import protect, told

LOS = ColumnName("los")
COUNT, SUM, AVG = (
    Measure(Function.COUNT, None, "n"),
    Measure(Function.SUM, LOS, "sum"),
    Measure(Function.AVG, LOS, "avg"),
)


def cell(units: int, total: float = 0.0) -> Cell:
    return Cell((), units, {LOS: ColumnCell(units, units, total, total, units, (), units, units, units)})


@pytest.mark.parametrize(
    ("units", "step", "shown"), [(12, 5, 10), (13, 5, 15), (10, 25, 25), (17, 1, 17), (15, 10, 20)]
)
def test_counts_are_told_in_steps_and_never_as_nothing(units: int, step: int, shown: int) -> None:
    assert told(COUNT, cell(units), step) == shown


@given(st.integers(10, 5_000), st.integers(100, 10**6), st.sampled_from([5, 10]))
def test_a_sum_and_a_mean_give_no_more_than_the_told_count(units: int, total: int, step: int) -> None:
    rows = told(SUM, cell(units, total), step) / told(AVG, cell(units, total), step)  # type: ignore[operator]
    assert round(rows, 6) == told(COUNT, cell(units), step)


@given(st.lists(st.integers(0, 60), min_size=2, max_size=6), st.sampled_from([5, 10]))
def test_what_is_withheld_does_not_depend_on_the_steps(units: list[int], step: int) -> None:
    plan = AggregatePlan(DatasetName("d"), (Key(ColumnName("g"), tuple(range(len(units)))),), (COUNT,))
    cells = [Cell((at,), count) for at, count in enumerate(units) if count]
    exact, rounded = protect(plan, cells, Disclosure()), protect(plan, cells, Disclosure(round_to=step))
    assert exact.suppressed == rounded.suppressed
    for (_, before), (_, after) in zip(exact.rows, rounded.rows, strict=True):
        assert (before[0] is None) is (after[0] is None)
        assert after[0] is None or (after[0] % step == 0 and abs(after[0] - before[0]) < step)  # type: ignore[operator]
    assert any("in steps of" in rule for rule in rounded.rules)
