"""ε in whole numbers, and idempotency keys that stand for one question each.

ε is added up in whole billionths, each charge rounded up and each limit down: ten charges of 0.1 are exactly 1, and
no rounding lets anyone past a limit.
"""

import math
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from functools import lru_cache

from dataspace.errors import Conflict, InvalidRequest
from dataspace.model.charges import Account, Charge, Reservation

UNITS = 10**9
"""Billionths of ε in one ε."""

MAX_EPSILON = 1e6
"""Far above anything private; keeps the sums inside 64 bits."""

LARGEST = 2**63 - 1


@lru_cache(maxsize=1024)
def spent_units(epsilon: float) -> int:
    """ε in billionths, rounded up. Raises InvalidRequest for what is no ε (negative, infinite, NaN, over 10^6)."""
    if not (math.isfinite(epsilon) and 0 <= epsilon <= MAX_EPSILON):
        raise InvalidRequest("ε is a number from 0 to 1,000,000.", "Ask with an ε such as 0.1.")
    return int((Decimal(repr(float(epsilon))) * UNITS).to_integral_value(ROUND_CEILING))


@lru_cache(maxsize=1024)
def limit_units(limit: float) -> int:
    """A limit in billionths, rounded down. Raises InvalidRequest where it is negative or NaN."""
    if not limit >= 0:
        raise InvalidRequest("A limit of ε is a number from 0 on.", "State the limit anew.")
    if limit > MAX_EPSILON:
        return LARGEST
    return int((Decimal(repr(float(limit))) * UNITS).to_integral_value(ROUND_FLOOR))


def same_question(kept: Reservation, account: Account, charge: Charge) -> None:
    """Check that an idempotency key came back with what it stood for; raises Conflict otherwise."""
    if (kept.account, kept.charge) != (account, charge):
        raise Conflict(
            "This idempotency key was used for another question.", "Use a new key for each question."
        )
