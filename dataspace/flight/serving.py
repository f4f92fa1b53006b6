"""A door of Flight SQL beside the HTTP one, for as long as the hub runs."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dataspace.bootstrap import HubServices
from dataspace.errors import SetupError
from dataspace.flight.server import FlightDoor


@contextmanager
def flight_door(
    hub: HubServices, host: str, name: str, port: int, certificate: Path, key: Path
) -> Iterator[str]:
    """Open it; gives its address under the name that clients reach the hub by. Raises SetupError."""
    bracketed = f"[{host}]" if ":" in host else host
    try:
        door = FlightDoor(hub, f"grpc+tls://{bracketed}:{port}", (certificate.read_bytes(), key.read_bytes()))
    except (OSError, ValueError, RuntimeError) as error:
        raise SetupError(
            f"{host}:{port} cannot be listened on.",
            "Choose another: `dataspace hub start --flight-port 0` takes a free one.",
        ) from error
    thread = threading.Thread(target=door.serve, name="flight", daemon=True)
    thread.start()
    try:
        yield f"grpc+tls://{name}:{door.port}"
    finally:
        door.shutdown()
        thread.join(5.0)
