"""What the hub and a site need of each other."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Protocol

from dataspace.model.names import PermitId, RunId, SiteName
from dataspace.model.own_apps import PackedApp
from dataspace.model.permits import PermitStatus
from dataspace.model.runs import Checkpoint, OpenRun, RunEvent, RunOrder, SiteMessage, SiteReply
from dataspace.model.sites import Site


class Sites(Protocol):
    """The sites that have joined a hub."""

    def put(self, site: Site) -> None: ...
    def get(self, name: SiteName) -> Site | None: ...
    def all(self) -> Sequence[Site]: ...


class SiteWill(Protocol):
    """What the people of a site have decided, as it stands now."""

    def stopped(self) -> bool:
        """True while the kill switch is on."""
        ...

    def accepted(self, permit: PermitId, document: str) -> bool:
        """True where the site's steward countersigned the permit whose JWS has the SHA-256 `document` (hex)."""
        ...

    def approved(self, app_hash: str) -> bool:
        """True where the site approved this very code package."""
        ...

    def apps(self) -> Sequence[str]:
        """The hashes of all that it approved, in the order in which it did."""
        ...


class AppShelf(Protocol):
    """Apps of researchers, by nothing but their content."""

    def put(self, archive: bytes) -> PackedApp:
        """Durable before it returns. Raises InvalidRequest for what is no app, VerificationFailed without a signature
        that holds."""
        ...

    def get(self, hash: str) -> PackedApp | None:
        """Checked against its hash each time; raises VerificationFailed for what is not what it was."""
        ...

    def hashes(self) -> Sequence[str]: ...


class StatusSource(Protocol):
    """Where a decider learns which permits are revoked, and how old that knowledge is."""

    def status(self) -> tuple[PermitStatus, float]:
        """The latest verified status and its age in seconds on a monotonic clock; SourceError where there is none."""
        ...


class Exchange(Protocol):
    """Messages to sites. Every site gets exactly one reply: a silent one is `refused="no-answer"`."""

    def send(self, messages: Mapping[SiteName, SiteMessage], seconds: float) -> Iterator[SiteReply]: ...


class Journal(Protocol):
    """A run's own diary: a line is durable before `append` returns."""

    def append(self, event: RunEvent) -> None: ...


class Checkpoints(Protocol):
    """What a run keeps of its last round, bound to its order: a coordinator that comes after goes on from there."""

    def keep(self, checkpoint: Checkpoint) -> None:
        """Durable before it returns, in the place of the one before: whole, or not at all."""
        ...

    def last(self) -> Checkpoint | None:
        """None before the end of the first round. Raises VerificationFailed for one that is damaged or of another
        order."""
        ...


class Federation(Protocol):
    """Runs across sites, as the hub sees them."""

    def sites(self) -> Mapping[SiteName, int]:
        """Sites that are connected now, with their node ids."""
        ...

    def submit(self, order: RunOrder) -> None: ...
    def events(self, run: RunId) -> Iterator[RunEvent]:
        """Until the run is finished or failed; a coordinator that died ends it with a named cause."""
        ...

    def stop(self, run: RunId) -> None: ...
    def kept(self, run: RunId) -> bool:
        """Whether the run outlives this process: another that comes after can follow it with `events`, to its end."""
        ...


class OpenRuns(Protocol):
    """The runs of this hub whose end is not recorded yet; they outlive its process."""

    def put(self, run: OpenRun) -> None:
        """Durable before it returns."""
        ...

    def drop(self, run: RunId) -> None:
        """Its end is recorded. Twice does no harm."""
        ...

    def all(self) -> Sequence[OpenRun]: ...


class Incoming(Protocol):
    """Files on their way in."""

    def received(self, filename: str, content: Iterable[bytes]) -> AbstractContextManager[Path]:
        """The bytes as a file of that name, whole, while the context lasts; afterwards nothing of it is left."""
        ...


class Invitations(Protocol):
    """Invitations that a hub has given out and nobody has used yet. Only the digest of the secret is kept."""

    def put(self, site: SiteName, digest: str, expires: datetime) -> None:
        """Remember it; an earlier one for the same site does not hold any more."""
        ...

    def take(self, site: SiteName, digest: str, now: datetime) -> bool:
        """True once, for the digest that was put, before it expires; also where two ask at the same time."""
        ...


class Nodes(Protocol):
    """Where sites connect to."""

    @property
    def address(self) -> str:
        """`host:port`, as a site reaches it."""
        ...

    @property
    def ca_pem(self) -> bytes:
        """The certificate that a site verifies it with."""
        ...

    @property
    def app_hash(self) -> str:
        """SHA-256 of the code package that runs execute."""
        ...

    def register(self, site: SiteName, public_key: bytes) -> int:
        """Admit the node with this key (PEM); its number. Twice gives the same."""
        ...

    def expel(self, site: SiteName, public_key: bytes) -> None:
        """From now on the node with this key (PEM) is refused; no other is disturbed."""
        ...
