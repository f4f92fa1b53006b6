"""How a policy came into force: its versions, and what waits for a second steward."""

from dataclasses import dataclass
from datetime import datetime

from dataspace.model.names import PolicyId, PrincipalId
from dataspace.model.replays import Replay


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """One publication of a policy. `digest` is the SHA-256, in hex, of its text as written.

    `published` and the names are None where no record of this log speaks of it.
    """

    policy: PolicyId
    number: int
    """From 1, in the order of publication; never given twice."""
    digest: str
    published: datetime | None = None
    by: PrincipalId | None = None
    approved_by: PrincipalId | None = None
    """The second steward, where the hub asks for two."""
    in_force: bool = False


@dataclass(frozen=True, slots=True)
class Proposal:
    """A text (or a withdrawal) that waits for a second steward. `base` is the digest of what it would replace."""

    policy: PolicyId
    digest: str
    text: str
    """As it will be published; empty for a withdrawal."""
    base: str
    by: PrincipalId
    at: datetime


@dataclass(frozen=True, slots=True)
class Review:
    """What a second steward sees before saying yes: the text, how it differs, and what it would have changed."""

    proposal: Proposal
    difference: str
    """Unified, line by line, against what is in force."""
    replay: Replay
