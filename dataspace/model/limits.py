"""What a site allows beyond its policies: the house rules that its IT sets, and what it pinned when it joined."""

from dataclasses import dataclass
from enum import StrEnum


class Acceptance(StrEnum):
    """How a permit takes effect at a site: never by the hub's will alone."""

    BY_HAND = "by-hand"
    """Each permit is countersigned: `dataspace site accept PERMIT`."""
    BY_POLICY = "by-policy"
    """The site's own policies decide on every permit of a pinned issuer."""


@dataclass(frozen=True, slots=True)
class SiteLimits:
    """Stricter wins wherever these, a permit and a policy differ.

    `status_seconds`: how old the revocation list may get before a fresh one is fetched; `status_stale_seconds`: how
    old it may be at most. `units` and `events` are the fewest privacy units, and the fewest units with and without
    the outcome, that a model may be fitted on. `rounds` bounds one training run.
    """

    acceptance: Acceptance = Acceptance.BY_HAND
    status_seconds: float = 900.0
    status_stale_seconds: float = 86_400.0
    units: int = 50
    events: int = 10
    rounds: int = 100
    trusts: tuple[str, ...] = ()
    """Whose word is taken for facts about who asks: `hub`, or whoever else asserts; empty: everybody's."""
    hours: str = ""
    """When it answers, as `20:00-06:00` in the machine's time zone; empty: always."""
    cores: int = 0
    """Most processor cores that a worker uses, and the service as a whole; 0 leaves the usual."""
    memory_mb: int = 0
    """Memory in MB for the engine of one worker, and the service as a whole; 0 leaves the usual."""
    cohort: int = 0
    """Fewest privacy units behind a published cell, where policy and permit ask for fewer; 0 leaves it to them."""
    round_seconds: float = 0.0
    """Longest that a worker is at work on one message; 0 leaves the usual. A run may ask for less, never for more."""
    minimum_sites: int = 0
    """Fewest sites that have to be asked together; 0 leaves it to policy and permit."""
    epsilon_training: float = 0.0
    """Above 0: models are fitted with noise only, at this ε a run at most. 0: also on exact sums over enough units."""
    foreign_apps: bool = False
    """Whether code packages other than the one of the site's own software may be approved and answered."""


HOLDOUTS = (0.0, 0.25)
"""Shares that may be held out. Finer choices would let two runs differ by a few rows, and so tell about these."""
