"""Decide one request against all policies.

Three rules, and no others:
1. A policy that forbids outweighs any number that permit.
2. Where no policy permits, the answer is deny.
3. Not being able to tell never helps the requester: an unclear forbid applies, an unclear permit does not.
"""

from datetime import datetime

from dataspace.model.decisions import Allow, Decision, Deny, Reason
from dataspace.model.policies import Obligations, Operand, PolicySet
from dataspace.model.requests import AccessRequest
from dataspace.policy.compose import join, normal
from dataspace.policy.explain import missing, reasons
from dataspace.policy.facts import observe
from dataspace.policy.index import indexed
from dataspace.policy.judge import Finding, judge, permitting
from dataspace.policy.nearest import nearest

__all__ = ["decide"]


def decide(request: AccessRequest, policies: PolicySet, now: datetime) -> Decision:
    """Allow with obligations or deny with reasons. Pure, total, raises nothing.

    An allowance owes what every permission that applies demands and, where a permit that covers the request came
    with it, what the permit demands, each towards the stricter. It ends when the permit does. What a decision says of
    its reasons is worked out when it is first read, from the same request, policies and moment.
    """
    facts = observe(request, now)
    applying = permitting(request, indexed(policies), facts)
    report = _Report(request, policies, now)
    if not applying:
        return Deny.later(report)
    demands = [entry.owed for entry in applying]
    permit = request.permit
    if permit is not None and facts.covered:
        demands += normal(permit.obligations), normal(Obligations(expires=permit.expires))
    return Allow.later(report, obligations=join(demands, request.columns))


class _Report:
    """The fields of a decision that say why, by name."""

    __slots__ = ("_found", "_now", "_policies", "_request")

    def __init__(self, request: AccessRequest, policies: PolicySet, now: datetime) -> None:
        self._request = request
        self._policies = policies
        self._now = now
        self._found: tuple[Finding, ...] | None = None

    def __call__(self, field: str) -> tuple[Reason, ...] | tuple[Operand, ...] | str:
        if self._found is None:
            self._found = judge(self._request, self._policies, self._now)
        match field:
            case "reasons":
                return reasons(self._found)
            case "missing":
                return missing(self._found)
            case "nearest":
                return nearest(self._request, self._policies, self._now, self._found)
        raise AssertionError(f"a decision has no {field}")
