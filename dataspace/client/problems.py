"""From a hub's problem document (RFC 9457) back to the error that was raised there."""

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from dataspace.client.refusals import Refused
from dataspace.errors import BudgetExceeded, Busy, DataspaceError, RequestError, SetupError, SourceError
from dataspace.model.codec import from_json
from dataspace.model.decisions import Deny

E = TypeVar("E", bound=DataspaceError)


def error_of(status: int, document: Any) -> DataspaceError:
    """The error that a response of this status with this JSON body stands for."""
    if not isinstance(document, Mapping):
        return SourceError(
            f"The hub answered with status {status} and no explanation.", "Retry, or ask its operator."
        )
    fact, hint = str(document.get("detail", f"status {status}")), str(document.get("hint", ""))
    kind = _kinds().get(str(document.get("code", "")), _by_status(status))
    try:
        match document:
            case {"decision": Mapping() as decision, "dataset": str(name)}:
                return Refused(name, from_json(Deny, decision))
            case {"retry_after": int() as seconds} if kind is Busy and 0 < seconds <= 3600:
                busy = _plain(Busy, fact, hint)
                busy.retry_after = seconds
                return busy
            case {
                "asked": int() | float() as asked,
                "left": int() | float() as left,
                "limited_by": str(limit),
            }:
                return BudgetExceeded(float(asked), float(left), limit)
    except ValueError:
        # A newer hub may say more than this client knows; its own sentence still holds.
        return _plain(kind, fact, hint)
    return _plain(kind, fact, hint)


def _plain(kind: type[E], fact: str, hint: str) -> E:
    """An error of that class with the hub's words, whatever facts its constructor would ask for."""
    error = kind.__new__(kind)
    DataspaceError.__init__(error, fact, hint)
    return error


def _by_status(status: int) -> type[DataspaceError]:
    return RequestError if 400 <= status < 500 else SourceError if status == 503 else SetupError


def _kinds() -> dict[str, type[DataspaceError]]:
    """Each code's own class: the one that states it, not one that inherits it."""
    return {kind.code: kind for kind in _descendants(DataspaceError) if "code" in vars(kind)}


def _descendants(kind: type[DataspaceError]) -> Iterator[type[DataspaceError]]:
    for child in kind.__subclasses__():
        yield child
        yield from _descendants(child)
