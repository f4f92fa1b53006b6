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
    POLICY_PROPOSED = "policy.proposed"
    """Waits for a second steward: the digests of the text and of what it would replace."""
    POLICY_DECLINED = "policy.declined"
    POLICY_REFUSED = "policy.refused"
    """A text that cannot be read, or is not the one that was reviewed: its digest, and why it took no effect."""

    APPLICATION_SUBMITTED = "application.submitted"
    APPLICATION_REJECTED = "application.rejected"
    APPLICATION_CHANGED = "application.changed"
    """An act of the workflow on an application: which, by whom, and the revision that it was done to."""
    CALL_OPENED = "call.opened"
    DEPUTY_NAMED = "deputy.named"
    OPT_OUT_LISTED = "opt-out.listed"
    """A list of persons who opted out took effect for what is approved from now on: counts and digests only."""
    PERMIT_GRANTED = "permit.granted"
    PERMIT_ACCEPTED = "permit.accepted"
    """A site's steward countersigned, or the site's own policy pre-approved."""
    PERMIT_EXTENDED = "permit.extended"
    PERMIT_SUSPENDED = "permit.suspended"
    PERMIT_REVOKED = "permit.revoked"
    PERMIT_RESUMED = "permit.resumed"
    PERMIT_AMENDED = "permit.amended"
    PERMIT_EXPIRED = "permit.expired"
    PERMIT_CLOSED = "permit.closed"
    """Results were reported and deletion attested."""
    PERMIT_DOCUMENT_REFUSED = "permit.document-refused"
    """A signed document did not hold here: the reason and its digest, never its text."""
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
    RELEASE_ASKED = "release.asked"
    RELEASE_APPROVED = "release.approved"
    RELEASE_REFUSED = "release.refused"
    ANSWER_RELEASED = "answer.released"
    """Enough people let an answer out: its digest, and who they were."""

    SITE_INVITED = "site.invited"
    SITE_JOINED = "site.joined"
    SITE_ASKED = "site.asked"
    """A site used its invitation up, and waits for the hub's administrator: digests of its keys."""
    SITE_LEFT = "site.left"
    SITE_EXPELLED = "site.expelled"
    """The hub's people ended a site, or turned a request down: who, and why."""
    LIMITS_SET = "site.limits-set"
    """The house rules of a site, as they stand from now on."""
    HUB_RESTORED = "site.hub-restored"
    """A site goes on with a hub whose log does not extend what the site saw: both states, and why."""
    ISSUER_PINNED = "site.issuer-pinned"
    SITE_REPLY = "site.reply"
    """What left a site in one round: its digest and size, or the refusal. At the site and at the hub."""
    APP_APPROVED = "app.approved"
    APP_WITHDRAWN = "app.withdrawn"
    APP_OFFERED = "app.offered"
    """A researcher put an app at the hub, where sites find it by its hash."""

    CHARGE_RESERVED = "charge.reserved"
    CHARGE_COMMITTED = "charge.committed"
    CHARGE_FORFEITED = "charge.forfeited"
    LEDGER_RAISED = "ledger.raised"
    """A steward added to what one part of an account may spend."""
    LEDGER_DISJOINT = "ledger.disjoint"
    """A steward declared that no person is in two of these versions or sites."""

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
