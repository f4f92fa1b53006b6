"""A decision's reasons as a compliance report: what is active, what was observed, and what could not be told."""

from datetime import UTC, datetime

from dataspace.adapters.odrl_decisions import decision_statements
from dataspace.adapters.odrl_graph import parse, write
from dataspace.adapters.odrl_report import REPORT
from dataspace.model.decisions import Allow, ConstraintReport, Deny, Reason
from dataspace.model.names import PolicyId, RuleId
from dataspace.model.policies import Effect, Obligations, Operand
from dataspace.vocabulary.odrl import PROFILE

NOW = datetime(2026, 12, 1, tzinfo=UTC)


def objects(decision: Allow | Deny, predicate: str) -> list[str]:
    text = write(decision_statements({"stays": decision}, NOW), "turtle")
    return sorted(
        s.object.text.removeprefix(REPORT) for s in parse(text, "r") if s.predicate == REPORT + predicate
    )


def reason(effect: Effect, applies: bool | None, *constraints: ConstraintReport) -> Reason:
    return Reason(PolicyId("p"), RuleId("r"), effect, applies, "Because.", constraints, "you")


def test_an_unclear_prohibition_is_active_and_an_unclear_permission_is_not() -> None:
    denied = Deny((reason(Effect.FORBID, None), reason(Effect.PERMIT, None)))
    assert objects(denied, "activationState") == ["Active", "Inactive"]


def test_what_was_observed_and_required_is_told_and_what_is_unknown_has_no_state() -> None:
    purpose = ConstraintReport(Operand.PURPOSE, "scientific research", "marketing", False)
    count = ConstraintReport(Operand.COUNT, "less than 3", "not known", None)
    denied = Deny((reason(Effect.PERMIT, False, purpose, count),))
    assert objects(denied, "satisfactionState") == ["Unsatisfied"]
    assert objects(denied, "constraintLeftOperand") == ["marketing", "not known"]
    assert objects(denied, "constraintRightOperand") == ["less than 3", "scientific research"]


def test_an_allowance_names_its_rule() -> None:
    allowed = Allow(Obligations(), (reason(Effect.PERMIT, True),))
    assert objects(allowed, "rule") == ["urn:dataspace:policy:p#r"]
    assert objects(allowed, "activationState") == ["Active"]


def test_a_refusal_by_default_is_told_too() -> None:
    text = write(decision_statements({"stays": Deny(())}, NOW), "turtle")
    assert [s.object.text for s in parse(text, "r") if s.predicate == PROFILE + "decision"] == ["deny"]
