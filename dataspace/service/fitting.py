"""From what a researcher names to a declared training plan: codes become indicators, the purpose is the permit's."""

from collections.abc import Sequence
from dataclasses import dataclass

from dataspace.errors import InvalidRequest
from dataspace.model.datasets import Column, ColumnType, Dataset
from dataspace.model.names import ColumnName, DatasetName, PermitId
from dataspace.model.plans import Family, TrainingPlan
from dataspace.model.principals import Principal
from dataspace.model.requests import Query
from dataspace.ports import Catalog
from dataspace.service.asking import Asking
from dataspace.service.discovering import visible_dataset


@dataclass(frozen=True, slots=True)
class FitRequest:
    """What is to be fitted, in the researcher's words."""

    dataset: str
    target: str
    features: tuple[str, ...]
    family: Family = Family.LOGISTIC
    rounds: int = 5
    holdout: float = 0.25
    minimum_sites: int = 3
    ridge: float = 0.0


@dataclass(frozen=True, slots=True)
class Fitting:
    """Plans over what the catalogue describes; no row is looked at."""

    catalog: Catalog
    asking: Asking

    def plan(
        self, principal: Principal, asked: FitRequest, permit: PermitId | None, purpose: str = ""
    ) -> TrainingPlan:
        """The plan. Raises UnknownName or InvalidRequest for what the catalogue does not describe."""
        dataset = visible_dataset(
            self.catalog, DatasetName(asked.dataset), principal, self.asking.answering.enforcement
        )
        granted = self.asking.permit_of(Query(principal, "", permit=permit))
        if not asked.features:
            raise InvalidRequest("A model needs at least one feature.", "Name some columns.")
        columns = _columns(dataset, (asked.target, *asked.features))
        return TrainingPlan(
            dataset=dataset.name,
            family=asked.family,
            target=ColumnName(asked.target),
            features=tuple(ColumnName(name) for name in asked.features),
            categorical={column.name: column.values for column in columns[1:] if is_categorical(column)},
            purpose=purpose or (granted.purpose if granted else ""),
            rounds=asked.rounds,
            holdout=asked.holdout,
            minimum_sites=asked.minimum_sites,
            ridge=asked.ridge,
        )


def is_categorical(column: Column) -> bool:
    """Declared codes become indicators, unless they are 0 and 1 already, which is one indicator as it stands."""
    numeric = column.type in (ColumnType.INTEGER, ColumnType.NUMBER, ColumnType.BOOLEAN)
    return bool(column.values) and not (numeric and set(column.values) <= {0, 1})


def _columns(dataset: Dataset, names: Sequence[str]) -> list[Column]:
    found = []
    for name in names:
        column = dataset.column(name)
        if column is None:
            known = ", ".join(column.name for column in dataset.columns)
            raise InvalidRequest(f"'{dataset.name}' has no column '{name}'.", f"It has: {known}.")
        found.append(column)
    return found
