"""The doctor names each planted fault in a sentence, with the fix; the faults are real wherever they can be."""

import json
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from dataspace.adapters.memory import MemoryCatalog
from dataspace.adapters.tls import Authority
from dataspace.errors import SourceError, SourceUnreadable
from dataspace.model.datasets import Column, ColumnType, Dataset, Dictionary, VersionRef
from dataspace.model.limits import SiteLimits
from dataspace.model.names import ColumnName, DatasetName
from dataspace.policy.digest import policy_set
from dataspace.settings import Pinned, SiteSettings
from dataspace.site import doctor_machine
from dataspace.site.doctor import examine, examine_before
from dataspace.site.doctor_house import examine_house
from dataspace.site.doctor_line import examine_line
from dataspace.site.findings import Finding, Verdict
from dataspace.site.line import HubLine
from dataspace.site.will import FileWill

PROXIES = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy")


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)


class Health(BaseHTTPRequestHandler):
    """A hub's `/health`, by a clock and in a version of its own."""

    apart = timedelta()
    said = version("dataspace")

    def do_GET(self) -> None:
        now = datetime.now(UTC) + self.apart
        body = json.dumps({"status": "ok", "version": self.said, "now": now.isoformat()}).encode()
        self.send_response_only(200)
        self.send_header("Date", format_datetime(now, usegmt=True))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@contextmanager
def hub_at(certificate: Path, key: Path, handler: type[Health] = Health) -> Iterator[int]:
    """A server over TLS; its port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def proxy_at(answer: bytes = b"", to: int | None = None) -> Iterator[int]:
    """An HTTP proxy that answers CONNECT so, or with 200 and a tunnel (to the port `to`, whatever was asked)."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.05)
    done = threading.Event()
    threads: list[threading.Thread] = []

    def pump(source: socket.socket, sink: socket.socket) -> None:
        try:
            while piece := source.recv(65536):
                sink.sendall(piece)
        except OSError:
            return
        finally:
            for end in (source, sink):
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue

    def one(client: socket.socket) -> None:
        with client:
            client.settimeout(5)
            head = b""
            while b"\r\n\r\n" not in head:
                head += client.recv(4096)
            if answer:
                client.sendall(answer)
                return
            asked = int(head.split()[1].rpartition(b":")[2])
            with socket.create_connection(("127.0.0.1", to or asked)) as other:
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                back = threading.Thread(target=pump, args=(other, client))
                back.start()
                pump(client, other)
                back.join()

    def serve() -> None:
        while not done.is_set():
            try:
                client, _ = listener.accept()
            except TimeoutError:
                continue
            threads.append(threading.Thread(target=one, args=(client,)))
            threads[-1].start()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        done.set()
        thread.join()
        for each in threads:
            each.join()
        listener.close()


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, str]:
    """A hub's certificate and key, and the authority that a site pins."""
    folder = tmp_path_factory.mktemp("keys")
    authority = Authority.create(folder / "authority")
    certificate, key = authority.issue_server(("127.0.0.1", "localhost"), folder / "tls")
    return certificate, key, authority.pem.decode()


def looked(port: int, ca: str, host: str = "127.0.0.1") -> list[Finding]:
    return list(examine_line("hub", host, port, ca, hub=True))


def only_failure(found: list[Finding]) -> Finding:
    (failed,) = [finding for finding in found if finding.verdict is Verdict.FAIL]
    assert "Fix: " in failed.text
    return failed


def test_a_line_without_a_fault_has_no_finding(keys: tuple[Path, Path, str]) -> None:
    certificate, key, ca = keys
    with hub_at(certificate, key) as port:
        found = looked(port, ca)
    assert [finding.verdict for finding in found] == [Verdict.OK] * 3
    assert {finding.name for finding in found} == {"tls", "clock", "version"}


def test_1_a_name_that_is_not_found() -> None:
    failed = only_failure(looked(8443, "", "hub.invalid"))
    assert (failed.name, "'hub.invalid' is not found" in failed.text) == ("name", True)


def test_2_a_port_that_the_firewall_does_not_open(keys: tuple[Path, Path, str]) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
        failed = only_failure(looked(port, keys[2]))
    assert "is refused" in failed.text
    assert f"allow outbound TCP from {socket.gethostname()} to 127.0.0.1:{port}" in failed.request


def test_3_a_proxy_that_opens_tls_is_named_with_a_request_to_exempt_the_hub(
    keys: tuple[Path, Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = opened_by(tmp_path, "CorpProxy CA")
    with hub_at(*keys[:2]) as hub, hub_at(certificate, key) as inspecting, proxy_at(to=inspecting) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy}")
        failed = only_failure(looked(hub, keys[2]))
        line = HubLine(f"https://127.0.0.1:{hub}", keys[2])
        try:
            with pytest.raises(SourceError, match="is not trusted"):
                line.health()
        finally:
            line.close()
    assert f'TLS to 127.0.0.1:{hub} is opened by "CorpProxy CA"' in failed.text
    assert f"exempt 127.0.0.1:{hub} from TLS inspection" in failed.request


def test_4_a_hub_with_another_authority_than_the_one_that_was_pinned(
    keys: tuple[Path, Path, str], tmp_path: Path
) -> None:
    other = Authority.create(tmp_path / "made-anew").pem.decode()
    with hub_at(*keys[:2]) as port:
        failed = only_failure(looked(port, other))
    assert (failed.name, "is not trusted" in failed.text) == ("tls", True)
    assert "new invitation" in failed.text


def test_5_a_clock_that_is_a_day_off_by_the_date_of_the_hub(keys: tuple[Path, Path, str]) -> None:
    class Tomorrow(Health):
        apart = timedelta(days=1)

    with hub_at(*keys[:2], Tomorrow) as port:
        failed = only_failure(looked(port, keys[2]))
    assert (failed.name, "-86,4" in failed.text or "-86,39" in failed.text) == ("clock", True)
    assert "NTP" in failed.text


def test_6_a_clock_so_wrong_that_certificates_seem_expired(tmp_path: Path) -> None:
    past = datetime.now(UTC) - timedelta(days=500)
    authority = Authority.create(tmp_path / "authority", past)
    certificate, key = authority.issue_server(("127.0.0.1",), tmp_path / "tls", past)

    class Back(Health):
        apart = timedelta(days=-490)

    with hub_at(certificate, key, Back) as port:
        failed = only_failure(looked(port, authority.pem.decode()))
    assert (failed.name, "the clock here is +" in failed.text) == ("clock", True)


@pytest.mark.parametrize(
    ("status", "said"),
    [(b"407 Proxy Authentication Required", "asks for a password"), (b"403 Forbidden", "refuses to connect")],
    ids=["7 a proxy that wants a password", "8 a proxy that refuses the hub"],
)
def test_proxies_that_do_not_let_through(
    status: bytes, said: str, keys: tuple[Path, Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with proxy_at(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n") as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://ana:hush@127.0.0.1:{proxy}")
        failed = only_failure(looked(8443, keys[2], "hub.example"))
    assert (failed.name, said in failed.text) == ("proxy", True)
    assert "hush" not in failed.text + failed.request


def test_9_a_proxy_that_is_not_there(keys: tuple[Path, Path, str], monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{held.getsockname()[1]}")
        failed = only_failure(looked(8443, keys[2], "hub.example"))
    assert (failed.name, "the proxy does not work" in failed.text) == ("proxy", True)


def test_a_proxy_that_works_is_used_and_no_proxy_is_honoured(
    keys: tuple[Path, Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with hub_at(*keys[:2]) as hub, proxy_at() as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy}")
        assert f"through the proxy 127.0.0.1:{proxy}" in looked(hub, keys[2])[0].text
        line = HubLine(f"https://127.0.0.1:{hub}", keys[2])
        assert line.health()["status"] == "ok"
        line.close()
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        assert "through the proxy" not in looked(hub, keys[2])[0].text


def test_10_what_answers_is_no_hub_or_of_another_version(keys: tuple[Path, Path, str]) -> None:
    class Newer(Health):
        said = "99.1.0"

    with hub_at(*keys[:2], Newer) as port:
        (older,) = [f for f in looked(port, keys[2]) if f.verdict is Verdict.WARN]
    assert (older.name, "99.1.0 at the hub" in older.text) == ("version", True)


def test_11_a_disk_that_is_full(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom dataspace.site.doctor_machine import examine_machine\n"
        "print([f.text for f in examine_machine(Path(sys.argv[1])) if f.name == 'disk' and f.verdict == 'FAIL'])"
    )
    mounted = 'mount -t tmpfs -o size=32m tmpfs "$1" && exec "$2" -c "$3" "$1"'
    command = ["unshare", "-rm", "sh", "-c", mounted, "sh", str(tmp_path), sys.executable, code]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    if done.returncode:
        pytest.skip(f"no small file system can be mounted here: {done.stderr.strip()[-100:]}")
    assert "records cannot be written" in done.stdout


def test_12_memory_that_is_too_little() -> None:
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_DATA, (600 << 20, 600 << 20))\n"
        "from pathlib import Path\nfrom dataspace.site.doctor_machine import examine_machine\n"
        "print([f.text for f in examine_machine(Path('.')) if f.name == 'memory' and f.verdict == 'FAIL'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert "600 MB for this service" in done.stdout


def test_13_a_kernel_without_landlock(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(
        doctor_machine, "LANDLOCK_CREATE_RULESET", 100_000
    )  # a system call that no kernel has
    (found,) = [f for f in doctor_machine.examine_machine(tmp_path) if f.name == "isolation"]
    assert (found.verdict, "no Landlock" in found.text) == (Verdict.WARN, True)


def test_14_keys_that_others_can_read(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    (tmp_path / "keys").mkdir(mode=0o700)
    key = tmp_path / "keys" / "signing.key"
    key.touch(mode=0o600)
    assert [f.verdict for f in doctor_machine.examine_machine(tmp_path) if f.name == "modes"] == [Verdict.OK]
    key.chmod(0o644)
    (found,) = [f for f in doctor_machine.examine_machine(tmp_path) if f.name == "modes"]
    assert (found.verdict, str(key) in found.text) == (Verdict.FAIL, True)


def test_15_a_package_that_is_of_another_version(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(doctor_machine, "requires", lambda _: ["httpx<0.1", "no-such-package>=1"])
    (found,) = [f for f in doctor_machine.examine_machine(tmp_path) if f.name == "packages"]
    assert found.verdict is Verdict.FAIL
    assert "httpx is " in found.text
    assert "no-such-package is missing" in found.text


def test_16_a_loopback_without_a_free_port() -> None:
    code = (
        "import socket\nfrom pathlib import Path\nfrom dataspace.site import doctor_machine as d\n"
        "import resource, os; d._memory(); n = len(os.listdir('/proc/self/fd'))\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (n - 1, n - 1))\nprint(d._loopback())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert "no port of this machine's own loopback" in done.stdout


def test_17_a_schema_that_drifted_from_its_dictionary() -> None:
    catalog = MemoryCatalog()
    told = tuple(Column(ColumnName(name), ColumnType.INTEGER) for name in ("los", "died", "age"))
    catalog.put_dictionary(Dictionary("stays", "1", "Stays", told, "stay"))
    ref = VersionRef(DatasetName("stays"), "a" * 64)
    here = (
        Column(ColumnName("los"), ColumnType.INTEGER),
        Column(ColumnName("died"), ColumnType.TEXT),
    )
    catalog.put(Dataset(DatasetName("stays"), "", "", here, None, ref, dictionary="stays@1"))
    found = {f.name: f for f in examine_house(catalog, policy_set([]), SiteLimits())}
    assert found["schema"].verdict is Verdict.FAIL
    assert "missing: age; of another type: died" in found["schema"].text
    assert "none is in force" in found["policy"].text


def test_17_a_source_that_rows_stay_in_and_that_does_not_answer() -> None:
    catalog = MemoryCatalog()
    for name in ("near", "far"):
        ref = VersionRef(DatasetName(name), "a" * 64)
        catalog.put(Dataset(ref.dataset, "", "", (), None, ref, in_place="postgresql"))

    def look(name: DatasetName) -> None:
        if name == "far":
            raise SourceUnreadable("The database does not answer.", "Is it running?")

    found = [f for f in examine_house(catalog, policy_set([]), SiteLimits(), look) if f.name == "source"]
    assert {f.verdict for f in found if "near" in f.text} == {Verdict.OK}
    assert [f.text for f in found if f.verdict is Verdict.FAIL] == [
        "source: far cannot be read where its rows stay. The database does not answer. Fix: Is it running?"
    ]


def test_18_the_kill_switch_and_19_an_address_that_is_none(tmp_path: Path) -> None:
    FileWill(tmp_path).stop()
    pinned = Pinned("a", "http://hub.example", "", "nowhere", "", "", b"", "", 1)
    found = list(examine(SiteSettings(tmp_path, pinned, SiteLimits())))
    assert any("kill switch is on" in f.text for f in found)
    assert [f.name for f in found if f.verdict is Verdict.FAIL and f.name in ("hub", "runs")] == [
        "hub",
        "runs",
    ]


def test_before_joining_the_machine_and_the_line_are_looked_at(
    keys: tuple[Path, Path, str], tmp_path: Path
) -> None:
    with hub_at(*keys[:2]) as port:
        found = list(examine_before(tmp_path / "not-yet", f"127.0.0.1:{port}", keys[2]))
    assert {"disk", "memory", "tls", "clock"} <= {f.name for f in found}
    assert [f for f in found if f.verdict is Verdict.FAIL and f.name in ("tls", "clock", "disk")] == []


def opened_by(folder: Path, name: str) -> tuple[Path, Path]:
    """Certificate and key of a proxy that puts its own certificate in the place of a host's."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .sign(key, hashes.SHA256())
    )
    (folder / "proxy.crt").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "proxy.key").write_bytes(pem)
    return folder / "proxy.crt", folder / "proxy.key"
