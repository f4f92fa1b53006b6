"""The site's side of witnessing: neither its own log nor the hub's may become shorter without being noticed.

1. Before the first message of a process, the site compares its log with the checkpoint that the hub countersigned
   last. Where the log does not extend it, this home was restored from a backup: what it spent since then is missing
   from its ledger, and nothing is answered.
2. What leaves is recorded first; the hub countersigns the log with that record in it, and only then the reply leaves.
3. The hub's own log has to extend what this site saw of it last. Where it does not, the hub was restored: nothing is
   answered until the site's people say that it may go on, which is recorded.
"""

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from dataspace.adapters.tls import write_private
from dataspace.errors import DataspaceError, InvalidRequest, SetupError, VerificationFailed
from dataspace.model.names import SiteName
from dataspace.model.records import JSON, Checkpoint, Record, RecordKind, SignedCheckpoint
from dataspace.model.runs import SiteMessage, SiteReply
from dataspace.ports import Clock, Log, Signer
from dataspace.service.witnessing import Sighting, Witness
from dataspace.site.line import HubLine
from dataspace.transparency.checkpoints import check_growth, unverified_checkpoint, verify_checkpoint
from dataspace.transparency.notes import parse_verifier_key

SEEN = "hub-seen.json"
NOT_RECORDED = "site.not-recorded"
Handle = Callable[[SiteMessage], SiteReply]
_log = logging.getLogger("dataspace.site.witness")


class RolledBack(VerificationFailed):
    """This site's own log lacks records that the hub has countersigned: the home is an old copy."""


class HubRolledBack(VerificationFailed):
    """The hub's log does not extend what this site saw of it."""


class NotRecorded(SetupError):
    """The site's own log took no record."""


@dataclass(slots=True)
class HubWitness:
    """One site's dealings with its witness. `hub_key` is the pinned verifier key of the hub's log."""

    home: Path
    site: SiteName
    line: HubLine
    signer: Signer
    log: Log
    clock: Clock
    hub_key: str
    _size: int | None = field(default=None, init=False)
    """Of the last checkpoint that was countersigned, as far as this process knows."""

    def compare(self) -> None:
        """Rule 1 and 3. Raises RolledBack, HubRolledBack, or SourceError where the hub is away."""
        note = self.line.witnessed(self.site, self.signer, self.clock.now())
        self._size = self._extends(note) if note else 0
        self._show()

    def witness(self) -> None:
        """Rule 2. Raises like `compare`."""
        if self._size is None:
            return self.compare()
        try:
            return self._show()
        except InvalidRequest:  # another process of this home was faster, or the hub keeps another state
            return self.compare()

    def guarded(self, handle: Handle) -> Handle:
        """The guard's `handle`, which answers nothing that is not witnessed."""

        def answer(message: SiteMessage) -> SiteReply:
            try:
                if self._size is None:
                    self.compare()
                try:
                    reply = handle(message)
                except Exception as error:
                    # A guard raises what its log raises, and nothing else: what is not recorded does not leave.
                    raise NotRecorded(
                        f"What would leave could not be recorded ({type(error).__name__}).",
                        "Is the disk full? `dataspace site doctor` looks.",
                    ) from error
                self.witness()
            except NotRecorded as error:
                _log.exception("%s", error)
                return SiteReply(self.site, refused=NOT_RECORDED, reason=_REASONS[NOT_RECORDED])
            except HubRolledBack as error:
                return self._refused("hub.rolled-back", error)
            except RolledBack as error:
                return self._refused("site.rolled-back", error)
            except DataspaceError as error:
                return self._refused("site.not-witnessed", error)
            return reply

        return answer

    def trust_hub(self, because: str) -> None:
        """Go on with a hub that was restored: what was seen of its log is forgotten, and that is recorded."""
        seen = self._seen()
        size, root = (seen.size, seen.root.hex()) if seen else (0, "")
        facts: dict[str, JSON] = {"because": because, "seen_size": size, "seen_root": root}
        self.log.append(Record(RecordKind.HUB_RESTORED, self.clock.now(), self.site, None, facts))
        (self.home / SEEN).unlink(missing_ok=True)

    def _refused(self, code: str, error: DataspaceError) -> SiteReply:
        self._size = None
        _log.warning("%s: %s", code, error)
        return SiteReply(self.site, refused=code, reason=_REASONS[code])

    def _extends(self, note: str) -> int:
        """The size of the countersigned checkpoint, which this log extends."""
        own = parse_verifier_key(self.log.verifier_key())
        hub = parse_verifier_key(self.hub_key)
        old = verify_checkpoint(SignedCheckpoint(note), own, witnesses=(hub,), quorum=1)
        here = unverified_checkpoint(SignedCheckpoint(self.log.checkpoint()))
        try:
            if here.size < old.size:
                raise VerificationFailed(f"It has {here.size} records; {old.size} were countersigned.")
            check_growth(old, here, self.log.consistency)
        except VerificationFailed as error:
            raise RolledBack(
                f"The log of this site is not the one that the hub countersigned. {error.fact}",
                "This home was restored from a backup, and its ledger lacks what was spent since. Put the newest state "
                "back; where that is lost, ask the hub's steward: nothing is answered from this one.",
            ) from error
        return old.size

    def _show(self) -> None:
        note = self.log.checkpoint()
        new, old = unverified_checkpoint(SignedCheckpoint(note)), self._size or 0
        proof = tuple(self.log.consistency(old, new.size)) if 0 < old < new.size else ()
        seen = self._seen()
        shown = Sighting(note, old, proof, seen.size if seen else 0)
        told = self.line.witness(self.site, self.signer, self.clock.now(), shown)
        self._check_hub(seen, told)
        verify_checkpoint(
            SignedCheckpoint(told.checkpoint),
            parse_verifier_key(self.log.verifier_key()),
            witnesses=(parse_verifier_key(self.hub_key),),
            quorum=1,
        )
        self._size = new.size

    def _check_hub(self, seen: Checkpoint | None, told: Witness) -> None:
        hub = verify_checkpoint(SignedCheckpoint(told.hub_checkpoint), parse_verifier_key(self.hub_key))
        if seen is not None:
            try:
                if hub.size < seen.size:
                    raise VerificationFailed(f"It has {hub.size} records; {seen.size} were seen here.")
                check_growth(seen, hub, lambda first, second: told.hub_proof)
            except VerificationFailed as error:
                raise HubRolledBack(
                    f"The log of the hub is not the one that this site saw. {error.fact}",
                    "Ask the hub's operator whether an older state was restored. To go on with it: "
                    "`dataspace site trust-hub --because …`.",
                ) from error
            if hub == seen:
                return
        draft = self.home / f".{SEEN}"
        write_private(draft, (json.dumps({"checkpoint": told.hub_checkpoint}) + "\n").encode())
        draft.replace(self.home / SEEN)

    def _seen(self) -> Checkpoint | None:
        try:
            note = str(json.loads((self.home / SEEN).read_text())["checkpoint"])
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise SetupError(
                "What this site saw of the hub's log cannot be read.", f"Restore '{self.home / SEEN}'."
            ) from error
        return verify_checkpoint(SignedCheckpoint(note), parse_verifier_key(self.hub_key))


_REASONS = {
    NOT_RECORDED: "This site could not record what would leave, so nothing does. Its operator is told why.",
    "hub.rolled-back": "The hub's log does not extend what this site saw of it.",
    "site.rolled-back": "This site's records are older than those that the hub has countersigned.",
    "site.not-witnessed": "This site's records could not be countersigned by the hub.",
}
