"""What clients send, each as a frozen value; read strictly, by declared types, before any service sees it."""

import json
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from fastapi import Request

from dataspace.errors import BodyTooLarge, InvalidRequest
from dataspace.model.codec import from_json
from dataspace.model.mirrored import SiteEntry
from dataspace.model.plans import Family
from dataspace.model.policies import AnswerKind, Obligations
from dataspace.model.training import Boosting, Network, Scaling, TrainingPrivacy

LARGEST_BODY = 1 << 20
"""Bytes of a JSON or YAML body."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class QueryBody:
    """`POST /explain`."""

    sql: str
    permit: str | None = None
    purpose: str = ""
    kind: AnswerKind | None = None
    epsilon: float | None = None
    error: float | None = None


@dataclass(frozen=True, slots=True)
class AskBody(QueryBody):
    """`POST /query`: the question, and how the answer is to travel."""

    parameters: tuple[Any, ...] | Mapping[str, Any] | None = None
    """In the order of the text's parameters, or by name."""
    codec: str | None = None
    """`lz4`, `zstd` or `none`."""
    population: str = ""
    """Declares the population of the question under this name instead of answering it."""


@dataclass(frozen=True, slots=True)
class CountBody:
    """`POST /count`."""

    dataset: str
    where: str = ""
    by: tuple[str, ...] = ()
    permit: str | None = None
    purpose: str = ""


@dataclass(frozen=True, slots=True)
class GrantBody:
    """`POST /applications/{id}/grant`. `revision` is the one that was read."""

    conditions: Obligations = field(default_factory=Obligations)
    expires: datetime | None = None
    revision: int | None = None


@dataclass(frozen=True, slots=True)
class ReasonBody:
    """`POST /applications/{id}/refuse` and `POST /permits/{id}/revoke`."""

    reason: str = ""
    revision: int | None = None


@dataclass(frozen=True, slots=True)
class RunBody:
    """`POST /runs`."""

    dataset: str
    target: str
    features: tuple[str, ...]
    family: Family = Family.LOGISTIC
    rounds: int = 5
    permit: str | None = None
    purpose: str = ""
    holdout: float = 0.25
    minimum_sites: int = 3
    ridge: float = 0.0
    scaling: Scaling = Scaling.NONE
    scales: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    network: Network = field(default_factory=Network)
    boosting: Boosting = field(default_factory=Boosting)
    privacy: TrainingPrivacy | None = None
    app: str = ""
    blocks: int = 32
    round_seconds: float | None = None
    """How long a site is waited for in each round; left out: as long as the hub ever waits."""


@dataclass(frozen=True, slots=True)
class FederatedBody:
    """`POST /datasets/federated`."""

    name: str
    dictionary: str
    title: str = ""
    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    publish: bool = True


@dataclass(frozen=True, slots=True)
class ApproveBody:
    """`POST /policies/{id}/approve`."""

    digest: str


@dataclass(frozen=True, slots=True)
class DuoBody:
    """`POST /policies/duo`."""

    dataset: str
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InviteBody:
    """`POST /sites/invite`. `at_once`: whoever brings it is let in without a fingerprint."""

    site: str
    at_once: bool = False


@dataclass(frozen=True, slots=True)
class AdmitBody:
    """`POST /sites/{name}/admit`."""

    fingerprint: str


@dataclass(frozen=True, slots=True)
class BecauseBody:
    """`POST /sites/{name}/expel` and `POST /sites/{name}/leave`."""

    because: str = ""


@dataclass(frozen=True, slots=True)
class OfferBody:
    """`POST /sites/{name}/datasets`."""

    datasets: tuple[str, ...]
    dictionary: str = ""


@dataclass(frozen=True, slots=True)
class EntriesBody:
    """`POST /sites/{name}/ledger`."""

    entries: tuple[SiteEntry, ...]


@dataclass(frozen=True, slots=True)
class SiteTokenBody:
    """`POST /sites/{name}/token`."""

    at: datetime
    signature: bytes


def body(kind: type[T]) -> Callable[[Request], Coroutine[Any, Any, T]]:
    """A dependency that reads the body as a value of `kind`; raises InvalidRequest that names the path."""

    async def read(request: Request) -> T:
        raw = await capped(request)
        try:
            document = json.loads(raw or b"{}", parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            raise InvalidRequest("The body is not JSON.", "Send application/json.") from error
        return parsed(kind, document)

    return read


async def text(request: Request) -> str:
    """A dependency that reads the body as UTF-8 text."""
    try:
        return (await capped(request)).decode()
    except UnicodeDecodeError as error:
        raise InvalidRequest("The body is not UTF-8.", "Send it as UTF-8.") from error


async def capped(request: Request, largest: int = LARGEST_BODY) -> bytes:
    """The body, as long as it is not larger than `largest`: no more than that is ever held."""
    held = bytearray()
    async for piece in request.stream():
        held += piece
        if len(held) > largest:
            raise BodyTooLarge(f"The body is larger than {largest >> 10:,} KB.", "Send less.")
    return bytes(held)


def parsed(kind: type[T], document: Any) -> T:
    """A value of `kind` from JSON; raises InvalidRequest that names the path of what does not fit."""
    if isinstance(document, dict) and isinstance(document.get("epsilon"), str):
        raise InvalidRequest("epsilon is a number.", "Write it without quotes, such as 0.1.")
    try:
        return from_json(kind, document)
    except ValueError as error:
        # The codec's messages hold paths and types, never values.
        raise InvalidRequest(f"The body does not fit: {error}.", "See the reference of this path.") from error


def _no_constant(_: str) -> None:
    raise ValueError("a number that is not finite")
