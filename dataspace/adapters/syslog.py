"""A site's records told to syslog too, one line each, for the house's own monitoring: never instead of the log."""

import json
import logging
import socket
from collections.abc import Iterator, Sequence
from logging.handlers import SYSLOG_UDP_PORT, SysLogHandler
from pathlib import Path
from urllib.parse import urlsplit

from dataspace.errors import SetupError
from dataspace.model.records import Receipt, Record
from dataspace.ports import Log

LONGEST = 1500
"""Characters of one line: what a UDP datagram carries without being cut up."""
_log = logging.getLogger(__name__)


def mirrored(log: Log, address: str) -> Log:
    """The same log, which also tells each record to the syslog at `address`; the log itself where that is empty."""
    return SyslogLog(log, _handler(address)) if address else log


class SyslogLog:
    """`Log`. The record is durable first; a syslog that is away costs a warning, never the record."""

    def __init__(self, log: Log, handler: SysLogHandler) -> None:
        self._log, self._handler = log, handler

    def append(self, record: Record) -> int:
        """See the port."""
        number = self._log.append(record)
        self._handler.handle(logging.makeLogRecord({"msg": line(number, record), "levelno": logging.INFO}))
        return number

    def size(self) -> int:
        """See the port."""
        return self._log.size()

    def root(self) -> bytes:
        """See the port."""
        return self._log.root()

    def checkpoint(self) -> str:
        """See the port."""
        return self._log.checkpoint()

    def receipt(self, index: int) -> Receipt:
        """See the port."""
        return self._log.receipt(index)

    def records(self, start: int = 0, stop: int | None = None) -> Iterator[tuple[int, Record]]:
        """See the port."""
        return self._log.records(start, stop)

    def verify(self) -> int:
        """See the port."""
        return self._log.verify()

    def verifier_key(self) -> str:
        """See the port."""
        return self._log.verifier_key()

    def consistency(self, old: int, new: int) -> Sequence[bytes]:
        """See the port."""
        return self._log.consistency(old, new)


def line(number: int, record: Record) -> str:
    """One record in one line: who, what, and the facts as JSON, cut where they are long. The log has them whole."""
    said = json.dumps(record.facts, ensure_ascii=True, sort_keys=True, default=str)
    head = f"dataspace[{record.site}]: {number} {record.kind} by={record.principal or '-'} "
    return (head + said)[:LONGEST]


def _handler(address: str) -> SysLogHandler:
    try:
        if address.startswith("/"):
            Path(address).stat()
            return _Teller(address)
        parts = urlsplit(address)
        kinds = {"udp": socket.SOCK_DGRAM, "tcp": socket.SOCK_STREAM}
        if parts.scheme not in kinds or not parts.hostname:
            raise SetupError(
                f"'{address}' is no syslog.", "Name one: /dev/log, udp://host:514 or tcp://host:601."
            )
        place = (parts.hostname, parts.port or SYSLOG_UDP_PORT)
        return _Teller(place, socktype=kinds[parts.scheme])
    except (OSError, ValueError) as error:
        raise SetupError(
            f"The syslog at '{address}' cannot be reached ({type(error).__name__}).",
            "Mend the address, or unset DATASPACE_SYSLOG and `syslog` in site.json.",
        ) from error


class _Teller(SysLogHandler):
    """Says what went wrong in one line of the operator's log."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name that logging gives it
        _log.warning("a record could not be told to syslog; the site's own log has it")
