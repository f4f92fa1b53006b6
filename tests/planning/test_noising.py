"""Noise is charged as said, wide enough, and covers every declared cell."""

import math
from collections.abc import Sequence

import pytest

from dataspace.adapters.duckdb.laplace import draw
from dataspace.errors import UnsupportedQuery
from dataspace.model.names import ColumnName, DatasetName
from dataspace.model.plans import AggregatePlan, Function, Key, Measure, Noise
from dataspace.model.predicates import Comparator, Compare
from dataspace.planning.cells import MAXIMUM_CELLS, check_noisy, check_size
from dataspace.planning.noising import BoundedCell, fewest, noised, shares
from dataspace.planning.statistics import flat, statistics_of, step_of
from dataspace.privacy.noise import discrete_laplace_quantile

KIND, LOS = ColumnName("kind"), ColumnName("los")
COUNT = Measure(Function.COUNT, None, "count")
SUM, AVG = Measure(Function.SUM, LOS, "total"), Measure(Function.AVG, LOS, "mean")


def plan(*measures: Measure, values: tuple[int, ...] = (1, 2, 3)) -> AggregatePlan:
    return AggregatePlan(DatasetName("d"), (Key(KIND, values),), measures)


class Till:
    """Adds a fixed error and keeps what it was asked to spend."""

    def __init__(self, error: int = 0) -> None:
        self.asked: list[tuple[int, float]] = []
        self.error = error

    def __call__(self, values: Sequence[int], sensitivity: int, epsilon: float) -> list[int]:
        self.asked.append((sensitivity, epsilon))
        return [value + self.error for value in values]


def test_epsilon_is_split_evenly_and_adds_up() -> None:
    till = Till()
    noised(plan(COUNT, SUM, AVG), Noise(0.9, {LOS: (0.0, 60.0)}), [], till)
    spent = [epsilon for _, epsilon in till.asked]
    assert spent == pytest.approx([0.3, 0.3, 0.15, 0.15])
    assert sum(spent) == pytest.approx(0.9)


@pytest.mark.parametrize("bounds", [(0.0, 60.0), (-7.5, 2.0), (0.0, 0.001), (5.0, 1e6)])
def test_one_unit_changes_a_sum_by_no_more_than_its_sensitivity(bounds: tuple[float, float]) -> None:
    till = Till()
    noised(plan(SUM), Noise(1.0, {LOS: bounds}), [], till)
    step = step_of(*bounds)
    largest = max(abs(round(end / step)) for end in bounds)
    assert till.asked[0][0] >= largest
    assert till.asked[0][0] <= largest + 1
    assert math.log2(step).is_integer()


def test_every_declared_cell_gets_noise_and_no_other_appears() -> None:
    cells = [BoundedCell((1,), 50, (50,)), BoundedCell((None,), 9, (9,)), BoundedCell((7,), 4, (4,))]
    answer = noised(plan(COUNT), Noise(1.0), cells, Till(error=3))
    assert [(keys, numbers[0].value) for keys, numbers in answer.rows] == [((1,), 53), ((2,), 3), ((3,), 3)]


def test_a_mean_is_of_the_noisy_sum_over_the_noisy_count_within_its_bounds() -> None:
    step = step_of(-32.0, 32.0)
    cells = [BoundedCell((1,), 100, (round((1_000 - 100 * 32) / step), 100))]
    answer = noised(plan(AVG, values=(1, 2)), Noise(2.0, {LOS: (0.0, 64.0)}), cells, Till())
    first, empty = (numbers[0] for _, numbers in answer.rows)
    assert first.value == pytest.approx(10.0)
    assert 0.0 <= first.low < 10.0 < first.high <= 64.0
    assert 0.0 <= empty.value <= 64.0


@pytest.mark.parametrize(("sensitivity", "epsilon"), [(1, 0.1), (1, 0.3), (1_000_000, 0.7), (3, 1 / 3)])
def test_the_mechanism_spreads_as_its_scale_says(sensitivity: int, epsilon: float) -> None:
    drawn = draw([0] * 4_000, sensitivity, epsilon)
    mean = sum(abs(value) for value in drawn) / len(drawn)
    assert mean == pytest.approx(sensitivity / epsilon, rel=0.12)
    inside = sum(
        abs(value) <= discrete_laplace_quantile(sensitivity / epsilon, 0.95) for value in drawn
    ) / len(drawn)
    assert 0.93 < inside < 0.975


def test_nothing_to_draw_is_nothing() -> None:
    assert draw([], 1, 1.0) == []


@pytest.mark.parametrize(
    ("asked", "noise", "construct"),
    [
        (plan(COUNT, values=()), Noise(1.0), "not declared"),
        (plan(SUM), Noise(1.0), "no declared bounds"),
        (plan(AVG), Noise(1.0, {LOS: (3.0, 3.0)}), "no declared bounds"),
        (plan(COUNT), Noise(0.0), "ε"),
        (plan(COUNT), Noise(math.nan), "ε"),
    ],
)
def test_what_noise_cannot_protect_is_refused(asked: AggregatePlan, noise: Noise, construct: str) -> None:
    with pytest.raises(UnsupportedQuery, match=construct):
        check_noisy(asked, noise)


def test_a_plan_that_spans_too_many_cells_is_refused() -> None:
    check_size(plan(COUNT, values=tuple(range(MAXIMUM_CELLS))))
    with pytest.raises(UnsupportedQuery, match="cells"):
        check_size(plan(COUNT, values=tuple(range(MAXIMUM_CELLS + 1))))


def test_cells_that_the_condition_rules_out_are_not_in_the_answer() -> None:
    asked = AggregatePlan(
        DatasetName("d"), (Key(KIND, (1, 2, 3)),), (COUNT,), Compare(KIND, Comparator.GE, 2)
    )
    assert [keys for keys, _ in noised(asked, Noise(1.0), [], Till()).rows] == [(2,), (3,)]


QUANTILE = Measure(Function.QUANTILE, LOS, "median", level=0.5)
VARIANCE = Measure(Function.VARIANCE, LOS, "spread")


@pytest.mark.parametrize("measure", [COUNT, SUM, AVG, VARIANCE, QUANTILE])
@pytest.mark.parametrize("bounds", [(0.0, 60.0), (-7.5, 2.0), (5.0, 1e6)])
def test_what_is_spent_on_a_measure_is_its_share(measure: Measure, bounds: tuple[float, float]) -> None:
    till = Till()
    noised(plan(measure, COUNT, SUM), Noise(0.3, {LOS: bounds}), [], till)
    assert sum(epsilon for _, epsilon in till.asked) <= 0.3
    assert sum(epsilon for _, epsilon in till.asked) == pytest.approx(0.3)


@pytest.mark.parametrize("bounds", [(0.0, 60.0), (-7.5, 2.0), (0.1, 0.3), (5.0, 1e6), (-1e15, 1e15)])
def test_no_value_within_bounds_moves_a_statistic_further_than_its_sensitivity(
    bounds: tuple[float, float],
) -> None:
    lower, upper = bounds
    for statistic in flat(statistics_of(plan(SUM, AVG, VARIANCE), Noise(1.0, {LOS: bounds}))):
        for share in (0.0, 0.25, 0.5, 0.999999, 1.0):
            away = lower + share * (upper - lower) - statistic.offset
            value = away * away - statistic.half if statistic.squared else away
            if statistic.column is not None and statistic.shape.value == "sum":
                assert abs(round(value / statistic.step)) <= statistic.sensitivity
                assert statistic.sensitivity + 1 + round(value / statistic.step) <= statistic.largest


def test_what_decides_on_groups_without_a_count_takes_a_share_of_its_own() -> None:
    kept: list[tuple[float, float, int]] = []

    def keep(counts: Sequence[int], epsilon: float, delta: float, least: int) -> dict[int, int]:
        kept.append((epsilon, delta, least))
        return {at: count for at, count in enumerate(counts) if count > 5}

    cells = [BoundedCell((9,), 9, (70,)), BoundedCell((None,), 8, (60,)), BoundedCell((4,), 5, (50,))]
    till = Till()
    answer = noised(plan(SUM, values=()), Noise(1.0, {LOS: (0.0, 60.0)}, 1e-6), cells, till, keep)
    assert [keys for keys, _ in answer.rows] == [(9,), (None,)]
    assert kept == [(0.5, 1e-6, 7)]
    assert [epsilon for _, epsilon in till.asked] == [0.5]
    assert shares(plan(SUM, values=())) == 2
    assert shares(plan(SUM, COUNT, values=())) == 2


def test_groups_far_below_the_threshold_are_not_even_looked_at() -> None:
    asked = plan(COUNT, values=())
    seen = list[int]()

    def keep(counts: Sequence[int], epsilon: float, delta: float, least: int) -> dict[int, int]:
        seen.extend(counts)
        return {}

    for epsilon in (0.01, 0.1, 0.5, 10.0):
        least = fewest(asked, Noise(epsilon, delta=1e-8))
        assert least == 1 + math.floor(math.log(1e8) / epsilon / 4)
        rows = (1, least - 1, least, least + 1)
        seen.clear()
        noised(
            asked,
            Noise(epsilon, delta=1e-8),
            [BoundedCell((at,), n) for at, n in enumerate(rows)],
            Till(),
            keep,
        )
        assert seen == [n for n in rows if n >= least]
    assert fewest(plan(COUNT), Noise(0.1)) == 0, "declared groups are all shown, the empty ones too"


def test_unknown_groups_without_a_threshold_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="threshold"):
        noised(plan(COUNT, values=()), Noise(1.0), [], Till())
