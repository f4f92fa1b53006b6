"""Materialised cuts: what a permit gives of a version, as a sealed DuckDB database in memory."""

import fcntl
import os
import re
import shutil
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from dataspace.adapters.duckdb.building import build_table
from dataspace.errors import CutTooLarge, SetupError
from dataspace.model.names import CutId, DatasetName
from dataspace.model.plans import CutRecipe
from dataspace.planning.cut_id import cut_id
from dataspace.ports import CutLease, Readings

MEMORY_FOLDER = Path("/dev/shm")  # noqa: S108 - memory, not a disk: a cut is never on a disk in clear
_STAGE = re.compile(r"dataspace-cut-(\d+)-")
_SEALS = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE


def _silent(share: float) -> None:
    """Progress that nobody watches."""


def _nobody(digest: str) -> Collection[str]:
    """For a vault without opt-out lists: a recipe that names one cannot be built here."""
    raise SetupError("The list of who opted out is not here.", "Restore it from the backup of the home.")


@dataclass(slots=True)
class _Held:
    recipe: CutRecipe
    fd: int
    size: int
    rows: int
    leases: int = 0
    dropped: bool = False


class DuckdbCuts:
    """Cuts within `budget_bytes` of memory, the least recently used dropped first; leased ones stay.

    `key` gives the secret for a mask key id, `left_out` the persons of an opt-out list by its digest.
    `memory_limit` is what DuckDB may use while it builds.
    """

    def __init__(
        self,
        vault: Readings,
        budget_bytes: int,
        key: Callable[[str], bytes],
        memory_limit: str = "1GB",
        left_out: Callable[[str], Collection[str]] = _nobody,
    ) -> None:
        self._vault, self._budget, self._key, self._memory = vault, budget_bytes, key, memory_limit
        self._left_out = left_out
        self._held: OrderedDict[CutId, _Held] = OrderedDict()
        self._lock = threading.Lock()
        self._building: dict[CutId, threading.Lock] = {}
        self._watching: dict[CutId, list[Callable[[float], None]]] = {}
        self.told: Callable[[CutId], None] = lambda _: None
        """Called with every cut that is dropped, so that whoever still has it attached lets go of its memory."""
        _sweep()

    def lease(
        self, recipe: CutRecipe, progress: Callable[[float], None] = _silent
    ) -> AbstractContextManager[CutLease]:
        """The cut of a recipe, made if it is not there. Raises CutTooLarge with the size of what does not fit."""
        return self._lease(recipe, progress)

    @contextmanager
    def _lease(self, recipe: CutRecipe, progress: Callable[[float], None]) -> Iterator[CutLease]:
        name = cut_id(recipe, duckdb.__version__)
        held = self._take(name, recipe, progress)
        try:
            yield CutLease(name, recipe, held.fd, held.size, held.rows)
        finally:
            with self._lock:
                held.leases -= 1
                if held.dropped and not held.leases:
                    os.close(held.fd)

    def drop(self, dataset: DatasetName) -> None:
        """Forget every cut of a lineage at once; one that is leased goes when its lease ends."""
        with self._lock:
            dropped = [n for n, held in self._held.items() if held.recipe.version.dataset == dataset]
            for name in dropped:
                self._forget(name)
        for name in dropped:
            self.told(name)

    def close(self) -> None:
        """Forget all cuts."""
        with self._lock:
            for name in list(self._held):
                self._forget(name)

    def _take(self, name: CutId, recipe: CutRecipe, progress: Callable[[float], None]) -> _Held:
        with self._lock:
            turn = self._building.setdefault(name, threading.Lock())
            self._watching.setdefault(name, []).append(progress)
        try:
            return self._taken(name, recipe, turn)
        finally:
            with self._lock:
                self._watching[name].remove(progress)
                if not self._watching[name]:
                    del self._watching[name]

    def _tell(self, name: CutId, share: float) -> None:
        """How far it is, to all who wait for it: one of them builds it."""
        for progress in list(self._watching.get(name, ())):
            progress(share)

    def _taken(self, name: CutId, recipe: CutRecipe, turn: threading.Lock) -> _Held:
        with turn:  # two who want the same cut build it once
            with self._lock:
                if name in self._held:
                    self._held.move_to_end(name)
                    self._held[name].leases += 1
                    return self._held[name]
            built = self._build(recipe, lambda share: self._tell(name, share))
            dropped = list[CutId]()
            try:
                with self._lock:
                    self._make_room(built.size, dropped)
                    built.leases = 1
                    self._held[name] = built
                    self._building.pop(name, None)
                    return built
            except CutTooLarge:
                os.close(built.fd)
                raise
            finally:
                for old in dropped:
                    self.told(old)

    def _make_room(self, size: int, dropped: list[CutId]) -> None:
        used = sum(held.size for held in self._held.values())
        for name in [n for n, held in self._held.items() if not held.leases]:
            if used + size <= self._budget:
                break
            used -= self._held[name].size
            self._forget(name)
            dropped.append(name)
        if used + size > self._budget:
            raise CutTooLarge(size, max(0, self._budget - used))

    def _forget(self, name: CutId) -> None:
        held = self._held.pop(name)
        held.dropped = True
        if not held.leases:
            os.close(held.fd)

    def _build(self, recipe: CutRecipe, progress: Callable[[float], None]) -> _Held:
        progress(0.0)
        with self._vault.reading(recipe.version) as files:
            return self._built(files, recipe, progress)

    def _built(self, files: Sequence[Path], recipe: CutRecipe, progress: Callable[[float], None]) -> _Held:
        try:
            stage = Path(tempfile.mkdtemp(prefix=f"dataspace-cut-{os.getpid()}-", dir=MEMORY_FOLDER))
        except OSError as error:
            raise SetupError(
                "Cuts are built in /dev/shm, which is not writable here.", "Mount a tmpfs there."
            ) from error
        try:
            path = stage / "cut.db"
            key = self._key(recipe.mask_key_id) if recipe.mask_key_id else b""
            digests = [digest for digest in recipe.opt_out_digest.split("+") if digest]
            persons = {person for digest in digests for person in self._left_out(digest)}
            rows = build_table(path, files, recipe, key, self._memory, progress, persons)
            fd, size = _sealed(path)
        except OSError as error:
            raise SetupError(
                "There is not enough memory in /dev/shm for the cut.", "Enlarge it, or grant fewer columns."
            ) from error
        finally:
            shutil.rmtree(stage, ignore_errors=True)
        progress(1.0)
        return _Held(recipe, fd, size, rows)


def _sealed(path: Path) -> tuple[int, int]:
    """A copy that nobody can change any more, this process included; the file is gone at once."""
    fd = os.memfd_create("cut", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        with path.open("rb") as source:
            path.unlink()
            size = os.fstat(source.fileno()).st_size
            copied = 0
            while copied < size:
                copied += os.sendfile(fd, source.fileno(), copied, size - copied)
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, _SEALS)
    except BaseException:
        os.close(fd)
        raise
    return fd, size


def _sweep() -> None:
    """Remove what builders that were killed have left in memory."""
    for path in MEMORY_FOLDER.glob("dataspace-cut-*"):
        match = _STAGE.match(path.name)
        if match and not Path(f"/proc/{match[1]}").exists():
            shutil.rmtree(path, ignore_errors=True)
