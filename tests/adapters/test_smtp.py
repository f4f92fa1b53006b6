"""Mail over STARTTLS, against a server that runs: what waits is said, what it is about is not."""

import socket
import ssl
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from dataspace.adapters.smtp import SmtpMail, SmtpServer
from dataspace.adapters.tls import Authority
from dataspace.errors import SetupError
from dataspace.model.names import PrincipalId
from dataspace.service.reminding import Reminding, address_of
from tests.service.permit_world import SVEN, Office, office

SAM = replace(SVEN, id=PrincipalId("sam@hub.example"))


class Kept:
    """Keeps what arrives."""

    def __init__(self) -> None:
        self.mails: list[bytes] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        assert session.ssl is not None
        self.mails.append(envelope.content)
        return "250 OK"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[SmtpServer, Kept]]:
    authority = Authority.create(tmp_path / "authority")
    certificate, key = authority.issue_server(["127.0.0.1", "localhost"], tmp_path / "tls")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    kept = Kept()
    with socket.socket() as free:  # the controller cannot take a free port by itself
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    running = Controller(kept, "127.0.0.1", port, tls_context=context, require_starttls=True)
    running.start()
    try:
        ca = str(tmp_path / "authority" / "ca.crt")
        yield SmtpServer("127.0.0.1", port, "hub@hub.example", ca=ca), kept
    finally:
        running.stop()


def notified(server: SmtpServer) -> Office:
    at = office()
    at.inbox.people.put(SAM)
    mail = SmtpMail(server)
    review = replace(at.permitting.review, told=Reminding("hub", at.inbox, at.inbox.people, mail).changed)
    at.permitting = replace(at.permitting, reviewing=review)
    at.apply()
    mail.close()
    return at


def test_a_steward_is_told_that_something_waits_and_not_what(server: tuple[SmtpServer, Kept]) -> None:
    where, kept = server
    notified(where)
    [mail] = [message_from_bytes(content) for content in kept.mails]
    assert (mail["To"], mail["Subject"]) == ("sam@hub.example", "hub: A-1 waits for you")
    text = str(mail.get_payload())
    assert "30 November 2026" in text
    assert not any(word in text for word in ("stays", "ana", "university", "research"))


@pytest.mark.parametrize("wrong", [{"ca": ""}, {"port": 1}])
def test_a_mail_that_cannot_be_sent_safely_is_not_sent_and_changes_nothing(
    server: tuple[SmtpServer, Kept], wrong: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    where, kept = server
    at = notified(replace(where, **wrong))
    assert kept.mails == []
    assert "could not be sent" in caplog.text
    assert "sam@" not in caplog.text
    assert len(at.inbox.of(SAM)) == 1


def test_a_password_is_not_shown_and_a_name_needs_one() -> None:
    assert "hunter2" not in repr(SmtpServer("mail.example", 587, "hub@hub.example", "hub", "hunter2"))
    with pytest.raises(SetupError):
        SmtpMail(SmtpServer("mail.example", 587, "hub@hub.example", "hub"))


LISTS = (
    "sven@hub.example,all@hub.example",
    "all:sven@hub.example;",
    "Sven<all@hub.example>",
    "sven@hub.example@all.example",
    "sven\x7f@hub.example",
)


@pytest.mark.parametrize("id", ["sven", "sven@hub.example\nBcc: all@hub.example", "a b@hub.example", *LISTS])
def test_what_is_no_address_gets_no_mail(id: str) -> None:
    assert address_of(replace(SVEN, id=PrincipalId(id))) == ""
