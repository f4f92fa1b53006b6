"""The release function keeps its promise on neighbouring tables; three bugs planted on purpose are found out."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import duckdb
import numpy as np
import pytest

from dataspace.adapters.duckdb.bounding import bounded_cells
from dataspace.adapters.duckdb.gathering import cells_of
from dataspace.adapters.duckdb.laplace import draw, keep
from dataspace.model.datasets import ColumnType
from dataspace.model.names import ColumnName, DatasetName
from dataspace.model.plans import AggregatePlan, Function, Key, Measure, Noise
from dataspace.planning.noising import BoundedCell, Draw, noised
from dataspace.planning.statistics import flat, statistics_of, step_of
from tests.privacy.neighbours import told_apart

RUNS = 20_000
EPSILON = 1.0
LOS, KIND, PERSON = ColumnName("los"), ColumnName("kind"), ColumnName("person")
TYPES = {LOS: ColumnType.INTEGER, KIND: ColumnType.INTEGER}
NOISE = Noise(EPSILON, {LOS: (0.0, 60.0)})

Row = tuple[int, int, int]
"""Person, kind, length of stay."""

OTHERS: list[Row] = [(person, 1 + person % 2, 10 + 5 * person) for person in range(1, 9)]
ONE: list[Row] = [(9, 2, 60), (9, 2, 60), (9, 1, 60), (9, 2, 60), (9, 2, 60)]
MEASURES = {
    "count": Measure(Function.COUNT, None, "m"),
    "count of a column": Measure(Function.COUNT, LOS, "m"),
    "sum": Measure(Function.SUM, LOS, "m"),
    "mean": Measure(Function.AVG, LOS, "m"),
    "variance": Measure(Function.VARIANCE, LOS, "m"),
    "median": Measure(Function.QUANTILE, LOS, "m", level=0.5),
}
COSTLY = {"median"}
"""Hundreds of draws for each number."""


def cells(plan: AggregatePlan, rows: Sequence[Row], salt: int = 1) -> list[BoundedCell]:
    """What a worker makes of these rows, by the statement that it runs."""
    with duckdb.connect(":memory:") as connection:
        connection.execute("CREATE TABLE t (__row BIGINT, __unit BIGINT, kind BIGINT, los BIGINT)")
        connection.executemany(
            "INSERT INTO t VALUES (?, ?, ?, ?)", [(at, *row) for at, row in enumerate(rows)]
        )
        statistics = flat(statistics_of(plan, NOISE))
        sql = bounded_cells(plan, "t", TYPES, statistics, salt)
        found = cells_of(plan, statistics, connection.execute(sql.text, list(sql.parameters)).fetchall())
    return [BoundedCell(tuple(keys), rows, _hashable(counted)) for keys, rows, counted in found]


def _hashable(counted: list[int | list[list[int]]]) -> tuple[int | tuple[tuple[int, int], ...], ...]:
    return tuple(s if isinstance(s, int) else tuple((b, n) for b, n in s) for s in counted)


def question(measure: Measure, grouped: bool = False) -> AggregatePlan:
    keys = (Key(KIND, (1, 2)),) if grouped else ()
    return AggregatePlan(DatasetName("d"), keys, (measure,), None, PERSON)


def outcomes(
    plan: AggregatePlan, found: list[BoundedCell], noise: Draw = draw, within: Noise = NOISE
) -> dict[str, list[float]]:
    """Of each cell, and of all together. Asked for a thousand runs at once: the same cell a thousand times, each with
    noise of its own.
    """
    many = 1_000
    wide = AggregatePlan(
        plan.dataset, (Key(ColumnName("run"), tuple(range(many))),), plan.measures, None, PERSON
    )
    parts = []
    for cell in found:
        again = [BoundedCell((run,), cell.rows, cell.statistics) for run in range(many)]
        rounds = [noised(wide, within, again, noise) for _ in range(RUNS // many)]
        parts.append([row[1][0].value for answer in rounds for row in answer.rows])
    told = {f"cell {at}": values for at, values in enumerate(parts)}
    return told | {"all cells": [sum(row) for row in zip(*parts, strict=True)]}


def apart(plan: AggregatePlan, left: list[BoundedCell], right: list[BoundedCell], noise: Draw = draw) -> str:
    grid = step_of(0.0, 60.0) if plan.measures[0].function is Function.SUM else None
    with ThreadPoolExecutor(2) as hands:  # the noise is drawn outside Python
        ours, theirs = hands.map(lambda found: outcomes(plan, found, noise=noise), (left, right))
    found = [told_apart(ours[name], theirs[name], EPSILON, grid) for name in ours]
    return "; ".join(event for event in found if event)


CASES = [
    pytest.param(name, grouped, marks=pytest.mark.ci if name in COSTLY else pytest.mark.slow)
    for name in MEASURES
    for grouped in (False, True)
]


@pytest.mark.parametrize(("name", "grouped"), CASES)
def test_one_person_more_or_less_is_not_told_apart(name: str, grouped: bool) -> None:
    plan = question(MEASURES[name], grouped)
    without, with_one = cells(plan, OTHERS), cells(plan, OTHERS + ONE)
    assert [cell.rows for cell in without] != [cell.rows for cell in with_one]
    assert not apart(plan, without, with_one)


@pytest.mark.slow
def test_each_run_for_itself_is_told_apart_no_better_than_many_at_once() -> None:
    plan = question(MEASURES["count"])
    one, other = (
        [noised(plan, NOISE, found, draw).rows[0][1][0].value for _ in range(RUNS)]
        for found in (cells(plan, OTHERS), cells(plan, OTHERS + ONE))
    )
    assert not told_apart(one, other, EPSILON)


@pytest.mark.slow
def test_an_empty_table_is_not_told_from_one_person() -> None:
    plan = question(MEASURES["sum"])
    assert not apart(plan, [BoundedCell((), 0)], cells(plan, ONE))


@pytest.mark.slow
def test_the_planted_bug_of_a_wrong_sensitivity_is_found() -> None:
    plan = question(MEASURES["sum"])

    def halved(values: Sequence[int], sensitivity: int, epsilon: float) -> list[int]:
        return draw(values, sensitivity // 2, epsilon)

    assert apart(plan, cells(plan, OTHERS), cells(plan, OTHERS + ONE), halved)


@pytest.mark.slow
@pytest.mark.parametrize("grouped", [False, True])
def test_the_planted_bug_of_noise_for_one_row_instead_of_a_person_is_found(grouped: bool) -> None:
    plan = question(MEASURES["count"], grouped)
    each_row_a_unit = AggregatePlan(plan.dataset, plan.keys, plan.measures, None, None)
    assert apart(plan, cells(each_row_a_unit, OTHERS), cells(each_row_a_unit, OTHERS + ONE))


@pytest.mark.slow
def test_the_planted_bug_of_noise_drawn_once_for_each_row_is_found_by_the_interval() -> None:
    plan = question(MEASURES["count"])

    def once_per_row(values: Sequence[int], sensitivity: int, epsilon: float) -> list[int]:
        return [sum(draw([1] * value, sensitivity, epsilon)) for value in values]

    assert not 0.93 <= _covered(plan, cells(plan, OTHERS), 8.0, once_per_row) <= 0.97


@pytest.mark.slow
def test_the_planted_bug_of_a_floating_point_sum_is_found() -> None:
    plan, chance = question(MEASURES["sum"]), np.random.default_rng(1)

    def floating(values: Sequence[int], sensitivity: int, epsilon: float) -> list[int]:
        # No whole numbers: that is the bug.
        return [value + chance.laplace(0.0, sensitivity / epsilon) for value in values]  # type: ignore[misc]

    # The noise near zero has finer bits than any number that something was added to.
    small = Noise(EPSILON, {LOS: (0.0, 1.0)})
    nobody, somebody = [BoundedCell((), 0)], [BoundedCell((), 1, (2**20,))]
    plain, one = (outcomes(plan, found, floating, small)["cell 0"] for found in (nobody, somebody))
    assert told_apart(plain, one, EPSILON, grid=2.0**-53)
    ours, theirs = (outcomes(plan, found, within=small)["cell 0"] for found in (nobody, somebody))
    assert not told_apart(ours, theirs, EPSILON, grid=2.0**-53)


@pytest.mark.slow
def test_a_group_that_one_person_makes_is_shown_as_rarely_as_delta_says() -> None:
    delta = 0.01
    shown = sum(bool(keep([1], 1.0, delta)) for _ in range(RUNS))
    assert shown <= RUNS * delta * 1.3
    # What one person lifts over the fewest rows that are looked at is shown no more often.
    lifted = sum(bool(keep([30], 1.0, delta, 30)) for _ in range(RUNS))
    assert 0 < lifted <= RUNS * delta * 1.3
    many = sum(bool(keep([100], 1.0, delta)) for _ in range(200))
    assert many == 200


def _covered(
    plan: AggregatePlan,
    found: list[BoundedCell],
    truth: float,
    noise: Draw,
    within: Noise = NOISE,
    runs: int = 2_000,
) -> float:
    """The share of the intervals that hold the truth."""
    wide = AggregatePlan(
        plan.dataset, (Key(ColumnName("run"), tuple(range(runs))),), plan.measures, None, PERSON
    )
    again = [BoundedCell((run,), found[0].rows, found[0].statistics) for run in range(runs)]
    numbers = [row[1][0] for row in noised(wide, within, again, noise).rows]
    return sum(number.low <= truth <= number.high for number in numbers) / runs


MANY: list[Row] = [(person, 1, (person * 7) % 61) for person in range(1, 2_001)]
VALUES = np.array([row[2] for row in MANY])
TRUTHS: dict[str, Callable[[], float]] = {
    "count": lambda: float(len(VALUES)),
    "sum": lambda: float(VALUES.sum()),
    "mean": lambda: float(VALUES.mean()),
    "variance": lambda: float(VALUES.var(ddof=1)),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", TRUTHS)
def test_the_interval_holds_the_truth_19_times_in_20(name: str) -> None:
    plan = question(MEASURES[name])
    covered = _covered(plan, cells(plan, MANY), TRUTHS[name](), draw, Noise(0.1, NOISE.bounds))
    assert 0.93 <= covered <= 0.97


@pytest.mark.slow
@pytest.mark.parametrize("level", [0.1, 0.5])
def test_the_interval_of_a_quantile_holds_the_truth_19_times_in_20_at_least(level: float) -> None:
    plan = question(Measure(Function.QUANTILE, LOS, "m", level=level))
    truth = float(np.quantile(VALUES, level, method="inverted_cdf"))
    assert _covered(plan, cells(plan, MANY), truth, draw, Noise(0.5, NOISE.bounds), 500) >= 0.93
