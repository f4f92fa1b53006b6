"""Catalogues of others over HTTPS: bounded in size and time, without redirects, and never to a link-local address."""

import ipaddress
import socket
import ssl
import time

import httpx

from dataspace.adapters.catalogue_access import CatalogueAccess
from dataspace.errors import InvalidRequest, SetupError, SourceError
from dataspace.ports import Fetched

LARGEST_BYTES = 256 << 20
"""Of one page."""
PAGE_SECONDS = 300.0
SILENT_SECONDS = 30.0
ACCEPT = "text/turtle, application/n-triples, application/ld+json;q=0.9, application/rdf+xml;q=0.5"
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class HttpsElsewhere:
    """`Elsewhere`. `access` has the tokens and certificates for single hosts; a token that is said goes before it.

    `transport` stands in for the network, `largest` is in bytes, `longest` in seconds for one page.
    """

    def __init__(
        self,
        access: CatalogueAccess | None = None,
        transport: httpx.BaseTransport | None = None,
        largest: int = LARGEST_BYTES,
        longest: float = PAGE_SECONDS,
    ) -> None:
        self._access = access
        self._transport = transport
        self._largest = largest
        self._longest = longest

    def fetch(self, url: str, etag: str, token: str) -> Fetched:
        checked = _checked(url)
        # Nothing compressed: what is counted on the wire is what comes out.
        headers = {"Accept": ACCEPT, "Accept-Encoding": "identity"}
        if etag:
            headers["If-None-Match"] = etag
        if sent := token or self._token(url):
            headers["Authorization"] = f"Bearer {sent}"
        try:
            with (
                self._client(url) as client,
                client.stream("GET", checked, headers=headers) as response,
            ):
                return self._read(url, response)
        except httpx.HTTPError as error:
            raise SourceError(
                f"The catalogue at '{url}' does not answer ({type(error).__name__}).", "Try again later."
            ) from error

    def _token(self, url: str) -> str:
        return "" if self._access is None else self._access.token(url)

    def _client(self, url: str) -> httpx.Client:
        ca = None if self._access is None else self._access.ca(url)
        try:
            trusted = ssl.create_default_context(cafile=ca)
        except OSError as error:
            raise SetupError(
                f"'{ca}' is no certificate that can be trusted.", "Put the catalogue's CA there, as PEM."
            ) from error
        return httpx.Client(
            transport=self._transport, timeout=SILENT_SECONDS, trust_env=False, verify=trusted
        )

    def _read(self, url: str, response: httpx.Response) -> Fetched:
        etag = response.headers.get("ETag", "")
        if response.status_code == httpx.codes.NOT_MODIFIED:
            return Fetched(b"", "", etag, url, unchanged=True)
        if response.status_code != httpx.codes.OK:
            raise SourceError(
                f"The catalogue at '{url}' answers with {response.status_code}.",
                "Check the address and the token (`dataspace hub reach-catalogue`); a redirect is not followed.",
            )
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise SourceError(f"The catalogue at '{url}' sends compressed what was not asked so.", "Tell it.")
        content, end = bytearray(), time.monotonic() + self._longest
        for piece in response.iter_raw():
            content += piece
            if len(content) > self._largest:
                raise SourceError(
                    f"A page of '{url}' is larger than {self._largest >> 20} MB.", "Ask for smaller pages."
                )
            if time.monotonic() > end:
                raise SourceError(
                    f"A page of '{url}' takes longer than {self._longest:.0f} s.", "Try again later."
                )
        return Fetched(bytes(content), response.headers.get("Content-Type", ""), etag, url)


def _checked(url: str) -> httpx.URL:
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise InvalidRequest(
            f"'{url}' is not an address.", "Write it as https://hub.example/catalog."
        ) from error
    local = parsed.host in _LOOPBACK
    if parsed.userinfo or not (parsed.scheme == "https" or (parsed.scheme == "http" and local)):
        raise InvalidRequest(f"'{url}' is not an https address.", "Write it as https://hub.example/catalog.")
    if not local and any(_inside(address) for address in _addresses(parsed.host)):
        raise InvalidRequest(
            f"'{url}' leads to an address that only this machine's network knows.", "Check it."
        )
    return parsed


def _addresses(host: str) -> set[str]:
    try:
        return {str(found[4][0]) for found in socket.getaddrinfo(host, None)}
    except OSError:
        return set()  # asking it will fail with a sentence of its own


def _inside(address: str) -> bool:
    """Where clouds keep credentials, and what is no place at all. Private networks are where hospitals are."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    return parsed.is_link_local or parsed.is_multicast or parsed.is_unspecified or parsed.is_loopback
