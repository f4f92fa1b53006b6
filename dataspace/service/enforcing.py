"""Decide, and record a refusal before it is told: the one gate that every use case passes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from dataspace.errors import AccessDenied
from dataspace.model.decisions import Allow, Deny
from dataspace.model.names import SiteName
from dataspace.model.policies import Obligations, PolicySet
from dataspace.model.principals import Principal
from dataspace.model.records import JSON, Record, RecordKind
from dataspace.model.requests import AccessRequest
from dataspace.policy.compose import effective
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

    def granted(self, request: AccessRequest, question: str) -> Granted:
        """What is allowed; raises AccessDenied after the refusal was recorded."""
        now, policies = self.clock.now(), self.policies.current()
        match decide(request, policies, now):
            case Allow() as allow:
                return Granted(allow, effective(allow.obligations), policies, now)
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
    }
