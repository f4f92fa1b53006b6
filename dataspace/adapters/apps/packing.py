"""An app as an archive: the same bytes on every machine, and nothing in it but small text.

The archive is a FAB, as Flower's apps are, and its SHA-256 is the app's hash. What is read is packed anew, and only
what comes to the hash again is the app: whatever else stands between the entries of a zip file means nothing here.
"""

import io
import os
import re
import stat
import zipfile
from collections.abc import Mapping
from pathlib import Path

from dataspace.adapters.apps.manifest import read_manifest
from dataspace.adapters.apps.signing import signed, signer_of
from dataspace.adapters.flower import fab
from dataspace.errors import InvalidRequest
from dataspace.model.own_apps import PackedApp
from dataspace.ports import Signer

LARGEST, LARGEST_FILE, MOST_FILES = 1 << 20, 256 << 10, 100
"""Bytes of an archive, bytes of one file, files."""
SIGNATURE, CONTENT = ".info/SIGNATURE", ".info/CONTENT"
_PATH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*){0,5}")
_TEXT = (".py", ".toml", ".md", ".txt")
_SKIPPED = ("__pycache__",)
_ONLY_TEXT = "An app is Python, TOML, Markdown and text: no data, no weights, no pickles, no libraries."


def folder_files(folder: Path) -> dict[str, str]:
    """The files of a folder, by path; what is hidden and what Python compiled is left out. Raises InvalidRequest."""
    if not folder.is_dir():
        raise InvalidRequest(f"'{folder}' is no folder.", "Name the one that the app's pyproject.toml is in.")
    found: dict[str, bytes] = {}
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in _SKIPPED)
        for name in [*folders, *sorted(name for name in names if not name.startswith("."))]:
            path = Path(place, name)
            said = path.relative_to(folder).as_posix()
            mode = path.lstat().st_mode
            if name in folders and not stat.S_ISLNK(mode):
                continue
            if not stat.S_ISREG(mode):
                raise InvalidRequest(f"'{said}' is a link, or no file.", "Put the file itself there.")
            if path.stat().st_size > LARGEST_FILE:
                raise _too_large(said)
            found[said] = path.read_bytes()
    return _checked(found)


def packed(files: Mapping[str, str], signer: Signer | None = None) -> tuple[PackedApp, bytes]:
    """The app, and its archive. Raises InvalidRequest for files that are no app."""
    content = {path: text.encode() for path, text in files.items()}
    _checked(content)
    manifest, bare = read_manifest(files), fab.pack(content)
    hash = fab.app_hash(bare)
    if signer is None:
        return PackedApp(hash, manifest, dict(files), b""), bare
    signature = signed(hash, signer)
    return PackedApp(hash, manifest, dict(files), signer.public_key(), signature), _with(bare, signature)


def archive_of(app: PackedApp) -> bytes:
    """Its archive, with the signature where it has one."""
    bare = fab.pack({path: text.encode() for path, text in app.files.items()})
    return _with(bare, app.signature) if app.signature else bare


def unpacked(archive: bytes) -> PackedApp:
    """The app of an archive. Raises InvalidRequest for what is none, VerificationFailed for a signature that does not
    hold. Nothing is written anywhere."""
    if len(archive) > LARGEST:
        raise _too_large("the archive")
    content = _entries(archive)
    content.pop(CONTENT, None)
    signature = content.pop(SIGNATURE, None)
    files = _checked(content)
    app, _ = packed(files)
    if signature is None:
        return app
    text = signature.decode("utf-8", "replace")
    return PackedApp(app.hash, app.manifest, files, signer_of(app.hash, text), text)


def _entries(archive: bytes) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            found: dict[str, bytes] = {}
            for entry in opened.infolist():
                kind = stat.S_IFMT(entry.external_attr >> 16)
                if kind not in (0, stat.S_IFREG) or entry.is_dir():
                    raise InvalidRequest(
                        f"The archive has a link or a folder as an entry: {_shown(entry.filename)}."
                    )
                if entry.filename in found:
                    raise InvalidRequest(
                        f"The archive has two entries of one name: {_shown(entry.filename)}."
                    )
                if entry.compress_type != zipfile.ZIP_STORED or entry.file_size > LARGEST_FILE:
                    raise InvalidRequest(
                        f"An entry is compressed or too large: {_shown(entry.filename)}.",
                        "Pack it by `dataspace app pack FOLDER`.",
                    )
                if len(found) > MOST_FILES + 2:
                    raise _too_many()
                found[entry.filename] = opened.read(entry)
            return found
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, OSError) as error:
        raise InvalidRequest(
            "This is no archive of an app.", "Pack it by `dataspace app pack FOLDER`."
        ) from error


def _checked(content: Mapping[str, bytes]) -> dict[str, str]:
    """The files as text. Raises InvalidRequest for a path that leads out, or what is no text."""
    if len(content) > MOST_FILES:
        raise _too_many()
    if sum(map(len, content.values())) > LARGEST // 2:
        raise _too_large("the app")
    files = {}
    for path, data in content.items():
        if not _PATH.fullmatch(path):
            raise InvalidRequest(
                f"A path that an app cannot have: {_shown(path)}.",
                "Letters, digits, '_', '.', '-', below the folder.",
            )
        if not path.endswith(_TEXT) and path.rpartition("/")[2] != "LICENSE":
            raise InvalidRequest(f"'{path}' is no text of an app.", _ONLY_TEXT)
        if len(data) > LARGEST_FILE:
            raise _too_large(path)
        try:
            files[path] = data.decode()
        except UnicodeDecodeError as error:
            raise InvalidRequest(f"'{path}' is not UTF-8.", _ONLY_TEXT) from error
        if "\0" in files[path]:
            raise InvalidRequest(f"'{path}' is no text.", _ONLY_TEXT)
    return files


def _with(bare: bytes, signature: str) -> bytes:
    buffer = io.BytesIO(bare)
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_STORED) as archive:
        entry = zipfile.ZipInfo(SIGNATURE, fab.FAB_DATE)
        entry.create_system = 3
        entry.external_attr = 0o644 << 16
        archive.writestr(entry, signature)
    return buffer.getvalue()


def _shown(path: str) -> str:
    return ascii(path[:100])


def _too_many() -> InvalidRequest:
    return InvalidRequest(f"An app has at most {MOST_FILES} files.", _ONLY_TEXT)


def _too_large(what: str) -> InvalidRequest:
    return InvalidRequest(
        f"'{what}' is too large: a file has at most {LARGEST_FILE >> 10} KB, an app {LARGEST >> 11} KB.",
        _ONLY_TEXT,
    )
