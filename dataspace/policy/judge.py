"""Which rules speak of a request, and what each of them does: the ground that decisions and explanations stand on."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from dataspace.model.decisions import ConstraintReport
from dataspace.model.policies import Connective, Effect, Obligations, Operand, Policy, PolicySet, Rule
from dataspace.model.requests import AccessRequest
from dataspace.policy.compose import reveals_more
from dataspace.policy.evaluate import Node, evaluate, join
from dataspace.policy.facts import Observation, Observed, observe
from dataspace.policy.index import Entry, Index, covers, indexed
from dataspace.policy.kleene import Truth


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule that speaks of the request, and how it came out."""

    policy: Policy
    place: int
    rule: Rule
    node: Node

    @property
    def permits(self) -> bool:
        """A permission applies only where that is certain."""
        return self.rule.effect is Effect.PERMIT and self.node.truth is True

    @property
    def forbids(self) -> bool:
        """A prohibition applies unless it certainly does not."""
        return self.rule.effect is Effect.FORBID and self.node.truth is not False

    def blockers(self) -> tuple[ConstraintReport, ...]:
        """The constraints that stand between this rule and access."""
        return tuple(self.node.against(self.rule.effect is Effect.PERMIT))


def permitting(request: AccessRequest, index: Index, facts: Observed) -> Sequence[Entry]:
    """The permissions that apply; none where a prohibition does, or may. What `judge` finds, without the report."""
    site, buckets = request.site, index.buckets(request)
    asked = [bucket.asked(request.action, request.kind) for bucket in buckets]
    for forbids, _ in asked:
        for entry in forbids:
            if entry.site is not None and site is not None and entry.site != site:
                continue
            if entry.truth is None or entry.truth(facts) is not False:
                return ()
    found = []
    for _, permits in asked:
        for entry in permits:
            if entry.site is not None and entry.site != site:
                continue
            if entry.owed.sites is not None and _granted_here(entry.owed, request) is False:
                continue
            if entry.truth is None or entry.truth(facts) is True:
                found.append(entry)
    return found


def allows(request: AccessRequest, policies: PolicySet, now: datetime) -> bool:
    """Whether the request would be allowed."""
    return bool(permitting(request, indexed(policies), observe(request, now)))


def judge(request: AccessRequest, policies: PolicySet, now: datetime) -> tuple[Finding, ...]:
    """Every rule that speaks of the request, by policy and then as written there: the order in which the policies
    came does not show."""
    facts = observe(request, now)
    found = [
        Finding(entry.policy, entry.place, entry.rule, _node(entry.policy, entry.rule, request, facts))
        for entry in indexed(policies).speaking(request)
        if _here(entry.policy, request) is not False
    ]
    return tuple(sorted(found, key=lambda finding: (finding.policy.id, finding.place)))


def allowed(found: Sequence[Finding]) -> bool:
    """Nothing forbids, and something permits."""
    return not any(finding.forbids for finding in found) and any(finding.permits for finding in found)


def _here(policy: Policy, request: AccessRequest) -> Truth:
    """A site's policy speaks of that site's data alone; None where the request does not say where it is decided."""
    if policy.site is None:
        return True
    return None if request.site is None else policy.site == request.site


def _granted_here(owed: Obligations, request: AccessRequest) -> bool:
    """Whether what a permission demands leaves this site. Where the request names none, or is only passed on, the
    demand travels on."""
    if owed.sites is None or request.site is None or request.relayed:
        return True
    return request.site in owed.sites


def _node(policy: Policy, rule: Rule, request: AccessRequest, facts: Mapping[Operand, Observation]) -> Node:
    parts = list(_scope(policy, rule, request))
    if rule.condition is not None:
        parts.append(evaluate(rule.condition, facts))
    return join(Connective.AND, parts) if parts else Node(True)


def _scope(policy: Policy, rule: Rule, request: AccessRequest) -> Iterator[Node]:
    """Site, kind of answer and action as constraints, so that a report says where they do not fit."""
    if _here(policy, request) is None:
        yield _leaf(Operand.SITE, str(policy.site), "not known", None)
    if rule.kinds:
        given = " or ".join(sorted(kind.value for kind in rule.kinds))
        yield _leaf(Operand.ANSWER_KIND, given, request.kind.value, request.kind in rule.kinds)
        if request.kind not in rule.kinds:
            return
    if (covered := covers(rule.actions, request.action)) is not True:
        wanted = " or ".join(sorted(f"to {action.value}" for action in rule.actions))
        yield _leaf(Operand.ANSWER_KIND, wanted, f"to {request.action.value}", covered)
    if rule.effect is Effect.PERMIT:
        yield from _limits(rule.obligations, request)


def _limits(owed: Obligations, request: AccessRequest) -> Iterator[Node]:
    """A permission does not reach further than what it demands lets it."""
    if owed.answer is not None and reveals_more(request.kind, owed.answer):
        yield _leaf(Operand.ANSWER_KIND, f"at most {owed.answer.value}", request.kind.value, False)
    if owed.sites is not None and not _granted_here(owed, request):
        yield _leaf(Operand.SITE, " or ".join(sorted(owed.sites)) or "none", str(request.site), False)


def _leaf(operand: Operand, wanted: str, seen: str, truth: Truth) -> Node:
    return Node(truth, ConstraintReport(operand, wanted, seen, truth))
