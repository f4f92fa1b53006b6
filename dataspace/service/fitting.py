"""From what a researcher names to a declared training plan: codes become indicators, the purpose is the permit's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from dataspace.errors import InvalidRequest
from dataspace.model.datasets import Column, ColumnType, Dataset, Value
from dataspace.model.names import ColumnName, DatasetName, PermitId
from dataspace.model.permits import Permit
from dataspace.model.plans import Family, TrainingPlan
from dataspace.model.policies import AnswerKind
from dataspace.model.principals import Principal
from dataspace.model.requests import Query
from dataspace.model.training import Boosting, Network, Scaling, TrainingPrivacy
from dataspace.planning.training_bounds import problem
from dataspace.ports import Catalog
from dataspace.privacy.calibration import training_noise
from dataspace.service.access_requests import access_request, granted_purpose
from dataspace.service.asking import Asking
from dataspace.service.discovering import visible_dataset
from dataspace.service.offering_apps import OfferingApps


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
    scaling: Scaling = Scaling.NONE
    scales: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Centre and width by feature (of trees: bounds); what is left out follows from the dictionary's bounds."""
    network: Network = field(default_factory=Network)
    boosting: Boosting = field(default_factory=Boosting)
    privacy: TrainingPrivacy | None = None
    app: str = ""
    """The hash of an own app, of the family `app`."""
    blocks: int = 32
    """That the persons of a site are dealt to, of an own app."""


@dataclass(frozen=True, slots=True)
class Fitting:
    """Plans over what the catalogue describes; no row is looked at."""

    catalog: Catalog
    asking: Asking
    apps: OfferingApps

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
        plan = TrainingPlan(
            dataset=dataset.name,
            family=asked.family,
            target=ColumnName(asked.target),
            features=tuple(ColumnName(name) for name in asked.features),
            categorical={column.name: column.values for column in columns[1:] if is_categorical(column)},
            purpose=purpose or self._purpose(principal, dataset, [c.name for c in columns], granted),
            rounds=asked.rounds,
            holdout=asked.holdout,
            minimum_sites=asked.minimum_sites,
            ridge=asked.ridge,
            classes=_classes(columns[0], asked.family),
            scaling=asked.scaling,
            scales=_scales(asked, columns[1:]),
            network=asked.network,
            boosting=asked.boosting,
            privacy=asked.privacy,
        )
        if asked.app:
            named = self.apps.for_plan(asked.app, len(plan.terms()) - 1, len(plan.values()), asked.blocks)
            plan = replace(plan, app=named)
        if wrong := problem(plan):
            raise InvalidRequest(*wrong)
        if plan.privacy is not None:
            training_noise(plan.privacy, plan.rounds)
        return plan

    def _purpose(
        self,
        principal: Principal,
        dataset: Dataset,
        columns: Sequence[ColumnName],
        granted: Permit | None,
    ) -> str:
        """The permit's purpose that allows a training; the hub only passes the run on, as it does when it decides."""
        if granted is None:
            return ""
        enforcement = self.asking.answering.enforcement
        request = access_request(
            principal, AnswerKind.TRAIN, "", dataset, frozenset(columns), granted, enforcement.site
        )
        relayed = replace(request, relayed=True)
        return granted_purpose(relayed, enforcement.policies.current(), enforcement.clock.now())


def is_categorical(column: Column) -> bool:
    """Declared codes become indicators, unless they are 0 and 1 already, which is one indicator as it stands."""
    numeric = column.type in (ColumnType.INTEGER, ColumnType.NUMBER, ColumnType.BOOLEAN)
    return bool(column.values) and not (numeric and set(column.values) <= {0, 1})


def _classes(target: Column, family: Family) -> tuple[Value, ...]:
    """The declared values of a target that is not 0 and 1; what logistic regression makes of others, the bounds say."""
    if is_categorical(target):
        return target.values
    if family is Family.MULTINOMIAL and len(target.values) > 2:
        return target.values
    return ()


def _scales(asked: FitRequest, features: Sequence[Column]) -> Mapping[ColumnName, tuple[float, float]]:
    """What was declared with the plan; then what the dictionary's bounds come to."""
    trees = asked.family is Family.TREES
    found = {ColumnName(name): pair for name, pair in asked.scales.items()}
    if not trees and asked.scaling is not Scaling.DECLARED:
        return found
    for column in features:
        if is_categorical(column) or column.name in found:
            continue
        flag = column.values or column.type is ColumnType.BOOLEAN
        lower, upper = (0.0, 1.0) if flag else (column.lower, column.upper)
        if lower is None or upper is None or not lower < upper:
            raise InvalidRequest(
                f"'{column.name}' has neither a declared scale nor declared bounds.",
                "Give `scales`, or ask its steward for bounds in the dictionary.",
            )
        found[column.name] = (lower, upper) if trees else ((lower + upper) / 2, (upper - lower) / 2)
    return found


def _columns(dataset: Dataset, names: Sequence[str]) -> list[Column]:
    found = []
    for name in names:
        column = dataset.column(name)
        if column is None:
            known = ", ".join(column.name for column in dataset.columns)
            raise InvalidRequest(f"'{dataset.name}' has no column '{name}'.", f"It has: {known}.")
        found.append(column)
    return found
