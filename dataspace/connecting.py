"""The two ways to a hub: one elsewhere, and one in this process. Both give the same object."""

import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataspace.client.hub import Hub
    from dataspace.client.proofs import Verifier

CONNECTIONS = 8


def connect(url: str = "", token: str = "", ca: str | Path = "", log_key: str = "") -> "Hub":
    """A hub elsewhere. What is left out is read from DATASPACE_URL, DATASPACE_TOKEN and DATASPACE_CA.

    `ca` is the path of the certificate that vouches for the hub, where the public authorities do not. `log_key` is
    the verifier key of its log; left out, the first one seen is pinned for as long as this object lives.
    """
    import httpx

    from dataspace.client.hub import Hub
    from dataspace.client.wire import CONNECT_SECONDS, READ_SECONDS, Wire, checked_url
    from dataspace.errors import InvalidRequest
    from dataspace.settings import ClientSettings, environment

    known = ClientSettings.from_environment(environment())
    address = url or known.url
    if not address:
        raise InvalidRequest("Which hub?", 'Say connect("https://hub.example"), or set DATASPACE_URL.')
    place, bearer = checked_url(address), token or known.token.reveal()
    client = httpx.Client(
        base_url=place,
        verify=_trust(str(ca) or known.ca),
        timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
        limits=httpx.Limits(max_connections=CONNECTIONS),
    )
    return Hub(Wire(client, lambda: bearer, place), _verifier(), log_key)


def open_hub(home: str | Path, principal: str) -> "Hub":
    """An embedded hub over its home, asked in the name of `principal`.

    Whoever owns the files of a home is trusted to say who asks; the person named has to be known there.
    """
    from dataspace.bootstrap import build_hub
    from dataspace.settings import HubSettings, environment

    settings = HubSettings.from_environment(environment(), Path(home))
    services = build_hub(settings)
    try:
        services.token(principal)  # raises where nobody of that name is known
    except BaseException:
        services.close()
        raise
    return embedded(services, principal)


def embedded(services: Any, principal: str) -> "Hub":
    """Services that were built here (`bootstrap.HubServices`), through the same contract as a hub elsewhere."""
    import httpx

    from dataspace.client.hub import Hub
    from dataspace.client.wire import Wire
    from dataspace.http.app import create_app
    from dataspace.http.inprocess import InProcessTransport

    transport = InProcessTransport(create_app(services), services.close)
    client = httpx.Client(base_url="http://hub.invalid", transport=transport, timeout=None)  # noqa: S113
    return Hub(
        Wire(client, lambda: services.token(principal), services.name),
        _verifier(),
        services.log.verifier_key(),
    )


def _verifier() -> "Verifier":
    from dataspace.client.proofs import Verifier
    from dataspace.model.records import SignedCheckpoint, VerifiedReceipt
    from dataspace.transparency.checkpoints import verify_checkpoint
    from dataspace.transparency.notes import parse_verifier_key
    from dataspace.transparency.receipts import receipt_from, verify_receipt

    def receipt(document: Mapping[str, Any], key: str, expected: Mapping[str, Any]) -> VerifiedReceipt:
        return verify_receipt(receipt_from(document), parse_verifier_key(key), expect=expected)

    def checkpoint(note: str, key: str) -> tuple[int, str]:
        state = verify_checkpoint(SignedCheckpoint(note), parse_verifier_key(key))
        return state.size, state.root.hex()

    def digest(table: Any) -> str:
        from dataspace.service.notes import table_digest

        return table_digest(table)

    return Verifier(receipt, checkpoint, digest)


def _trust(ca: str) -> ssl.SSLContext | bool:
    from dataspace.errors import InvalidRequest

    if not ca:
        return True
    try:
        return ssl.create_default_context(cafile=ca)
    except (OSError, ssl.SSLError) as error:
        raise InvalidRequest(f"'{ca}' holds no certificate.", "Name the hub's CA file (PEM).") from error
