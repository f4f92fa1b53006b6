"""Data that a steward hands to the hub as a file: received whole, registered, and the file forgotten."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from dataspace.connector import Source
from dataspace.errors import InvalidRequest
from dataspace.model.principals import Principal, Role
from dataspace.ports import Incoming
from dataspace.service.permitting import require
from dataspace.service.registering import Registered, Registering, Registration

CONNECTORS = {".csv": "csv", ".tsv": "csv", ".parquet": "parquet", ".pq": "parquet"}
"""Connector by the ending of a file's name, where none is named."""


@dataclass(frozen=True, slots=True)
class Depositing:
    """`source` opens a location with an installed connector."""

    registering: Registering
    incoming: Incoming
    source: Callable[[str, Path], Source]

    def check(self, steward: Principal, filename: str, connector: str = "") -> str:
        """The connector that will read the file; raises before the first byte of it is taken."""
        require(steward, Role.STEWARD)
        chosen = connector or CONNECTORS.get(Path(filename).suffix.lower(), "")
        if not chosen:
            raise InvalidRequest(
                f"The ending of '{Path(filename).name}' tells no format.",
                "Name one: --connector csv, or parquet.",
            )
        return chosen

    def deposit(
        self,
        steward: Principal,
        filename: str,
        content: Iterable[bytes],
        said: Registration,
        connector: str = "",
    ) -> Registered:
        """Register what the bytes hold. Nothing of the file is left, whether this returns or raises."""
        chosen = self.check(steward, filename, connector)
        with self.incoming.received(filename, content) as path:
            return self.register(steward, path, said, chosen)

    def register(self, steward: Principal, path: Path, said: Registration, connector: str = "") -> Registered:
        """Register a file that lies on this machine already, for whoever runs commands here."""
        chosen = self.check(steward, path.name, connector)
        source = self.source(chosen, path)
        names = source.names()
        if len(names) != 1:
            raise InvalidRequest(
                f"The source has {len(names)} items, one is needed.", "Name the file itself."
            )
        return self.registering.register(steward, source, names[0], said)
