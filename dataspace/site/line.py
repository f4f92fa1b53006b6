"""A site's own line to its hub: outbound HTTPS to one address, verified by the certificate that was pinned."""

import ssl
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

import httpx

from dataspace.errors import InvalidRequest, RequestError, SourceError, UnknownName
from dataspace.model.codec import from_json, to_json
from dataspace.model.datasets import Dataset, Dictionary
from dataspace.model.mirrored import Held, SiteEntry
from dataspace.model.names import DatasetName, RunId, SiteName
from dataspace.model.permits import SignedPermit
from dataspace.ports import Signer
from dataspace.service.join_requests import JoinRequest, Waiting, Welcome, token_message
from dataspace.service.joining import TOKEN_SECONDS
from dataspace.service.witnessing import Sighting, Witness
from dataspace.site.unreachable import why_not

HTTPS = 443
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
        self._token: tuple[str, float] | None = None

    def health(self) -> Mapping[str, Any]:
        """What the hub says of itself, with its time under `now`."""
        said: Mapping[str, Any] = self._call("GET", "/health").json()
        return said

    def join(self, asked: JoinRequest) -> Welcome | Waiting:
        """Use an invitation up; the same request again tells how it stands."""
        answer = self._call("POST", "/sites/join", json=to_json(asked))
        if answer.status_code == httpx.codes.ACCEPTED:
            return from_json(Waiting, answer.json())
        return from_json(Welcome, answer.json())

    def leave(self, site: SiteName, signer: Signer, at: datetime, because: str) -> None:
        """Say that this site goes."""
        bearer = self._bearer(site, signer, at)
        self._call("POST", f"/sites/{site}/leave", json={"because": because}, headers=bearer)

    def witnessed(self, site: SiteName, signer: Signer, at: datetime) -> str:
        """The last checkpoint of this site that the hub countersigned; empty where there is none."""
        answer = self._call("GET", f"/sites/{site}/witness", headers=self._bearer(site, signer, at))
        return str(answer.json()["checkpoint"])

    def witness(self, site: SiteName, signer: Signer, at: datetime, shown: Sighting) -> Witness:
        """Have a checkpoint countersigned. Raises InvalidRequest where the hub keeps another state."""
        bearer = self._bearer(site, signer, at)
        answer = self._call("POST", f"/sites/{site}/witness", json=to_json(shown), headers=bearer)
        return from_json(Witness, answer.json())

    def held(self, site: SiteName, signer: Signer, at: datetime) -> Mapping[DatasetName, Held]:
        """What the hub has of this site's ledger, by lineage that the site offers."""
        answer = self._call("GET", f"/sites/{site}/ledger", headers=self._bearer(site, signer, at))
        return {DatasetName(name): from_json(Held, held) for name, held in answer.json().items()}

    def tell(self, site: SiteName, signer: Signer, at: datetime, entries: Sequence[SiteEntry]) -> None:
        """Tell the hub what this site's ledger says. Raises InvalidRequest where it was told otherwise before."""
        body = {"entries": to_json(tuple(entries))}
        bearer = self._bearer(site, signer, at)
        self._call("POST", f"/sites/{site}/ledger", json=body, headers=bearer)

    def goes_on(self, site: SiteName, signer: Signer, at: datetime, run: RunId) -> bool:
        """Whether the hub still waits for answers of a run."""
        bearer = self._bearer(site, signer, at)
        answer = self._call("GET", f"/sites/{site}/runs/{quote(run, safe='')}", headers=bearer)
        return bool(answer.json()["goes_on"])

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
        body = {"datasets": list(datasets), "dictionary": dictionary}
        self._call("POST", f"/sites/{site}/datasets", json=body, headers=self._bearer(site, signer, at))

    def dataset(self, site: SiteName, signer: Signer, at: datetime, name: str) -> Dataset:
        """What the hub describes under a name. Raises InvalidRequest where it describes nothing of that name."""
        answer = self._call("GET", f"/datasets/{name}", headers=self._bearer(site, signer, at))
        return from_json(Dataset, answer.json())

    def permit(self, site: SiteName, signer: Signer, at: datetime, id: str) -> str:
        """The signed document of a permit, not verified. Raises RequestError where none concerns the site."""
        answer = self._call("GET", f"/permits/{quote(id, safe='')}", headers=self._bearer(site, signer, at))
        return from_json(SignedPermit, answer.json()).jws

    def app(self, site: SiteName, signer: Signer, at: datetime, hash: str) -> bytes:
        """The archive of an app, not checked. Raises RequestError where the hub has none of that hash."""
        bearer = self._bearer(site, signer, at)
        return self._call("GET", f"/apps/{quote(hash, safe='')}", headers=bearer).content

    def _bearer(self, site: SiteName, signer: Signer, at: datetime) -> Mapping[str, str]:
        if self._token is None or time.monotonic() > self._token[1]:
            asked = {"at": to_json(at), "signature": to_json(signer.sign(token_message(site, at)))}
            token = str(self._call("POST", f"/sites/{site}/token", json=asked).json()["token"])
            self._token = token, time.monotonic() + TOKEN_SECONDS / 2
        return {"Authorization": f"Bearer {self._token[0]}"}

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()

    def _call(self, method: str, path: str, **options: Any) -> httpx.Response:
        try:
            response = self._client.request(method, path, **options)
        except httpx.HTTPError as error:
            place = self._client.base_url
            fact, hint = why_not(error, place.host, place.port or HTTPS)
            raise SourceError(f"The hub cannot be reached. {fact}", hint) from error
        if response.is_success:
            return response
        self._token = None
        try:
            problem = response.json()
        except ValueError as error:
            raise SourceError(f"What answers at {self.url} is not a hub.", "Check the address.") from error
        if problem.get("code") == UnknownName.code:  # the hub's sentence says what there is none of
            raise RequestError(
                str(problem.get("detail", "The hub knows no such thing.")), str(problem.get("hint", ""))
            )
        kind = SourceError if response.status_code >= 500 else InvalidRequest
        raise kind(str(problem.get("detail", "The hub refused.")), str(problem.get("hint", "")))
