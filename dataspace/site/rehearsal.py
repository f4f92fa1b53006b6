"""What a run would send from here, said before any runs: decided by the site's own policies, nothing computed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from dataspace.errors import AccessDenied, InvalidRequest
from dataspace.model.datasets import Dataset
from dataspace.model.decisions import Decision, Deny
from dataspace.model.limits import SiteLimits
from dataspace.model.names import ApplicationId, ColumnName, PermitId, PrincipalId, SiteName
from dataspace.model.permits import Basis, DatasetGrant, Permit
from dataspace.model.plans import Family, TrainingPlan
from dataspace.model.policies import AnswerKind, Obligations, Operand, PolicySet
from dataspace.model.principals import Principal, Role
from dataspace.model.requests import AccessRequest
from dataspace.policy.compose import compose, effective
from dataspace.policy.decide import decide
from dataspace.service.access_requests import access_request, granted_purpose
from dataspace.site.house import least

NOBODY = PrincipalId("rehearsal")
"""Whom a rehearsal asks for where no permit names anybody."""

BASES = ("gdpr:A6-1-e", "gdpr:A9-2-j")
"""What a permit that nobody has shown is supposed to rest on."""

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
    supposed: bool = False
    """As if under a permit: the site's policies demand one, and none was shown."""

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
        if self.supposed:
            yield f"As if under a permit for exactly this, with an ethics vote and {' and '.join(BASES)}."
            yield "A real one may limit it further: show it with `--permit P-7.jws`."


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
    read = frozenset({ColumnName(target), *named})
    decision, supposed = _decided(site, dataset, read, purpose, permit, policies, now)
    if isinstance(decision, Deny):
        raise AccessDenied(dataset.name, decision)
    columns = [column for column in dataset.columns if column.name in read]
    demanded = effective(compose(decision.obligations, least(limits), columns=columns))
    p = len(plan.terms())
    return Rehearsal(
        dataset.name,
        tuple(sorted(read)),
        (("gradient", (p,)), ("hessian", (p, p))),
        rows,
        plan.rounds,
        "none is added: the hub sees exact sums over this site's rows, never of fewer units than the bounds below",
        demanded,
        supposed,
    )


def _decided(
    site: SiteName,
    dataset: Dataset,
    read: frozenset[ColumnName],
    purpose: str,
    permit: Permit | None,
    policies: PolicySet,
    now: datetime,
) -> tuple[Decision, bool]:
    """What the site's policies decide, and whether a permit had to be supposed for it because they demand one."""
    who = Principal(
        next(iter(sorted(permit.persons)), NOBODY) if permit else NOBODY,
        "rehearsal",
        frozenset({Role.RESEARCHER}),
        permit.organisation if permit else "",
    )
    request = access_request(who, AnswerKind.TRAIN, purpose, dataset, read, permit, site)
    request = replace(request, purpose=granted_purpose(request, policies, now))
    decision = decide(request, policies, now)
    if permit is not None or not isinstance(decision, Deny) or Operand.PERMIT not in decision.missing:
        return decision, False
    under = decide(replace(request, permit=_supposed(request, now)), policies, now)
    return (decision, False) if isinstance(under, Deny) else (under, True)


def _supposed(request: AccessRequest, now: datetime) -> Permit:
    """A permit for exactly this, of a day. It never leaves this module."""
    return Permit(
        id=PermitId(""),
        application=ApplicationId(""),
        basis=Basis.CONTRACT,
        issued_by="",
        persons=frozenset({request.principal.id}),
        organisation="",
        title="",
        purpose=request.purpose,
        legal_basis=BASES,
        ethics_vote="supposed",
        datasets=(DatasetGrant(request.dataset.dataset),),
        kinds=frozenset({request.kind}),
        obligations=Obligations(),
        not_before=now,
        expires=now + timedelta(days=1),
    )
