"""What a noisy question costs: its ε, given or found for a wished error; its bounds; its charge."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isfinite

from dataspace.errors import BudgetExceeded, InvalidRequest, UnsupportedQuery
from dataspace.model.charges import Charge, PrivacyEvent
from dataspace.model.datasets import ColumnType, Dataset
from dataspace.model.names import ColumnName
from dataspace.model.plans import AggregatePlan, CellsPlan, Noise
from dataspace.model.policies import Obligations
from dataspace.model.requests import AccessRequest
from dataspace.planning import bounds_search
from dataspace.planning.cells import check_noisy
from dataspace.planning.forecasting import Forecast, epsilon_for, expected_errors
from dataspace.planning.noising import shares, unknown_groups
from dataspace.planning.projects import project_of
from dataspace.planning.statistics import needs_bounds
from dataspace.privacy.noise import laplace_event, split_epsilon

DEFAULT_EPSILON = 0.1
DELTA = 1e-8
"""Of one answer whose groups are found by a threshold. Fixed, so that it tells nothing; below 1 in 10 times the persons
of any cut that fits in memory."""


@dataclass(frozen=True, slots=True)
class Wish:
    """How private or how exact an answer is to be. With neither, the limit for one question is spent.

    `error`: half the width of the 95 % interval, of every measure. `rows`: how many the dataset has, as published.
    `population`: the name under which the question declares its population, empty where it is to be answered.
    """

    epsilon: float | None = None
    error: float | None = None
    rows: int = 0
    population: str = ""


def noise_for(plan: AggregatePlan, dataset: Dataset, obligations: Obligations, wish: Wish) -> Noise:
    """The noise of an answer; bounds that are not declared are left out, to be found. Raises BudgetExceeded,
    InvalidRequest, or UnsupportedQuery for what cannot be protected.
    """
    ceiling = obligations.epsilon_question or DEFAULT_EPSILON
    asked = ceiling if wish.epsilon is None else wish.epsilon
    if not 0 < asked < float("inf"):
        raise InvalidRequest("ε has to be a positive number.", "Leave it out for the permit's own.")
    if asked > ceiling:
        raise BudgetExceeded(asked, ceiling, "the limit for one question")
    whole = frozenset(c.name for c in dataset.columns if c.type in (ColumnType.INTEGER, ColumnType.BOOLEAN))
    bounds = _declared(plan, dataset)
    delta = DELTA if unknown_groups(plan) else 0.0
    noise = Noise(asked, bounds, delta, whole & bounds.keys())
    check_noisy(plan, noise, to_find=unbounded(plan, noise))
    return noise if wish.error is None else _priced(plan, noise, wish, ceiling)


def _priced(plan: AggregatePlan, noise: Noise, wish: Wish, ceiling: float) -> Noise:
    if wish.error is None or not (isfinite(wish.error) and wish.error > 0):
        raise InvalidRequest("A target error is a positive number.", "State half the width of the interval.")
    if wish.epsilon is not None:
        raise InvalidRequest("ε and a target error exclude each other.", "State one of them.")
    if unbounded(plan, noise):
        raise UnsupportedQuery(
            "a target error for a column without declared bounds", "State ε; or ask its steward for bounds."
        )
    found = epsilon_for(plan, noise, wish.error, wish.rows, ceiling)
    if found is None:
        raise UnsupportedQuery(
            f"an error as small as {wish.error:g} within ε {ceiling:g} for one question",
            "Wish for a larger error, fewer measures, or count instead.",
        )
    return replace(noise, epsilon=found)


def _declared(plan: AggregatePlan, dataset: Dataset) -> dict[ColumnName, tuple[float, float]]:
    bounds = {}
    for name in _measured(plan):
        column = dataset.column(name)
        if column is not None and column.type is ColumnType.BOOLEAN:
            bounds[name] = (0.0, 1.0)
        elif column is not None and column.lower is not None and column.upper is not None:
            bounds[name] = (column.lower, column.upper)
    return bounds


def _measured(plan: AggregatePlan) -> Sequence[ColumnName]:
    return sorted({m.column for m in plan.measures if m.column is not None and needs_bounds(m)})


def unbounded(plan: AggregatePlan, noise: Noise) -> tuple[ColumnName, ...]:
    """The columns whose bounds are to be found privately, at a part of ε."""
    return tuple(name for name in _measured(plan) if name not in noise.bounds)


def divided(plan: AggregatePlan, noise: Noise) -> tuple[float, float]:
    """ε for finding the bounds of one column (0 where all are declared), and ε of the answer itself."""
    missing = len(unbounded(plan, noise))
    if not missing:
        return 0.0, noise.epsilon
    looking = noise.epsilon * bounds_search.SHARE
    return split_epsilon(looking, missing)[0], noise.epsilon - looking


def forecast_of(cells: CellsPlan, wish: Wish, repeated: bool) -> Forecast | None:
    """Cost and expected errors; an error is left out where the bounds are still to be found."""
    if cells.noise is None:
        return None
    plan, noise = cells.aggregate, cells.noise
    _, rest = divided(plan, noise)
    missing = unbounded(plan, noise)
    known = dict.fromkeys(missing, (0.0, 1.0)) | dict(noise.bounds)
    errors = expected_errors(plan, replace(noise, epsilon=rest, bounds=known), wish.rows)
    told = {m.name: errors[m.name] for m in plan.measures if not (needs_bounds(m) and m.column in missing)}
    spent = (0.0, 0.0) if repeated else (noise.epsilon, noise.delta)
    return Forecast(*spent, told, repeated)


def charge_for(request: AccessRequest, cells: CellsPlan, key: str) -> Charge:
    """The charge of a noisy answer, with every mechanism that runs for it."""
    if cells.noise is None:
        raise ValueError("only noisy answers are charged")
    plan, noise = cells.aggregate, cells.noise
    looking, rest = divided(plan, noise)
    times = shares(plan)
    events: tuple[PrivacyEvent, ...] = (laplace_event(split_epsilon(rest, times)[0], times),)
    if looking:
        events = (*events, laplace_event(looking, len(unbounded(plan, noise))))
    return Charge(
        request.permit.id if request.permit else None,
        request.principal.id,
        key,
        events,
        noise.epsilon,
        noise.delta,
        project=project_of(request.permit),
        part=f"version:{request.dataset.sha256}",
    )
