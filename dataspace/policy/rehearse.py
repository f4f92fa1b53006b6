"""Rehearse policies: where decisions differ from what a steward wrote down."""

from dataclasses import fields

from dataspace.model.decisions import Allow, Decision, Reason
from dataspace.model.policies import Effect, Obligations, PolicySet
from dataspace.model.scenarios import Expectation, Scenario
from dataspace.policy.compose import compose, effective
from dataspace.policy.decide import decide


def rehearse(scenario: Scenario, policies: PolicySet) -> tuple[str, ...]:
    """The differences, one sentence each; empty where the decision is as expected."""
    decision = decide(scenario.request, policies, scenario.at)
    return differences(decision, scenario.expects)


def differences(decision: Decision, expected: Expectation) -> tuple[str, ...]:
    """Where a decision is not what was expected."""
    allowed = isinstance(decision, Allow)
    if allowed != expected.allowed:
        words = {True: "allowed", False: "refused"}
        said = "; ".join(reason.sentence for reason in decision.reasons if reason.sentence)
        return (
            f"expected to be {words[expected.allowed]}, but {words[allowed]}: {said or 'no policy speaks of it'}",
        )
    decisive = [reason for reason in decision.reasons if reason.sentence or _stands(reason)]
    named = {str(r.policy) for r in decisive} | {f"{r.policy}/{r.rule}" for r in decisive}
    found = [f"{name} is not among the rules that decided" for name in expected.because if name not in named]
    if isinstance(decision, Allow):
        return (*found, *_obligations(decision.obligations, expected.obligations))
    unreported = [operand.value for operand in expected.missing if operand not in decision.missing]
    found += [f"{operand} is not reported as missing" for operand in unreported]
    if expected.nearest not in decision.nearest:
        found.append(f"the nearest thing that would pass is: {decision.nearest}")
    return tuple(found)


def _stands(reason: Reason) -> bool:
    """A prohibition that applies, or may: it decided, even where its sentence would repeat another's."""
    return reason.effect is Effect.FORBID and reason.applies is not False


def _obligations(owed: Obligations, expected: Obligations) -> tuple[str, ...]:
    """Every field that the steward wrote down has to be owed exactly so; defaults count as owed."""
    nothing, owed, wanted = Obligations(), effective(owed), compose(expected)
    return tuple(
        f"{field.name.replace('_', ' ')} is {getattr(owed, field.name)}, expected {getattr(wanted, field.name)}"
        for field in fields(Obligations)
        if getattr(wanted, field.name) != getattr(nothing, field.name)
        and getattr(wanted, field.name) != getattr(owed, field.name)
    )
