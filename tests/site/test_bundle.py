"""A bundle installs with no index reachable; what was changed in it is refused; upgrade and rollback keep the home."""

import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from zipfile import ZipFile

import pytest

from dataspace.adapters.memory import MemorySigner
from dataspace.adapters.signatures import signed
from dataspace.adapters.store.tables import SCHEMA
from dataspace.errors import InvalidRequest, SetupError, VerificationFailed
from dataspace.site.bundle import FOLDER, described, make_bundle, needed, open_bundle, pinned
from dataspace.site.installed import rollback, upgrade
from dataspace.site.own_wheel import build_wheel

ROOT = Path(__file__).resolve().parents[2]
SIGNER = MemorySigner()
NO_INDEX = {"PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_CONFIG_FILE": os.devnull, "NO_PROXY": "*"}


def wheel(folder: Path, name: str, version: str, module: str = "", text: str = "") -> Path:
    """A wheel with one module."""
    path = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    with ZipFile(path, "w") as archive:
        archive.writestr(f"{module or name}.py", text or f"VERSION = {version!r}\n")
        archive.writestr(
            f"{info}/METADATA",
            f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}\nLicense-Expression: Apache-2.0\n",
        )
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return path


def bundle(folder: Path, version: str = "1.0") -> Path:
    """A bundle of two small wheels."""
    folder.mkdir(exist_ok=True)
    own = wheel(folder, "dataspace_stand_in", version)

    def fetch(wanted: Path, into: Path) -> None:
        assert "--hash=sha256:" in wanted.read_text()
        wheel(into, "helper", "2.0")

    lock = "helper==2.0 \\\n    --hash=sha256:" + "0" * 64 + "\nother==1.0 --hash=sha256:" + "1" * 64 + "\n"
    output = folder / f"site-{version}.tar"
    wheels = make_bundle(output, lock, own, SIGNER, fetch=fetch, only=["helper"])
    assert [w.name for w in wheels] == ["dataspace-stand-in", "helper"]
    return output


def test_a_bundle_has_a_bill_of_materials_and_is_the_same_each_time(tmp_path: Path) -> None:
    output = bundle(tmp_path / "one")
    folder = open_bundle(output, tmp_path / "open", SIGNER.public_key(), signed)
    bom = json.loads((folder / "bom.json").read_text())
    assert (bom["bomFormat"], bom["specVersion"]) == ("CycloneDX", "1.6")
    assert [c["purl"] for c in bom["components"]] == [
        "pkg:pypi/dataspace-stand-in@1.0",
        "pkg:pypi/helper@2.0",
    ]
    assert all(len(c["hashes"][0]["content"]) == 64 for c in bom["components"])
    assert not list(folder.rglob("*.py"))


def test_nothing_of_a_bundle_is_believed_that_was_not_signed(tmp_path: Path) -> None:
    output = bundle(tmp_path / "one")
    with pytest.raises(VerificationFailed, match="not signed by the key"):
        open_bundle(output, tmp_path / "a", MemorySigner().public_key(), signed)
    for number, (name, change) in enumerate(
        [
            ("install.sh", b"\necho stolen\n"),
            ("requirements.txt", b"evil==1\n"),
            ("extra.sh", b"new"),
            ("SHA256SUMS", b"0" * 64 + b"  extra.sh\n"),
        ]
    ):
        with pytest.raises(VerificationFailed, match="signed"):
            open_bundle(
                altered(output, tmp_path / f"x{number}", name, change),
                tmp_path / f"y{number}",
                SIGNER.public_key(),
                signed,
            )
    (tmp_path / "noise.tar").write_bytes(b"no tar")
    with pytest.raises(VerificationFailed, match="not a bundle"):
        open_bundle(tmp_path / "noise.tar", tmp_path / "z", SIGNER.public_key(), signed)


def altered(output: Path, folder: Path, name: str, more: bytes) -> Path:
    """The bundle with something appended to one of its files."""
    with tarfile.open(output) as archive:
        archive.extractall(folder)  # noqa: S202 - made by this test
    path = folder / FOLDER / name
    path.write_bytes((path.read_bytes() if path.exists() else b"") + more)
    made = folder / "altered.tar"
    with tarfile.open(made, "w") as archive:
        for file in sorted((folder / FOLDER).rglob("*")):
            if file.is_file():
                archive.add(file, str(file.relative_to(folder)))
    return made


def test_a_bundle_that_leads_out_of_its_folder_is_refused(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("x")
    made = tmp_path / "climbing.tar"
    with tarfile.open(made, "w") as archive:
        archive.add(outside, "../climbed")
    with pytest.raises(VerificationFailed):
        open_bundle(made, tmp_path / "open", SIGNER.public_key(), signed)
    assert not (tmp_path / "climbed").exists()


def test_what_the_lock_does_not_pin_is_not_bundled() -> None:
    lock = "helper==2.0 --hash=sha256:" + "0" * 64 + "\n"
    assert pinned(lock, frozenset({"helper"})) == lock
    with pytest.raises(SetupError, match="absent is not in the lock"):
        pinned(lock, frozenset({"helper", "absent"}))
    with pytest.raises(InvalidRequest, match="not a wheel"):
        described(Path(__file__))


def test_the_lock_has_all_that_a_site_needs_and_no_torch_unless_asked() -> None:
    names = needed(("site",))
    assert {"duckdb", "flwr", "httpx", "sqlalchemy", "pyarrow"} <= names
    assert "torch" not in names
    assert "torch" in needed(("site", "train"))
    assert not {"pytest", "mypy", "matplotlib"} & names
    lock = (ROOT / "requirements.lock").read_text()
    assert len(pinned(lock, names).splitlines()) == len(names)


@pytest.mark.slow
def test_upgrade_and_rollback_switch_versions_and_touch_no_home(tmp_path: Path) -> None:
    home, prefix = tmp_path / "home", tmp_path / "app"
    (home / "keys").mkdir(parents=True)
    (home / "keys" / "signing.key").write_text("key")
    (home / "store.sqlite").write_text("ledger")
    before = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    environ = {**os.environ, **NO_INDEX}

    def version_in_use() -> str:
        code = "import dataspace_stand_in as d; print(d.VERSION)"
        python = prefix / "current" / "bin" / "python"
        return subprocess.run(
            [python, "-I", "-c", code], capture_output=True, text=True, check=True
        ).stdout.strip()

    first, second = bundle(tmp_path / "b", "1.0"), bundle(tmp_path / "b", "2.0")
    key = SIGNER.public_key()
    assert "Installed" in upgrade(first, prefix, key, signed, sys.executable, environ)
    assert version_in_use() == "1.0"
    with pytest.raises(SetupError, match="no version before"):
        rollback(prefix, SCHEMA)
    upgrade(second, prefix, key, signed, sys.executable, environ)
    assert version_in_use() == "2.0"
    stolen = altered(second, tmp_path / "altered", "install.sh", b"\nrm -rf $PREFIX\n")
    with pytest.raises(VerificationFailed):
        upgrade(stolen, prefix, key, signed, sys.executable, environ)
    assert version_in_use() == "2.0"
    with pytest.raises(SetupError, match="does not start"):  # it knows no store at all
        rollback(prefix, SCHEMA)
    knows = prefix / "previous" / "lib"
    site_packages = next(knows.glob("python*/site-packages"))
    (site_packages / "dataspace" / "adapters" / "store").mkdir(parents=True)
    (site_packages / "dataspace" / "adapters" / "store" / "tables.py").write_text("SCHEMA = '0002'\n")
    with pytest.raises(SetupError, match="a ledger that forgot"):
        rollback(prefix, "0003")
    rollback(prefix, "0002")
    assert version_in_use() == "1.0"
    assert {path: path.read_bytes() for path in home.rglob("*") if path.is_file()} == before


@pytest.mark.slow
@pytest.mark.ci
def test_the_real_thing_installs_with_no_package_index_reachable_and_runs(tmp_path: Path) -> None:
    """The wheels come from the index when the bundle is made, and from nowhere when it is installed."""
    output = tmp_path / "site.tar"
    lock = (ROOT / "requirements.lock").read_text()
    names = needed(())  # the base: enough to start the command, and small
    make_bundle(output, lock, build_wheel(tmp_path), SIGNER, (), only=names)
    folder = open_bundle(output, tmp_path / "open", SIGNER.public_key(), signed)
    environ = {**NO_INDEX, "PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHON": sys.executable}
    done = subprocess.run(
        ["/bin/sh", str(folder / "install.sh")],
        env={**environ, "PREFIX": str(tmp_path / "app")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    command = tmp_path / "app" / "current" / "bin" / "dataspace"
    said = subprocess.run(
        [command, "site", "--help"], capture_output=True, text=True, check=True, env=environ
    )
    assert "doctor" in said.stdout
    shutil.rmtree(tmp_path / "app")
