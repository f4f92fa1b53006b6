"""The two ways to a hub: one elsewhere, and one in this process. Both give the same object."""

import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataspace.bootstrap import SiteServices
    from dataspace.client.hub import Hub
    from dataspace.client.proofs import Verifier
    from dataspace.site.telling import Telling

CONNECTIONS = 8
_MOMENT_SECONDS = 1.0
"""That an embedded hub's token is used again."""


def connect(url: str = "", token: str = "", ca: str | Path = "", log_key: str = "") -> "Hub":
    """A hub elsewhere. What is left out is read from DATASPACE_URL, DATASPACE_TOKEN and DATASPACE_CA.

    `ca` is the path of the certificate that vouches for the hub, where the public authorities do not. `log_key` is
    the verifier key of its log; left out, the first one seen is pinned for as long as this object lives.
    """
    import httpx

    from dataspace.client.bearer import Bearer
    from dataspace.client.hub import Hub
    from dataspace.client.wire import CONNECT_SECONDS, READ_SECONDS, Wire, checked_url
    from dataspace.errors import InvalidRequest
    from dataspace.settings import ClientSettings, environment

    known = ClientSettings.from_environment(environment())
    address = url or known.url
    if not address:
        raise InvalidRequest("Which hub?", 'Say connect("https://hub.example"), or set DATASPACE_URL.')
    place, bearer = checked_url(address), token or known.token.reveal()
    client = httpx.Client(
        base_url=place,
        verify=_trust(str(ca) or known.ca),
        timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
        limits=httpx.Limits(max_connections=CONNECTIONS),
    )
    return Hub(Wire(client, Bearer(client, bearer), place), _verifier(), log_key)


def create_hub(home: str | Path, people: Mapping[str, str]) -> None:
    """Make the home of an embedded hub with people in it, by id and role: `{"sven": "steward", "ana": "researcher"}`.

    Raises SetupError where there is a hub already, and InvalidRequest for a role that is none.
    """
    from dataspace.bootstrap import add_person, init_hub
    from dataspace.errors import SetupError
    from dataspace.settings import HUB_FILE, HubSettings

    roles = {person: _role(word) for person, word in people.items()}
    settings = HubSettings(Path(home))
    if (settings.home / HUB_FILE).exists():
        raise SetupError(
            f"There is a hub in '{home}' already.",
            f"Use it: dataspace.open('{home}', principal=…), or remove the folder to start over.",
        )
    init_hub(settings)
    for person, role in roles.items():
        add_person(settings, person, person, (role,), "")


def open_hub(home: str | Path, principal: str) -> "Hub":
    """An embedded hub over its home, asked in the name of `principal`.

    Whoever owns the files of a home is trusted to say who asks; the person named has to be known there.
    """
    from dataspace.bootstrap import build_hub
    from dataspace.settings import HubSettings, environment

    settings = HubSettings.from_environment(environment(), Path(home))
    services = build_hub(settings)
    try:
        services.token(principal)  # raises where nobody of that name is known
    except BaseException:
        services.close()
        raise
    return embedded(services, principal)


def embedded(services: Any, principal: str, ended: Callable[[], None] | None = None) -> "Hub":
    """Services that were built here (`bootstrap.HubServices`), through the same contract as a hub elsewhere.

    `ended` is called when the hub is closed; left out, that closes the services.
    """
    import httpx

    from dataspace.client.hub import Hub
    from dataspace.client.wire import Wire
    from dataspace.http.app import create_app
    from dataspace.http.inprocess import InProcessTransport

    transport = InProcessTransport(create_app(services), ended or services.close)
    client = httpx.Client(base_url="http://hub.invalid", transport=transport, timeout=None)  # noqa: S113
    return Hub(
        Wire(client, _token_of(services, principal), services.name),
        _verifier(),
        services.log.verifier_key(),
    )


def _token_of(services: Any, principal: str) -> Callable[[], str]:
    """Tokens for one question after the other: each is used again for a moment: as soon as that, other roles hold."""
    kept = ("", 0.0)

    def token() -> str:
        nonlocal kept
        said, until = kept
        if time.monotonic() >= until:
            said = services.token(principal)
            kept = said, time.monotonic() + min(_MOMENT_SECONDS, services.token_seconds / 2)
        return said

    return token


class EmbeddedFederation:
    """A hub and its sites in this one process: real engines, logs, keys and guards; only the network is left out.

    To try things out before a site joins for real. `sites` holds each site's services by name.
    """

    def __init__(self, folder: str | Path, people: Mapping[str, str], sites: Sequence[str]) -> None:
        """Make all of it under `folder`. The sites pin the hub's keys, countersign permits by hand, hold nothing."""
        from dataspace.adapters.clock import UtcClock
        from dataspace.adapters.local_federation import LocalFederation
        from dataspace.bootstrap import build_hub
        from dataspace.model.names import site_name
        from dataspace.settings import HubSettings

        root = Path(folder)
        create_hub(root / "hub", people)
        self.sites: dict[str, SiteServices] = {}
        self._hubs: list[Hub] = []
        self._tellings: dict[str, Telling] = {}
        names = [site_name(name) for name in sites]
        handles = {name: _through_guard(self.sites, self._tellings, name) for name in names}
        federation = LocalFederation(handles, UtcClock())
        self._services = build_hub(HubSettings(root / "hub"), federation)
        try:
            for name in names:
                self.sites[name] = _pinning_site(root / name, name, self._services)
                self._tellings[name] = _telling(self.sites[name], self._services)
        except BaseException:
            self.close()
            raise

    def hub(self, principal: str) -> "Hub":
        """The hub, asked in the name of a person that it knows."""
        self._services.token(principal)  # raises where nobody of that name is known
        self._hubs.append(embedded(self._services, principal, lambda: None))
        return self._hubs[-1]

    def offer(self, site: str, datasets: Sequence[str]) -> None:
        """Tell the hub which datasets a site holds rows of; it learns no row."""
        from dataspace.model.names import dataset_name, site_name
        from dataspace.model.sites import Site

        names = tuple(dataset_name(name) for name in datasets)
        key = self.sites[site].guard.key
        now = self._services.clock.now()
        self._services.joining.sites.put(Site(site_name(site), signing_key=key, joined=now, datasets=names))

    def close(self) -> None:
        """End all of it; the files stay."""
        for hub in self._hubs:
            hub.close()
        for site in self.sites.values():
            site.close()
        self._services.close()


IN_PROCESS = "0" * 64
"""Stands in for the hash of a code package, where no code travels."""


def _through_guard(sites: Mapping[str, "SiteServices"], tellings: Mapping[str, "Telling"], name: str) -> Any:
    from dataclasses import replace

    def handle(message: Any) -> Any:
        answered = tellings[name].after(sites[name].guard.handle)
        return answered(replace(message, app_hash=IN_PROCESS))

    return handle


def _telling(site: "SiteServices", hub: Any) -> "Telling":
    """What a site tells the hub of its ledger, without a network between them."""
    from dataspace.adapters.keys import FileSigner
    from dataspace.model.names import SiteName
    from dataspace.model.principals import Principal, Role
    from dataspace.service.joining import site_principal
    from dataspace.site.telling import Telling

    name = SiteName(site.settings.pinned.site)
    itself = Principal(site_principal(name), name, frozenset({Role.SITE}))

    class Hub:
        def held(self) -> Any:
            return hub.mirroring.held(itself, name)

        def keep(self, entries: Any) -> None:
            hub.mirroring.keep(itself, name, entries)

    account, signer = site.account, FileSigner(site.settings.home, "signing")
    return Telling(name, account.catalog, account.ledger, account.enforcement.clock, signer.sign, Hub())


def _pinning_site(home: Path, name: str, hub: Any) -> "SiteServices":
    from dataspace.bootstrap import build_site
    from dataspace.model.limits import SiteLimits
    from dataspace.settings import Pinned, SiteSettings

    home.mkdir(mode=0o700)
    log_key = hub.log.verifier_key()
    pinned = Pinned(name, "https://hub.invalid", "", "", "", hub.issuer, hub.issuer_key, log_key, node=0)
    # The list of revoked permits costs nothing here, so each message asks for a fresh one.
    settings = SiteSettings(home, pinned, SiteLimits(status_seconds=0.0))
    services = build_site(settings, hub.permitting.status)
    services.will.approve(IN_PROCESS)
    return services


def _role(word: str) -> Any:
    from dataspace.errors import InvalidRequest
    from dataspace.model.principals import Role

    try:
        return Role(word)
    except ValueError as error:
        known = ", ".join(role.value for role in Role)
        raise InvalidRequest(f"'{word}' is no role.", f"There are: {known}.") from error


def _verifier() -> "Verifier":
    from dataspace.client.proofs import Verifier
    from dataspace.model.records import SignedCheckpoint, VerifiedReceipt
    from dataspace.transparency.checkpoints import verify_checkpoint
    from dataspace.transparency.notes import parse_verifier_key
    from dataspace.transparency.receipts import receipt_from, verify_receipt

    def receipt(document: Mapping[str, Any], key: str, expected: Mapping[str, Any]) -> VerifiedReceipt:
        return verify_receipt(receipt_from(document), parse_verifier_key(key), expect=expected)

    def checkpoint(note: str, key: str) -> tuple[int, str]:
        state = verify_checkpoint(SignedCheckpoint(note), parse_verifier_key(key))
        return state.size, state.root.hex()

    def digest(table: Any) -> str:
        from dataspace.service.notes import table_digest

        return table_digest(table)

    return Verifier(receipt, checkpoint, digest)


def _trust(ca: str) -> ssl.SSLContext | bool:
    from dataspace.errors import InvalidRequest

    if not ca:
        return True
    try:
        return ssl.create_default_context(cafile=ca)
    except (OSError, ssl.SSLError) as error:
        raise InvalidRequest(f"'{ca}' holds no certificate.", "Name the hub's CA file (PEM).") from error
