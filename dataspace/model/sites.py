"""The hospitals and plants that a hub knows, and by which keys it knows them."""

from dataclasses import dataclass, field
from datetime import datetime

from dataspace.model.names import DatasetName, SiteName


@dataclass(frozen=True, slots=True)
class Candidate:
    """A request to join: the keys that were made at the site, and the digest of the invitation that it used up."""

    invite: str
    node_key: bytes
    signing_key: bytes
    log_key: str
    title: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Site:
    """One site as the hub knows it. Keys are raw public keys of 32 bytes (Ed25519).

    `signing_key` is the key that signs the site's own records and replies, `node_key` that of its Flower node
    in the form that Flower gives it. `node` is 0 until the node has been registered with the SuperLink.
    """

    name: SiteName
    title: str = ""
    node: int = 0
    signing_key: bytes = b""
    node_key: bytes = b""
    joined: datetime | None = None
    dictionary: str = ""
    """`name@version` of the dictionary that its datasets claim to follow, or empty."""
    datasets: tuple[DatasetName, ...] = field(default=())
    """Lineages that it offers for federated questions."""
    log_key: str = ""
    """The verifier key of the site's own log (C2SP), which the hub witnesses."""
    invite: str = ""
    """Digest of the invitation that it joined with."""
    candidate: Candidate | None = None
    """Waits for the hub's administrator; what the site was before stands until then."""
    ended: datetime | None = None
    """When it left or was expelled; `joined` is None then."""
    because: str = ""
