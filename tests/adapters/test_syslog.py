"""A site's records reach the house's syslog, one line each; a syslog that is away costs no record."""

import socket
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from dataspace.adapters.memory import MemoryLog, MemorySigner
from dataspace.adapters.syslog import LONGEST, mirrored
from dataspace.errors import SetupError
from dataspace.model.names import PrincipalId, SiteName
from dataspace.model.records import JSON, Record, RecordKind
from dataspace.ports import Log
from dataspace.testing.logs import LogContract


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as found:
        found.bind(("127.0.0.1", 0))
        found.settimeout(5)
        yield found


class TestSyslogLog(LogContract):
    """It is a log like any other."""

    @pytest.fixture
    def log(self, server: socket.socket) -> Log:
        return mirrored(MemoryLog(MemorySigner()), f"udp://127.0.0.1:{server.getsockname()[1]}")


def record(facts: dict[str, JSON]) -> Record:
    at = datetime(2026, 11, 22, tzinfo=UTC)
    return Record(RecordKind.PERMIT_ACCEPTED, at, SiteName("hospital-a"), PrincipalId("steward"), facts)


def test_each_record_is_one_line_that_cannot_forge_another(server: socket.socket) -> None:
    log = mirrored(MemoryLog(MemorySigner()), f"udp://127.0.0.1:{server.getsockname()[1]}")
    log.append(record({"permit": "P-7\ndataspace[hospital-b]: forged"}))
    told = server.recv(65536).rstrip(b"\0").decode()
    assert "dataspace[hospital-a]: 0 permit.accepted by=steward" in told
    assert "\n" not in told
    assert '"permit": "P-7' in told
    log.append(record({"long": "x" * 10_000}))
    assert len(server.recv(65536)) < LONGEST + 20


def test_a_syslog_that_is_away_costs_no_record(server: socket.socket) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        log = mirrored(MemoryLog(MemorySigner()), f"tcp://127.0.0.1:{listener.getsockname()[1]}")
    for _ in range(5):
        log.append(record({}))
    assert log.size() == 5


def test_without_an_address_the_log_is_the_log_itself() -> None:
    log = MemoryLog(MemorySigner())
    assert mirrored(log, "") is log


@pytest.mark.parametrize(
    "address", ["hub.example", "http://hub.example", "udp://", "/no/such/socket", "udp://h:x"]
)
def test_an_address_that_is_none_is_said_at_the_start(address: str) -> None:
    with pytest.raises(SetupError, match="syslog"):
        mirrored(MemoryLog(MemorySigner()), address)
