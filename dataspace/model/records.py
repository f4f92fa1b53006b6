"""What the transparency log holds, and what proves it: records, their openings, checkpoints and receipts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from dataspace.model.names import PrincipalId, SiteName

JSON: TypeAlias = bool | int | float | str | Sequence["JSON"] | Mapping[str, "JSON"] | None
"""A value that JSON can say. Numbers are IEEE doubles: write identifiers and exact amounts as strings."""


class RecordKind(StrEnum):
    """Everything that is recorded, as `thing.event`. A kind is never renamed: old logs must stay readable."""

    LOG_OPENED = "log.opened"
    KEY_CREATED = "key.created"
    KEY_ROTATED = "key.rotated"
    KEY_DESTROYED = "key.destroyed"
    """A data key is gone, and with it the bytes of the dataset version that the facts name."""

    DATASET_REGISTERED = "dataset.registered"
    DATASET_CHANGED = "dataset.changed"
    DATASET_ERASED = "dataset.erased"
    CATALOGUE_HARVESTED = "catalogue.harvested"
    """Which catalogue, and how many records came, changed and went."""
    POLICY_PUBLISHED = "policy.published"
    POLICY_WITHDRAWN = "policy.withdrawn"

    APPLICATION_SUBMITTED = "application.submitted"
    APPLICATION_REJECTED = "application.rejected"
    PERMIT_GRANTED = "permit.granted"
    PERMIT_ACCEPTED = "permit.accepted"
    """A site's steward countersigned, or the site's own policy pre-approved."""
    PERMIT_EXTENDED = "permit.extended"
    PERMIT_SUSPENDED = "permit.suspended"
    PERMIT_REVOKED = "permit.revoked"
    CONSENT_WITHDRAWN = "consent.withdrawn"
    """An objection or a withdrawn consent took effect: counts and cuts in the facts, never the person."""

    QUERY_REFUSED = "query.refused"
    QUERY_INTENDED = "query.intended"
    QUERY_DELIVERED = "query.delivered"
    """How the intent that the facts name by index ended: `complete`, `abandoned`, or an error's code."""

    RUN_REFUSED = "run.refused"
    RUN_INTENDED = "run.intended"
    RUN_ROUND = "run.round"
    RUN_FINISHED = "run.finished"
    MODEL_RELEASED = "model.released"

    SITE_INVITED = "site.invited"
    SITE_JOINED = "site.joined"
    SITE_LEFT = "site.left"
    SITE_REPLY = "site.reply"
    """What left a site in one round: its digest and size, or the refusal. At the site and at the hub."""
    APP_APPROVED = "app.approved"

    CHARGE_RESERVED = "charge.reserved"
    CHARGE_COMMITTED = "charge.committed"
    CHARGE_FORFEITED = "charge.forfeited"

    CHECKPOINT_WITNESSED = "checkpoint.witnessed"
    """Another log's checkpoint was seen and found consistent with the one seen before."""


@dataclass(frozen=True, slots=True)
class Record:
    """One entry of a log: what happened, when, where, and who asked for it.

    `at` is in UTC. `principal` is None for what nobody asked for, such as an expiry. `facts` depend on the
    kind; they hold names, digests and counts, never rows and never a secret. A record that leaves its site
    inside a receipt is read by strangers.
    """

    kind: RecordKind
    at: datetime
    site: SiteName
    principal: PrincipalId | None = None
    facts: Mapping[str, JSON] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Opening:
    """A record and the 32 random bytes that hide it: the log shows only the hash of the two together.

    Without the salt a record could be guessed from its leaf; to forget a record, destroy its opening.
    """

    salt: bytes = field(repr=False)
    record: Record


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state of one log: the root hash (32 bytes) over its first `size` leaves. `origin` names the log."""

    origin: str
    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint as it travels: the whole C2SP signed note, unverified until somebody verifies it."""

    note: str


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """Whom to believe about one log: its name (the origin of its checkpoints) and its Ed25519 public key."""

    name: str
    public: bytes
    """The 32 raw bytes of RFC 8032."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof, complete in itself, that one record stands in one log. Only a verified one proves anything."""

    index: int
    """Position of the record's leaf in the log, from 0."""
    opening: Opening
    inclusion_proof: tuple[bytes, ...]
    """Sibling hashes from the leaf to the root, RFC 6962 section 2.1.1."""
    checkpoint: SignedCheckpoint


@dataclass(frozen=True, slots=True)
class VerifiedReceipt:
    """What a receipt has proved: the log of `checkpoint` holds `record` at `index`."""

    index: int
    record: Record
    checkpoint: Checkpoint
