"""What an engine may run: cuts, compiled aggregates, federated counts and training plans.

Long, because there is a noun for each thing that may run.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from dataspace.model.datasets import Value, VersionRef
from dataspace.model.names import ColumnName, CutId, DatasetName
from dataspace.model.own_apps import OwnApp
from dataspace.model.policies import AnswerKind, Mask
from dataspace.model.predicates import Predicate
from dataspace.model.temporaries import Keeping, Temporary
from dataspace.model.training import Boosting, Family, Network, Scaling, TrainingPrivacy

__all__ = [
    "AggregatePlan",
    "Asked",
    "Case",
    "CellsPlan",
    "CountPlan",
    "CutRecipe",
    "Disclosure",
    "Family",
    "Function",
    "Join",
    "Key",
    "Measure",
    "Noise",
    "RowsPlan",
    "TrainingPlan",
]


@dataclass(frozen=True, slots=True)
class CutRecipe:
    """What a cut is made of; two permits with the same recipe share one cut.

    `mask_key_id` names the key of hashed columns, empty where none is hashed. `privacy_unit` is kept in the cut under
    a meaningless number, also where the asker may not read the column; None means that each row is its own unit.
    """

    version: VersionRef
    columns: tuple[ColumnName, ...]
    row_filter: Predicate | None = None
    masks: Mapping[ColumnName, Mask] = field(default_factory=dict)
    opt_out_digest: str = ""
    mask_key_id: str = ""
    privacy_unit: ColumnName | None = None


class Function(StrEnum):
    """The measures of the closed subset."""

    COUNT = "count"
    SUM = "sum"
    AVG = "avg"
    VARIANCE = "variance"
    STDDEV = "stddev"
    QUANTILE = "quantile"


@dataclass(frozen=True, slots=True)
class Measure:
    """One number in each cell. `column` is None for a count of privacy units.

    `where` narrows the rows of this measure alone, and `level` is that of a quantile, between 0 and 1; both, like
    variances and quantiles, are for noisy answers only.
    """

    function: Function
    column: ColumnName | None
    name: str
    where: Predicate | None = None
    level: float | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One branch of a computed key: rows that meet `when`, and no branch before it, belong to `value`."""

    when: Predicate
    value: Value


@dataclass(frozen=True, slots=True)
class Key:
    """One column that cells are grouped by; `values` its declared domain, empty where none is declared.

    A computed key has `cases`, and `column` is its name in the answer alone. Computed keys are for noisy answers.
    """

    column: ColumnName
    values: tuple[Value, ...] = ()
    cases: tuple[Case, ...] = ()
    otherwise: Value = None
    """What a computed key is where no case applies; None: no group."""


@dataclass(frozen=True, slots=True)
class Join:
    """Another dataset whose rows stand beside those of the question, for noisy answers: `there` equals `here`.

    Either both are the privacy units, so that a row beside is the same person's; or it is a `lookup` in rows that the
    asker could read one by one. Its columns are called `dataset.column` in the plan.
    """

    dataset: DatasetName
    here: ColumnName
    there: ColumnName
    lookup: bool
    optional: bool = False
    """Whether rows stay that have none beside them (LEFT JOIN); of lookups only."""


@dataclass(frozen=True, slots=True)
class AggregatePlan:
    """A compiled question over one dataset: our own plan, not the asker's SQL. Total by construction."""

    dataset: DatasetName
    keys: tuple[Key, ...]
    measures: tuple[Measure, ...]
    where: Predicate | None = None
    privacy_unit: ColumnName | None = None
    joins: tuple[Join, ...] = ()


@dataclass(frozen=True, slots=True)
class Disclosure:
    """The rules that the clerk applies to an aggregate answer.

    `cohort`: distinct privacy units a cell needs. `dominance_n` largest contributors may make up at most
    `dominance_share` of a sum; `p_percent`: the second largest must not be able to estimate the largest closer
    than that.
    """

    cohort: int = 10
    dominance_n: int = 2
    dominance_share: float = 0.9
    p_percent: float = 0.1
    round_to: int = 1
    """Counts are told as multiples of this; 1 rounds nothing."""


@dataclass(frozen=True, slots=True)
class Noise:
    """How a noisy answer is made: ε for the whole answer, split evenly over its measures.

    `bounds` are the lower and upper bound of each column whose values are used, declared or found privately. `whole`
    are those of whole numbers. δ is 0 (pure) unless groups are found by a threshold.
    """

    epsilon: float
    bounds: Mapping[ColumnName, tuple[float, float]] = field(default_factory=dict)
    delta: float = 0.0
    whole: frozenset[ColumnName] = frozenset()


@dataclass(frozen=True, slots=True)
class RowsPlan:
    """A statement that passed the gate: `tree` is what was validated and what runs.

    `codec` is how the worker compresses its rows (`lz4`, `zstd`), empty for not at all. `named` are the names that
    stand in the text, in lower case, without those that it gives itself. `keeping`: the rows do not leave, but stay in
    the worker under a name. `temporaries` are those that the statement reads.
    """

    tree: str
    relations: Mapping[DatasetName, CutId] = field(default_factory=dict)
    maximum_rows: int | None = None
    codec: str = ""
    named: frozenset[str] = frozenset()
    keeping: Keeping | None = None
    temporaries: tuple[Temporary, ...] = ()


@dataclass(frozen=True, slots=True)
class RowsMessage:
    """An Arrow IPC stream of one batch of `rows` rows as its worker wrote it; the first of an answer has none."""

    rows: int
    stream: bytes


@dataclass(frozen=True, slots=True)
class Asked:
    """By whom and under what an aggregate was asked, so that its answer is compared with earlier ones.

    `across`: besides the permit's, the answers of these are looked at: `principal`, `project`. `number` is the record
    of the intent. `domains` are the declared values of columns: that there are no others counts as public. `rows` names
    the rows that may be looked at: two cuts of the same rows with other columns have one name.
    """

    principal: str
    permit: str
    project: str
    question: str
    number: int
    across: tuple[str, ...] = ()
    domains: Mapping[ColumnName, tuple[Value, ...]] = field(default_factory=dict)
    rows: str = ""


@dataclass(frozen=True, slots=True)
class CellsPlan:
    """An aggregate or noisy question: the plan over one cut, and what the clerk does with its cells."""

    aggregate: AggregatePlan
    cut: CutId
    kind: AnswerKind
    disclosure: Disclosure = field(default_factory=Disclosure)
    noise: Noise | None = None
    asked: Asked | None = None
    """None where the answer is not compared with earlier ones."""
    beside: Mapping[DatasetName, CutId] = field(default_factory=dict)
    """The cuts of the datasets that are joined."""
    population: str = ""
    """The name of the population that this question declares; nothing is told then."""


@dataclass(frozen=True, slots=True)
class CountPlan:
    """A count over all sites that hold a dataset; `by` may contain `site`, which no site has as a column."""

    dataset: DatasetName
    where: str
    by: tuple[str, ...]
    purpose: str


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """A federated fit, declared; nothing foreign runs, unless it names an app that the sites approved.

    `features` become columns of the design matrix; those in `categorical` become one indicator for each declared
    code but the first. `holdout` is the share of rows, chosen by a fixed hash of the row, that no site trains on.
    """

    dataset: DatasetName
    family: Family
    target: ColumnName
    features: tuple[ColumnName, ...]
    categorical: Mapping[ColumnName, tuple[Value, ...]]
    purpose: str
    rounds: int = 5
    holdout: float = 0.25
    minimum_sites: int = 3
    ridge: float = 0.0
    classes: tuple[Value, ...] = ()
    """Declared values of the target, the reference first; empty: 0 and 1."""
    scaling: Scaling = Scaling.NONE
    scales: Mapping[ColumnName, tuple[float, float]] = field(default_factory=dict)
    """Centre and width of numeric features, where they are declared; of trees their lower and upper bound."""
    network: Network = field(default_factory=Network)
    boosting: Boosting = field(default_factory=Boosting)
    privacy: TrainingPrivacy | None = None
    """None: exact sums and updates leave the sites."""
    app: OwnApp | None = None
    """Of the family `app` alone."""

    def terms(self) -> tuple[str, ...]:
        """Names of the columns of the design matrix, the intercept first."""
        names = ["(intercept)"]
        for feature in self.features:
            codes = self.categorical.get(feature)
            names += [f"{feature}={code}" for code in codes[1:]] if codes else [feature]
        return tuple(names)

    def values(self) -> tuple[Value, ...]:
        """What the target may be, the reference first."""
        return self.classes or (0, 1)
