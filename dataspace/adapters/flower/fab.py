"""Packs our Flower app as a FAB, byte for byte the same on every machine, so that its SHA-256 names the code."""

import hashlib
import io
import zipfile
from collections.abc import Mapping
from importlib import resources

FAB_DATE = (2024, 10, 1, 0, 0, 0)
LICENSE = b"Apache License, Version 2.0: https://www.apache.org/licenses/LICENSE-2.0\n"


def app_files() -> dict[str, bytes]:
    """The files of the app, by their path in the FAB."""
    here = resources.files("dataspace.adapters.flower") / "app"
    modules = ("__init__.py", "client_app.py", "server_app.py")
    return {
        "pyproject.toml": (here / "pyproject.toml").read_bytes(),
        "LICENSE": LICENSE,
        **{f"dataspace_run/{name}": (here / name).read_bytes() for name in modules},
    }


def pack(files: Mapping[str, bytes]) -> bytes:
    """A FAB of these files: stored, not compressed, since compressors differ between machines."""
    manifest = "\n".join(
        f"{path},{hashlib.sha256(content).hexdigest()},{len(content) * 8}"
        for path, content in sorted(files.items())
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for path, content in [*sorted(files.items()), (".info/CONTENT", manifest.encode())]:
            entry = zipfile.ZipInfo(path, FAB_DATE)
            entry.create_system = 3
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)
    return buffer.getvalue()


def app_hash(fab: bytes) -> str:
    """What a site approves: SHA-256, in hex."""
    return hashlib.sha256(fab).hexdigest()
