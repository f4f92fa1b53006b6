"""The runs of a hub whose end is not recorded yet, each as a small file of its home."""

import json
import os
from collections.abc import Sequence
from pathlib import Path

from dataspace.adapters.tls import write_private
from dataspace.errors import SetupError
from dataspace.model.codec import from_json, to_json
from dataspace.model.names import RunId
from dataspace.model.runs import OpenRun


class FileOpenRuns:
    """`OpenRuns`. In the home and not in the store: several hubs may share a store, each follows its own runs."""

    def __init__(self, home: Path) -> None:
        self._folder = home / "open-runs"

    def put(self, run: OpenRun) -> None:
        """Written beside, then put in its place: there is never half a file under the name of a run."""
        self._folder.mkdir(exist_ok=True, mode=0o700)
        draft = self._folder / f".{run.run}"
        write_private(draft, json.dumps(to_json(run), sort_keys=True).encode())
        with draft.open("rb") as written:
            os.fsync(written.fileno())
        draft.replace(self._path(run.run))
        descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def drop(self, run: RunId) -> None:
        """See the port. One that comes back after a loss of power is found to have ended by its record."""
        self._path(run).unlink(missing_ok=True)

    def all(self) -> Sequence[OpenRun]:
        """By name. Raises SetupError for a file that is none of ours."""
        return [self._read(path) for path in sorted(self._folder.glob("*.json"))]

    def _read(self, path: Path) -> OpenRun:
        try:
            return from_json(OpenRun, json.loads(path.read_bytes()))
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise SetupError(
                f"'{path}' is no open run ({type(error).__name__}).",
                "Move it away, then start the hub again.",
            ) from error

    def _path(self, run: RunId) -> Path:
        return self._folder / f"{run}.json"
