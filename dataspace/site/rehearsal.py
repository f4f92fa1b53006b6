"""What a run would send from here, said before any runs: decided by the site's own policies, nothing computed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from dataspace.errors import AccessDenied, InvalidRequest
from dataspace.model.datasets import Dataset
from dataspace.model.decisions import Deny
from dataspace.model.limits import SiteLimits
from dataspace.model.names import ColumnName, PrincipalId, SiteName
from dataspace.model.permits import Permit
from dataspace.model.plans import Family, TrainingPlan
from dataspace.model.policies import AnswerKind, Obligations, PolicySet
from dataspace.model.principals import Principal, Role
from dataspace.policy.compose import compose, effective
from dataspace.policy.decide import decide
from dataspace.service.access_requests import access_request
from dataspace.site.house import least

SMALL = 5
"""Numbers beside the arrays: rows, events, log-likelihood, held-out rows, AUC."""


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """One round of a run, as it would leave. `noise` is what protects the numbers themselves, in words."""

    dataset: str
    columns: tuple[str, ...]
    shapes: tuple[tuple[str, tuple[int, ...]], ...]
    rows: int
    rounds: int
    noise: str
    obligations: Obligations

    @property
    def numbers(self) -> int:
        """Numbers that one round sends."""
        total = SMALL
        for _, shape in self.shapes:
            size = 1
            for extent in shape:
                size *= extent
            total += size
        return total

    def lines(self) -> Iterator[str]:
        """For people."""
        arrays = ", ".join(f"{name} {'×'.join(map(str, shape))}" for name, shape in self.shapes)
        yield f"Would read {', '.join(self.columns)} of {self.rows:,} rows of {self.dataset}; no row leaves."
        yield f"Would send {self.numbers} numbers a round ({arrays}, and {SMALL} single ones); 0 rows."
        yield (
            f"At most {self.rounds} rounds, and one more for the standard errors: "
            f"{self.numbers * (self.rounds + 1):,} numbers."
        )
        yield f"Noise: {self.noise}"
        least_of = self.obligations
        yield (
            f"Refused below {least_of.minimum_units} units, {least_of.minimum_events} events, "
            f"{least_of.minimum_sites} sites."
        )


def rehearse(
    site: SiteName,
    dataset: Dataset,
    rows: int,
    policies: PolicySet,
    limits: SiteLimits,
    target: str,
    features: Sequence[str],
    purpose: str,
    permit: Permit | None,
    now: datetime,
) -> Rehearsal:
    """A logistic regression, as far as the site's policies decide it. Raises AccessDenied where they refuse."""
    if unknown := sorted({target, *features} - {column.name for column in dataset.columns}):
        raise InvalidRequest(
            f"'{dataset.name}' has no column '{unknown[0]}' here.", "`dataspace site status`"
        )
    categorical = {
        ColumnName(name): column.values
        for name in features
        if (column := dataset.column(name)) is not None and column.values
    }
    named = tuple(ColumnName(name) for name in features)
    plan = TrainingPlan(
        dataset.name, Family.LOGISTIC, ColumnName(target), named, categorical, purpose, min(5, limits.rounds)
    )
    who = Principal(
        next(iter(sorted(permit.persons)), PrincipalId("rehearsal")) if permit else PrincipalId("rehearsal"),
        "rehearsal",
        frozenset({Role.RESEARCHER}),
        permit.organisation if permit else "",
    )
    read = frozenset({ColumnName(target), *named})
    asked = purpose or (permit.purpose if permit else "")
    request = access_request(who, AnswerKind.TRAIN, asked, dataset, read, permit, site)
    decision = decide(request, policies, now)
    if isinstance(decision, Deny):
        raise AccessDenied(dataset.name, decision)
    demanded = effective(compose(decision.obligations, least(limits), columns=request.columns))
    p = len(plan.terms())
    return Rehearsal(
        dataset.name,
        tuple(sorted(read)),
        (("gradient", (p,)), ("hessian", (p, p))),
        rows,
        plan.rounds,
        "none is added: the hub sees exact sums over this site's rows, never of fewer units than the bounds below",
        demanded,
    )
