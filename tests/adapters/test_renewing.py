"""The hub's certificate is replaced before it ends, under a server that runs, and sites see the same authority."""

import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509

from dataspace.adapters.renewing import renew_if_due
from dataspace.adapters.tls import SERVER_DAYS, Authority

NAMES = ("localhost", "127.0.0.1")


def serial(server: ssl.SSLContext, authority: Authority) -> int:
    """Of the certificate that a new connection sees, verified by what sites pin."""
    trusting = ssl.create_default_context(cadata=authority.pem.decode())
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            plain, _ = listener.accept()
            with plain, server.wrap_socket(plain, server_side=True):
                return

        thread = threading.Thread(target=answer)
        thread.start()
        with (
            socket.create_connection(listener.getsockname()[:2]) as plain,
            trusting.wrap_socket(plain, server_hostname="localhost") as seen,
        ):
            shown = seen.getpeercert(binary_form=True)
        thread.join()
    assert shown is not None
    return x509.load_der_x509_certificate(shown).serial_number


def test_a_certificate_that_ends_soon_is_replaced_under_a_running_server(tmp_path: Path) -> None:
    authority = Authority.create(tmp_path / "authority", datetime.now(UTC) - timedelta(days=400))
    now = datetime.now(UTC)
    certificate, key = authority.issue_server(NAMES, tmp_path / "tls", now - timedelta(days=300))
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(certificate, key)
    before = serial(server, authority)
    assert serial(server, authority) == before
    assert renew_if_due(authority, NAMES, tmp_path / "tls", server, now)
    assert serial(server, authority) != before
    assert not renew_if_due(authority, NAMES, tmp_path / "tls", server, now)


def test_a_certificate_is_replaced_in_its_last_third_and_not_earlier(tmp_path: Path) -> None:
    authority = Authority.create(tmp_path / "authority")
    now = datetime.now(UTC)
    authority.issue_server(NAMES, tmp_path / "tls", now)
    third = timedelta(days=SERVER_DAYS / 3)
    end = now + timedelta(days=SERVER_DAYS)
    assert not renew_if_due(authority, NAMES, tmp_path / "tls", None, end - third - timedelta(hours=1))
    assert renew_if_due(authority, NAMES, tmp_path / "tls", None, end - third + timedelta(hours=1))
