"""The set-up in a folder of its own: it ends with a complete environment or with none and one sentence."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tools import lock, set_up

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What the set-up reads, in a fresh folder; nothing else of the project."""
    folder = tmp_path / "clone"
    (folder / "tools").mkdir(parents=True)
    for name in (
        "requirements.lock",
        "pyproject.toml",
        "setup.py",
        "Makefile",
        "tools/set_up.sh",
        "tools/set_up.py",
    ):
        shutil.copy(ROOT / name, folder / name)
    return folder


def offline() -> dict[str, str]:
    """An environment in which pip reaches nothing, and this interpreter is the one to take."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    base = Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}"
    return {**ours, "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull, "PYTHON": str(base)}


def make(clone: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = ["make", "--no-print-directory", "setup"]
    return subprocess.run(command, cwd=clone, env=environment, capture_output=True, text=True, check=False)


def test_without_a_python_it_says_what_to_install(clone: Path) -> None:
    done = make(clone, {**os.environ, "PYTHON": "python-that-is-not-there"})
    assert done.returncode == 2
    assert done.stderr.startswith(
        "Set-up stopped: no Python 3.11 to 3.14 found (tried: python-that-is-not-there). Install"
    )
    assert not (clone / ".venv").exists()


@pytest.mark.ci
def test_without_a_network_it_says_so_and_leaves_no_environment(clone: Path) -> None:
    done = make(clone, offline())
    assert done.returncode == 2
    [sentence] = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    assert "Check the network" in sentence
    assert ".cache/set-up.log" in sentence
    assert "No matching distribution" in (clone / ".cache/set-up.log").read_text()
    assert not (clone / ".venv").exists()


@pytest.mark.ci
def test_a_failure_brings_the_older_complete_environment_back(clone: Path) -> None:
    (clone / ".venv").mkdir()
    (clone / ".venv/.stamp-of-another-lock").write_text("complete")
    assert make(clone, offline()).returncode == 2
    assert (clone / ".venv/.stamp-of-another-lock").exists()
    assert not (clone / ".venv.old").exists()


@pytest.mark.ci
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_interrupted_half_way_it_leaves_nothing_half_made(clone: Path, number: signal.Signals) -> None:
    command = ["sh", "tools/set_up.sh"]
    with subprocess.Popen(
        command,
        cwd=clone,
        env=offline(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        patience = time.monotonic() + 30
        while not (clone / ".venv/bin").exists():
            assert time.monotonic() < patience
            time.sleep(0.02)
        child.send_signal(number)
        _, said = child.communicate(timeout=30)
    assert child.returncode == 130
    assert said.strip() == "Set-up interrupted; nothing half-made is left. Run make again."
    assert not (clone / ".venv").exists()


@pytest.mark.ci
def test_a_second_set_up_waits_for_the_first(clone: Path) -> None:
    def start() -> subprocess.Popen[str]:
        command = ["sh", "tools/set_up.sh"]
        return subprocess.Popen(
            command, cwd=clone, env=offline(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    with start() as first, start() as second:
        said = [first.communicate(timeout=120)[0], second.communicate(timeout=120)[0]]
    assert ["Another set-up is running here; waiting for it." in text for text in said].count(True) == 1
    assert not (clone / ".venv").exists()


@pytest.mark.parametrize(
    ("log", "advice"),
    [
        ("OSError: [Errno 28] No space left on device", "Free 5 GB"),
        (
            "NewConnectionError: Temporary failure in name resolution\nNo matching distribution found for x==1",
            "cannot be reached",
        ),
        ("ERROR: No matching distribution found for duckdb==2.0.1", "finds no duckdb==2.0.1 for this Python"),
        (
            "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.",
            "not installed. Check the mirror",
        ),
        ("PermissionError: [Errno 13] Permission denied: 'x'", "who owns this folder"),
        ("something new", "The log says why"),
    ],
)
def test_what_pip_says_becomes_what_to_do(log: str, advice: str) -> None:
    assert advice in set_up.explain(log)


def test_every_entry_of_the_lock_has_hashes_and_none_is_torch() -> None:
    entries = lock.entries((ROOT / "requirements.lock").read_text())
    assert len(entries) > 100
    assert all("--hash=sha256:" in entry for entry in entries)
    assert not [entry for entry in entries if lock.ONLY_TORCH_BRINGS.fullmatch(entry.partition("==")[0])]


LINUX = "sys_platform == 'linux'"
OLD = "python_full_version < '3.12'"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f"a==1 ; python_full_version < '3.15' and {LINUX} \\\n    --hash=x", "a==1 \\\n    --hash=x"),
        (f"a==1 ; {OLD} and {LINUX} \\\n    --hash=x", f"a==1 ; {OLD} \\\n    --hash=x"),
        (f"a==1 ; ({LINUX} or {OLD}) \\\n    --hash=x", f"a==1 ; ({LINUX} or {OLD}) \\\n    --hash=x"),
        ("a==1 \\\n    --hash=x", "a==1 \\\n    --hash=x"),
    ],
)
def test_a_marker_loses_only_what_always_holds(before: str, after: str) -> None:
    assert lock.shortened(before) == after
