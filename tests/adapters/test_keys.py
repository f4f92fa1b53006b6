"""Keys in files: made once, kept from others, refused where others could read them."""

import os
import threading
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from dataspace.adapters.keys import FileSigner, mask_key
from dataspace.errors import SetupError
from dataspace.ports import Signer
from dataspace.testing import SignerContract


class TestFileSigner(SignerContract):
    @pytest.fixture
    def signer(self, tmp_path: Path) -> Signer:
        return FileSigner(tmp_path, "log")


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_a_key_is_made_once_and_found_again(tmp_path: Path) -> None:
    first, second = FileSigner(tmp_path, "log"), FileSigner(tmp_path, "log")
    assert first.public_key() == second.public_key()
    assert FileSigner(tmp_path, "permits").public_key() != first.public_key()
    assert first.verifier("hub.example/log").public == first.public_key()


def test_keys_are_their_owners_alone_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        FileSigner(tmp_path, "log")
        mask_key(tmp_path, "P-1")
    finally:
        os.umask(before)
    assert mode(tmp_path / "keys") == 0o700
    assert {mode(path) for path in (tmp_path / "keys").iterdir()} == {0o600}
    assert sorted(path.name for path in (tmp_path / "keys").iterdir()) == ["log.key", "mask-P-1.key"]


@pytest.mark.parametrize("wider", [0o640, 0o604, 0o660, 0o644, 0o620])
def test_a_key_that_others_could_read_or_write_is_refused(tmp_path: Path, wider: int) -> None:
    FileSigner(tmp_path, "log")
    (tmp_path / "keys" / "log.key").chmod(wider)
    with pytest.raises(SetupError, match=f"mode {wider:o}.*chmod 600"):
        FileSigner(tmp_path, "log")


def test_a_folder_that_others_could_enter_is_refused(tmp_path: Path) -> None:
    mask_key(tmp_path, "P-1")
    (tmp_path / "keys").chmod(0o750)
    with pytest.raises(SetupError, match="chmod 700"):
        mask_key(tmp_path, "P-1")


def test_a_link_in_the_place_of_a_key_is_refused(tmp_path: Path) -> None:
    FileSigner(tmp_path, "log")
    (tmp_path / "keys" / "other.key").symlink_to(tmp_path / "keys" / "log.key")
    with pytest.raises(SetupError, match="cannot be used"):
        FileSigner(tmp_path, "other")


@pytest.mark.parametrize("name", ["", "../log", "a/b", ".hidden", "a\0b", "x" * 101, "a b"])
def test_a_name_that_could_be_a_path_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(SetupError):
        FileSigner(tmp_path, name)
    assert not (tmp_path / "keys").exists()


@pytest.mark.parametrize(
    "content", [b"", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", b"\xff"]
)
def test_a_damaged_key_is_refused_and_never_replaced(tmp_path: Path, content: bytes) -> None:
    FileSigner(tmp_path, "log")
    path = tmp_path / "keys" / "log.key"
    path.write_bytes(content)
    with pytest.raises(SetupError, match="Restore it from its backup"):
        FileSigner(tmp_path, "log")
    assert path.read_bytes() == content


def test_a_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    FileSigner(tmp_path, "log")
    other = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "keys" / "log.key").write_bytes(other)
    with pytest.raises(SetupError, match="expected kind"):
        FileSigner(tmp_path, "log")


def test_mask_keys_are_stable_apart_and_32_bytes(tmp_path: Path) -> None:
    keys = {id: mask_key(tmp_path, id) for id in ("P-1", "P-2")}
    assert {len(key) for key in keys.values()} == {32}
    assert keys["P-1"] != keys["P-2"]
    assert mask_key(tmp_path, "P-1") == keys["P-1"]
    (tmp_path / "keys" / "mask-P-1.key").write_bytes(b"short")
    with pytest.raises(SetupError):
        mask_key(tmp_path, "P-1")


def test_whoever_needs_a_new_key_at_the_same_time_gets_the_same_one(tmp_path: Path) -> None:
    found: list[bytes] = []
    start = threading.Barrier(12)

    def work() -> None:
        start.wait()
        found.append(mask_key(tmp_path, "P-1"))

    threads = [threading.Thread(target=work) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 12
    assert set(found) == {mask_key(tmp_path, "P-1")}
    assert [path.name for path in (tmp_path / "keys").iterdir()] == ["mask-P-1.key"]
