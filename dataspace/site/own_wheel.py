"""The wheel of this very software, built of the source tree that it runs from."""

import shutil
import subprocess
import sys
from pathlib import Path

from dataspace.errors import SetupError

BUILD_SECONDS = 300
TREE = Path(__file__).resolve().parents[2]
_LEFT_OUT = shutil.ignore_patterns(
    ".*", "__pycache__", "build", "dist", "site-packages", "*.egg-info", "demo-output", "tests", "benchmarks"
)


def build_wheel(into: Path, tree: Path = TREE) -> Path:
    """Build it without a package index, of a copy. Raises SetupError where this is not a source tree, or it fails."""
    if not (tree / "pyproject.toml").exists():
        raise SetupError(
            "This software does not run from its source tree, so its wheel cannot be built.",
            "Give the wheel that it was installed from: --wheel FILE.",
        )
    copy = into / "tree"
    shutil.copytree(tree, copy, ignore=_LEFT_OUT)
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
    ]
    done = subprocess.run(
        [*command, "--wheel-dir", str(into), str(copy)],
        capture_output=True,
        text=True,
        timeout=BUILD_SECONDS,
        check=False,
    )
    found = sorted(into.glob("dataspace-*.whl"))
    if done.returncode or not found:
        last = (done.stderr.strip().splitlines() or ["nothing was said"])[-1]
        raise SetupError(f"The wheel could not be built: {last[:300]}", "Give one: --wheel FILE.")
    return found[-1]
