"""What of a SuperLink is reachable, and for whom.

Flower serves everything on one port, and its Control API has no authentication of its own: whoever reaches it may
submit code that the hub then runs. So the application listens twice: at the *front*, which the sites reach, and at an
inner port of the loopback interface. The gate stands before both and is closed unless a rule opens it.

Which of the two a request came through is told by the socket that received it, and by nothing in the request: behind
a proxy on this very host every request would seem to come from here.
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
    """Four rules, and no others. `front` is the port that the world reaches.

    1. At the front, `POST /v1/fleet/…` is open to all: nodes sign each request. Nothing else is, for anybody.
    2. Inside, `/v1/runtime/…` and `/health` are open to this host: the executor's secret and task tokens are checked
       behind the gate.
    3. Inside, everything else (the Control API, documentation) needs the control secret, and this host.
    4. What no rule opens is answered 403 and never reaches Flower.
    """

    def __init__(self, application: Application, secret: str, header: str, front: int) -> None:
        self._application = application
        self._secret = secret.encode()
        self._header = header.encode()
        self._front = front

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
        server = scope.get("server")
        if server is None or server[1] == self._front:
            return server is not None and scope["method"] == "POST" and path.startswith("/v1/fleet/")
        if not _is_local(scope.get("client")):
            return False
        return path.startswith("/v1/runtime/") or path == "/health" or self._has_secret(scope)

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
