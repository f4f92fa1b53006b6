"""Whether a charge still fits: exact sums of ε, and the limit that binds.

ε is added up in whole billionths, each charge rounded up and each limit down: ten charges of 0.1 are exactly 1, and
no rounding lets anyone past a limit.
"""

import math
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from dataspace.errors import Conflict, InvalidRequest
from dataspace.model.charges import Account, Charge, Limits, Overspent, Reservation

UNITS = 10**9
"""Billionths of ε in one ε."""

MAX_EPSILON = 1e6
"""Far above anything private; keeps the sums inside 64 bits."""

LARGEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Spent:
    """What is spent already, in billionths of ε: on the account, and of it on the charge's own permit."""

    lineage: int
    permit: int


def spent_units(epsilon: float) -> int:
    """ε in billionths, rounded up. Raises InvalidRequest for what is no ε (negative, infinite, NaN, over 10^6)."""
    if not (math.isfinite(epsilon) and 0 <= epsilon <= MAX_EPSILON):
        raise InvalidRequest("ε is a number from 0 to 1,000,000.", "Ask with an ε such as 0.1.")
    return int((Decimal(repr(float(epsilon))) * UNITS).to_integral_value(ROUND_CEILING))


def limit_units(limit: float) -> int:
    """A limit in billionths, rounded down. Raises InvalidRequest where it is negative or NaN."""
    if not limit >= 0:
        raise InvalidRequest("A limit of ε is a number from 0 on.", "State the limit anew.")
    if limit > MAX_EPSILON:
        return LARGEST
    return int((Decimal(repr(float(limit))) * UNITS).to_integral_value(ROUND_FLOOR))


def check_charge(charge: Charge) -> int:
    """The charge's ε in billionths; raises InvalidRequest where ε or δ is none."""
    if not 0 <= charge.delta < 1:
        raise InvalidRequest("δ is a number from 0 to below 1.", "Ask with a δ such as 1e-6.")
    return spent_units(charge.epsilon)


def refusal(account: Account, charge: Charge, spent: Spent, limits: Limits) -> Overspent | None:
    """None where the charge fits within every limit; otherwise which limit binds, and what it would still let pass.

    The limit `permit` is also that of a principal who asks without a permit: what they have spent without one on the
    account counts against it.
    """
    asked = check_charge(charge)
    left = {
        name: limit_units(limit) - used
        for name, limit, used in (
            ("question", limits.question, 0),
            ("permit", limits.permit, spent.permit),
            ("lineage", limits.lineage, spent.lineage),
        )
        if limit is not None
    }
    if all(asked <= room for room in left.values()):
        return None
    binding = min(left, key=lambda name: left[name])
    return Overspent(account, charge.epsilon, max(0, left[binding]) / UNITS, binding)


def same_question(kept: Reservation, account: Account, charge: Charge) -> None:
    """Check that an idempotency key came back with what it stood for; raises Conflict otherwise."""
    if (kept.account, kept.charge) != (account, charge):
        raise Conflict(
            "This idempotency key was used for another question.", "Use a new key for each question."
        )
