"""All errors, sorted by who can act.

    DataspaceError
    ├── RequestError          the caller can act
    │   ├── InvalidRequest        the request cannot be read
    │   │   └── BodyTooLarge          more bytes than this path takes
    │   ├── NotAuthenticated      no token, or one that does not hold
    │   ├── NotAllowed            the role does not cover the act
    │   ├── UnknownName           no such dataset, permit, … that the caller may see
    │   ├── AccessDenied          a decision denies; carries it
    │   ├── UnsupportedQuery      a construct that the gate or the closed subset does not know
    │   │   └── UnknownColumn         a column that the datasets asked about have not
    │   ├── BudgetExceeded        not enough ε left
    │   ├── Conflict              the state does not allow the act
    │   └── VerificationFailed    a signature, proof or receipt does not hold
    ├── SetupError            the operator can act
    └── SourceError           nobody right now: retry

Each class has a stable `code`; `docs/reference/errors.md` has a paragraph for each. A message states facts and
ends with what to do. It holds no data value, no secret, and no name that the reader may not know.
"""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import ClassVar

from dataspace.model.decisions import Deny, Reason


class DataspaceError(Exception):
    """Base of all errors of the project. `code` is stable; `hint` is what to do, a sentence or empty."""

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500

    def __init__(self, fact: str, hint: str = "") -> None:
        super().__init__(f"{fact} {hint}".strip())
        self.fact = fact
        self.hint = hint


class RequestError(DataspaceError):
    """The caller can act."""

    code = "request"
    status = 400


class SetupError(DataspaceError):
    """The operator can act."""

    code = "setup"
    status = 500


class SourceError(DataspaceError):
    """Nobody can act right now: retry."""

    code = "source"
    status = 503


class InvalidRequest(RequestError):
    """The request cannot be read or contradicts itself."""

    code = "request.invalid"


class BodyTooLarge(InvalidRequest):
    """More bytes than this path takes."""

    code = "request.too-large"
    status = 413


class NotAuthenticated(RequestError):
    """There is no token, or it does not hold."""

    code = "request.unauthenticated"
    status = 401


class NotAllowed(RequestError):
    """The principal's role does not cover the act, whatever the policies say."""

    code = "request.not-allowed"
    status = 403


class UnknownName(RequestError):
    """No such thing among those that the caller may see. Suggestions come only from these."""

    code = "request.unknown"
    status = 404

    def __init__(self, what: str, name: str, visible: Sequence[str] = (), hint: str = "") -> None:
        near = get_close_matches(name, visible, n=1)
        question = f" Did you mean '{near[0]}'?" if near else ""
        super().__init__(f"No {what} named '{name}'.{question}", hint)


class AccessDenied(RequestError):
    """A decision denies. The text is the explanation; `.decision` has every rule and constraint."""

    code = "request.denied"
    status = 403

    def __init__(self, name: str, decision: Deny) -> None:
        super().__init__(f"Access to '{name}' denied: {explain_reasons(decision.reasons)}", decision.nearest)
        self.name = name
        self.decision = decision


class UnsupportedQuery(RequestError):
    """The question uses something that is not on the positive list. Names the construct and an allowed way."""

    code = "request.unsupported"

    lists_rows = False
    """True where the text asks for nothing but rows."""

    def __init__(self, construct: str, instead: str = "") -> None:
        super().__init__(f"Not supported here: {construct}.", instead)
        self.construct = construct


class UnknownColumn(UnsupportedQuery):
    """No such column in the datasets asked about. Suggestions come only from these."""

    code = "request.column"

    def __init__(self, name: str, datasets: Sequence[str], columns: Sequence[str]) -> None:
        near = get_close_matches(name.lower(), columns, n=1)
        hint = f"Did you mean '{near[0]}'?" if near else f"There are {', '.join(columns)}."
        RequestError.__init__(self, f"No column '{name[:60]}' in {', '.join(datasets)}.", hint)
        self.construct = f"the column '{name[:60]}'"


class BudgetExceeded(RequestError):
    """Not enough ε is left at one of the limits."""

    code = "request.budget"
    status = 403

    def __init__(self, asked: float, left: float, limited_by: str) -> None:
        super().__init__(
            f"This would cost ε {asked:g}, but {left:g} is left ({limited_by}).",
            "Ask with a smaller ε, or ask the steward for a recorded top-up.",
        )
        self.asked, self.left, self.limited_by = asked, left, limited_by


class Conflict(RequestError):
    """The state of the thing does not allow the act (granted twice, already revoked)."""

    code = "request.conflict"
    status = 409


class VerificationFailed(RequestError):
    """A signature, a proof or a receipt does not hold; the message names the step that failed."""

    code = "request.verification"
    status = 422


class PolicyUnreadable(SetupError):
    """A policy document cannot be read; names file, line and the nearest valid word. It takes no effect."""

    code = "setup.policy"
    status = 422


class ConnectorMissing(SetupError):
    """No connector of that name is installed, or two claim it."""

    code = "setup.connector"


class SourceUnreadable(SourceError):
    """A source could not be read (to its end)."""

    code = "source.unreadable"
    status = 422


class SiteUnavailable(SourceError):
    """Too few sites answered in time."""

    code = "source.sites"


class NoAnswer(SourceError):
    """The one answer for whatever went wrong inside a confined engine: error, time-out and out-of-memory alike."""

    code = "source.no-answer"

    def __init__(self) -> None:
        super().__init__(
            "No answer.", "Ask for less at once, or ask the operator, who has the record's number."
        )


def explain_reasons(reasons: Sequence[Reason]) -> str:
    """One line from the reasons that decided, with the policy's name in brackets."""
    decisive = [reason for reason in reasons if reason.sentence]
    if not decisive:
        return "no policy permits it [default]."
    return "; ".join(f"{reason.sentence.rstrip('.')} [{reason.policy}]" for reason in decisive) + "."
