"""What every test finds: a home of its own, few threads, the published vectors, and nothing that outlives it."""

import atexit
import os
import signal
import sys
import time
import uuid
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import psutil
import pytest
from hypothesis import settings

# Before numpy is loaded, and for every child: a test that takes all cores makes its neighbours time out.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "2"

# A shell that runs the tests in the background has them ignore Ctrl-C, and every child would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@atexit.register
def _end_quietly() -> None:
    """Registered first, so it runs last: the runner's summary is to be the last line.

    At the end of the interpreter the engine's binding may list types of it that are left.
    """
    sys.stderr.flush()
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


# Laws hold for every example, so a few tell while one works; CI looks further. A test that says how many it needs gets
# as many. No deadline: a busy machine is no counterexample.
settings.register_profile("quick", max_examples=15, deadline=None)
settings.register_profile("thorough", max_examples=100, deadline=None)


def pytest_configure(config: pytest.Config) -> None:
    """The thorough profile in CI and with `-m ci`; `--hypothesis-profile` goes before."""
    if config.getoption("--hypothesis-profile", default=None) is None:
        thorough = bool(os.environ.get("CI")) or config.getoption("-m") == "ci"
        settings.load_profile("thorough" if thorough else "quick")


ROOT = Path(__file__).resolve().parent.parent
MARK = "DATASPACE_TEST_SESSION"
_NUMBERS = count()


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of published test vectors and real data beside the project; skips where it is absent."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("the published test vectors are not beside the project (../shared)")
    return folder


@pytest.fixture(scope="session")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the tests' home directories stand: apart, as pytest reads a whole folder for each new name in it."""
    return tmp_path_factory.mktemp("homes")


@pytest.fixture(autouse=True)
def home(homes: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """An empty home directory for this test, and none of the caller's settings of `dataspace`."""
    folder = homes / f"{next(_NUMBERS)}-{request.node.name[:40].replace('/', '-')}"
    folder.mkdir(mode=0o700)
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ:
            if name.startswith("XDG_") or (
                name.startswith("DATASPACE_") and name not in {MARK, "DATASPACE_MEDPAR"}
            ):
                patch.delenv(name)
        patch.setenv("HOME", str(folder))
        yield folder


@pytest.fixture(scope="session", autouse=True)
def nothing_outlives_the_tests() -> Iterator[None]:
    """Fail at the end if a process that a test started still runs, also one that left its parent.

    Children inherit a mark, so an orphan is found too; its home directory is named after the test that started it.
    """
    mark = uuid.uuid4().hex
    os.environ[MARK] = mark
    yield
    patience = time.monotonic() + 5
    while (left := survivors(mark)) and time.monotonic() < patience:
        time.sleep(0.1)
    for process in left:
        process.kill()
    names = [describe(process) for process in left]
    assert not left, "still running after the tests: " + "; ".join(names)


def survivors(mark: str) -> list[psutil.Process]:
    """The processes, other than this one, that this session of tests started."""
    found = set(psutil.Process().children(recursive=True))
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and process.environ().get(MARK) == mark:
                found.add(process)
        except psutil.Error:
            continue
    return [process for process in found if is_running(process)]


def is_running(process: psutil.Process) -> bool:
    """Whether it is more than an exit code, and not the helper that the standard library keeps until the end."""
    try:
        helper = any("multiprocessing.resource_tracker" in part for part in process.cmdline())
        return not helper and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def describe(process: psutil.Process) -> str:
    """The command of a process and the home it was given."""
    try:
        return f"{' '.join(process.cmdline())[:120]} (HOME={process.environ().get('HOME')})"
    except psutil.Error:
        return f"process {process.pid}"
