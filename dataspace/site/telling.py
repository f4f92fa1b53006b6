"""A site tells its hub what its ledger says of the data that it offers there, each entry signed.

The hub only keeps it, so that a researcher and a steward see there what was spent here. Nothing waits for it: where the
hub cannot be told now, it is told with the next answer, or when the site starts again.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from dataspace.errors import DataspaceError
from dataspace.model.charges import Account, Charge, TopUp
from dataspace.model.mirrored import Held, SiteEntry, Told
from dataspace.model.names import DatasetName, PrincipalId, SiteName
from dataspace.model.runs import SiteMessage, SiteReply
from dataspace.ports import Catalog, Clock, Ledger, Signer
from dataspace.service.mirroring import MOST
from dataspace.service.site_entries import entry_digest
from dataspace.site.issuers import of_another_issuer
from dataspace.site.line import HubLine
from dataspace.site.refused import dataset_of

NOBODY = PrincipalId("somebody of another hub")
Handle = Callable[[SiteMessage], SiteReply]
_log = logging.getLogger("dataspace.site.telling")


class HubMirror(Protocol):
    """The hub, as far as it is told of this site's ledger."""

    def held(self) -> Mapping[DatasetName, Held]:
        """What it has, by lineage that this site offers."""
        ...

    def keep(self, entries: Sequence[SiteEntry]) -> None: ...


@dataclass(frozen=True, slots=True)
class LineMirror:
    """`HubMirror`, over the site's own line."""

    line: HubLine
    site: SiteName
    signer: Signer
    clock: Clock

    def held(self) -> Mapping[DatasetName, Held]:
        """See the port."""
        return self.line.held(self.site, self.signer, self.clock.now())

    def keep(self, entries: Sequence[SiteEntry]) -> None:
        """See the port."""
        self.line.tell(self.site, self.signer, self.clock.now(), entries)


@dataclass(slots=True)
class Telling:
    """One site's telling. `sign` signs with the key that the site joined with."""

    site: SiteName
    catalog: Catalog
    ledger: Ledger
    clock: Clock
    sign: Callable[[bytes], bytes]
    hub: HubMirror
    _held: dict[DatasetName, Held] = field(default_factory=dict, init=False)
    """What the hub has, as far as this process knows."""

    def tell(self, only: DatasetName | None = None) -> int:
        """Tell what the hub does not have yet, of one lineage or of all; how many entries these were.

        Raises DataspaceError where the hub cannot be told, or says that it was told otherwise before.
        """
        if only is None or only not in self._held:
            self._held = dict(self.hub.held())
        told = 0
        try:
            for lineage in [only] if only is not None else list(self._held):
                told += self._tell(lineage)
        except DataspaceError:
            self._held = {}  # asked anew the next time
            raise
        return told

    def catch_up(self, only: DatasetName | None = None) -> bool:
        """Like `tell`; False where the hub could not be told now, which the operator reads in the site's log."""
        try:
            self.tell(only)
        except DataspaceError as error:
            _log.warning("the hub was not told of this site's ledger: %s", error)
            return False
        return True

    def after(self, handle: Handle) -> Handle:
        """The guard's `handle`; what its answer cost is told before the answer leaves, where the hub can be reached."""

        def answer(message: SiteMessage) -> SiteReply:
            reply = handle(message)
            self.catch_up(dataset_of(message))
            return reply

        return answer

    def _tell(self, lineage: DatasetName) -> int:
        held = self._held.get(lineage)
        if held is None:  # not offered to this hub
            return 0
        entries = list(self._news(lineage, held))
        if not entries and held != Held():
            return 0
        seen = self._signed(SiteEntry(self.site, self._account(lineage), 0, Told.SEEN, self.clock.now()))
        told = (*entries, seen)
        for start in range(0, len(told), MOST):
            self.hub.keep(told[start : start + MOST])
        self._held[lineage] = _after(held, entries)
        return len(entries)

    def _news(self, lineage: DatasetName, held: Held) -> Iterator[SiteEntry]:
        for number, kept, state in self.ledger.since(lineage, held.charges, held.open):
            if number in held.open and state == Told.RESERVED:
                continue
            charge = _for_hub(kept.charge)
            yield self._signed(SiteEntry(self.site, kept.account, number, Told(state), kept.reserved, charge))
        account = self._account(lineage)
        raised = [decision for decision in self.ledger.decisions(account) if isinstance(decision, TopUp)]
        for number, decision in enumerate(raised[held.raised :], held.raised + 1):
            yield self._signed(
                SiteEntry(self.site, account, number, Told.RAISED, decision.at, raised=decision)
            )

    def _account(self, lineage: DatasetName) -> Account:
        dataset = self.catalog.get(lineage)
        return Account(lineage, dataset.privacy_unit if dataset else None)

    def _signed(self, entry: SiteEntry) -> SiteEntry:
        return replace(entry, signature=self.sign(entry_digest(entry)).hex())


def _for_hub(charge: Charge) -> Charge:
    """As the hub may know it: who asked under another hub's permit is not its business."""
    if charge.permit is None or not of_another_issuer(charge.permit):
        return charge
    return replace(charge, permit=None, principal=NOBODY, question="", project="")


def _after(held: Held, told: Sequence[SiteEntry]) -> Held:
    charges = [entry for entry in told if entry.charge is not None]
    over = {entry.number for entry in charges if entry.told is not Told.RESERVED}
    begun = {entry.number for entry in charges if entry.told is Told.RESERVED}
    return Held(
        max([held.charges, *(entry.number for entry in charges)]),
        tuple(sorted({*held.open, *begun} - over)),
        max([held.raised, *(entry.number for entry in told if entry.told is Told.RAISED)]),
    )
