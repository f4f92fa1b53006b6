"""What the doctor finds: a line each, with the fix, and where others have to act a request that can be pasted."""

import socket
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARN = "WARN"
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor. `name` is stable, for programs; `request` is addressed to the firewall team."""

    verdict: Verdict
    text: str
    name: str = ""
    request: str = ""


def ok(name: str, text: str) -> Finding:
    """Nothing to do."""
    return Finding(Verdict.OK, text, name)


def warn(name: str, text: str, fix: str) -> Finding:
    """It works, but less well than it should."""
    return Finding(Verdict.WARN, f"{text} Fix: {fix}", name)


def fail(name: str, text: str, fix: str, request: str = "") -> Finding:
    """It does not work until somebody acts."""
    return Finding(Verdict.FAIL, f"{text} Fix: {fix}", name, request)


def open_request(place: str) -> str:
    """To be let out to an address."""
    return (
        f"Please allow outbound TCP from {socket.gethostname()} to {place} (TLS 1.2 or newer, long-lived connections; "
        "no inbound port is needed). The service there is a federated data access hub; no rows of data leave by it."
    )


def exempt_request(place: str, opened_by: str) -> str:
    """To have TLS left alone on the way to an address."""
    return (
        f"Please exempt {place} from TLS inspection for {socket.gethostname()}: the connection is opened by "
        f'"{opened_by}" at present. Both ends verify pinned certificates, so that an opened connection is refused.'
    )
