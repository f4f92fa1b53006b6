"""What each step of the demo found out: one frozen noun a step, for the display, the JSON and the report alike.

Long, because there is a noun for each step.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

Cell = str | int | float | bool | None
Row = Mapping[str, Cell]


@dataclass(frozen=True, slots=True)
class Advice:
    """One finding about a column, and the command that fixes it; `done` where the registration did."""

    column: str
    text: str
    fix: str
    done: bool


@dataclass(frozen=True, slots=True)
class SiteData:
    """What one site has registered under which dictionary."""

    site: str
    dataset: str
    rows: int
    version: str
    dictionary: str
    synthetic: bool


@dataclass(frozen=True, slots=True)
class Registered:
    """Step 1. `privacy_unit` is `row` where each row is its own; the DCAT record is Turtle."""

    dataset: str
    title: str
    rows: int
    columns: int
    dropped: tuple[str, ...]
    version: str
    privacy_unit: str
    findings: tuple[Advice, ...]
    dcat_triples: int
    dcat: str
    sites: tuple[SiteData, ...]


@dataclass(frozen=True, slots=True)
class Policies:
    """Step 2: the policies in force, by the place where they decide."""

    in_force: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Step 3: what was asked, and why there is no answer. `rule` is `policy/rule`."""

    question: str
    rule: str
    sentence: str
    missing: tuple[str, ...]
    who_can_change: str
    nearest: str


@dataclass(frozen=True, slots=True)
class PermitGranted:
    """Step 4. `verified_with` is the fingerprint of the pinned key that the signature was checked with, offline."""

    application: str
    permit: str
    basis: str
    purposes: tuple[str, ...]
    kinds: tuple[str, ...]
    cohort: int | None
    epsilon: float | None
    expires: datetime
    signed_by: str
    verified_with: str


@dataclass(frozen=True, slots=True)
class Withheld:
    """A cell that is not shown: too small, or it would reveal one that is; which of the two is not told."""

    row: int
    column: str


@dataclass(frozen=True, slots=True)
class Shown:
    """Step 5, and each half of step 6: an answer as the researcher sees it.

    A withheld cell is None in its row and named in `withheld`.
    """

    question: str
    rows: tuple[Row, ...]
    withheld: tuple[Withheld, ...]
    filtered: tuple[str, ...]
    masked: Mapping[str, str]
    rules: tuple[str, ...]
    record: int
    """Number of the record of the outcome in the hub's log."""


@dataclass(frozen=True, slots=True)
class AcrossSites:
    """Step 6: the hospitals' stays under the permit, and the plant's products, which policy alone allows."""

    hospitals: Shown
    plant: Shown


@dataclass(frozen=True, slots=True)
class Noisy:
    """Step 7. `low` and `high` bound the 95 % interval."""

    question: str
    value: float
    low: float
    high: float
    epsilon: float
    left: float | None
    limit: float | None


@dataclass(frozen=True, slots=True)
class SiteRefusal:
    """A site that said no, by its own rule."""

    site: str
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Auc:
    """AUC on one hospital's held-out stays. `took_part`: it trained with the others. None: no such model."""

    site: str
    stays: int
    deaths: int
    took_part: bool
    alone: float | None
    federated: float
    pooled: float
    error: float
    """Standard error of the federated AUC (Hanley and McNeil 1982): what differences below it are worth."""


@dataclass(frozen=True, slots=True)
class Coefficient:
    """One line of the model: odds ratio with its 95 % interval."""

    term: str
    beta: float
    standard_error: float
    odds_ratio: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Round:
    """One round: AUC of the coefficients sent, by site, on the rows that it holds out."""

    number: int
    auc: Mapping[str, float]
    log_likelihood: float


@dataclass(frozen=True, slots=True)
class Trained:
    """Step 8."""

    run: str
    formula: str
    stays: int
    sites: tuple[str, ...]
    refused: tuple[SiteRefusal, ...]
    rounds: tuple[Round, ...]
    seconds: float
    auc: tuple[Auc, ...]
    coefficients: tuple[Coefficient, ...]
    largest_difference_from_pooled: float


@dataclass(frozen=True, slots=True)
class Revoked:
    """Step 9. `rounds_before` is how many rounds the running training had done when it was stopped."""

    permit: str
    question_refused: str
    run: str
    rounds_before: int
    round_refused: tuple[SiteRefusal, ...]
    ended: str


@dataclass(frozen=True, slots=True)
class LogFacts:
    """One log that was recomputed from its records."""

    name: str
    size: int
    root: str


@dataclass(frozen=True, slots=True)
class Proved:
    """Step 10: all logs, and the receipt of the answer of step 5, verified from a file and a key alone."""

    logs: tuple[LogFacts, ...]
    receipt_record: int
    receipt_kind: str
    receipt_log: str
    receipt_size: int
    answer_matches: bool


StepFacts = (
    Registered | Policies | Refusal | PermitGranted | Shown | AcrossSites | Noisy | Trained | Revoked | Proved
)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the walk: its number, what it is, one line of explanation, how long it took, what came of it."""

    number: int
    title: str
    explanation: str
    seconds: float
    facts: StepFacts


@dataclass(frozen=True, slots=True)
class Walk:
    """The whole demo. `start_seconds` is what passed before the hub answered; `peak_pss_bytes` the highest sum of
    proportional set sizes over the process tree that was seen; `receipts` are whole receipt documents, by what they
    are about."""

    steps: tuple[Step, ...]
    start_seconds: float
    seconds: float
    peak_pss_bytes: int
    finished: datetime
    receipts: Mapping[str, Mapping[str, Any]]
