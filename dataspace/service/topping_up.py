"""A top-up of privacy budget: what it has to say, and that it is recorded before it takes effect."""

from dataspace.errors import InvalidRequest, NotAllowed
from dataspace.model.charges import Level, TopUp
from dataspace.model.principals import Principal
from dataspace.model.records import RecordKind
from dataspace.ports import Ledger
from dataspace.privacy.checking import OFFICER_ABOVE
from dataspace.privacy.limits import spent_units
from dataspace.service.enforcing import Enforcement

LONGEST_REASON = 4000
RAISABLE = (Level.PERMIT, Level.ALONE, Level.PROJECT, Level.PRINCIPAL)


def check_said(level: Level, whose: str, more: float, reason: str) -> None:
    """Raises InvalidRequest for what is no ε or says no reason, and for a lineage, which is never raised."""
    if level not in RAISABLE or not whose.strip():
        raise InvalidRequest(
            "The limit over a dataset's whole life is never raised.", "Name a permit, a project or a person."
        )
    if not (more > 0 and spent_units(more)):
        raise InvalidRequest("A top-up is an ε above 0.", "For example: --epsilon 0.5.")
    check_reason(reason)


def check_reason(reason: str) -> None:
    """Raises InvalidRequest where none is said, or a very long one."""
    if not reason.strip():
        raise InvalidRequest("Say why: the reason is recorded.", 'For example: --reason "…".')
    if len(reason) > LONGEST_REASON:
        raise InvalidRequest(f"The reason has more than {LONGEST_REASON} characters.", "Shorten it.")


def check_officer(limit: float | None, more: float, officer: str) -> None:
    """Raises NotAllowed where the limit would go beyond 8 without the data protection officer's word."""
    beyond = limit is not None and spent_units(limit + more) > spent_units(OFFICER_ABOVE)
    if beyond and not officer.strip():
        raise NotAllowed(
            f"More than ε {OFFICER_ABOVE:g} needs the word of the data protection officer.",
            'Say who gave it, and where it is written: --officer "Dr Doe, note 26-114".',
        )


def decided(ledger: Ledger, enforcement: Enforcement, principal: Principal, made: TopUp) -> TopUp:
    """Let it take effect. Recorded first: a limit that rises without a record would be a silent refill, the other way
    round is none."""
    enforcement.record(
        RecordKind.LEDGER_RAISED,
        principal,
        {
            "dataset": made.account.lineage,
            "level": made.level.value,
            "name": made.name,
            "epsilon": made.epsilon,
            "reason": made.reason,
            "officer": made.officer,
        },
    )
    ledger.decide(made)
    return made
