"""One federated run: what the hub orders, what travels to a site and back, and what a watcher is told."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from dataspace.model.names import PermitId, PrincipalId, RunId, SiteName

Arrays = Mapping[str, npt.NDArray[Any]]


class Step(StrEnum):
    """What one message asks of a site."""

    COUNT = "count"
    """Cells of a count, decided and suppressed by the site itself."""
    FIT = "fit"
    """The sums of one step of training at the given coefficients, and how well these do on held-out rows."""
    SCALE = "scale"
    """Sums of the numeric features and of their squares, once before the first round."""
    LOCAL = "local"
    """How far the weights move in a few steps of descent over a site's rows, cut to a norm."""
    NOISY = "noisy"
    """The sum of each person's gradient, cut to a norm, with noise."""
    GROW = "grow"
    """One more tree upon the given model."""
    SCORE = "score"
    """How well the given model does on held-out rows, and nothing else."""


@dataclass(frozen=True, slots=True)
class RunOrder:
    """What the coordinator may do, fixed before it starts.

    `plan` is the JSON form of a `CountPlan` or `TrainingPlan`; `permit` the permit as a JWS, empty where a
    policy alone allows. `sites` maps each invited site to its Flower node id (0 where there is no Flower).
    `round_seconds` bounds one exchange, `run_seconds` the whole; a run goes on while `minimum` sites answer.
    """

    run: RunId
    plan: Mapping[str, Any]
    permit: str
    principal: Mapping[str, Any]
    sites: Mapping[SiteName, int]
    minimum: int = 1
    round_seconds: float = 600.0
    run_seconds: float = 86_400.0
    roster: Mapping[SiteName, str] = field(default_factory=dict)
    """The sites that the permit was granted for, each with the digest of its key; empty where it names none."""
    keys: Mapping[SiteName, str] = field(default_factory=dict)
    """The key in hex (Ed25519) that each site signs its replies with; of a site without one no signature is asked."""
    absent: tuple[SiteName, ...] = ()
    """Sites that hold the dataset and were not connected when the run began: they are named, and not asked."""


@dataclass(frozen=True, slots=True)
class SiteMessage:
    """From the coordinator to one site, in one round.

    `document` is JSON (the plan, the permit, the principal's claims); `arrays` the current coefficients.
    `app_hash` is the SHA-256 of the code package (FAB) as the *site's* side saw it, not as the sender said.
    """

    run: RunId
    round: int
    step: Step
    document: Mapping[str, Any]
    arrays: Arrays = field(default_factory=dict)
    app_hash: str = ""


@dataclass(frozen=True, slots=True)
class SiteReply:
    """What one site sends back: an update, or a refusal with a code and a public reason, never both."""

    site: SiteName
    document: Mapping[str, Any] = field(default_factory=dict)
    arrays: Arrays = field(default_factory=dict)
    refused: str = ""
    """Empty, or the stable code of the refusal, such as `policy.forbidden`, `permit.revoked`, `no-answer`."""
    reason: str = ""
    """One sentence that the site lets out, with what to do."""
    signature: str = ""
    """By the site's own key, in hex, over what was asked and what is answered; the coordinator checks it."""


@dataclass(frozen=True, slots=True)
class RunEvent:
    """What a watcher of a run sees: one line of its journal.

    `kind` is one of `started`, `round`, `refused`, `waiting`, `resumed`, `finished`, `failed`; `facts` is JSON.
    """

    run: RunId
    kind: str
    round: int
    at: datetime
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RunStatus:
    """How a run stands now: whom it waits for, who refused and why."""

    run: RunId
    state: str
    """`starting`, `running`, `finished` or `failed`."""
    round: int
    """The last one that anything was told of."""
    cause: str
    """Why it failed; empty where it did not."""
    sites: tuple[SiteName, ...]
    """All that were asked."""
    answered: tuple[SiteName, ...]
    """Those of the last round that was over."""
    waiting: Mapping[SiteName, float]
    """Who has not answered the round that goes on, and for how many seconds by now."""
    refused: Mapping[SiteName, Mapping[str, str]]
    """`code`, `reason` and `round` of each site that did not answer when it was asked last."""
    resumed: int
    """How often it went on with another coordinator."""
    round_seconds: float = 0.0
    """How long a round may last: who has not answered by then is named, and left out of it. 0 before it started."""


@dataclass(frozen=True, slots=True)
class OpenRun:
    """A run whose end is not recorded yet: what a hub that comes after needs to go on with it, or to record its end."""

    run: RunId
    principal: PrincipalId
    permit: PermitId | None
    since: int
    """How many records the log had before the run was announced there."""
    training: bool
    """False for a count, which somebody waited for."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where a run goes on after its coordinator was lost: all that it knew when a round was over.

    `event` is what was told of that round; `arrays` and `state` (JSON) are what the next round begins with, in the
    terms of the model family; `refused` names the sites that refused so far, with code, reason and round.
    """

    event: RunEvent
    arrays: Arrays
    state: Mapping[str, Any] = field(default_factory=dict)
    refused: Mapping[SiteName, Mapping[str, str]] = field(default_factory=dict)


def float_array(values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """One spelling of "an array of float64" for what travels between sites."""
    return np.asarray(values, dtype=np.float64)
