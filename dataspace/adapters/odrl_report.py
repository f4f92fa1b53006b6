"""A compliance report as RDF, in the vocabulary https://w3id.org/force/compliance-report#.

Reports are named after what they report on, so that the same question in the same world gives the same text.
"""

from collections.abc import Iterator
from hashlib import sha256

from dataspace.adapters.odrl_read import TYPE
from dataspace.model.odrl import ODRL, Iri, Literal, RuleKind, Statement, Value
from dataspace.model.odrl_reports import DutyReport, PolicyReport, Premise, PremiseReport, RuleReport
from dataspace.vocabulary.odrl import PREFIXES

REPORT, DCT = PREFIXES["report"], PREFIXES["dct"]
_RULES = {
    RuleKind.PERMISSION: "PermissionReport",
    RuleKind.PROHIBITION: "ProhibitionReport",
    RuleKind.OBLIGATION: "DutyReport",
}


def report_statements(reports: tuple[PolicyReport, ...]) -> Iterator[Statement]:
    """The statements of the reports."""
    for report in reports:
        name = name_of("policy", report.policy, report.request, report.created_text)
        yield _is(name, "PolicyReport")
        if report.created_text:
            kind = PREFIXES["xsd"] + ("dateTime" if "T" in report.created_text else "date")
            yield Statement(name, DCT + "created", Literal(report.created_text, kind))
        yield _points(name, "policy", report.policy)
        yield _points(name, "policyRequest", report.request)
        for rule in report.rules:
            yield from _rule(rule, name)


def _rule(report: RuleReport, above: str) -> Iterator[Statement]:
    name = name_of("rule", above, report.rule)
    yield _points(above, "ruleReport", name)
    yield _is(name, _RULES[report.kind])
    yield _points(name, "rule", report.rule)
    yield _points(name, "ruleRequest", report.request_rule)
    yield _state(name, "attemptState", "Attempted")
    yield _state(name, "activationState", report.activation.value)
    for place, premise in enumerate(report.premises):
        yield from _premise(premise, name, place)
    for duty in report.duties:
        yield from _duty(duty, name, "conditionReport")


def _premise(report: PremiseReport, above: str, place: int) -> Iterator[Statement]:
    name = name_of("premise", above, report.about, str(place))
    yield _points(above, "premiseReport", name)
    yield _is(name, report.premise.value)
    yield _state(name, "satisfactionState", "Satisfied" if report.satisfied else "Unsatisfied")
    if report.premise is Premise.CONSTRAINT:
        yield _points(name, "constraint", report.about)
    if report.joining:
        yield _points(name, "constraintLogicalOperand", ODRL + report.joining)
    if report.operator:
        yield _points(name, "constraintOperator", report.operator)
    for value in report.observed:
        yield Statement(name, REPORT + "constraintLeftOperand", value)
    for value in report.required:
        yield Statement(name, REPORT + "constraintRightOperand", value)
    for part, below in enumerate(report.parts):
        yield from _premise(below, name, part)


def _duty(report: DutyReport, above: str, link: str) -> Iterator[Statement]:
    name = (
        report.known
        if report.known and not report.known.startswith("_:")
        else name_of("duty", above, report.rule)
    )
    yield _points(above, link, name)
    yield _is(name, "DutyReport")
    yield _points(name, "rule", report.rule)
    yield _state(name, "deonticState", report.deontic.value)
    if report.attempted is not None:
        yield _state(name, "attemptState", "Attempted" if report.attempted else "NotAttempted")
    performed = {True: "Performed", False: "Unperformed", None: "Unknown"}[report.performed]
    yield _state(name, "performanceState", performed)
    for part in report.parts:
        yield from _duty(part, name, "conditionReport")


def _is(name: str, kind: str) -> Statement:
    return Statement(name, TYPE, Iri(REPORT + kind))


def _points(name: str, predicate: str, to: str) -> Statement:
    return Statement(name, REPORT + predicate, Iri(to))


def _state(name: str, predicate: str, word: str) -> Statement:
    held: Value = Iri(REPORT + word)
    return Statement(name, REPORT + predicate, held)


def name_of(*parts: str) -> str:
    """A name that follows from what it is for."""
    digest = sha256("\x1f".join(parts).encode()).hexdigest()
    return f"urn:uuid:{digest[:8]}-{digest[8:12]}-8{digest[13:16]}-8{digest[17:20]}-{digest[20:32]}"
