"""Apps as archives: the same bytes everywhere, nothing but text inside, and no way out."""

import io
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from dataspace.adapters.apps.packing import SIGNATURE, archive_of, folder_files, packed, unpacked
from dataspace.adapters.apps.scanning import scanned
from dataspace.adapters.apps.shelf import FileShelf
from dataspace.adapters.flower import fab
from dataspace.adapters.keys import FileSigner
from dataspace.errors import InvalidRequest, VerificationFailed
from dataspace.model.own_apps import Start, Weight

MANIFEST = """
[project]
name = "ward-net"
version = "1.0"
license = "Apache-2.0"

[tool.dataspace.app]
uses = "numpy"
entry = "ward_net"

[[tool.dataspace.app.weights]]
name = "a"
shape = ["classes", "features"]

[[tool.dataspace.app.weights]]
name = "b"
shape = ["classes"]
"""
FILES = {
    "pyproject.toml": MANIFEST,
    "ward_net.py": "def train(w, x, y, s):\n    return w\n",
    "LICENSE": "Apache-2.0\n",
}


def written(folder: Path, files: Mapping[str, str] = FILES) -> Path:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


def zipped(entries: Mapping[str, bytes], **attributes: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for path, content in entries.items():
            entry = zipfile.ZipInfo(path)
            for name, value in attributes.items():
                setattr(entry, name, value)
            archive.writestr(entry, content)
    return buffer.getvalue()


def raw(**more: bytes) -> dict[str, bytes]:
    return {path: text.encode() for path, text in FILES.items()} | more


def test_the_same_files_come_to_the_same_bytes_wherever_and_whenever_they_lie(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    written(first)
    written(second, dict(reversed(FILES.items())))
    os.utime(second / "ward_net.py", (1, 1))
    (second / "__pycache__").mkdir()
    (second / "__pycache__" / "ward_net.cpython-311.pyc").write_bytes(b"\0")
    (second / ".git").mkdir()
    (second / ".git" / "config").write_text("x")
    one, other = packed(folder_files(first)), packed(folder_files(second))
    assert one == other
    assert one[0].hash != packed({**FILES, "LICENSE": "MIT\n"})[0].hash


def test_what_was_signed_is_read_back_with_its_signer(tmp_path: Path) -> None:
    signer = FileSigner(tmp_path, "lab")
    app, archive = packed(FILES, signer)
    again = unpacked(archive)
    assert again == app
    assert again.signer == signer.public_key()
    assert archive_of(again) == archive
    assert app.hash == packed(FILES)[0].hash  # the signature is no part of what is named
    assert app.manifest.weights_of(3, 2) == (Weight("a", (2, 3)), Weight("b", (2,), Start.ZEROS))


def test_a_signature_over_other_files_does_not_hold(tmp_path: Path) -> None:
    app, _ = packed(FILES, FileSigner(tmp_path, "lab"))
    changed = raw(**{"ward_net.py": b"def train(w, x, y, s):\n    return x\n"})
    with pytest.raises(VerificationFailed, match="of another app"):
        unpacked(zipped({**changed, SIGNATURE: app.signature.encode()}))


@pytest.mark.parametrize("signature", [b"", b"{}", b"[1]", b'{"jws": "a.b.c", "key": "AAAA"}', b"\xff\xfe"])
def test_what_is_no_signature_is_refused(signature: bytes) -> None:
    with pytest.raises(VerificationFailed):
        unpacked(zipped(raw(**{SIGNATURE: signature})))


def test_a_signature_that_names_another_key_than_it_was_made_with_does_not_hold(tmp_path: Path) -> None:
    app, _ = packed(FILES, FileSigner(tmp_path, "lab"))
    import base64
    import json

    said = json.loads(app.signature)
    said["key"] = base64.b64encode(FileSigner(tmp_path, "other").public_key()).decode()
    with pytest.raises(VerificationFailed, match="not pinned"):
        unpacked(zipped(raw(**{SIGNATURE: json.dumps(said).encode()})))


@pytest.mark.parametrize(
    "path",
    [
        "../out.py",
        "/etc/x.py",
        "a/../../x.py",
        "a\\b.py",
        "C:/x.py",
        "a//b.py",
        ".hidden.py",
        "a/.b/c.py",
        "ä.py",
        "a\n.py",
    ],
)
def test_a_path_that_leads_out_is_refused(path: str) -> None:
    with pytest.raises(InvalidRequest, match="path"):
        unpacked(zipped(raw(**{path: b"x = 1\n"})))


@pytest.mark.parametrize(
    "name", ["model.pt", "data.csv", "weights.pkl", "lib.so", "run.sh", "x.pyc", "a.npy"]
)
def test_what_is_no_text_of_an_app_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="no text of an app"):
        unpacked(zipped(raw(**{name: b"x"})))
    written(tmp_path, {**FILES, name: "x"})
    with pytest.raises(InvalidRequest, match="no text of an app"):
        folder_files(tmp_path)


def test_binary_under_the_name_of_text_is_refused() -> None:
    for content in (b"\x80\x04\x95", b"a\0b"):
        with pytest.raises(InvalidRequest):
            unpacked(zipped(raw(**{"x.py": content})))


def test_a_link_is_refused_in_a_folder_and_in_an_archive(tmp_path: Path) -> None:
    (written(tmp_path) / "x.py").symlink_to("/etc/passwd")
    with pytest.raises(InvalidRequest, match="link"):
        folder_files(tmp_path)
    (tmp_path / "x.py").unlink()
    (tmp_path / "more").symlink_to("/etc")
    with pytest.raises(InvalidRequest, match="link"):
        folder_files(tmp_path)
    with pytest.raises(InvalidRequest, match="link"):
        unpacked(zipped(raw(), external_attr=0o120777 << 16))


def test_bombs_and_doubles_are_refused() -> None:
    with pytest.raises(InvalidRequest, match="compressed or too large"):
        unpacked(zipped(raw(), compress_type=zipfile.ZIP_DEFLATED))
    with pytest.raises(InvalidRequest, match="too large"):
        unpacked(zipped(raw(**{"x.py": b"#" * (257 << 10)})))
    with pytest.raises(InvalidRequest, match="too large"):
        unpacked(zipped(raw(**{f"x{n}.py": b"#" * (200 << 10) for n in range(6)})))
    with pytest.raises(InvalidRequest, match="at most"):
        unpacked(zipped(raw(**{f"x{n}.py": b"#" for n in range(200)})))
    with pytest.raises(InvalidRequest), pytest.warns(UserWarning, match="Duplicate"):
        buffer = io.BytesIO(zipped(raw()))
        with zipfile.ZipFile(buffer, "a") as archive:
            archive.writestr("ward_net.py", b"x = 1\n")
        unpacked(buffer.getvalue())
    with pytest.raises(InvalidRequest, match="no archive"):
        unpacked(b"PK nothing")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('name = "ward-net"', 'name = "ward\\u001b[2J"', "'name'"),
        ('license = "Apache-2.0"', "", "licence"),
        ('uses = "numpy"', 'uses = "tensorflow"', "torch, numpy"),
        ('entry = "ward_net"', 'entry = "os"', "no module of the app"),
        ('shape = ["classes"]', "shape = [0]", "shape"),
        ('shape = ["classes"]', 'shape = ["rows"]', "shape"),
        ('shape = ["classes"]', "shape = [true]", "shape"),
        ('shape = ["classes"]', 'shape = [2]\nstart = "pickle"', "start"),
    ],
)
def test_a_manifest_says_what_is_wrong_with_it(old: str, new: str, said: str) -> None:
    assert old in MANIFEST
    with pytest.raises(InvalidRequest, match=said):
        packed({**FILES, "pyproject.toml": MANIFEST.replace(old, new)})


def test_a_shelf_takes_signed_apps_and_gives_none_that_was_changed(tmp_path: Path) -> None:
    shelf = FileShelf(tmp_path)
    assert shelf.hashes() == []
    with pytest.raises(VerificationFailed, match="not signed"):
        shelf.put(packed(FILES)[1])
    app, archive = packed(FILES, FileSigner(tmp_path, "lab"))
    assert shelf.put(archive) == app == shelf.get(app.hash)
    assert shelf.hashes() == [app.hash]
    for wanted in ("0" * 64, "../keys/lab", "", app.hash.upper()):
        assert shelf.get(wanted) is None
    other = packed({**FILES, "LICENSE": "MIT\n"}, FileSigner(tmp_path, "lab"))[1]
    (tmp_path / "apps" / f"{app.hash}.app").write_bytes(other)
    with pytest.raises(VerificationFailed, match="not the one"):
        shelf.get(app.hash)
    (tmp_path / "apps" / f"{app.hash}.app").write_bytes(fab.pack(raw()))
    with pytest.raises(VerificationFailed, match="not the one"):
        shelf.get(app.hash)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import ctypes", "imports ctypes"),
        ("from pickle import loads", "imports pickle"),
        ("import socket as s", "opens a network"),
        ("import pandas", "not usual"),
        ("eval('1')", "calls eval"),
        ("f = __import__('os')", "calls __import__"),
        ("open('/etc/passwd')", "opens a file"),
        ("import torch\ntorch.load('x')", "calls .load"),
        ("().__class__.__mro__", "uses __class__"),
        (f"x = {'a' * 3000!r}", "very long constant"),
        ("def (", "no Python"),
    ],
)
def test_the_scan_names_what_a_reviewer_wants_to_see(code: str, said: str) -> None:
    found = scanned({"model.py": f"x = 1\n{code}\n"})
    assert any(said in str(finding) for finding in found)
    assert all(str(finding).startswith("model.py:") for finding in found)


def test_the_scan_is_silent_about_an_ordinary_model() -> None:
    code = "import torch\nfrom torch import nn\nimport layers\n\nclass Net(nn.Module):\n"
    code += "    def __init__(self):\n        super().__init__()\n"
    assert scanned({"model.py": code, "layers.py": "import math\n", "README.md": "import os"}) == []
