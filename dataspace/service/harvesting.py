"""Harvesting the catalogues of others: page by page, incremental, and never trusting a silence.

1. A page that the peer says is unchanged ends the harvest: nothing is touched. Only an ETag that stands for the whole
   catalogue counts: that of a catalogue of one page, or one that says so.
2. What a page brings is kept as it comes; a record that has not changed is not written again.
3. Only after the last page was read do records that were not seen become tombstones, and not where more than half
   would: a catalogue that shrinks like that is broken more often than not, so a person has to say that it is meant.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from urllib.parse import urlsplit

from dataspace.errors import DataspaceError, SourceError, SourceUnreadable, UnknownName
from dataspace.model.finding import HarvestReport, Peer
from dataspace.model.principals import Principal, Role
from dataspace.model.records import JSON, RecordKind
from dataspace.ports import Elsewhere, Harvests, RecordReader
from dataspace.service.enforcing import Enforcement
from dataspace.service.permitting import require

AT_ONCE = 5_000
"""Records in one transaction."""
MOST_PAGES = 100_000
WHOLE = '"all-'
"""How the ETag begins that stands for all pages of a hub's catalogue."""
SHRUNK = 0.5
FEW = 10
"""A catalogue with fewer records than this may lose any of them."""


@dataclass(slots=True)
class _Tally:
    added: int = 0
    changed: int = 0
    unchanged: int = 0


@dataclass(frozen=True, slots=True)
class Harvesting:
    """The steward's side of other catalogues."""

    harvests: Harvests
    elsewhere: Elsewhere
    read: RecordReader
    enforcement: Enforcement

    def harvest(
        self,
        steward: Principal,
        url: str,
        token: str = "",
        accept_removals: bool = False,
        every: timedelta | None = None,
    ) -> HarvestReport:
        """Read a catalogue to its end. Raises where that fails; what had come by then stays, and nothing goes.

        `token` is sent to the peer and kept nowhere. `every` repeats it for as long as the hub runs.
        """
        require(steward, Role.STEWARD)
        now = self.enforcement.clock.now()
        peer = replace(self.harvests.peer(url) or Peer(url), tried=now)
        if every is not None:
            peer = replace(peer, every_seconds=int(every.total_seconds()))
        try:
            report, etag = self._harvested(peer, token, accept_removals)
        except DataspaceError as error:
            self.harvests.put_peer(replace(peer, outcome=error.fact))
            raise
        self.harvests.put_peer(replace(peer, succeeded=now, etag=etag, outcome=report.outcome))
        facts: dict[str, JSON] = {
            "catalogue": url,
            "added": report.added,
            "changed": report.changed,
            "gone": report.gone,
        }
        self.enforcement.record(RecordKind.CATALOGUE_HARVESTED, steward, facts)
        return report

    def peers(self, steward: Principal) -> Sequence[Peer]:
        """All catalogues that were ever harvested."""
        require(steward, Role.STEWARD)
        return self.harvests.peers()

    def due(self) -> Sequence[Peer]:
        """Those whose time has come."""
        now = self.enforcement.clock.now()
        return [
            peer
            for peer in self.harvests.peers()
            if peer.every_seconds
            and (peer.tried is None or now - peer.tried >= timedelta(seconds=peer.every_seconds))
        ]

    def forget(self, steward: Principal, url: str) -> int:
        """Stop harvesting a catalogue; its records become tombstones. Raises UnknownName."""
        require(steward, Role.STEWARD)
        peer = self.harvests.peer(url)
        if peer is None:
            raise UnknownName("catalogue", url, [peer.url for peer in self.harvests.peers()])
        gone = self.harvests.bury(url, frozenset(), self.enforcement.clock.now())
        self.harvests.put_peer(replace(peer, every_seconds=0, etag="", outcome="Forgotten by a steward."))
        facts: dict[str, JSON] = {"catalogue": url, "added": 0, "changed": 0, "gone": gone}
        self.enforcement.record(RecordKind.CATALOGUE_HARVESTED, steward, facts)
        return gone

    def _harvested(self, peer: Peer, token: str, accept_removals: bool) -> tuple[HarvestReport, str]:
        before = self.harvests.alive(peer.url)
        first = self.elsewhere.fetch(peer.url, peer.etag, token)
        if first.unchanged and peer.etag:
            return HarvestReport(peer.url, before, 0, 0, 0, before, "Unchanged."), peer.etag
        tally, seen, pages, page = _Tally(), set[str](), {peer.url}, first
        while True:
            records, following = self.read(page, peer.url)
            for start in range(0, len(records), AT_ONCE):
                kept = self.harvests.keep(peer.url, records[start : start + AT_ONCE])
                tally = _Tally(tally.added + kept[0], tally.changed + kept[1], tally.unchanged + kept[2])
            seen.update(record.entry.id for record in records)
            if not following:
                break
            _check_next(peer.url, following, pages)
            pages.add(following)
            page = self.elsewhere.fetch(following, "", token)
        gone, outcome = self._buried(peer.url, frozenset(seen), before, accept_removals)
        whole = len(pages) == 1 or first.etag.startswith(WHOLE)
        # A removal that waits for a person is asked about again, so the next harvest must not stop at the ETag.
        etag = first.etag if whole and not outcome else ""
        report = HarvestReport(
            peer.url,
            len(seen),
            tally.added,
            tally.changed,
            gone,
            tally.unchanged,
            outcome or "Read to its end.",
        )
        return report, etag

    def _buried(self, url: str, seen: frozenset[str], before: int, accept_removals: bool) -> tuple[int, str]:
        missing = self.harvests.alive(url) - len(seen)
        if missing > before * SHRUNK and before >= FEW and not accept_removals:
            return 0, (
                f"{missing} of {before} records are not in the catalogue any more. They were kept: "
                "say --accept-removals if that is meant."
            )
        return self.harvests.bury(url, seen, self.enforcement.clock.now()), ""


def _check_next(origin: str, following: str, pages: set[str]) -> None:
    """The next page is of the same catalogue, and a new one."""
    if urlsplit(following)[:2] != urlsplit(origin)[:2]:
        raise SourceUnreadable(
            f"The catalogue at '{origin}' goes on at another host.", "Harvest that one by name."
        )
    if following in pages:
        raise SourceUnreadable(
            f"The pages of '{origin}' lead back to one that was read.", "Tell whoever runs it."
        )
    if len(pages) >= MOST_PAGES:
        raise SourceError(f"The catalogue at '{origin}' has no end.", "Tell whoever runs it.")
