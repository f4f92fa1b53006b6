"""Compare the rules of ODRL policies: can both be kept? Conflict, Compatible, or Unknown where it cannot be told.

1. Two permissions for the same thing conflict where no case meets both; a permission and a prohibition (or an
   obligation and a prohibition) where some case meets both; a rule by itself where no case meets it.
2. Permissions of one policy for the same thing are alternatives: the best of them counts.
3. An operand that one policy limits and the other never mentions leaves the answer open, except where the two limit
   wholly different times (a date and a length), or one bounds the other.
4. What is unknown stays unknown: a conflict needs a proof, and so does a witness.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations, product

from dataspace.model.odrl import Document, Literal, Member, OdrlPolicy, Rule, RuleKind
from dataspace.model.odrl_verdicts import Compared, Verdict
from dataspace.policy.kleene import Truth, all_of, any_of
from dataspace.policy.odrl.formula import Axis, Formula, atoms, axes, both, formula, linked, sort_of
from dataspace.policy.odrl.solving import Outcome, solve
from dataspace.policy.odrl.terms import Knowledge
from dataspace.vocabulary.odrl import Sort, wider_actions

_CLOCKS = frozenset({Sort.INSTANT, Sort.DURATION, Sort.RECURRING})
_OPEN = Knowledge()


def compare(
    first: Document, second: Document | None = None, knowledge: Knowledge = _OPEN
) -> tuple[Compared, ...]:
    """All findings on the rules of one document, or of each policy of the first with each of the second."""
    if second is not None:
        return tuple(
            found
            for one, other in product(first.policies, second.policies)
            for found in _pair(one, other, knowledge)
        )
    alone = [found for policy in first.policies for found in _alone(policy, knowledge)]
    pairs = [
        found for one, other in combinations(first.policies, 2) for found in _pair(one, other, knowledge)
    ]
    if len(first.policies) == 1:
        return tuple(alone)
    return (*pairs, *(found for found in alone if found.verdict is Verdict.CONFLICT and found.second))


def overall(found: Sequence[Compared]) -> Compared:
    """The finding that settles it: a conflict, else what is unknown, else that all is compatible."""
    rank = {Verdict.CONFLICT: 0, Verdict.UNKNOWN: 1, Verdict.COMPATIBLE: 2}
    if not found:
        return Compared(Verdict.COMPATIBLE, sentence="No rule meets another one.")
    return min(found, key=lambda one: rank[one.verdict])


def _alone(policy: OdrlPolicy, knowledge: Knowledge) -> Iterator[Compared]:
    for _, rule in policy.rules():
        outcome = solve(_formula(rule), knowledge)
        yield _finding(outcome, _VERDICTS[outcome.holds], rule, None)
    yield from _against(policy, policy, knowledge)


def _pair(one: OdrlPolicy, other: OdrlPolicy, knowledge: Knowledge) -> Iterator[Compared]:
    yield from _against(one, other, knowledge)
    yield from _against(other, one, knowledge)
    groups: dict[tuple[object, ...], list[Compared]] = {}
    for left, right in product(one.permissions, other.permissions):
        meets = _meet(left, right)
        if meets is not False:
            subject = (_names(left.targets), _names(left.assignees), tuple(d.action for d in left.actions))
            groups.setdefault(subject, []).append(_permissions(left, right, meets, knowledge))
    order = (Verdict.COMPATIBLE, Verdict.UNKNOWN, Verdict.CONFLICT)
    for found in groups.values():
        yield min(found, key=lambda finding: order.index(finding.verdict))


def _permissions(left: Rule, right: Rule, meets: Truth, knowledge: Knowledge) -> Compared:
    first, second = _formula(left), _formula(right)
    outcome = solve(both(first, second), knowledge)
    if outcome.holds is False:
        verdict = Verdict.CONFLICT if meets else Verdict.UNKNOWN
        return _finding(outcome, verdict, left, right)
    silent = _silent(first, second)
    if outcome.holds is True and silent:
        axis = min(silent)
        said = f"Only one of the two speaks of {axis.name}."
        return Compared(Verdict.UNKNOWN, axis.name, outcome.witness, left.id, right.id, said)
    return _finding(outcome, _VERDICTS[outcome.holds], left, right)


_VERDICTS = {True: Verdict.COMPATIBLE, False: Verdict.CONFLICT, None: Verdict.UNKNOWN}


def _against(one: OdrlPolicy, other: OdrlPolicy, knowledge: Knowledge) -> Iterator[Compared]:
    """What one policy permits or demands against what the other forbids."""
    kinds = (RuleKind.PERMISSION, RuleKind.OBLIGATION)
    for (_, rule), ban in product([r for r in one.rules() if r[0] in kinds], other.prohibitions):
        meets = _meet(rule, ban)
        if meets is False:
            continue
        outcome = solve(both(_formula(rule), _formula(ban)), knowledge)
        overlap = all_of([outcome.holds, meets])
        verdict = {True: Verdict.CONFLICT, False: Verdict.COMPATIBLE, None: Verdict.UNKNOWN}[overlap]
        yield _finding(outcome, verdict, rule, ban)


def _silent(first: Formula | None, second: Formula | None) -> frozenset[Axis]:
    """Axes that only one side limits, without those that the other side bounds by another operand."""
    mine, theirs = axes(first), axes(second)
    if mine and theirs and not mine & theirs:
        sorts = _sorts(first), _sorts(second)
        if sorts[0] | sorts[1] <= _CLOCKS and not sorts[0] & sorts[1]:
            return frozenset()
    left = {axis for axis in mine - theirs if not linked(axis) & {one.operand for one in theirs}}
    right = {axis for axis in theirs - mine if not linked(axis) & {one.operand for one in mine}}
    return frozenset(left | right)


def _sorts(given: Formula | None) -> frozenset[Sort]:
    return frozenset(sort_of(atom.axis, [atom.comparison]) for atom in atoms(given))


def _formula(rule: Rule) -> Formula | None:
    """A rule's constraints, with the refinements of its action."""
    refined = rule.actions[0].refinements if len(rule.actions) == 1 else ()
    return formula((*rule.constraints, *refined))


def _meet(left: Rule, right: Rule) -> Truth:
    """Whether two rules speak of the same thing: None where a collection may or may not hold what is named."""
    acts = [d.action for d in left.actions], [d.action for d in right.actions]
    same = (
        True
        if not acts[0] or not acts[1]
        else any(a in wider_actions(b) or b in wider_actions(a) for a, b in product(*acts))
    )
    return all_of([same, _overlap(left.targets, right.targets), _overlap(left.assignees, right.assignees)])


def _overlap(left: tuple[Member, ...], right: tuple[Member, ...]) -> Truth:
    if not left or not right:
        return True
    return any_of([_shares(one, other) for one, other in product(left, right)])


def _shares(one: Member, other: Member) -> Truth:
    refined = one.refinements or other.refinements
    if one.id == other.id and not refined:
        return True
    return None if one.collection or other.collection or refined else False


def _names(members: tuple[Member, ...]) -> tuple[str, ...]:
    return tuple(sorted(member.id for member in members))


def _finding(outcome: Outcome, verdict: Verdict, left: Rule, right: Rule | None) -> Compared:
    mine, theirs = _formula(left), _formula(right) if right else None
    other = right.id if right else ""
    if outcome.holds is False:
        axis = outcome.culprit
        shown = {"first": _demand(mine, axis), "second": _demand(theirs, axis)}
        told = "No case meets both." if right else "No case meets it."
        return Compared(
            verdict, axis.name if axis else "", {k: v for k, v in shown.items() if v}, left.id, other, told
        )
    if outcome.holds is None:
        names = sorted({axis.name for axis in axes(both(mine, theirs))})
        return Compared(verdict, ", ".join(names), {}, left.id, other, "What is known does not settle it.")
    told = "These values meet both." if right else "These values meet it."
    return Compared(verdict, ", ".join(outcome.witness), outcome.witness, left.id, other, told)


def _demand(given: Formula | None, axis: Axis | None) -> str:
    """What a side demands of an axis, as written."""
    said = []
    for atom in atoms(given):
        if axis is None or atom.axis == axis:
            values = (v.text if isinstance(v, Literal) else f"<{v.text}>" for v in atom.comparison.right)
            operator = atom.comparison.operator.rpartition("/")[2]
            said.append(f"{atom.axis.name} {operator} {', '.join(values)}")
    return "; ".join(said[:8])
