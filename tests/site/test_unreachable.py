"""A line that does not come about says which of the usual things is the matter, and never sends people in circles."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from dataspace.adapters.tls import Authority
from dataspace.errors import SourceError
from dataspace.model.limits import SiteLimits
from dataspace.settings import Pinned, SiteSettings
from dataspace.site import line as lines
from dataspace.site.doctor import Verdict, examine
from dataspace.site.line import HubLine


def told(url: str, ca: str = "") -> str:
    line = HubLine(url, ca)
    try:
        with pytest.raises(SourceError) as caught:
            line.health()
    finally:
        line.close()
    assert "doctor" not in str(caught.value)
    assert "Error" not in caught.value.fact
    return str(caught.value)


@pytest.fixture
def closed_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """Listens, and answers only where a test does."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        yield held


def test_a_name_that_is_not_found() -> None:
    assert "The name 'hub.invalid' is not found." in told("https://hub.invalid:8443")


def test_a_connection_that_is_refused(closed_port: int) -> None:
    assert f"127.0.0.1:{closed_port} is refused" in told(f"https://127.0.0.1:{closed_port}")


def test_a_listener_that_does_not_speak_tls(listener: socket.socket) -> None:
    def answer() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(4096)
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    thread = threading.Thread(target=answer)
    thread.start()
    assert "does not speak TLS" in told(f"https://127.0.0.1:{listener.getsockname()[1]}")
    thread.join()


def test_a_certificate_that_is_not_the_pinned_one(listener: socket.socket, tmp_path: Path) -> None:
    import ssl

    authority = Authority.create(tmp_path / "theirs")
    certificate, key = authority.issue_server(("127.0.0.1",), tmp_path / "tls")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)

    def answer() -> None:
        connection, _ = listener.accept()
        with connection, pytest.raises(ssl.SSLError):
            context.wrap_socket(connection, server_side=True)

    thread = threading.Thread(target=answer)
    thread.start()
    Authority.create(tmp_path / "ours")
    ours = (tmp_path / "ours" / "ca.crt").read_text()
    assert "is not trusted" in told(f"https://127.0.0.1:{listener.getsockname()[1]}", ours)
    thread.join()


def test_a_listener_that_is_silent(listener: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    import httpx

    monkeypatch.setattr(lines, "TIMEOUT", httpx.Timeout(0.2))
    assert "does not answer in time" in told(f"https://127.0.0.1:{listener.getsockname()[1]}")


def test_the_doctor_says_what_to_do_and_not_to_ask_the_doctor(tmp_path: Path, closed_port: int) -> None:
    pinned = Pinned(
        "a", f"https://127.0.0.1:{closed_port}", "", f"127.0.0.1:{closed_port}", "", "", b"", "", 1
    )
    failed = [
        finding.text
        for finding in examine(SiteSettings(tmp_path, pinned, SiteLimits()))
        if finding.verdict is Verdict.FAIL
    ]
    assert len(failed) == 2
    for text in failed:
        assert "is refused" in text
        assert "Fix: Ask the hub's steward whether the hub runs" in text
        assert "doctor" not in text
