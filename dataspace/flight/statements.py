"""What clients have prepared: texts and the values bound to them, few and not for ever."""

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from dataspace.errors import InvalidRequest, UnknownName
from dataspace.model.names import PrincipalId


@dataclass(frozen=True, slots=True)
class Kept:
    """One statement. `values` is None until some are bound."""

    who: PrincipalId
    text: str
    parameters: int
    values: tuple[object, ...] | None
    since: float


class Statements:
    """By handle. A handle is a secret, and holds for whom it was given to alone; the oldest of one's own go first."""

    def __init__(
        self,
        each: int = 256,
        whole: int = 16_384,
        seconds: float = 3600.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._each, self._whole, self._seconds, self._clock = each, whole, seconds, clock
        self._kept: OrderedDict[bytes, Kept] = OrderedDict()
        self._mine: dict[PrincipalId, OrderedDict[bytes, None]] = {}
        self._guard = threading.Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def keep(self, who: PrincipalId, text: str, parameters: int) -> bytes:
        """A handle for a text."""
        handle = secrets.token_urlsafe(24).encode()
        with self._guard:
            mine = self._mine.setdefault(who, OrderedDict())
            while len(mine) >= self._each:
                self._drop(next(iter(mine)))
            while len(self._kept) >= self._whole:
                self._drop(next(iter(self._kept)))
            now = self._clock()
            while self._kept and now - next(iter(self._kept.values())).since > self._seconds:
                self._drop(next(iter(self._kept)))
            self._kept[handle] = Kept(who, text, parameters, None, now)
            self._mine.setdefault(who, OrderedDict())[handle] = None
        return handle

    def bind(self, who: PrincipalId, handle: bytes, values: Sequence[object]) -> None:
        """Values for the next runs. Raises UnknownName, InvalidRequest."""
        with self._guard:
            kept = self._own(who, handle)
            if len(values) != kept.parameters:
                raise InvalidRequest(
                    f"The statement has {kept.parameters} parameters, and {len(values)} values came.",
                    "Give one for each, in order.",
                )
            self._kept[handle] = replace(kept, values=tuple(values))

    def get(self, who: PrincipalId, handle: bytes) -> Kept:
        """One's own statement. Raises UnknownName."""
        with self._guard:
            return self._own(who, handle)

    def close(self, who: PrincipalId, handle: bytes) -> None:
        """Forget one's own; nothing where there is none."""
        with self._guard:
            if (kept := self._kept.get(handle)) is not None and kept.who == who:
                self._drop(handle)

    def close_all(self, who: PrincipalId) -> None:
        """Forget all of a principal's."""
        with self._guard:
            for handle in list(self._mine.get(who, ())):
                self._drop(handle)

    def _own(self, who: PrincipalId, handle: bytes) -> Kept:
        kept = self._kept.get(handle)
        if kept is None or kept.who != who:
            raise UnknownName("prepared statement", "by this handle", (), "Prepare it again.")
        return kept

    def _drop(self, handle: bytes) -> None:
        kept = self._kept.pop(handle)
        mine = self._mine[kept.who]
        del mine[handle]
        if not mine:
            del self._mine[kept.who]
