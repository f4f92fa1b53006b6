"""Data that a steward hands to the hub as a file: received whole, registered, and the file forgotten."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from dataspace.connector import Source
from dataspace.model.principals import Principal, Role
from dataspace.ports import Incoming
from dataspace.service.conditions import Conditions
from dataspace.service.permitting import require
from dataspace.service.registering import Registered, Registering, Registration


@dataclass(frozen=True, slots=True)
class Depositing:
    """`source` opens a file with the installed connector that its ending names, and says what is in it."""

    registering: Registering
    incoming: Incoming
    source: Callable[[Path], tuple[Source, str]]
    conditions: Conditions | None = None
    """Where there is none, DUO codes are refused rather than forgotten."""

    def check(self, steward: Principal) -> None:
        """Raises NotAllowed before the first byte of a file is taken."""
        require(steward, Role.STEWARD)

    def deposit(
        self, steward: Principal, filename: str, content: Iterable[bytes], said: Registration
    ) -> Registered:
        """Register what the bytes hold. Nothing of the file is left, whether this returns or raises."""
        self.check(steward)
        with self.incoming.received(filename, content) as path:
            return self.register(steward, path, said)

    def register(self, steward: Principal, path: Path, said: Registration) -> Registered:
        """Register a file that lies on this machine, for whoever runs commands here."""
        self.check(steward)
        source, item = self.source(path)
        if self.conditions is not None:  # before the data: no question comes in between
            said = self.conditions.declared(steward, said)
        return self.registering.register(steward, source, item, said, type(source).__name__)
