"""The doctor's look at the machine: disk, memory, isolation, file modes, packages, loopback."""

import ctypes
import os
import resource
import shutil
import socket
import stat
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from packaging.requirements import Requirement

from dataspace.settings import SITE_FILE
from dataspace.site.findings import Finding, fail, ok, warn

LEAST_FREE = 1 << 30
FULL = 64 << 20
LEAST_MEMORY = 1 << 30
LANDLOCK_CREATE_RULESET = 444
LANDLOCK_VERSION = 1
"""Linux: the number of the system call (the same on all architectures), and the flag that only asks."""
_CGROUP = Path("/sys/fs/cgroup/memory.max")
_MEMINFO = Path("/proc/meminfo")


def examine_machine(home: Path) -> Iterator[Finding]:
    """Changes nothing, raises nothing."""
    yield _disk(home)
    yield _memory()
    yield _isolation()
    yield from _modes(home)
    yield _packages()
    yield _loopback()


def _disk(home: Path) -> Finding:
    found = next((place for place in (home, *home.parents) if place.exists()), Path("/"))
    free = shutil.disk_usage(found).free
    words = f"disk: {free >> 20:,} MB free in '{found}'"
    if free < FULL:
        return fail("disk", f"{words}: records cannot be written, so nothing is answered.", "make room there")
    if free < LEAST_FREE:
        return warn("disk", f"{words}, less than {LEAST_FREE >> 20:,} MB.", f"make room in '{found}'")
    return ok("disk", words)


def _memory() -> Finding:
    """What this process may have: the least of what is free, the control group's limit, and its own."""
    bounds = [_available(), _group_limit(), *(resource.getrlimit(kind)[0] for kind in _RLIMITS)]
    known = [bound for bound in bounds if bound is not None and bound >= 0]
    if not known:
        return warn("memory", "memory: how much there is cannot be told.", f"see that {_MEMINFO} can be read")
    words = f"memory: {min(known) >> 20:,} MB for this service"
    if min(known) < LEAST_MEMORY:
        return fail(
            "memory",
            f"{words}, less than {LEAST_MEMORY >> 20:,} MB.",
            "give it more (MemoryMax of its unit, the container's limit, `ulimit -v`), or fewer cuts: DATASPACE_CUT_MB",
        )
    return ok("memory", words)


_RLIMITS = (resource.RLIMIT_AS, resource.RLIMIT_DATA)


def _available() -> int | None:
    try:
        lines = dict(line.split(":", 1) for line in _MEMINFO.read_text().splitlines() if ":" in line)
        return int(lines["MemAvailable"].split()[0]) << 10
    except (OSError, KeyError, ValueError):
        return None


def _group_limit() -> int | None:
    try:
        text = _CGROUP.read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None


def _isolation() -> Finding:
    kernel = os.uname().release
    found = ctypes.CDLL(None, use_errno=True).syscall(LANDLOCK_CREATE_RULESET, None, 0, LANDLOCK_VERSION)
    if found > 0:
        return ok("isolation", f"isolation: Landlock, version {found} (kernel {kernel})")
    return warn(
        "isolation",
        f"isolation: no Landlock (kernel {kernel}); workers run without it.",
        "a kernel of 5.13 or newer that has it switched on (lsm=landlock,…)",
    )


def _modes(home: Path) -> Iterator[Finding]:
    """Keys and records that others could read."""
    if not home.exists():
        return
    wanted = [
        home,
        home / "keys",
        *sorted((home / "keys").glob("*.key")),
        home / "node.key",
        home / "store.sqlite",
    ]
    wrong = []
    for path in [*wanted, home / SITE_FILE]:
        try:
            found = path.stat()
        except OSError:
            continue
        if stat.S_IMODE(found.st_mode) & 0o077 or found.st_uid != os.geteuid():
            wrong.append((path, stat.S_IMODE(found.st_mode)))
    for path, mode in wrong:
        yield fail(
            "modes",
            f"modes: others may read '{path}' (mode {mode:o}), or another account owns it.",
            f"chmod go= '{path}'; a key that others read has to be replaced",
        )
    if not wrong:
        yield ok("modes", f"modes: only this account reads '{home}'")


def _packages() -> Finding:
    """Whether what is installed is what this version was made for."""
    wrong = []
    for text in requires("dataspace") or ():
        needed = Requirement(text)
        if needed.marker is not None and not any(needed.marker.evaluate({"extra": e}) for e in ("", "hub")):
            continue
        try:
            there = version(needed.name)
        except PackageNotFoundError:
            wrong.append(f"{needed.name} is missing")
            continue
        if not needed.specifier.contains(there, prereleases=True):
            wrong.append(f"{needed.name} is {there}, not {needed.specifier}")
    words = f"packages: Python {sys.version_info.major}.{sys.version_info.minor}"
    if wrong:
        return fail(
            "packages", f"{words}; {'; '.join(sorted(wrong))}.", "install again: `./install.sh` of a bundle"
        )
    return ok("packages", f"{words}, and all that this version needs")


def _loopback() -> Finding:
    """The node and the guard talk over a free port of this machine."""
    try:
        with socket.create_server(("127.0.0.1", 0)) as server:
            socket.create_connection(server.getsockname()[:2], timeout=2).close()
    except OSError as error:
        return fail(
            "port",
            f"port: no port of this machine's own loopback can be used ({error.strerror}).",
            "see `ulimit -n`, and firewall rules on the interface lo",
        )
    return ok("port", "port: the loopback of this machine can be used; nothing listens for others")
