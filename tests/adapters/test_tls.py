"""The local certificate authority: what it issues is accepted by TLS itself, for what it was issued and no more."""

import socket
import ssl
import stat
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from dataspace.adapters.tls import CLOCK_MARGIN, Authority
from dataspace.errors import SetupError

NAMES = ("hub.example", "localhost", "127.0.0.1", "::1")


def handshake(authority: Authority, issued: tuple[Path, Path], name: str) -> str | None:
    """Speak TLS over a socket pair as a client that expects `name`; the protocol agreed on."""
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_context.load_cert_chain(*issued)
    client_context = ssl.create_default_context(cadata=authority.pem.decode())
    here, there = socket.socketpair()

    def serve() -> None:
        try:
            with server_context.wrap_socket(there, server_side=True) as connection:
                connection.recv(1)
        except ssl.SSLError:
            there.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with client_context.wrap_socket(here, server_hostname=name) as connection:
            connection.send(b"x")
            return connection.version()
    finally:
        here.close()
        thread.join()


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority.create(tmp_path / "ca")


@pytest.mark.parametrize("name", NAMES)
def test_a_server_is_accepted_by_each_of_its_names(authority: Authority, tmp_path: Path, name: str) -> None:
    assert handshake(authority, authority.issue_server(NAMES, tmp_path / "server"), name) == "TLSv1.3"


@pytest.mark.parametrize("name", ["other.example", "127.0.0.2"])
def test_a_server_is_refused_by_any_other_name(authority: Authority, tmp_path: Path, name: str) -> None:
    issued = authority.issue_server(NAMES, tmp_path / "server")
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(authority, issued, name)


def test_a_server_of_another_authority_is_refused(authority: Authority, tmp_path: Path) -> None:
    issued = Authority.create(tmp_path / "other").issue_server(NAMES, tmp_path / "server")
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(authority, issued, "localhost")


def test_keys_are_for_their_owner_only(authority: Authority, tmp_path: Path) -> None:
    _, key = authority.issue_server(NAMES, tmp_path / "server")
    for path in (key, tmp_path / "ca" / "ca.key"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_certificate_holds_on_a_host_whose_clock_is_late(authority: Authority, tmp_path: Path) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    path, _ = authority.issue_server(NAMES, tmp_path / "server", now)
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    assert certificate.not_valid_before_utc == now - CLOCK_MARGIN
    assert certificate.not_valid_after_utc < now + timedelta(days=398)


def test_a_server_certificate_cannot_issue_another(authority: Authority, tmp_path: Path) -> None:
    path, _ = authority.issue_server(NAMES, tmp_path / "server")
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_an_authority_is_found_again_and_never_overwritten(authority: Authority, tmp_path: Path) -> None:
    assert Authority.load(tmp_path / "ca") == authority
    with pytest.raises(SetupError, match="already"):
        Authority.create(tmp_path / "ca")
    with pytest.raises(SetupError, match="Create one"):
        Authority.load(tmp_path / "nowhere")


def test_a_certificate_without_a_name_is_not_issued(authority: Authority, tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="at least one name"):
        authority.issue_server((), tmp_path / "server")
