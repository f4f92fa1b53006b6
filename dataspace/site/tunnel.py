"""A bare connection to a host, through the proxy that the environment names, for looking at what answers there."""

import base64
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies_environment, proxy_bypass

from cryptography import x509
from cryptography.x509.oid import NameOID

SECONDS = 5.0
_LONGEST_HEAD = 65_536


class ProxyRefused(Exception):
    """The proxy answered the CONNECT with another status than 200."""

    def __init__(self, status: int) -> None:
        super().__init__(f"status {status}")
        self.status = status


@dataclass(frozen=True, slots=True)
class Proxy:
    """An HTTP proxy. `login` is `user:password` or empty; it is never printed."""

    host: str
    port: int
    login: str = ""

    @property
    def place(self) -> str:
        """Without the password."""
        return f"{self.host}:{self.port}"

    def __repr__(self) -> str:
        return f"Proxy({self.place!r})"


def proxy_for(host: str, port: int) -> Proxy | None:
    """What HTTPS_PROXY (or ALL_PROXY) and NO_PROXY say about a host; raises ValueError for a proxy without a name."""
    known = getproxies_environment()
    url = known.get("https") or known.get("all") or ""
    if not url or proxy_bypass(f"{host}:{port}", known) or proxy_bypass(host, known):
        return None
    parts = urlsplit(url if "://" in url else f"http://{url}")
    if not parts.hostname:
        raise ValueError("no host")
    login = f"{unquote(parts.username)}:{unquote(parts.password or '')}" if parts.username else ""
    return Proxy(parts.hostname, parts.port or 80, login)


def plain(host: str, port: int, proxy: Proxy | None) -> socket.socket:
    """A TCP connection. Raises OSError, or ProxyRefused."""
    if proxy is None:
        return socket.create_connection((host, port), timeout=SECONDS)
    found = socket.create_connection((proxy.host, proxy.port), timeout=SECONDS)
    try:
        named = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        head = f"CONNECT {named} HTTP/1.1\r\nHost: {named}\r\n"
        if proxy.login:
            head += f"Proxy-Authorization: Basic {base64.b64encode(proxy.login.encode()).decode()}\r\n"
        found.sendall(f"{head}\r\n".encode())
        answer = b""
        while b"\r\n\r\n" not in answer and len(answer) < _LONGEST_HEAD:
            piece = found.recv(4096)
            if not piece:
                raise ConnectionResetError(104, "the proxy closed the connection")
            answer += piece
        words = answer.split(b"\r\n", 1)[0].split()
        status = int(words[1]) if len(words) > 1 and words[1].isdigit() else 0
        if status != 200:
            raise ProxyRefused(status)
    except BaseException:
        found.close()
        raise
    return found


@contextmanager
def secured(host: str, port: int, proxy: Proxy | None, context: ssl.SSLContext) -> Iterator[ssl.SSLSocket]:
    """The same with TLS on it, verified as the context says."""
    with plain(host, port, proxy) as bare, context.wrap_socket(bare, server_hostname=host) as found:
        yield found


def unverified() -> ssl.SSLContext:
    """For looking at a certificate that is not trusted: nothing is sent over it but a question for the time."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def certificate(found: ssl.SSLSocket) -> x509.Certificate:
    """What the other end showed."""
    shown = found.getpeercert(binary_form=True)
    if shown is None:
        raise ValueError("no certificate was shown")
    return x509.load_der_x509_certificate(shown)


def name_of(name: x509.Name) -> str:
    """How people call it: the common name, or the organisation."""
    for kind in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME):
        if found := name.get_attributes_for_oid(kind):
            return str(found[0].value)
    return name.rfc4514_string()
