"""Which rules speak of a request, and what each of them does: the ground that decisions and explanations stand on."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from dataspace.model.decisions import ConstraintReport
from dataspace.model.policies import (
    Action,
    Connective,
    Effect,
    Operand,
    Policy,
    PolicySet,
    Rule,
)
from dataspace.model.requests import AccessRequest
from dataspace.policy.evaluate import Node, evaluate, join
from dataspace.policy.facts import Observation, observe
from dataspace.policy.index import candidates
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


def judge(request: AccessRequest, policies: PolicySet, now: datetime) -> tuple[Finding, ...]:
    """Every rule that speaks of the request, by policy and then as written there: the order in which the policies
    came does not show."""
    facts = observe(request, now)
    found = [
        Finding(policy, place, rule, _node(policy, rule, request, facts))
        for policy, place, rule in candidates(policies, request.dataset.dataset)
        if _here(policy, request) is not False and speaks(rule, request)
    ]
    return tuple(sorted(found, key=lambda finding: (finding.policy.id, finding.place)))


def allowed(found: Sequence[Finding]) -> bool:
    """Nothing forbids, and something permits."""
    return not any(finding.forbids for finding in found) and any(finding.permits for finding in found)


def speaks(rule: Rule, request: AccessRequest) -> bool:
    """Whether a rule's target is what was asked for.

    A label is enough to forbid. It is not enough to permit: a permission has to name the dataset (or say
    everything), so that a label put on a column can take access away and never give it.
    """
    target = rule.target
    if target.everything or request.dataset.dataset in target.datasets:
        return True
    carried = {label for column in request.columns for label in column.labels}
    return rule.effect is Effect.FORBID and bool(target.labels & carried)


def _here(policy: Policy, request: AccessRequest) -> Truth:
    """A site's policy speaks of that site's data alone; None where the request does not say where it is decided."""
    if policy.site is None:
        return True
    return None if request.site is None else policy.site == request.site


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
    if (covered := _covers(rule.actions, request.action)) is not True:
        wanted = " or ".join(sorted(f"to {action.value}" for action in rule.actions))
        yield _leaf(Operand.ANSWER_KIND, wanted, f"to {request.action.value}", covered)


def _covers(actions: frozenset[Action], asked: Action) -> Truth:
    """`use` covers the others; whether a rule about one of them covers an unspecific use cannot be told."""
    if not actions or Action.USE in actions or asked in actions:
        return True
    return None if asked is Action.USE else False


def _leaf(operand: Operand, wanted: str, seen: str, truth: Truth) -> Node:
    return Node(truth, ConstraintReport(operand, wanted, seen, truth))
