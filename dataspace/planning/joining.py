"""Several datasets in one noisy question: how their columns are called, and what is read of each.

A join keeps the privacy unit in two ways. On the units of both: whoever's row stands beside another is the same person,
so a person has no row but their own, and leaving one out of either dataset takes away their rows and no others. Or by a
lookup in rows that the asker may read anyway: these protect nobody, and a person still counts with one row at most.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from dataspace.model.datasets import Dataset
from dataspace.model.names import ColumnName, DatasetName
from dataspace.model.plans import AggregatePlan, Join
from dataspace.planning.cells import columns_read


def beside(dataset: DatasetName, column: ColumnName) -> ColumnName:
    """What a column of a joined dataset is called in a plan."""
    return ColumnName(f"{dataset}.{column}")


def seen_together(dataset: Dataset, joins: Sequence[Join], others: Mapping[DatasetName, Dataset]) -> Dataset:
    """The dataset with the columns of those that are joined, but for their privacy units: the asked one's is enough."""
    columns = list(dataset.columns)
    for join in joins:
        other = others[join.dataset]
        columns += [
            replace(column, name=beside(other.name, column.name))
            for column in other.columns
            if column.name != other.privacy_unit
        ]
    return replace(dataset, columns=tuple(columns))


def read_of(plan: AggregatePlan, dataset: Dataset) -> frozenset[ColumnName]:
    """The columns of the asked dataset, or of a joined one, that a question looks at. Units are matched by number."""
    read = columns_read(plan)
    for join in plan.joins:
        if join.dataset == dataset.name:
            own = {c.name for c in dataset.columns if beside(dataset.name, c.name) in read}
            return frozenset(own | ({join.there} if join.lookup else set()))
    foreign = tuple(f"{join.dataset}." for join in plan.joins)
    own = {c.name for c in dataset.columns if c.name in read and not (foreign and c.name.startswith(foreign))}
    return frozenset(own | {join.here for join in plan.joins if join.lookup})
