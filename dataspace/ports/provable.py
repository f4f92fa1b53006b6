"""What the log, the ledger and their receipts need from the world."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from dataspace.model.charges import (
    Account,
    Balance,
    Charge,
    Disjoint,
    Limits,
    Overspent,
    Purse,
    Reservation,
    TopUp,
)
from dataspace.model.mirrored import Held, SiteEntry
from dataspace.model.names import DatasetName, PermitId, SiteName
from dataspace.model.records import Receipt, Record


class Log(Protocol):
    """The transparency log. No record, no data: `append` returns only once the record is durable, or raises."""

    def append(self, record: Record) -> int:
        """Store durably and return its number, or raise; never drop it."""
        ...

    def size(self) -> int: ...
    def root(self) -> bytes: ...
    def checkpoint(self) -> str:
        """A signed note (C2SP tlog-checkpoint) over the present size."""
        ...

    def receipt(self, index: int) -> Receipt: ...
    def records(self, start: int = 0, stop: int | None = None) -> Iterator[tuple[int, Record]]: ...
    def verify(self) -> int:
        """Recompute the tree from the stored records; return its size, or raise VerificationFailed."""
        ...

    def verifier_key(self) -> str:
        """The key, in the C2SP form, that checkpoints and receipts verify with."""
        ...

    def consistency(self, old: int, new: int) -> Sequence[bytes]:
        """The proof that the log of `new` records begins with that of `old` (RFC 6962).

        Raises ValueError outside 1 to size.
        """
        ...


class Ledger(Protocol):
    """The account of privacy loss. Reserve, run, commit; concurrent processes never overspend.

    A reservation that is neither committed nor forfeited counts as spent. `key` is an idempotency key: the same key
    gives the same reservation, neither free nor double.
    """

    def reserve(
        self, account: Account, charge: Charge, key: str, limits: Limits
    ) -> Reservation | Overspent: ...
    def commit(self, reservation: Reservation, actual: Charge) -> None: ...
    def forfeit(self, reservation: Reservation) -> None:
        """Give back what was set aside; only where the engine certainly never started."""
        ...

    def short(self, account: Account, charge: Charge, limits: Limits) -> Overspent | None:
        """What `reserve` would refuse with now. Nothing is set aside."""
        ...

    def balance(self, account: Account, limits: Limits, permit: PermitId | None = None) -> Balance: ...
    def purses(self, account: Account, limits: Limits) -> Sequence[Purse]:
        """Every part of an account that was ever charged or raised, the lineage first; `limits` say at which δ."""
        ...

    def decide(self, decision: TopUp | Disjoint) -> None:
        """Let it take effect and keep it for ever. Nothing else ever raises a limit, and nothing lowers what was
        spent. InvalidRequest where it cannot stand beside the earlier ones."""
        ...

    def decisions(self, account: Account) -> Sequence[TopUp | Disjoint]:
        """All of them, oldest first."""
        ...

    def charges(self, account: Account | None = None) -> Sequence[tuple[Reservation, str]]:
        """All entries with their state: `reserved`, `committed` or `forfeited`, oldest first."""
        ...

    def since(
        self, lineage: DatasetName, number: int, open: Sequence[int] = ()
    ) -> Sequence[tuple[int, Reservation, str]]:
        """Entries of a lineage after `number`, and those whose numbers are in `open`, as they stand now, by number.

        A later entry has a higher number, for ever.
        """
        ...


class Mirror(Protocol):
    """What sites have told of their ledgers: kept for ever, believed in nothing. A site's own ledger decides."""

    def held(self, site: SiteName, key: str, lineage: DatasetName) -> Held:
        """What is kept of a site that signs with this key (in hex)."""
        ...

    def keep(self, key: str, entries: Sequence[SiteEntry]) -> None:
        """Durably, all of them or none. What is kept already is not kept twice; Conflict where it says otherwise."""
        ...

    def entries(self, lineage: DatasetName) -> Sequence[SiteEntry]:
        """Each charge as it was told last, each top-up, and of each site when it last told: by site and number."""
        ...


class Signer(Protocol):
    """Signs with one Ed25519 key that never leaves its provider."""

    def sign(self, message: bytes) -> bytes: ...
    def public_key(self) -> bytes:
        """32 raw bytes."""
        ...


class Witnessed(Protocol):
    """The latest checkpoint of each site's log that this hub has countersigned."""

    def latest(self, site: SiteName) -> str:
        """The note, with both signatures; empty where there is none yet."""
        ...

    def put(self, site: SiteName, before: str, note: str) -> bool:
        """Keep `note` durably in the place of `before`; False where something else is kept by now."""
        ...
