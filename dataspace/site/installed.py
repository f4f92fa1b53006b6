"""Versions of this software side by side: a bundle is put beside the version in use, and a switch goes back.

Keys, records, ledger and data lie in the site's home, which neither an upgrade nor a rollback touches. A version that
is older than the store of the home is not gone back to, since it could not open it.
"""

import subprocess
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from dataspace.errors import SetupError
from dataspace.site.bundle import open_bundle

INSTALL_SECONDS = 1800
PROBE_SECONDS = 60
_PROBE = "from dataspace.adapters.store.tables import SCHEMA; print(SCHEMA)"


def default_prefix(environ: Mapping[str, str]) -> Path:
    """Where versions lie, unless another place is named."""
    base = environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "dataspace" / "app"


def upgrade(
    bundle: Path,
    prefix: Path,
    key: bytes,
    signed: Callable[[bytes, bytes, bytes], bool],
    python: str,
    environ: Mapping[str, str],
) -> str:
    """Check a bundle, install it beside the version in use, and switch; what was installed, in words.

    Raises VerificationFailed before anything of it is run, SetupError where installing fails: then nothing changed.
    """
    with tempfile.TemporaryDirectory() as scratch:
        folder = open_bundle(bundle, Path(scratch), key, signed)
        done = subprocess.run(
            ["/bin/sh", str(folder / "install.sh")],
            env={**environ, "PREFIX": str(prefix.resolve()), "PYTHON": python},
            capture_output=True,
            text=True,
            timeout=INSTALL_SECONDS,
            check=False,
        )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["nothing was said"])[-1]
        raise SetupError(
            f"The bundle could not be installed: {last[:300]}", "The version in use is unchanged."
        )
    return done.stdout.strip()


def rollback(prefix: Path, store_schema: str) -> str:
    """Switch to the version before; its name. Raises SetupError where there is none, or it is too old for the store."""
    previous, current = prefix / "previous", prefix / "current"
    if not previous.is_symlink() or not (previous / "bin" / "python").exists():
        raise SetupError(
            f"There is no version before the one in use in '{prefix}'.", "Install one from its bundle."
        )
    knows = _schema(previous / "bin" / "python")
    if store_schema > knows:
        raise SetupError(
            f"The version before knows the store's schema up to {knows}; the store has {store_schema} by now.",
            "Stay with the version in use: going back would need an older store, and with it a ledger that forgot.",
        )
    before, after = current.readlink(), previous.readlink()
    for name, target in (("current", after), ("previous", before)):
        draft = prefix / f".{name}"
        draft.unlink(missing_ok=True)
        draft.symlink_to(target)
        draft.replace(prefix / name)
    return str(after)


def _schema(python: Path) -> str:
    done = subprocess.run(
        [str(python), "-I", "-c", _PROBE], capture_output=True, text=True, timeout=PROBE_SECONDS, check=False
    )
    if done.returncode:
        raise SetupError("The version before does not start.", "Install it again from its bundle.")
    return done.stdout.strip()
