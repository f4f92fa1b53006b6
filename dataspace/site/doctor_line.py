"""The doctor's look at a line: name, proxy, TLS and who opens it, clock and version of what answers there."""

import http.client
import json
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import version

from cryptography import x509

from dataspace.site.findings import Finding, exempt_request, fail, ok, open_request, warn
from dataspace.site.tunnel import Proxy, ProxyRefused, certificate, name_of, proxy_for, secured, unverified
from dataspace.site.unreachable import why_not

CLOCK_SECONDS = 60.0
SOON_DAYS = 30


def examine_line(name: str, host: str, port: int, ca_pem: str, *, hub: bool) -> Iterator[Finding]:
    """Check one address; `name` stands before each line. With `hub`, it is also asked for its time and version."""
    place = f"{host}:{port}"
    try:
        proxy = proxy_for(host, port)
    except ValueError:
        yield fail("proxy", f"{name}: HTTPS_PROXY is no address.", "write it as http://proxy.example:3128")
        return
    via = f" through the proxy {proxy.place}" if proxy else ""
    try:
        context = ssl.create_default_context(cadata=ca_pem or None)
    except ssl.SSLError:
        yield fail(
            "tls", f"{name}: the certificate that was pinned cannot be read.", "join with a new invitation"
        )
        return
    try:
        if proxy is None:
            socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        with secured(host, port, proxy, context) as line:
            shown = certificate(line)
            yield ok("tls", f"{name}: {place} answers{via}, verified by the pinned certificate")
            yield from _age(name, place, shown)
            if hub:
                yield from _health(name, place, host, line)
    except ProxyRefused as refused:
        yield _proxy_refused(name, place, proxy, refused.status)
    except ssl.SSLCertVerificationError as error:
        yield _not_trusted(name, host, port, proxy, ca_pem, error)
    except OSError as error:
        yield _unreachable(name, error, host, port, proxy)


def _unreachable(name: str, error: OSError, host: str, port: int, proxy: Proxy | None) -> Finding:
    if proxy is not None and not isinstance(error, ssl.SSLError):
        fact, _ = why_not(error, proxy.host, proxy.port)
        return fail("proxy", f"{name}: the proxy does not work. {fact}", "mend HTTPS_PROXY, or set NO_PROXY")
    fact, hint = why_not(error, host, port)
    kind = (
        "name" if isinstance(error, socket.gaierror) else "tls" if isinstance(error, ssl.SSLError) else "line"
    )
    return fail(kind, f"{name}: {fact}", hint, "" if kind == "tls" else open_request(f"{host}:{port}"))


def _proxy_refused(name: str, place: str, proxy: Proxy | None, status: int) -> Finding:
    at = proxy.place if proxy else ""
    if status == http.client.PROXY_AUTHENTICATION_REQUIRED:
        return fail(
            "proxy",
            f"{name}: the proxy {at} asks for a password.",
            "put it into HTTPS_PROXY (http://person:password@proxy:3128), in a file that only this account reads",
        )
    return fail(
        "proxy",
        f"{name}: the proxy {at} refuses to connect to {place} (status {status}).",
        "send the request below to whoever runs the proxy",
        open_request(place),
    )


def _not_trusted(
    name: str, host: str, port: int, proxy: Proxy | None, ca_pem: str, error: ssl.SSLCertVerificationError
) -> Finding:
    """Who opens the connection, or what else is the matter: an own clock that is wrong looks like an expired one."""
    place = f"{host}:{port}"
    try:
        with secured(host, port, proxy, unverified()) as line:
            shown = certificate(line)
            apart = _seconds_apart(_date(host, line)[0])
    except (OSError, ValueError, ProxyRefused, http.client.HTTPException):
        fact, hint = why_not(error, host, port)
        return fail("tls", f"{name}: {fact}", hint)
    if apart is not None and abs(apart) > CLOCK_SECONDS:
        return fail(
            "clock",
            f"{name}: {place} is not trusted, and the clock here is {-apart:+,.0f} s from the one there.",
            "set the clock by NTP first, then run this again",
        )
    issuer = name_of(shown.issuer)
    known = _issuers(ca_pem)
    if known and issuer not in known:
        return fail(
            "tls",
            f'{name}: TLS to {place} is opened by "{issuer}".',
            f"have {place} exempted from TLS inspection: the request is below",
            exempt_request(place, issuer),
        )
    fact, hint = why_not(error, host, port)
    return fail("tls", f"{name}: {fact}", hint)


def _issuers(ca_pem: str) -> frozenset[str]:
    if not ca_pem:
        return frozenset()
    return frozenset(name_of(c.subject) for c in x509.load_pem_x509_certificates(ca_pem.encode()))


def _age(name: str, place: str, shown: x509.Certificate) -> Iterator[Finding]:
    days = (shown.not_valid_after_utc - datetime.now(UTC)).days
    if days < SOON_DAYS:
        yield warn(
            "tls",
            f"{name}: the certificate of {place} ends in {days} days.",
            "ask the hub's operator: a hub that runs renews it by itself",
        )


def _health(name: str, place: str, host: str, line: ssl.SSLSocket) -> Iterator[Finding]:
    date, body = _date(host, line)
    try:
        said = json.loads(body)
        theirs = str(said["version"])
        apart = _seconds_apart(date or datetime.fromisoformat(str(said["now"])))
    except (ValueError, KeyError, TypeError):
        yield fail(
            "hub", f"{name}: what answers at {place} is not a hub.", "check the address with its steward"
        )
        return
    if apart is None or abs(apart) > CLOCK_SECONDS:
        words = "is not told" if apart is None else f"here is {-apart:+,.0f} s from the hub's"
        yield fail("clock", f"clock: the time {words}.", "set both by NTP")
    else:
        yield ok("clock", f"clock: {-apart:+.1f} s from the hub's")
    ours = version("dataspace")
    if theirs.split(".")[:2] != ours.split(".")[:2]:
        yield warn(
            "version",
            f"version: {ours} here, {theirs} at the hub.",
            "upgrade the older one: `dataspace site upgrade BUNDLE`",
        )
    else:
        yield ok("version", f"version: {ours} here, {theirs} at the hub")


def _date(host: str, line: ssl.SSLSocket) -> tuple[datetime | None, bytes]:
    """What `GET /health` says: its Date header, and its body."""
    asked = http.client.HTTPConnection(host)
    asked.sock = line
    asked.request("GET", "/health", headers={"Connection": "close"})
    answer = asked.getresponse()
    date = answer.getheader("Date", "")
    try:
        return parsedate_to_datetime(date) if date else None, answer.read(_LONGEST)
    except (ValueError, TypeError):
        return None, answer.read(_LONGEST)


_LONGEST = 1 << 20


def _seconds_apart(theirs: datetime | None) -> float | None:
    return None if theirs is None else (theirs.astimezone(UTC) - datetime.now(UTC)).total_seconds()
