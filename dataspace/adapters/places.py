"""Where rows stay, in small files that nobody but the operator reads; and benches in memory to look at them."""

import json
import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pyarrow as pa

from dataspace.adapters.duckdb.expecting import DuckdbExpectations
from dataspace.adapters.duckdb.profiler import DuckdbProfiler
from dataspace.adapters.duckdb.vault import ParquetVault
from dataspace.errors import Conflict, SetupError
from dataspace.model.codec import from_json, to_json
from dataspace.model.datasets import Version, VersionRef
from dataspace.model.names import DatasetName
from dataspace.model.places import Place
from dataspace.ports import Bench, Places, Vault

MEMORY = Path("/dev/shm")  # noqa: S108 - memory, not a disk: rows that stay away never lie on a disk here
_BENCH = re.compile(r"dataspace-bench-(\d+)-")


class PlaceFiles:
    """`Places` under `<home>/places`, a file (0600) for each dataset."""

    def __init__(self, home: Path) -> None:
        self._folder = home / "places"

    def put(self, name: DatasetName, place: Place) -> None:
        """See the port. Raises SetupError where there is no room."""
        path = self._folder / f"{name}.json"
        draft = self._folder / f".{secrets.token_hex(8)}"
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w") as file:
                json.dump(to_json(place), file)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        except OSError as error:
            draft.unlink(missing_ok=True)
            raise SetupError(
                f"The place could not be kept ({error.strerror}).", "Free space, then repeat."
            ) from error

    def get(self, name: DatasetName) -> Place | None:
        """See the port."""
        try:
            return from_json(Place, json.loads((self._folder / f"{name}.json").read_text()))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise SetupError("A file of places cannot be read.", "Restore it from its backup.") from error

    def forget(self, name: DatasetName) -> None:
        """See the port."""
        (self._folder / f"{name}.json").unlink(missing_ok=True)


class PlacedVault:
    """A vault that holds no rows of what stays in its source, and says so instead of looking for them."""

    def __init__(self, vault: Vault, places: Places) -> None:
        self._vault, self._places = vault, places

    def write(self, dataset: DatasetName, batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> Version:
        """See the port."""
        return self._vault.write(dataset, batches, schema)

    def files(self, ref: VersionRef) -> Sequence[Path]:
        """See the port. Raises Conflict for rows that are not here."""
        if self._places.get(ref.dataset) is not None:
            raise Conflict(
                f"The rows of '{ref.dataset}' stay in their source.",
                "Register it again with --in-place and the steps that it needs.",
            )
        return self._vault.files(ref)

    def reading(self, ref: VersionRef) -> AbstractContextManager[Sequence[Path]]:
        """See the port."""
        return self._vault.reading(ref)

    def withdraw(self, ref: VersionRef) -> None:
        """See the port."""
        self._vault.withdraw(ref)

    def erase(self, ref: VersionRef) -> None:
        """See the port. Of rows that are not here, the way to them is forgotten."""
        self._places.forget(ref.dataset)
        self._vault.erase(ref)


class MemoryBenches:
    """`Benches` in /dev/shm. `behind` holds the other versions that a rule may refer to."""

    def __init__(self, behind: Vault) -> None:
        self._behind = behind

    @contextmanager
    def _opened(self) -> Iterator[Bench]:
        _sweep()
        try:
            folder = Path(tempfile.mkdtemp(prefix=f"dataspace-bench-{os.getpid()}-", dir=MEMORY))
        except OSError as error:
            raise SetupError(
                "Rows that stay in their source are read through /dev/shm, which is not writable here.",
                "Mount a tmpfs there.",
            ) from error
        try:
            vault = _BenchVault(folder, self._behind)
            yield Bench(vault, DuckdbProfiler(vault), DuckdbExpectations(vault))
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def open(self) -> AbstractContextManager[Bench]:
        """See the port. Raises SetupError where there is no memory for it."""
        return self._opened()


class _BenchVault(ParquetVault):
    """Versions on the bench, and behind it those of the house."""

    def __init__(self, folder: Path, behind: Vault) -> None:
        super().__init__(folder)
        self._folder, self._behind = folder, behind

    def files(self, ref: VersionRef) -> Sequence[Path]:
        """See the port."""
        here = (self._folder / "versions" / ref.sha256).is_dir()
        return super().files(ref) if here else self._behind.files(ref)


def _sweep() -> None:
    """Remove what a process that was killed has left in memory."""
    for path in MEMORY.glob("dataspace-bench-*"):
        match = _BENCH.match(path.name)
        if match and not Path(f"/proc/{match[1]}").exists():
            shutil.rmtree(path, ignore_errors=True)
