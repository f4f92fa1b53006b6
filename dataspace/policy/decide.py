"""Decide one request against all policies.

Three rules, and no others:
1. A policy that forbids outweighs any number that permit.
2. Where no policy permits, the answer is deny.
3. Not being able to tell never helps the requester: an unclear forbid applies, an unclear permit does not.
"""

from datetime import datetime

from dataspace.model.decisions import Allow, Decision, Deny
from dataspace.model.policies import Obligations, PolicySet
from dataspace.model.requests import AccessRequest
from dataspace.policy.compose import compose
from dataspace.policy.coverage import gaps
from dataspace.policy.explain import missing, reasons
from dataspace.policy.judge import allowed, judge
from dataspace.policy.nearest import nearest

__all__ = ["decide"]


def decide(request: AccessRequest, policies: PolicySet, now: datetime) -> Decision:
    """Allow with obligations or deny with reasons. Pure, total, raises nothing.

    An allowance owes what every permission that applies demands and, where a permit that covers the request came
    with it, what the permit demands, each towards the stricter. It ends when the permit does.
    """
    found = judge(request, policies, now)
    if allowed(found):
        demands = [finding.rule.obligations for finding in found if finding.permits]
        owed = compose(*demands, *_permit_demands(request, now), columns=request.columns)
        return Allow(owed, reasons(found, denied=False))
    return Deny(
        reasons(found, denied=True),
        missing(found),
        nearest(request, policies, now, found),
    )


def _permit_demands(request: AccessRequest, now: datetime) -> tuple[Obligations, ...]:
    permit = request.permit
    if permit is None or gaps(permit, request, now):
        return ()
    return permit.obligations, Obligations(expires=permit.expires)
