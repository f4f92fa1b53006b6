"""A decision in words: what each rule says here, who could change it, and how it reads on a screen."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from dataspace.model.decisions import Allow, ConstraintReport, Decision, Reason
from dataspace.model.policies import Action, AnswerKind, Effect, Obligations, Operand
from dataspace.policy.compose import effective
from dataspace.policy.facts import NOT_STATED, VALID
from dataspace.policy.judge import Finding, allowed
from dataspace.policy.operands import OPERANDS

YOU = "you"

_FROM_PERMIT = frozenset(
    {Operand.PERMIT, Operand.LEGAL_BASIS, Operand.ETHICS_VOTE, Operand.PROJECT, Operand.DISEASE}
)
"""What a permit that covers the request brings with it: who applies for one can supply these."""

_FIRST = (Operand.PERMIT, Operand.PURPOSE, Operand.ANSWER_KIND)


def reasons(found: Sequence[Finding]) -> tuple[Reason, ...]:
    """One reason for each rule, those that decided first; only these have a sentence."""
    if allowed(found):
        return tuple(_reason(f, f.permits) for f in sorted(found, key=lambda f: not f.permits))
    decisive = decided(found)
    named = {id(finding) for finding in decisive}
    rest = [finding for finding in found if id(finding) not in named]
    told: set[Operand] = set()
    said = []
    for finding in decisive:  # one mention of what is missing is enough, however many rules miss it
        topics = {report.operand for report in finding.blockers()}
        if Operand.PERMIT in told:
            topics -= _FROM_PERMIT
        said.append(_reason(finding, finding.node.truth is True or not topics <= told))
        told |= topics
    return (*said, *(_reason(finding, False) for finding in rest))


def decided(found: Sequence[Finding]) -> list[Finding]:
    """Of a refusal: the prohibitions that certainly apply; else the nearest permissions that do not, and the
    prohibitions that would fall away if more were known."""
    forbids = [finding for finding in found if finding.forbids]
    certain = [finding for finding in forbids if finding.node.truth is True]
    if certain:
        return certain
    if any(finding.permits for finding in found):
        return forbids
    short = [finding for finding in found if finding.rule.effect is Effect.PERMIT]
    least = min((len(finding.blockers()) for finding in short), default=0)
    return [finding for finding in short if len(finding.blockers()) == least] + forbids


def missing(found: Sequence[Finding]) -> tuple[Operand, ...]:
    """What was not known to the rules that decided, and a permit where one is needed and none covers."""
    blockers = [report for finding in decided(found) for report in finding.blockers()]
    unknown = {report.operand for report in blockers if report.holds is None or _wants_permit(report)}
    return tuple(operand for operand in Operand if operand in unknown)


def who_can_change(finding: Finding) -> str:
    """`you` where applying, stating a purpose or asking in another way is enough; else the policy's owner."""
    if finding.rule.effect is Effect.PERMIT:
        mine = all(_yours(report) for report in finding.blockers())
    else:  # one part of a prohibition that falls away is enough
        parts = [tuple(part.against(False)) for part in finding.node.parts]
        mine = any(part and all(_yours(report) for report in part) for part in parts)
    return YOU if mine else finding.policy.owner


def report_lines(decision: Decision) -> tuple[str, ...]:
    """The decision as lines of text: the outcome, every rule with its constraints, what is owed or would pass."""
    allowed = isinstance(decision, Allow)
    lines = ["Allowed." if allowed else "Refused."]
    if not decision.reasons:
        lines.append("  no policy speaks of this [default]")
    for reason in decision.reasons:
        lines += _reason_lines(reason)
    if isinstance(decision, Allow):
        lines += [f"  owed: {line}" for line in obligation_lines(decision.obligations)]
    elif decision.nearest:
        lines.append(decision.nearest)
    return tuple(lines)


def obligation_lines(obligations: Obligations) -> tuple[str, ...]:
    """What an allowance demands, defaults included, one line for each."""
    owed = effective(obligations)
    lines = [
        f"cells of at least {owed.cohort}",
        f"ε at most {owed.epsilon_question:g} a question and {owed.epsilon_total:g} a permit",
    ]
    if owed.row_filter is not None:
        lines.append("only rows that pass the policy's filter")
    lines += [f"{name} masked ({mask.kind.value})" for name, mask in sorted(owed.masks.items())]
    if owed.withheld:
        lines.append(f"without {', '.join(sorted(owed.withheld))}")
    if owed.answer is not None:
        lines.append(f"nothing that tells more than {owed.answer.value} answers")
    if owed.round_to is not None:
        lines.append(f"counts and sums of aggregates in steps of {owed.round_to}")
    if owed.compare_across:
        lines.append(f"aggregates compared with all earlier ones of the same {_listed(owed.compare_across)}")
    if owed.maximum_rows is not None:
        lines.append(f"at most {owed.maximum_rows} rows")
    lines.append(
        f"across sites: {owed.minimum_sites} sites, {owed.minimum_units} units and"
        f" {owed.minimum_events} events at each"
    )
    if owed.expires is not None:
        lines.append(f"until {owed.expires:%Y-%m-%d}")
    return (*lines, *duty_lines(owed))


def _listed(words: Iterable[str]) -> str:
    return " and the same ".join(sorted(words))


def duty_lines(owed: Obligations) -> list[str]:
    """What is owed after the answer has left."""
    lines = []
    if owed.sites is not None:
        lines.append(f"computed only at {', '.join(sorted(owed.sites)) or 'no site'}")
    if owed.retention_days is not None:
        lines.append(f"kept for at most {owed.retention_days} days")
    if owed.no_onward_sharing:
        lines.append("not handed on")
    if owed.restate_purpose:
        lines.append("the purpose restated with each question")
    if owed.attribution:
        lines.append(f"named as {owed.attribution}")
    return lines + sorted(owed.duties)


def _reason(finding: Finding, decisive: bool) -> Reason:
    return Reason(
        policy=finding.policy.id,
        rule=finding.rule.id,
        effect=finding.rule.effect,
        applies=finding.node.truth,
        sentence=_sentence(finding) if decisive else "",
        constraints=tuple(
            replace(report, who_can_change=_who(report, finding)) for report in finding.node.leaves()
        ),
        who_can_change=who_can_change(finding) if finding.blockers() else finding.policy.owner,
    )


def _sentence(finding: Finding) -> str:
    because = finding.rule.because.strip().rstrip(".")
    if finding.permits:
        return because or "this policy allows it"
    blockers = sorted(finding.blockers(), key=lambda report: _rank(report.operand))
    phrases = ", and ".join(dict.fromkeys(_phrase(report) for report in blockers))
    if finding.rule.effect is Effect.PERMIT:
        return phrases or "this rule does not apply"
    if finding.node.truth is True:
        return because or f"this policy forbids it ({phrases or 'always'})"
    unclear = dict.fromkeys(_unclear(report) for report in blockers if report.holds is None)
    return f"{' and '.join(unclear)}, so this stands: {because or 'forbidden'}"


def _rank(operand: Operand) -> int:
    return _FIRST.index(operand) if operand in _FIRST else len(_FIRST)


def _unclear(report: ConstraintReport) -> str:
    if report.operand is Operand.PURPOSE and report.observed == NOT_STATED:
        return "no purpose is stated"
    return f"the {report.operand.value.replace('-', ' ')} is {report.observed}"


def _phrase(report: ConstraintReport) -> str:
    """One constraint that stands in the way, as a clause."""
    match report.operand:
        case Operand.PERMIT if _wants_permit(report):
            return report.observed if "does not cover" in report.observed else "there is no permit"
        case Operand.ANSWER_KIND if report.holds is True:
            return f"{report.observed} was asked for"
        case Operand.ANSWER_KIND:
            return f"this policy gives {report.required}, not {report.observed}"
        case _:
            return f"{_unclear(report)} (the rule speaks of {report.required})"


def _wants_permit(report: ConstraintReport) -> bool:
    return report.operand is Operand.PERMIT and report.required == VALID and report.holds is not True


def _yours(report: ConstraintReport) -> bool:
    match report.operand:
        case Operand.ANSWER_KIND:  # a count is no substitute for a training run
            return report.observed not in (AnswerKind.TRAIN.value, f"to {Action.TRAIN.value}")
        case Operand.PURPOSE:  # stating one is in your hands, having another one is not
            return report.holds is None
        case _:
            return OPERANDS[report.operand].changed_by == YOU


def _who(report: ConstraintReport, finding: Finding) -> str:
    """Whose act changes what this constraint saw; where it could be yours but is not, the policy has to change."""
    if _yours(report):
        return YOU
    changed_by = OPERANDS[report.operand].changed_by
    return finding.policy.owner if changed_by == YOU else changed_by


def _by(report: ConstraintReport) -> str:
    return f" (changed by {report.who_can_change})" if report.who_can_change else ""


def _reason_lines(reason: Reason) -> list[str]:
    verb = "allows" if reason.effect is Effect.PERMIT else "forbids"
    outcome = {True: "applies", False: "does not apply", None: "cannot be told"}[reason.applies]
    lines = [
        f"  {reason.policy}/{reason.rule} {verb}: {outcome}"
        + (f"; {reason.sentence}" if reason.sentence else "")
    ]
    marks = {True: "yes", False: "no", None: "?"}
    lines += [
        f"    {marks[c.holds]:<4}{c.operand.value.replace('-', ' ')}: {c.required}; here {c.observed}{_by(c)}"
        for c in reason.constraints
    ]
    return lines
