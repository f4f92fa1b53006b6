"""Decide, and record a refusal before it is told: the one gate that every use case passes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from dataspace.errors import AccessDenied
from dataspace.model.decisions import Allow, Deny
from dataspace.model.names import SiteName
from dataspace.model.policies import Obligations, Operand, PolicySet
from dataspace.model.principals import Principal
from dataspace.model.records import JSON, Record, RecordKind
from dataspace.model.requests import AccessRequest
from dataspace.policy.compose import NOTHING, compose, effective
from dataspace.policy.decide import decide
from dataspace.ports import Clock, Log, PolicyStore


@dataclass(frozen=True, slots=True)
class Granted:
    """An allowance with the house's defaults filled in, and the policies that gave it."""

    allow: Allow
    obligations: Obligations
    policies: PolicySet
    at: datetime


@dataclass(frozen=True, slots=True)
class Enforcement:
    """The same at the hub and at every site; only the policies and the name differ."""

    site: SiteName
    clock: Clock
    policies: PolicyStore
    log: Log
    least: Obligations = NOTHING
    """What the house demands of every answer, whatever its policies say."""

    def granted(self, request: AccessRequest, question: str) -> Granted:
        """What is allowed; raises AccessDenied after the refusal was recorded."""
        now, policies = self.clock.now(), self.policies.current()
        match decide(request, policies, now):
            case Allow() as allow:
                demanded = allow.obligations
                if self.least != NOTHING:
                    demanded = compose(demanded, self.least, columns=request.columns)
                return Granted(allow, effective(demanded), policies, now)
            case Deny() as deny:
                refusal = request_facts(request, question) | {
                    "policies": policies.digest,
                    "reasons": [f"{reason.policy}/{reason.rule}" for reason in deny.reasons],
                    "missing": [operand.value for operand in deny.missing],
                }
                self.record(RecordKind.QUERY_REFUSED, request.principal, refusal)
                raise AccessDenied(request.dataset.dataset, deny)
            case _ as unreachable:
                assert_never(unreachable)

    def record(self, kind: RecordKind, principal: Principal | None, facts: Mapping[str, JSON]) -> int:
        """Append to the log and return the number; where that fails, nothing else may happen."""
        asker = principal.id if principal else None
        return self.log.append(Record(kind, self.clock.now(), self.site, asker, facts))


def request_facts(request: AccessRequest, question: str) -> dict[str, JSON]:
    """What a record says of a request: names and digests, no values."""
    return {
        "question": question,
        "purpose": request.purpose,
        "kind": request.kind.value,
        "dataset": request.dataset.dataset,
        "version": request.dataset.sha256,
        "columns": sorted(column.name for column in request.columns),
        "permit": request.permit.id if request.permit else "",
        "roles": sorted(role.value for role in request.principal.roles),
        "facts": _known_facts(request),
        **({"relayed": True} if request.relayed else {}),
    }


def _known_facts(request: AccessRequest) -> dict[str, JSON]:
    """What a policy could look at of who asks: without it a record could not be decided again."""
    named = {operand.value for operand in Operand}
    claims = {name: fact.value for name, fact in request.principal.claims.items() if name in named}
    own = {"affiliation": request.principal.organisation} if request.principal.organisation else {}
    given = {operand.value: fact.value for operand, fact in request.facts.items()}
    return dict(sorted({**claims, **given, **own}.items()))
