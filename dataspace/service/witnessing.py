"""The hub witnesses the logs of its sites: it countersigns growth and nothing else, and shows that its own log grew.

A site that was restored from a backup meets, in the checkpoint that is kept here, records that it does not have any
more: then it knows that its ledger is too old. A hub that was restored cannot prove that its log extends what a site
saw last: then the site knows. Neither trusts the other's word; each checks a proof of RFC 6962.
"""

from dataclasses import dataclass

from dataspace.errors import Conflict, NotAllowed
from dataspace.model.principals import Principal, Role
from dataspace.model.records import SignedCheckpoint
from dataspace.model.sites import Site
from dataspace.ports import Log, Signer, Witnessed
from dataspace.service.joining import Joining, site_principal
from dataspace.transparency.checkpoints import check_growth, unverified_checkpoint, verify_checkpoint
from dataspace.transparency.notes import cosign_note, parse_verifier_key


@dataclass(frozen=True, slots=True)
class Sighting:
    """What a site shows: its checkpoint, the proof from the size `old`, and the size of the hub's log that it saw."""

    checkpoint: str
    old: int
    proof: tuple[bytes, ...]
    seen: int = 0


@dataclass(frozen=True, slots=True)
class Witness:
    """What the hub answers: the site's checkpoint with the hub's signature, its own, and the proof from `seen` on."""

    checkpoint: str
    hub_checkpoint: str
    hub_proof: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Witnessing:
    """Checkpoints of sites, countersigned with the key of the hub's log."""

    joining: Joining
    witnessed: Witnessed
    log: Log
    signer: Signer

    def latest(self, principal: Principal, name: str) -> str:
        """The last checkpoint of a site that was countersigned here; empty where there is none."""
        return self.witnessed.latest(self._itself(principal, name).name)

    def witness(self, principal: Principal, name: str, shown: Sighting) -> Witness:
        """Countersign a checkpoint that extends the last one.

        Raises Conflict where `old` is not the size that is kept here, VerificationFailed where the log did not grow
        by appending alone.
        """
        site = self._itself(principal, name)
        own = parse_verifier_key(self.log.verifier_key())
        new = verify_checkpoint(SignedCheckpoint(shown.checkpoint), parse_verifier_key(site.log_key))
        kept = self.witnessed.latest(site.name)
        size = 0
        if kept:
            old = unverified_checkpoint(SignedCheckpoint(kept))
            size = old.size
            if old.size <= new.size and shown.old == old.size:
                check_growth(old, new, lambda first, second: shown.proof)
        if shown.old != size or new.size < size:
            raise Conflict(
                f"The last checkpoint of {site.name} here has {size} records.",
                "Compare it with the site's log: a log that is shorter was restored from a backup.",
            )
        note = cosign_note(shown.checkpoint, own, self.signer.sign)
        if not self.witnessed.put(site.name, kept, note):
            raise Conflict(f"Another checkpoint of {site.name} came in meanwhile.", "Ask again.")
        return Witness(note, *self._grown(shown.seen))

    def _grown(self, seen: int) -> tuple[str, tuple[bytes, ...]]:
        """The hub's own checkpoint, and the proof from a size that a site saw, where there is one."""
        note = self.log.checkpoint()
        size = unverified_checkpoint(SignedCheckpoint(note)).size
        return note, tuple(self.log.consistency(seen, size)) if 0 < seen <= size else ()

    def _itself(self, principal: Principal, name: str) -> Site:
        site = self.joining.member(name)
        if principal.id != site_principal(site.name) or Role.SITE not in principal.roles:
            raise NotAllowed("Only the site itself has its log witnessed.", "`dataspace site run` does it.")
        return site
