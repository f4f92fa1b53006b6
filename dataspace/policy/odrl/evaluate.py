"""Evaluate a request against ODRL policies in one state of the world, and report on each rule.

A closed world, unlike `decide`: what is not stated is not so. Four sentences:
1. A rule is active where its target, party and action fit what is asked, all its constraints and refinements hold,
   and no duty of it is violated; what it leaves out means any.
2. A constraint whose fact is missing, or that cannot be compared, is not satisfied.
3. An active prohibition outweighs an active permission, unless the policy's conflict strategy says otherwise;
   `invalid` voids a policy in which both are active.
4. Where no permission is active, the answer is no.
"""

from collections.abc import Iterator, Mapping

from dataspace.model.odrl import (
    Comparison,
    Condition,
    Document,
    Joining,
    Logical,
    Member,
    OdrlPolicy,
    Rule,
    RuleKind,
    Strategy,
    Value,
)
from dataspace.model.odrl_reports import (
    Activation,
    Deontic,
    DutyReport,
    PolicyReport,
    Premise,
    PremiseReport,
    RuleReport,
)
from dataspace.model.odrl_world import Asked, World
from dataspace.policy.kleene import Truth, all_of, any_of, one_of
from dataspace.policy.moments import as_utc
from dataspace.policy.odrl.holding import Facts, facts_of, holds, reaches
from dataspace.policy.odrl.values import moment_of
from dataspace.vocabulary.odrl import wider_actions


def evaluate(document: Document, asked: Asked, world: World) -> tuple[PolicyReport, ...]:
    """A report for each policy of the document. Raises nothing."""
    return tuple(_policy(policy, asked, world) for policy in document.policies)


def _policy(policy: OdrlPolicy, asked: Asked, world: World) -> PolicyReport:
    rules = tuple(_rule(kind, rule, asked, world) for kind, rule in policy.rules())
    active = {rule.kind for rule in rules if rule.activation is Activation.ACTIVE}
    allowed = RuleKind.PERMISSION in active and (
        RuleKind.PROHIBITION not in active or policy.conflict is Strategy.PERM
    )
    now = world.now
    moment = moment_of(now.text) if now else None
    return PolicyReport(
        policy.id,
        asked.request,
        as_utc(moment) if moment else None,
        now.text if now else "",
        rules,
        allowed,
    )


def _rule(kind: RuleKind, rule: Rule, asked: Asked, world: World) -> RuleReport:
    premises = tuple(_premises(rule, asked, world))
    own = rule.duties if kind is RuleKind.PERMISSION else rule.remedies
    duties = [_duty(duty, world) for duty in own]
    if kind is RuleKind.OBLIGATION:
        duties = [_duty(rule, world), *duties]
    stands = all(premise.satisfied for premise in premises)
    blocked = kind is RuleKind.PERMISSION and any(duty.deontic is Deontic.VIOLATED for duty in duties)
    state = Activation.ACTIVE if stands and not blocked else Activation.INACTIVE
    return RuleReport(rule.id, kind, state, premises, tuple(duties), asked.rule)


def _premises(rule: Rule, asked: Asked, world: World) -> Iterator[PremiseReport]:
    facts = facts_of(asked, rule, world)
    if rule.targets:
        yield _members(Premise.TARGET, rule.targets, asked.targets, world)
    if rule.assignees:
        yield _members(Premise.PARTY, rule.assignees, asked.assignees, world)
    if rule.actions:
        yield _action(rule, asked, world, facts)
    for condition in rule.constraints:
        yield _condition(condition, facts, world)


def _members(
    premise: Premise, wanted: tuple[Member, ...], given: tuple[str, ...], world: World
) -> PremiseReport:
    """Satisfied where each that is asked for is one of those meant: nothing named is no one in particular."""
    met = bool(given) and all(any(_is_meant(member, name, world) for member in wanted) for name in given)
    return PremiseReport(premise, met, wanted[0].id)


def _is_meant(member: Member, name: str, world: World) -> bool:
    names = {member.id, member.source} - {""}
    part = name in names if not member.collection else any(reaches(name, one, world) for one in names)
    if not part and not member.collection:
        part = reaches(name, member.id, world, members_only=True)
    own = {operand: values for (subject, operand), values in world.facts.items() if subject == name}
    return part and all(_condition(condition, own, world).satisfied for condition in member.refinements)


def _action(rule: Rule, asked: Asked, world: World, facts: Facts) -> PremiseReport:
    fits, parts = False, tuple[PremiseReport, ...]()
    for doing in rule.actions:
        covered = bool(asked.actions) and all(doing.action in wider_actions(a) for a in asked.actions)
        refined = tuple(_condition(condition, facts, world) for condition in doing.refinements)
        if covered and all(part.satisfied for part in refined):
            return PremiseReport(Premise.ACTION, True, doing.action, parts=refined)
        parts = parts or refined
    return PremiseReport(Premise.ACTION, fits, rule.actions[0].action, parts=parts)


def _condition(condition: Condition, facts: Facts, world: World) -> PremiseReport:
    if isinstance(condition, Comparison):
        seen: tuple[Value, ...] = facts.get(condition.left, ())
        return PremiseReport(
            Premise.CONSTRAINT,
            holds(condition, seen, world) is True,
            condition.id,
            seen,
            condition.operator,
            condition.right,
        )
    parts = tuple(_condition(part, facts, world) for part in condition.parts)
    return PremiseReport(
        Premise.CONSTRAINT,
        _joined(condition, parts) is True,
        condition.id,
        joining=condition.joining.value,
        parts=parts,
    )


_JOINED = {Joining.AND: all_of, Joining.AND_SEQUENCE: all_of, Joining.OR: any_of, Joining.XONE: one_of}


def _joined(condition: Logical, parts: tuple[PremiseReport, ...]) -> Truth:
    """All facts hold at one moment, so that a sequence is a conjunction told in order."""
    return _JOINED[condition.joining]([part.satisfied for part in parts])


def _duty(duty: Rule, world: World) -> DutyReport:
    """As the world tells; what it does not tell of is neither fulfilled nor violated."""
    known: Mapping[str, DutyReport] = world.duties
    parts = tuple(_duty(below, world) for below in (*duty.consequences, *duty.remedies))
    told = known.get(duty.id)
    if told is None:
        return DutyReport(duty.id, Deontic.NON_SET, parts=parts)
    return DutyReport(duty.id, told.deontic, told.attempted, told.performed, told.known, parts)
