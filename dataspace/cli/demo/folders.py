"""Where the demo keeps everything while it runs: one folder of its own, and never the home directory."""

import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

import psutil

from dataspace.errors import SetupError

PREFIX = "dataspace-demo-"
KEPT = "KEPT"
_NAME = re.compile(re.escape(PREFIX) + r"(\d+)-\w+")
OWN_SETTINGS = ("HOME", "HOST", "PORT", "NAMES", "LINK_PORT", "CUT_MB", "UPLOAD_MB", "URL", "TOKEN", "CA")
"""Settings of the caller that must not reach the demo's hub and sites."""


def make_folder() -> Path:
    """A new temporary folder, named after this process. Raises SetupError where there is no room for it."""
    sweep()
    try:
        return Path(tempfile.mkdtemp(prefix=f"{PREFIX}{psutil.Process().pid}-"))
    except OSError as error:
        raise SetupError(
            f"No folder could be made in {tempfile.gettempdir()} ({error.strerror}).",
            "Free space there, or set TMPDIR to another place.",
        ) from error


def sweep() -> None:
    """Remove what demos left that were killed with `kill -9`: folders whose process is gone, unless kept on purpose."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        named = _NAME.fullmatch(folder.name)
        if named and not psutil.pid_exists(int(named[1])) and not (folder / KEPT).exists():
            remove(folder)


def remove(folder: Path) -> None:
    """Remove a folder with all that is in it, as far as this account may."""
    shutil.rmtree(folder, ignore_errors=True)


def child_environment(environ: Mapping[str, str], folder: Path) -> dict[str, str]:
    """What the hub and the sites see: a home within the folder, none of the caller's settings, few threads."""
    home = folder / "home"
    home.mkdir(exist_ok=True)
    kept = {
        name: value
        for name, value in environ.items()
        if not name.startswith("XDG_") and name not in {f"DATASPACE_{word}" for word in OWN_SETTINGS}
    }
    few = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return {**kept, **few, "HOME": str(home), "PYTHONUNBUFFERED": "1"}
