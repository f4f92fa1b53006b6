"""A site's own line to its hub: outbound HTTPS to one address, verified by the certificate that was pinned."""

import ssl
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import httpx

from dataspace.errors import InvalidRequest, SourceError
from dataspace.model.codec import from_json, to_json
from dataspace.model.datasets import Dictionary
from dataspace.model.names import SiteName
from dataspace.ports import Signer
from dataspace.service.joining import JoinRequest, Welcome, token_message

TIMEOUT = httpx.Timeout(20.0, connect=10.0)


class HubLine:
    """Requests of a site. Where `ca_pem` is empty, the public authorities vouch for the hub. Raises SourceError."""

    def __init__(self, url: str, ca_pem: str, transport: httpx.BaseTransport | None = None) -> None:
        if not url.startswith("https://"):
            raise InvalidRequest(
                f"'{url}' is not an https address.", "Ask the hub's steward for a new invitation."
            )
        context = ssl.create_default_context(cadata=ca_pem or None)
        self.url = url.rstrip("/")
        self._client = httpx.Client(base_url=self.url, verify=context, timeout=TIMEOUT, transport=transport)

    def health(self) -> Mapping[str, Any]:
        """What the hub says of itself, with its time under `now`."""
        said: Mapping[str, Any] = self._call("GET", "/health").json()
        return said

    def join(self, asked: JoinRequest) -> Welcome:
        """Use an invitation up."""
        return from_json(Welcome, self._call("POST", "/sites/join", json=to_json(asked)).json())

    def status(self, nonce: str) -> str:
        """The signed list of revoked permits, for this nonce."""
        return self._call("GET", "/permits/status", params={"nonce": nonce}).text

    def dictionary(self, name: str) -> Dictionary:
        """A dictionary that the hub has, by `name` or `name@version`."""
        return from_json(Dictionary, self._call("GET", f"/dictionaries/{name}").json())

    def offer(
        self, site: SiteName, signer: Signer, at: datetime, datasets: Sequence[str], dictionary: str
    ) -> None:
        """Say which datasets this site holds rows of."""
        signature = signer.sign(token_message(site, at))
        asked = {"at": to_json(at), "signature": to_json(signature)}
        token = self._call("POST", f"/sites/{site}/token", json=asked).json()["token"]
        body = {"datasets": list(datasets), "dictionary": dictionary}
        headers = {"Authorization": f"Bearer {token}"}
        self._call("POST", f"/sites/{site}/datasets", json=body, headers=headers)

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()

    def _call(self, method: str, path: str, **options: Any) -> httpx.Response:
        try:
            response = self._client.request(method, path, **options)
        except httpx.HTTPError as error:
            raise SourceError(
                f"The hub at {self.url} cannot be reached ({type(error).__name__}).",
                "`dataspace site doctor` says where the line ends.",
            ) from error
        if response.is_success:
            return response
        try:
            problem = response.json()
        except ValueError as error:
            raise SourceError(f"What answers at {self.url} is not a hub.", "Check the address.") from error
        kind = SourceError if response.status_code >= 500 else InvalidRequest
        raise kind(str(problem.get("detail", "The hub refused.")), str(problem.get("hint", "")))
