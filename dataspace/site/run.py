"""A site while it is online: its node kept running, each message answered by its guard, until somebody stops it."""

import contextlib
import ctypes
import fcntl
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dataspace.adapters.duckdb.alone import arrow_alone
from dataspace.adapters.flower import guard_loop
from dataspace.adapters.flower.node import FlowerNode
from dataspace.errors import SetupError
from dataspace.model.runs import SiteMessage, SiteReply
from dataspace.settings import SiteSettings
from dataspace.site.join import NODE_KEY
from dataspace.site.will import FileWill

LOCK = "run.lock"
STOP_SECONDS = 10.0
END_SECONDS = 3.5
"""For an end in order, once a site was told to stop."""
LOOK_SECONDS = 0.5
M_ARENA_MAX = -8
"""Of `mallopt`, from malloc.h."""
_log = logging.getLogger("dataspace.site.run")


def run(
    settings: SiteSettings,
    handle: Callable[[SiteMessage], SiteReply],
    stop: threading.Event,
    started: Callable[[], None] = lambda: None,
) -> None:
    """Serve until `stop` is set. Raises SetupError where this home runs already, or is stopped by its kill switch."""
    if FileWill(settings.home).stopped():
        raise SetupError(
            "This site was stopped by its kill switch.", "Turn it off: `dataspace site run --resume`."
        )
    with only_one(settings.home):
        pinned = settings.pinned
        node = FlowerNode(
            settings.home / "flower",
            pinned.superlink,
            pinned.superlink_ca.encode(),
            settings.home / NODE_KEY,
            pinned.site,
        )
        _stay_small()
        with node:
            started()
            guard_loop.serve(handle, lambda: node.runtime_address, node.secret, stop)


def _stay_small() -> None:
    """For a process that waits most of its time: two heaps instead of one for each thread, and no pandas."""
    with contextlib.suppress(AttributeError):  # another C library than GNU's has other heaps
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 2)
    arrow_alone()


@contextmanager
def stopped_by_signals(stop: threading.Event) -> Iterator[None]:
    """SIGTERM and SIGINT set `stop`: a clean end. The second SIGINT is the usual one."""

    def end(number: int, _: object) -> None:
        stop.set()
        if number == signal.SIGINT:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def ended_in_time(stop: threading.Event, seconds: float = END_SECONDS) -> Iterator[None]:
    """End this process `seconds` after `stop` was set, also where something is still at work.

    What was started counts as spent, and what was not recorded has not left: an end in the middle loses nothing. The
    processes that this one started end with it.
    """
    done = threading.Event()

    def watch() -> None:
        while not stop.wait(LOOK_SECONDS):
            if done.is_set():
                return
        if not done.wait(seconds):
            _log.warning("stopped in the middle of a message, which did not end within %g s", seconds)
            os._exit(0)

    threading.Thread(target=watch, name="end", daemon=True).start()
    try:
        yield
    finally:
        done.set()


@contextmanager
def only_one(home: Path) -> Iterator[None]:
    """Hold the home's lock, which says by which process it is held; raises SetupError where another one does."""
    with (home / LOCK).open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise SetupError(
                f"'{home}' is running already.", "Stop that one first, or name another home."
            ) from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def running(home: Path) -> int | None:
    """The process that runs this home; None where none does."""
    try:
        with (home / LOCK).open("r+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                return int(file.read() or 0) or None
    except (FileNotFoundError, ValueError):
        pass
    return None


def stop_running(home: Path) -> bool:
    """Turn the kill switch on and end the process that runs this home; whether there was one, and it has ended."""
    FileWill(home).stop()
    pid = running(home)
    if pid is None:
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while running(home) == pid:
        if time.monotonic() > deadline:
            raise SetupError(
                f"The process {pid} has not ended within {STOP_SECONDS:g} s; it answers nothing any more.",
                f"End it by hand: kill -9 {pid}",
            )
        time.sleep(0.05)
    return True
