"""Every error of the tree survives the way over the wire: class, sentence, hint and facts."""

from collections.abc import Iterator

import pytest

from dataspace.client.problems import error_of
from dataspace.errors import (
    AccessDenied,
    AnswerTooLarge,
    BudgetExceeded,
    Busy,
    ConnectorMissing,
    CutTooLarge,
    DataspaceError,
    NoAnswer,
    SourceAway,
    SourceChanged,
    TemporaryGone,
    TemporaryTooLarge,
    UnknownColumn,
    UnknownName,
    UnsupportedQuery,
)
from dataspace.http.problems import problem
from dataspace.model.decisions import Deny, Reason
from dataspace.model.names import PolicyId, RuleId
from dataspace.model.policies import Effect, Operand


def kinds(kind: type[DataspaceError] = DataspaceError) -> Iterator[type[DataspaceError]]:
    for child in kind.__subclasses__():
        if child.__module__ == "dataspace.errors":
            yield child
            yield from kinds(child)


DENY = Deny(
    (Reason(PolicyId("p"), RuleId("r"), Effect.PERMIT, None, "No purpose."),),
    (Operand.PURPOSE,),
    "Say a purpose.",
)
MADE: dict[type[DataspaceError], DataspaceError] = {
    AccessDenied: AccessDenied("medpar", DENY),
    AnswerTooLarge: AnswerTooLarge(4 << 30),
    Busy: Busy(7, mine=True),
    BudgetExceeded: BudgetExceeded(0.5, 0.2, "permit"),
    NoAnswer: NoAnswer(),
    UnknownName: UnknownName("dataset", "medpra", ("medpar",), "Look."),
    UnsupportedQuery: UnsupportedQuery("a cast", "Leave it out."),
    UnknownColumn: UnknownColumn("ages", ("medpar",), ("age80",)),
    CutTooLarge: CutTooLarge(3 << 30, 1 << 30),
    SourceAway: SourceAway("medpar"),
    SourceChanged: SourceChanged("medpar"),
    TemporaryGone: TemporaryGone("short"),
    TemporaryTooLarge: TemporaryTooLarge("short", 128 << 20),
    ConnectorMissing: ConnectorMissing("None.", "Install it."),
}


@pytest.mark.parametrize("kind", list(kinds()), ids=lambda kind: kind.__name__)
def test_an_error_survives_the_wire(kind: type[DataspaceError]) -> None:
    sent = MADE.get(kind) or kind("It is so.", "Do this.")
    received = error_of(sent.status, problem(sent))
    assert isinstance(received, kind)
    assert (received.code, received.fact, received.hint) == (sent.code, sent.fact, sent.hint)


def test_a_denial_brings_its_decision_along() -> None:
    received = error_of(403, problem(AccessDenied("medpar", DENY)))
    assert isinstance(received, AccessDenied)
    assert received.decision == DENY
    assert received.name == "medpar"
