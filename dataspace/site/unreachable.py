"""Why a line to a hub did not come about, in words that say who can do something about it."""

import socket
import ssl
from collections.abc import Iterator

import httpx


def why_not(error: BaseException, host: str, port: int) -> tuple[str, str]:
    """What is the matter with the line to `host` and `port`, and what to do: two sentences."""
    place = f"{host}:{port}"
    for cause in _causes(error):
        match cause:
            case ssl.SSLCertVerificationError():
                return (
                    f"The certificate of {place} is not trusted ({cause.verify_message}).",
                    "Where it is the hub's own authority, name that before joining: --ca FILE, authority/ca.crt in "
                    f"the hub's home. Have {place} exempted from TLS inspection here; or, where the hub was made anew "
                    "or is called by a name that its certificate does not have, ask its steward for a new invitation.",
                )
            case ssl.SSLError():
                return (
                    f"What listens at {place} does not speak TLS.",
                    "Check the address with the hub's steward, and whether a proxy stands in between.",
                )
            case socket.gaierror():
                return (
                    f"The name '{host}' is not found.",
                    "Enter it in the DNS or in /etc/hosts here, or ask the hub's steward for another address.",
                )
            case ConnectionRefusedError():
                return (
                    f"The connection to {place} is refused: nothing listens there.",
                    "Ask the hub's steward whether the hub runs, and at this address.",
                )
            case TimeoutError() | httpx.TimeoutException():
                return f"{place} does not answer in time.", f"Allow outbound TCP to {place}."
            case OSError() if cause.strerror:
                return f"{place} cannot be reached ({cause.strerror}).", f"Allow outbound TCP to {place}."
    return (
        f"The line to {place} broke off ({type(error).__name__}).",
        "Ask the hub's steward whether the hub runs, and whether a proxy stands in between.",
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error, then what it came from; a client's own error says least."""
    found: BaseException | None = error
    while found is not None:
        yield found
        found = found.__cause__ or found.__context__
