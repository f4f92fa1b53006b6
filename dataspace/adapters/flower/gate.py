"""What of a SuperLink is reachable, and for whom.

Flower's Control API has no authentication of its own: whoever reaches the port may submit code that the hub then runs.
So the gate stands in front of the whole application and is closed unless a rule opens it.
"""

import hmac
import ipaddress
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class Gate:
    """Four rules, and no others.

    1. `/v1/fleet/…` and `/health` are open to all: nodes sign each request.
    2. `/v1/runtime/…` is open to this host only: the executor's secret and task tokens are checked behind the gate.
    3. Everything else (the Control API, documentation) needs the control secret, and this host.
    4. What no rule opens is answered 403 and never reaches Flower.
    """

    def __init__(self, application: Application, secret: str, header: str) -> None:
        self._application = application
        self._secret = secret.encode()
        self._header = header.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or (scope["type"] == "http" and self._opens(scope)):
            await self._application(scope, receive, send)
        elif scope["type"] == "http":
            await send({"type": "http.response.start", "status": 403, "headers": []})
            await send({"type": "http.response.body", "body": b""})
        else:
            await send({"type": "websocket.close", "code": 1008})

    def _opens(self, scope: Scope) -> bool:
        path: str = scope["path"]
        if path.startswith("/v1/fleet/") or path == "/health":
            return True
        if not _is_local(scope.get("client")):
            return False
        return path.startswith("/v1/runtime/") or self._has_secret(scope)

    def _has_secret(self, scope: Scope) -> bool:
        given = [value for name, value in scope["headers"] if name == self._header]
        return len(given) == 1 and hmac.compare_digest(given[0], self._secret)


def _is_local(client: tuple[str, int] | None) -> bool:
    if client is None:
        return False
    try:
        address = ipaddress.ip_address(client[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback
