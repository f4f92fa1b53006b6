"""Mail through an SMTP server, over STARTTLS and not otherwise. One thread sends; nobody waits for it."""

import logging
import queue
import smtplib
import ssl
import threading
from dataclasses import dataclass, field
from email.message import EmailMessage

from dataspace.errors import SetupError

TIMEOUT_SECONDS = 20.0
MOST_WAITING = 1000
_log = logging.getLogger("dataspace.adapters.smtp")


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where mail is handed over. `ca` is a PEM file, empty for the public authorities."""

    host: str
    port: int
    sender: str
    person: str = ""
    password: str = field(default="", repr=False)
    ca: str = ""


class SmtpMail:
    """`Mail`. What cannot be sent is logged for the operator, without its text, and forgotten."""

    def __init__(self, server: SmtpServer) -> None:
        if server.person and not server.password:
            raise SetupError("The mail server's password is missing.", "Set DATASPACE_SMTP_PASSWORD_FILE.")
        self._server = server
        self._waiting: queue.Queue[EmailMessage | None] = queue.Queue(MOST_WAITING)
        self._thread = threading.Thread(target=self._send_all, name="mail", daemon=True)
        self._thread.start()

    def send(self, to: str, subject: str, text: str) -> None:
        """Hand over; returns at once."""
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self._server.sender, to, subject
        message.set_content(text)
        try:
            self._waiting.put_nowait(message)
        except queue.Full:
            _log.error("too many mails wait; one was given up")

    def close(self) -> None:
        """Send what waits, as far as that is possible in a moment, and end."""
        self._waiting.put(None)
        self._thread.join(TIMEOUT_SECONDS)

    def _send_all(self) -> None:
        while (message := self._waiting.get()) is not None:
            try:
                self._send(message)
            except (OSError, smtplib.SMTPException) as error:
                # The server's own words may repeat the address: its kind is enough for the operator.
                _log.error("a mail could not be sent (%s)", type(error).__name__)

    def _send(self, message: EmailMessage) -> None:
        server = self._server
        context = ssl.create_default_context(cafile=server.ca or None)
        with smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_SECONDS) as line:
            line.starttls(context=context)  # raises where the server does not offer it: never in clear
            if server.person:
                line.login(server.person, server.password)
            line.send_message(message)


class NoMail:
    """`Mail` of a hub that sends none."""

    def send(self, to: str, subject: str, text: str) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""
