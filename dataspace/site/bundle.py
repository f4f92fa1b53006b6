"""A signed offline installation: wheels by hash, a bill of materials, and a script that needs no package index.

A bundle is a tar file with one folder:

    wheels/           the wheels, each of them named by SHA-256 in requirements.txt
    requirements.txt  what is installed, with hashes; nothing is resolved at the site
    bom.json          bill of materials (CycloneDX 1.6)
    install.sh        checks, makes a virtual environment, switches to it
    SHA256SUMS        every file above
    SHA256SUMS.sig    Ed25519 signature of SHA256SUMS, base64
"""

import base64
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from email.parser import HeaderParser
from importlib.metadata import distribution
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from dataspace.errors import InvalidRequest, SetupError, SourceError, VerificationFailed
from dataspace.ports import Signer
from dataspace.site.install_script import INSTALL

FOLDER = "dataspace-site"
SUMS, SIGNATURE = "SHA256SUMS", "SHA256SUMS.sig"
LARGEST = 8 << 30
DOWNLOAD_SECONDS = 3600
_LINE = re.compile(r"([0-9a-f]{64})  ([A-Za-z0-9][A-Za-z0-9._/+!-]*)")
_PINNED = re.compile(r"([A-Za-z0-9._-]+)==(\S+)")

Fetch = Callable[[Path, Path], None]
"""From a requirements file with hashes to a folder of wheels."""


@dataclass(frozen=True, slots=True)
class Wheel:
    """One wheel of a bundle, as its own metadata describe it."""

    file: str
    name: str
    version: str
    licence: str
    sha256: str


def make_bundle(
    output: Path,
    lock: str,
    own: Path,
    signer: Signer,
    extras: Sequence[str] = ("site",),
    fetch: Fetch | None = None,
    only: Iterable[str] | None = None,
) -> Sequence[Wheel]:
    """Write a bundle of the wheel `own` and of what it needs, as pinned in `lock`.

    `only` names the packages instead of what the installed version needs. Raises SetupError where something that is
    needed is not pinned, SourceError where it cannot be fetched.
    """
    names = frozenset(map(canonicalize_name, only)) if only is not None else needed(extras)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / FOLDER
        (folder / "wheels").mkdir(parents=True)
        wanted = Path(scratch) / "wanted.txt"
        wanted.write_text(pinned(lock, names))
        (fetch or _pip_download)(wanted, folder / "wheels")
        (folder / "wheels" / own.name).write_bytes(own.read_bytes())
        wheels = sorted((described(path) for path in (folder / "wheels").glob("*.whl")), key=lambda w: w.name)
        lines = [f"{wheel.name}=={wheel.version} --hash=sha256:{wheel.sha256}" for wheel in wheels]
        (folder / "requirements.txt").write_text("\n".join(lines) + "\n")
        (folder / "bom.json").write_text(json.dumps(bill(wheels), indent=1) + "\n")
        (folder / "install.sh").write_text(INSTALL)
        sums = "".join(f"{_sha256(path)}  {path.relative_to(folder)}\n" for path in _files(folder))
        (folder / SUMS).write_text(sums)
        signature = base64.b64encode(signer.sign(sums.encode())).decode()
        (folder / SIGNATURE).write_text(signature + "\n")
        with tarfile.open(output, "w") as archive:
            for path in _files(folder):
                archive.add(path, f"{FOLDER}/{path.relative_to(folder)}", filter=_plain)
    return wheels


def _unpack(archive: tarfile.TarFile, member: tarfile.TarInfo, into: Path) -> None:
    """One plain file, under `into` or not at all. By hand: the filters of `tarfile` came with Python 3.11.4."""
    name = Path(member.name)
    content = archive.extractfile(member)
    if name.is_absolute() or ".." in name.parts or content is None:
        raise VerificationFailed("This is not a bundle: a file of it lies outside its folder.", _AGAIN)
    target = into / name
    target.parent.mkdir(parents=True, exist_ok=True)
    with content, target.open("xb") as file:
        shutil.copyfileobj(content, file)


def open_bundle(bundle: Path, into: Path, key: bytes, signed: Callable[[bytes, bytes, bytes], bool]) -> Path:
    """Unpack a bundle and check all of it against the key (32 raw bytes). Raises VerificationFailed.

    Nothing of it is run. The folder that came of it holds exactly the files that were signed.
    """
    try:
        with tarfile.open(bundle) as archive:
            members = archive.getmembers()
            if sum(member.size for member in members) > LARGEST or not all(m.isreg() for m in members):
                raise VerificationFailed("This is not a bundle: it holds more than plain files.", _AGAIN)
            for member in members:
                _unpack(archive, member, into)
        folder = into / FOLDER
        sums = (folder / SUMS).read_bytes()
        signature = base64.b64decode((folder / SIGNATURE).read_text().strip(), validate=True)
    except (tarfile.TarError, OSError, ValueError) as error:
        raise VerificationFailed("This is not a bundle, or it is damaged.", _AGAIN) from error
    if not signed(key, signature, sums):
        raise VerificationFailed("The bundle is not signed by the key that is trusted here.", _AGAIN)
    listed = {}
    for line in sums.decode().splitlines():
        found = _LINE.fullmatch(line)
        if found is None:
            raise VerificationFailed("The list of the bundle's files cannot be read.", _AGAIN)
        listed[found[2]] = found[1]
    there = {str(path.relative_to(folder)): path for path in _files(folder)}
    if there.keys() - {SUMS, SIGNATURE} != listed.keys():
        raise VerificationFailed("The bundle holds other files than were signed.", _AGAIN)
    for name, digest in listed.items():
        if _sha256(there[name]) != digest:
            raise VerificationFailed(f"'{name}' of the bundle is not the file that was signed.", _AGAIN)
    return folder


def needed(extras: Sequence[str]) -> frozenset[str]:
    """Every package that this version needs with these extras, through all levels, as installed here."""
    found: set[str] = set()
    rest: list[tuple[str, tuple[str, ...]]] = [("dataspace", tuple(extras))]
    seen: set[tuple[str, tuple[str, ...]]] = set()
    while rest:
        name, wanted = rest.pop()
        if (name, wanted) in seen:
            continue
        seen.add((name, wanted))
        for text in distribution(name).requires or ():
            requirement = Requirement(text)
            marker = requirement.marker
            if marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *wanted)):
                next_name = canonicalize_name(requirement.name)
                found.add(next_name)
                rest.append((next_name, tuple(sorted(requirement.extras))))
    return frozenset(found - {"dataspace"})


def pinned(lock: str, names: frozenset[str]) -> str:
    """The entries of a lock for these packages, with their hashes. Raises SetupError where one is not in it."""
    entries = {}
    for entry in lock.replace("\\\n", " ").splitlines():
        if found := _PINNED.match(entry):
            entries[str(canonicalize_name(found[1]))] = " ".join(entry.split())
    missing = sorted(names - entries.keys())
    if missing:
        raise SetupError(
            f"{', '.join(missing)} is not in the lock.",
            "Give a lock that was resolved for this version: --lock.",
        )
    return "".join(f"{entries[name]}\n" for name in sorted(names))


def described(path: Path) -> Wheel:
    """What a wheel says of itself. Raises InvalidRequest where it is none."""
    try:
        with ZipFile(path) as archive:
            name = next(n for n in archive.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", n))
            said = HeaderParser().parsestr(archive.read(name).decode())
    except (OSError, ValueError, KeyError, StopIteration, BadZipFile) as error:
        raise InvalidRequest(f"'{path.name}' is not a wheel.", "Give one that ends with .whl.") from error
    licence = said["License-Expression"] or said["License"] or ""
    return Wheel(path.name, canonicalize_name(said["Name"]), said["Version"], licence[:100], _sha256(path))


def bill(wheels: Sequence[Wheel]) -> dict[str, object]:
    """CycloneDX 1.6: each wheel with its version, licence, hash and package URL. The same for the same wheels."""
    components = [
        {
            "type": "library",
            "bom-ref": f"pkg:pypi/{wheel.name}@{wheel.version}",
            "name": wheel.name,
            "version": wheel.version,
            "purl": f"pkg:pypi/{wheel.name}@{wheel.version}",
            "hashes": [{"alg": "SHA-256", "content": wheel.sha256}],
            **({"licenses": [{"license": {"name": wheel.licence}}]} if wheel.licence else {}),
        }
        for wheel in wheels
    ]
    return {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": components}


_AGAIN = "Fetch it again from where it was made, and compare the key's fingerprint."


def _pip_download(wanted: Path, into: Path) -> None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--require-hashes", "--no-deps"]
    command += ["--only-binary", ":all:", "--dest", str(into), "--requirement", str(wanted)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=DOWNLOAD_SECONDS, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["pip said nothing"])[-1]
        raise SourceError(
            f"The wheels could not be fetched: {last[:300]}", "Make the bundle where an index is reached."
        )


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """The same on every machine: no owner, no time."""
    member.uid = member.gid = member.mtime = 0
    member.uname = member.gname = ""
    member.mode = 0o755 if member.name.endswith(".sh") else 0o644
    return member
