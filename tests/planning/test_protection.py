"""Withheld numbers against linear programming: from all that is told nobody bounds one more tightly than its room."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product

import numpy as np
import numpy.typing as npt
import pytest
from pyroaring import BitMap
from scipy.optimize import linprog

from dataspace.model.names import ColumnName, DatasetName
from dataspace.model.plans import AggregatePlan, Disclosure, Function, Key, Measure
from dataspace.planning.cells import Cell, ColumnCell, Keys
from dataspace.planning.differencing import UNITS, Audit, Box, Told, boxes
from dataspace.planning.disclosure import protect
from dataspace.planning.rooms import added_up
from dataspace.planning.suppression import lines_of

NAMES = [ColumnName(name) for name in ("a", "b", "c")]
COST = ColumnName("cost")
COUNT, SUM = Measure(Function.COUNT, None, "n"), Measure(Function.SUM, COST, "cost")
RULES = Disclosure()
SHAPES = [(4,), (7,), (3, 3), (4, 5), (2, 6), (2, 2, 3), (3, 3, 3)]
SEEDS = [
    pytest.param(range(start, end), id=f"{start}-{end - 1}", marks=[pytest.mark.slow] * (start > 0))
    for start, end in ((0, 7), (7, 40), (40, 75), (75, 110), (110, 145), (145, 180), (180, 210))
]
"""Of 210 tables; the first seven, one of each shape, are quick."""

Floats = npt.NDArray[np.float64]


def plan(shape: Sequence[int], *measures: Measure) -> AggregatePlan:
    keys = tuple(Key(name, tuple(range(size))) for name, size in zip(NAMES, shape, strict=False))
    return AggregatePlan(DatasetName("d"), keys, measures or (COUNT,))


def table(seed: int) -> tuple[tuple[int, ...], dict[Keys, int]]:
    """Units in each cell: large, with some that are small or empty; every third table is sparse."""
    random = np.random.default_rng(seed)
    shape = SHAPES[seed % len(SHAPES)]
    share = (0.1, 0.25, 0.5)[seed % 3]
    return shape, {
        keys: int(random.integers(0, 12) if random.random() < share else random.integers(10, 300))
        for keys in product(*map(range, shape))
    }


def interval(at: int, size: int, equations: Floats, totals: Floats) -> tuple[float, float]:
    """The least and the greatest that one of `size` numbers can be, none of them below 0."""
    aim = np.zeros(size)
    aim[at] = 1.0
    bounds = []
    for sign in (1.0, -1.0):
        solved = linprog(sign * aim, A_eq=equations, b_eq=totals, bounds=(0, None), method="highs")
        assert solved.status in (0, 3), solved.message  # 3: without bound
        bounds.append(sign * solved.fun if solved.status == 0 else -sign * np.inf)
    return bounds[0], bounds[1]


def known(
    truth: Mapping[Keys, float], shown: set[Keys], totals: Sequence[Sequence[Keys]]
) -> tuple[Floats, Floats]:
    """The equations of the cells that are shown, and of some totals."""
    at = {keys: index for index, keys in enumerate(truth)}
    rows = [[keys] for keys in shown] + [list(one) for one in totals]
    equations = np.zeros((len(rows), len(truth)))
    for number, row in enumerate(rows):
        equations[number, [at[keys] for keys in row]] = 1.0
    return equations, equations @ np.array(list(truth.values()), float)


def lines(truth: Mapping[Keys, int]) -> list[list[Keys]]:
    """What a total may be told of: lines with the cohort at least."""
    keys = list(truth)
    found = [[keys[at] for at in line] for line in lines_of(keys)]
    return [line for line in found if sum(truth[one] for one in line) >= RULES.cohort]


def around(keys: Keys, truth: Mapping[Keys, int]) -> list[list[Keys]]:
    return [line for line in lines(truth) if keys in line]


@pytest.mark.parametrize("seeds", SEEDS)
def test_a_count_of_few_could_be_the_cohort_whatever_totals_are_known(seeds: range) -> None:
    """Shown cells and the totals of all lines. Less room only where there is none with the whole table withheld."""
    tried = 0
    for seed in seeds:
        shape, truth = table(seed)
        if small_total(truth, shape):
            continue  # one that the guard has to keep from following: see the attack in full
        found = protect(plan(shape), [Cell(k, u) for k, u in truth.items() if u], RULES)
        shown = {keys for keys, numbers in found.rows if numbers[0] is not None}
        for at, (keys, units) in enumerate(truth.items()):
            whole = [line for line in lines(truth) if keys in line]
            if units < RULES.cohort and len(whole) == len(
                shape
            ):  # others: the guard refuses a total, see below
                tried += 1
                low, high = interval(at, len(truth), *known(truth, shown, lines(truth)))
                if high < RULES.cohort - 1e-6 or high - low < RULES.cohort - 1e-6:
                    _, most = interval(at, len(truth), *known(truth, set(), lines(truth)))
                    assert most < RULES.cohort - 1e-6, (seed, at)
    assert tried > len(seeds) / 2


def small_total(truth: Mapping[Keys, int], shape: Sequence[int]) -> bool:
    """Whether a total of any order is under the cohort."""
    for fixed in product(*([None, *range(size)] for size in shape)):
        inside = [
            n for keys, n in truth.items() if all(f in (None, k) for f, k in zip(fixed, keys, strict=True))
        ]
        if None in fixed and sum(inside) < RULES.cohort:
            return True
    return False


def costs(seed: int) -> tuple[tuple[int, ...], dict[Keys, int], list[Cell]]:
    """What each unit of a table costs: some cells have heavy tails, so that few make up most."""
    random = np.random.default_rng(seed + 500)
    shape, truth = table(seed)
    cells = []
    for keys, units in truth.items():
        own = np.sort(random.lognormal(0, random.choice([0.3, 1.0, 2.5], p=[0.6, 0.3, 0.1]), units))[::-1]
        total = float(own.sum())
        part = ColumnCell(units, units, total, total, units, tuple(own[:2]), 1, 1, max(units - 2, 0))
        cells.append(Cell(keys, units, {COST: part}))
    return shape, truth, cells


@pytest.mark.parametrize("seeds", SEEDS)
def test_a_sum_that_few_make_up_keeps_its_room_whatever_totals_are_known(seeds: range) -> None:
    tried = 0
    for seed in seeds:
        shape, truth, cells = costs(seed)
        found = protect(plan(shape, COUNT, SUM), cells, RULES)
        shown = {keys for keys, numbers in found.rows if numbers[1] is not None}
        parts = [cell.columns[COST] for cell in cells]
        values = {cell.keys: cell.columns[COST].total for cell in cells}
        withheld = [at for at, keys in enumerate(truth) if keys not in shown]
        for at, room in added_up(parts, withheld, RULES).rooms.items():
            tried += 1
            low, high = interval(at, len(truth), *known(values, shown, lines(truth)))
            if high - low < room.up - 1e-6:
                least, most = interval(at, len(truth), *known(values, set(), lines(truth)))
                assert most - least < room.up, (seed, at)
    assert tried > len(seeds) / 2


def members(truth: Mapping[Keys, int], dimensions: Sequence[int]) -> dict[Keys, list[Keys]]:
    """The cells of a table in each group of a question; -1 is a coarser form of the first key, as regions of wards."""
    found: dict[Keys, list[Keys]] = {}
    for keys in truth:
        group = tuple(int(str(keys[0])) // 2 if at < 0 else keys[at] for at in dimensions)
        found.setdefault(group, []).append(keys)
    return found


def questions(shape: Sequence[int], random: np.random.Generator) -> Iterator[list[int]]:
    """Every set of keys once, in any order, and each also with the coarser form instead of the first key."""
    every = [[at for at in range(len(shape)) if chosen & 1 << at] for chosen in range(2 ** len(shape))]
    every += [[-1 if at == 0 else at for at in one] for one in every if 0 in one]
    yield from (every[at] for at in random.permutation(len(every)))


@pytest.mark.parametrize("seeds", SEEDS)
def test_all_marginals_and_a_hierarchy_together_leave_every_count_of_few_its_room(seeds: range) -> None:
    """The attack in full: question after question, through the rules and the guard, then one linear programme."""
    told_at_all = refused = 0
    for seed in seeds:
        shape, truth = table(seed)
        numbered, units = 0, dict[Keys, BitMap]()
        for keys, size in truth.items():
            units[keys] = BitMap(range(numbered, numbered + size))
            numbered += size
        whole = Told(UNITS, Box('["cut", []]', {}), BitMap(range(numbered)))
        earlier, totals = list[Told](), [list(truth)]
        for dimensions in questions(shape, np.random.default_rng(seed)):
            groups = members(truth, dimensions)
            asked = AggregatePlan(
                DatasetName("d"),
                tuple(
                    Key(ColumnName(f"k{at}"), tuple({g[i]: 0 for g in groups}))
                    for i, at in enumerate(dimensions)
                ),
                (COUNT,),
            )
            cells = [Cell(group, sum(truth[one] for one in several)) for group, several in groups.items()]
            shown = protect(asked, [cell for cell in cells if cell.units], RULES)
            audit = Audit(RULES.cohort, earlier)
            audit.known([whole])
            where = boxes(asked, "cut", [keys for keys, _ in shown.rows])
            given = [
                (box, keys) for box, (keys, (n,)) in zip(where, shown.rows, strict=True) if n is not None
            ]
            new = [
                Told(UNITS, box, BitMap.union(*(units[k] for k in groups[keys])), 1) for box, keys in given
            ]
            if any(audit.add(one) for one in new):
                refused += 1
                continue
            told_at_all += bool(new)
            earlier += new
            totals += [groups[keys] for _, keys in given]
        equations, sums = known(truth, set(), totals)
        for at, (keys, size) in enumerate(truth.items()):
            if size < RULES.cohort:
                low, high = interval(at, len(truth), equations, sums)
                assert high > RULES.cohort - 1e-6, (seed, keys)
                assert high - low > RULES.cohort - 1e-6, (seed, keys)
    assert told_at_all > refused > 0
