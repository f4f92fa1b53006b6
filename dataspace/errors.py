"""All errors, sorted by who can act.

    DataspaceError
    ├── RequestError          the caller can act
    │   ├── InvalidRequest        the request cannot be read
    │   │   ├── BodyTooLarge          more bytes than this path takes
    │   │   └── RangeNotHeld          bytes of an answer that are not, or no longer, here
    │   ├── NotAuthenticated      no token, or one that does not hold
    │   ├── NotAllowed            the role does not cover the act
    │   ├── UnknownName           no such dataset, permit, … that the caller may see
    │   ├── AccessDenied          a decision denies; carries it
    │   ├── UnsupportedQuery      a construct that the gate or the closed subset does not know
    │   │   └── UnknownColumn         a column that the datasets asked about have not
    │   ├── ColumnWithheld        a column that policies or the permit leave out
    │   ├── BudgetExceeded        not enough ε left
    │   ├── AnswerTooClose        with earlier answers it would tell about few units
    │   ├── AnswerTooLarge        more bytes than one answer may have
    │   ├── CutTooLarge           what a permit gives of a dataset does not fit in memory
    │   ├── TemporaryTooLarge     more rows than may be kept in a session
    │   ├── TemporaryGone         a temporary result that went with its session, or no longer holds
    │   ├── Conflict              the state does not allow the act
    │   └── VerificationFailed    a signature, proof or receipt does not hold
    ├── SetupError            the operator can act
    └── SourceError           nobody right now: retry
        └── Busy                  too many ask at once: retry after the seconds named

Long, because it is the one tree of them. Each class has a stable `code`; `docs/reference/errors.md` has a paragraph for
each. A message states facts and ends with what to do. It holds no data value, no secret, and no name that the reader
may not know.
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


class RangeNotHeld(InvalidRequest):
    """The answer has no such bytes, or they are no longer held."""

    code = "request.range"
    status = 416


class AnswerTooLarge(RequestError):
    """An answer has more bytes than one answer may have here. What was read of it is not the whole."""

    code = "request.answer-too-large"
    status = 413

    def __init__(self, largest: int) -> None:
        super().__init__(
            f"The answer is larger than {largest >> 20:,} MB.", "Ask for fewer columns or rows, or in parts."
        )


class CutTooLarge(RequestError):
    """What a permit gives of a dataset does not fit in the memory for cuts; says how large it is, in bytes."""

    code = "request.cut-too-large"
    status = 413

    def __init__(self, size: int, free: int) -> None:
        super().__init__(
            f"What the permit gives of this dataset takes {size:,} bytes, and {free:,} are free for it.",
            "Ask later, or ask the steward for a permit with fewer columns or rows; the operator can raise cut_mb.",
        )
        self.size, self.free = size, free


class TemporaryTooLarge(RequestError):
    """More than a session may keep. `most` is the bytes that all of its temporary results may have."""

    code = "request.temporary-too-large"
    status = 413

    def __init__(self, name: str, most: int) -> None:
        super().__init__(
            f"'{name}' was not kept: with what is there already it takes more than {most:,} bytes.",
            "Keep fewer rows or columns, or DROP TABLE another; the operator can raise temporary_mb.",
        )


class TemporaryGone(RequestError):
    """A temporary result that was there. It went with its session, or was made from what is given no longer."""

    code = "request.temporary-gone"
    status = 410

    def __init__(self, name: str) -> None:
        super().__init__(
            f"The temporary result '{name}' is gone: its session ended, or what it was made from has changed.",
            "Make it again: CREATE OR REPLACE TEMP TABLE … AS SELECT ….",
        )


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


class ColumnWithheld(RequestError):
    """The question names a column that the policies or the permit leave out of what the asker gets."""

    code = "request.withheld"

    def __init__(self, name: str, dataset: str) -> None:
        super().__init__(
            f"The column '{name}' of '{dataset}' is withheld from you.",
            "Leave it out; a steward can amend the permit, or the policy, that withholds it.",
        )


_LESS = {
    "permit": "Ask with a smaller ε. A steward adds to a permit, with a reason, by "
    '`dataspace ledger top-up DATASET --permit … --epsilon … --reason "…"`.',
    "project": "Ask with a smaller ε: all permits of this project together reach their limit. A steward adds to it, "
    'with a reason, by `dataspace ledger top-up DATASET --project "…" --epsilon … --reason "…"`.',
    "principal": "Ask with a smaller ε: all that you asked of these data reaches your limit. A steward adds to it, "
    'with a reason, by `dataspace ledger top-up DATASET --principal … --epsilon … --reason "…"`.',
    "delta": "Ask for keys that are declared: unknown ones cost δ, and none is left. "
    "`dataspace ledger show DATASET` says what was spent.",
    "lineage": "Ask with a smaller ε. Nobody can raise this limit, nor give back what was spent on these data.",
}


class BudgetExceeded(RequestError):
    """Not enough ε is left at one of the limits."""

    code = "request.budget"
    status = 403

    def __init__(self, asked: float, left: float, limited_by: str) -> None:
        super().__init__(
            f"This would cost ε {asked:g}, but {left:g} is left ({limited_by}).",
            _LESS.get(limited_by, "Ask with a smaller ε."),
        )
        self.asked, self.left, self.limited_by = asked, left, limited_by


class AnswerTooClose(RequestError):
    """An aggregate, taken together with earlier ones, would tell about fewer units than the cohort, or about none.

    `earlier` is the number of the record of one's own question that it is too close to; None where it is not one's own,
    or takes several.
    """

    code = "request.too-close"
    status = 403

    def __init__(self, cohort: int, earlier: int | None = None, question: str = "") -> None:
        if earlier is None:
            which = "Together with what was answered before,"
        else:
            which = f"Together with your question {earlier} ({question})," if question else f"With {earlier},"
        super().__init__(
            f"{which} this would tell of a group that may be smaller than {cohort}.",
            "Ask the earlier question again in its own words, change the groups by more, or ask with ε.",
        )
        self.cohort, self.earlier = cohort, earlier


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


class SourceAway(SourceError):
    """Rows that stay in their source could not be read there. Names neither the source nor its address."""

    code = "source.away"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"The rows of '{name}' stay in their source, which cannot be read as it is described.",
            "Retry later. Its steward sees why in the log where it is read, and registers it again with --in-place.",
        )
        self.name = name


class SourceChanged(SourceError):
    """What stays in its source is another version by now: the question is decided about that one."""

    code = "source.changed"

    def __init__(self, name: str) -> None:
        super().__init__(f"The rows of '{name}' change while they are read.", "Ask again.")
        self.name = name


class SiteUnavailable(SourceError):
    """Too few sites answered in time."""

    code = "source.sites"


class Busy(SourceError):
    """Too many questions wait already. `retry_after` says in how many seconds there is room again, about."""

    code = "source.busy"
    status = 429

    def __init__(self, retry_after: int, mine: bool) -> None:
        whose = "questions of yours" if mine else "questions"
        super().__init__(f"Too many {whose} wait here already.", f"Ask again in {retry_after} s.")
        self.retry_after = retry_after


class NoAnswer(SourceError):
    """The one answer for whatever went wrong inside a confined engine: error, time-out and out-of-memory alike."""

    code = "source.no-answer"

    def __init__(self) -> None:
        super().__init__(
            "No answer.",
            "Ask for less at once, or ask the operator, who sees why. An ε that was asked with is spent.",
        )


def explain_reasons(reasons: Sequence[Reason]) -> str:
    """One line from the reasons that decided, with the policy's name in brackets."""
    decisive = [reason for reason in reasons if reason.sentence]
    if not decisive:
        return "no policy permits it [default]."
    return "; ".join(f"{reason.sentence.rstrip('.')} [{reason.policy}]" for reason in decisive) + "."
