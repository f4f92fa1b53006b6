"""What a site tells its hub of its own ledger: each entry signed by the site, which alone decides what is spent."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from dataspace.model.charges import Account, Balance, Charge, TopUp
from dataspace.model.names import SiteName


class Told(StrEnum):
    """What an entry says."""

    RESERVED = "reserved"
    """A charge that counts in full, and is not over."""
    COMMITTED = "committed"
    FORFEITED = "forfeited"
    """A charge that was given back: nothing had run."""
    RAISED = "raised"
    """A top-up by the site's own steward."""
    SEEN = "seen"
    """Nothing but the moment at which all of the above was told."""


FINAL = frozenset({Told.COMMITTED, Told.FORFEITED})
"""How a reserved charge ends."""


@dataclass(frozen=True, slots=True)
class SiteEntry:
    """One entry. `number` counts within the site's ledger; of charges, of top-ups; 0 where it is `SEEN`.

    Whose permit another hub has issued is not told here: such a charge names nobody, and counts for the lineage alone.
    """

    site: SiteName
    account: Account
    number: int
    told: Told
    at: datetime
    """When it was charged, decided or seen, by the site's clock."""
    charge: Charge | None = None
    raised: TopUp | None = None
    signature: str = ""
    """By the site's own key, in hex, over all the rest."""


@dataclass(frozen=True, slots=True)
class Held:
    """What a hub has of one lineage of a site, so that the site knows what to tell."""

    charges: int = 0
    """The highest number of a charge."""
    open: tuple[int, ...] = ()
    """Charges that are reserved, as far as the hub was told."""
    raised: int = 0
    """The highest number of a top-up."""


@dataclass(frozen=True, slots=True)
class SiteBalance:
    """One part of an account as a site asserts it, or of hub and sites together (`site` empty)."""

    site: SiteName | None
    as_of: datetime | None
    """When the site last told of it; None of all together."""
    balance: Balance
    """Its limit is at most this: the site may be stricter. None of all together: each keeps its own account."""
