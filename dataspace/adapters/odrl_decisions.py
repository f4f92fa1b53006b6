"""A decision with its reasons as a compliance report, so that others' tools can read why.

One `PolicyReport` for each dataset and policy, one rule report for each reason, one `ConstraintReport` for each
constraint, with value observed and value required as people read them. What could not be told has no
`satisfactionState`: an open world has no word for it in that vocabulary. An unclear prohibition is active.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime

from dataspace.adapters.odrl_read import TYPE
from dataspace.adapters.odrl_report import DCT, REPORT, name_of
from dataspace.model.decisions import Allow, Decision, Reason
from dataspace.model.odrl import Iri, Literal, Statement
from dataspace.model.policies import Effect
from dataspace.policy.odrl.exporting import DATASET, POLICY, operand_iri
from dataspace.policy.odrl.values import XSD
from dataspace.vocabulary.odrl import PROFILE


def decision_statements(decisions: Mapping[str, Decision], now: datetime) -> Iterator[Statement]:
    """The statements on each dataset's decision; `now` is the moment at which they were told."""
    for dataset, decision in decisions.items():
        outcome = "allow" if isinstance(decision, Allow) else "deny"
        if not decision.reasons:  # no policy speaks of it: refused by default
            yield from _head(name_of("decision", dataset, now.isoformat()), dataset, outcome, now)
        for policy in dict.fromkeys(reason.policy for reason in decision.reasons):
            node = name_of("decision", dataset, policy, now.isoformat())
            yield from _head(node, dataset, outcome, now)
            yield Statement(node, REPORT + "policy", Iri(POLICY + policy))
            for place, reason in enumerate(decision.reasons):
                if reason.policy == policy:
                    yield from _reason(reason, node, place)


def _head(node: str, dataset: str, outcome: str, now: datetime) -> Iterator[Statement]:
    yield Statement(node, TYPE, Iri(REPORT + "PolicyReport"))
    yield Statement(node, DCT + "created", Literal(now.isoformat(), XSD + "dateTime"))
    yield Statement(node, PROFILE + "dataset", Iri(DATASET + dataset))
    yield Statement(node, PROFILE + "decision", Literal(outcome))


def _reason(reason: Reason, above: str, place: int) -> Iterator[Statement]:
    node = name_of("reason", above, str(place))
    permits = reason.effect is Effect.PERMIT
    active = reason.applies is True if permits else reason.applies is not False
    yield Statement(above, REPORT + "ruleReport", Iri(node))
    yield Statement(node, TYPE, Iri(REPORT + ("PermissionReport" if permits else "ProhibitionReport")))
    yield Statement(node, REPORT + "rule", Iri(f"{POLICY}{reason.policy}#{reason.rule}"))
    yield Statement(node, REPORT + "attemptState", Iri(REPORT + "Attempted"))
    yield Statement(node, REPORT + "activationState", Iri(REPORT + ("Active" if active else "Inactive")))
    yield Statement(node, DCT + "description", Literal(reason.sentence))
    if reason.who_can_change:
        yield Statement(node, PROFILE + "whoCanChange", Literal(reason.who_can_change))
    for number, one in enumerate(reason.constraints):
        premise = name_of("premise", node, str(number))
        yield Statement(node, REPORT + "premiseReport", Iri(premise))
        yield Statement(premise, TYPE, Iri(REPORT + "ConstraintReport"))
        yield Statement(premise, PROFILE + "leftOperand", Iri(operand_iri(one.operand)))
        yield Statement(premise, REPORT + "constraintLeftOperand", Literal(one.observed))
        yield Statement(premise, REPORT + "constraintRightOperand", Literal(one.required))
        if one.holds is not None:
            word = "Satisfied" if one.holds else "Unsatisfied"
            yield Statement(premise, REPORT + "satisfactionState", Iri(REPORT + word))
