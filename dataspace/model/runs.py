"""One federated run: what the hub orders, what travels to a site and back, and what a watcher is told."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from dataspace.model.names import RunId, SiteName

Arrays = Mapping[str, npt.NDArray[Any]]


class Step(StrEnum):
    """What one message asks of a site."""

    COUNT = "count"
    """Cells of a count, decided and suppressed by the site itself."""
    FIT = "fit"
    """The sums of one step of training at the given coefficients, and how well these do on held-out rows."""


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


@dataclass(frozen=True, slots=True)
class RunEvent:
    """What a watcher of a run sees: one line of its journal.

    `kind` is one of `started`, `round`, `refused`, `waiting`, `finished`, `failed`; `facts` is JSON.
    """

    run: RunId
    kind: str
    round: int
    at: datetime
    facts: Mapping[str, Any] = field(default_factory=dict)


def float_array(values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """One spelling of "an array of float64" for what travels between sites."""
    return np.asarray(values, dtype=np.float64)
