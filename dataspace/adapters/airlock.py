"""The airlock as files of a home: <home>/airlock/<id>.json says what waits, <id>.bin is the file itself."""

import fcntl
import json
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from dataspace.model.codec import from_json, to_json
from dataspace.model.releases import Release

_ID = re.compile(r"R-[1-9][0-9]{0,8}")


class FileAirlock:
    """`Airlock`. A file is written once; what is said of it is replaced as a whole."""

    def __init__(self, home: Path) -> None:
        self._folder = home / "airlock"

    def turn(self) -> AbstractContextManager[None]:
        """Alone with the queue, also among processes."""
        return self._turn()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(self._folder / ".turn", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def put(self, release: Release, content: bytes | None = None) -> None:
        """Durable when this returns; `content` comes with the first."""
        if content is not None:
            self._write(f"{release.id}.bin", content)
        self._write(f"{release.id}.json", json.dumps(to_json(release)).encode())

    def get(self, id: str) -> Release | None:
        """None for what was never asked."""
        path = self._folder / f"{id}.json"
        if not _ID.fullmatch(id) or not path.exists():
            return None
        return from_json(Release, json.loads(path.read_text()))

    def all(self) -> Sequence[Release]:
        """Oldest first."""
        numbers = sorted(int(path.stem[2:]) for path in self._folder.glob("R-*.json"))
        return [found for number in numbers if (found := self.get(f"R-{number}")) is not None]

    def content(self, id: str) -> bytes:
        """The file, as it was handed in."""
        return (self._folder / f"{id}.bin").read_bytes()

    def _write(self, name: str, content: bytes) -> None:
        draft = self._folder / f".{name}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(self._folder / name)
