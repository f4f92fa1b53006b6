"""Requests to a hub and its replies; an error there is raised here."""

import json
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Self

import httpx

from dataspace.client.problems import error_of
from dataspace.client.tables import printable
from dataspace.errors import DataspaceError, InvalidRequest, SourceError

CONNECT_SECONDS = 10.0
READ_SECONDS = 120.0
LARGEST_PROBLEM_BYTES = 1 << 20
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class HubWarning(UserWarning):
    """What was asked for is done, and the hub says what may have been meant otherwise."""


class Wire:
    """One hub behind an httpx client. `token` is asked for before each request, so that it may change."""

    def __init__(self, client: httpx.Client, token: Callable[[], str], name: str) -> None:
        self._client = client
        self._token = token
        self.name = name

    def get(self, path: str, **query: Any) -> Any:
        """The JSON that a GET gives."""
        return self._json("GET", path, params={k: v for k, v in query.items() if v not in (None, "")})

    def get_text(self, path: str, accept: str = "text/plain") -> str:
        """The text that a GET gives in the form asked for."""
        return self._read("GET", path, headers={"Accept": accept}).text

    def get_bytes(self, path: str, **query: Any) -> bytes:
        """The body that a GET gives, whole."""
        return self._read("GET", path, params=query).content

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """The JSON that a POST gives."""
        return self._json("POST", path, json=_without_none(body))

    def put(self, path: str, body: Mapping[str, Any]) -> Any:
        """PUT as JSON, for JSON."""
        return self._json("PUT", path, json=body)

    def patch(self, path: str, body: Mapping[str, Any]) -> Any:
        """The JSON that a PATCH gives."""
        return self._json("PATCH", path, json=_without_none(body))

    def post_text(self, path: str, text: str, media: str, **query: Any) -> Any:
        """The JSON that a POST of a text gives; what the hub warns of there becomes a Python warning."""
        headers = {"Content-Type": media}
        said = self._json("POST", path, content=text.encode(), headers=headers, params=query)
        if isinstance(said, dict):
            for sentence in said.get("warnings") or ():
                warnings.warn(printable(str(sentence)), HubWarning, stacklevel=3)
        return said

    @contextmanager
    def opened(self, method: str, path: str, **options: Any) -> Iterator[httpx.Response]:
        """A response whose body is still to be read; what breaks while it is read is an error of ours too."""
        if "json" in options:
            options["json"] = _without_none(options["json"])
        request = self._request(method, path, **options)
        try:
            response = self._client.send(request, stream=True)
            try:
                if response.is_error or response.is_redirect:
                    response.read()
                    raise _error(response)
                yield response
            finally:
                response.close()
        except httpx.HTTPError as error:
            raise self._silent(error) from error

    def delete(self, path: str) -> None:
        """A DELETE."""
        self._read("DELETE", path)

    @property
    def in_process(self) -> bool:
        """Whether the hub is in this process: nothing has to be made small for the way."""
        return self._client.base_url.host == "hub.invalid"

    def upload(self, path: str, content: Iterator[bytes], **query: Any) -> Any:
        """The JSON that a POST of a file gives; the file is sent piece by piece."""
        headers = {"Content-Type": "application/octet-stream"}
        return self._json("POST", path, content=content, params=query, headers=headers)

    def lines(self, path: str) -> Iterator[Any]:
        """JSON lines, each as it comes, until the hub ends them."""
        request = self._request("GET", path, timeout=httpx.Timeout(CONNECT_SECONDS, read=None))
        try:
            response = self._client.send(request, stream=True)
            try:
                if response.is_error:
                    response.read()
                    raise _error(response)
                for line in response.iter_lines():
                    if line.strip():
                        yield json.loads(line)
            finally:
                response.close()
        except httpx.HTTPError as error:
            raise self._silent(error) from error

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _json(self, method: str, path: str, **options: Any) -> Any:
        response = self._read(method, path, **options)
        if not response.content:
            return None
        try:
            return response.json()
        except ValueError as error:
            raise SourceError(
                f"What answers at {self.name} is not a hub: no JSON.", "Check the address."
            ) from error

    def _read(self, method: str, path: str, **options: Any) -> httpx.Response:
        request = self._request(method, path, **options)
        try:
            response = self._client.send(request)
        except httpx.HTTPError as error:
            raise self._silent(error) from error
        if response.is_error or response.is_redirect:
            raise _error(response)
        return response

    def _request(self, method: str, path: str, **options: Any) -> httpx.Request:
        headers = {"Accept": "application/json", **options.pop("headers", {})}
        if token := self._token():
            headers["Authorization"] = f"Bearer {token}"
        return self._client.build_request(method, path, headers=headers, **options)

    def _silent(self, error: httpx.HTTPError) -> DataspaceError:
        if isinstance(error, httpx.ReadTimeout):
            return SourceError(
                f"The hub at {self.name} did not answer in time.", "Retry, or ask for less at once."
            )
        if isinstance(error, httpx.RemoteProtocolError | httpx.ReadError):
            if self.name.startswith("http://"):  # a hub speaks TLS alone, and hangs up on anything else
                return SourceError(f"What listens at {self.name} hangs up on http.", "Use https.")
            return SourceError(f"The answer of the hub at {self.name} broke off.", "Retry.")
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            return SourceError(
                f"The certificate of {self.name} is not one that this machine trusts.",
                'Give the hub\'s own: connect(url, ca="hub-ca.pem").',
            )
        return SourceError(
            f"The hub at {self.name} cannot be reached.", "Is it running? Check the address and the port."
        )


def checked_url(url: str) -> str:
    """The address, if a token may travel there: https, or http on this machine."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise InvalidRequest(
            f"'{url}' is not an address.", "Write it as https://hub.example:8443."
        ) from error
    if parsed.scheme == "https" or (parsed.scheme == "http" and parsed.host in _LOOPBACK):
        return url.rstrip("/")
    raise InvalidRequest(f"'{url}' is not an https address.", "A token travels over https only.")


def _error(response: httpx.Response) -> DataspaceError:
    try:
        document = response.json() if len(response.content) <= LARGEST_PROBLEM_BYTES else None
    except ValueError:
        document = None
    return error_of(response.status_code, document)


def _without_none(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if value is not None}
