"""Who stays a site of this hub: requests that wait for a fingerprint, sites that leave, and sites that are expelled."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from dataspace.errors import Conflict, InvalidRequest, NotAllowed, UnknownName
from dataspace.model.names import SiteName
from dataspace.model.principals import Principal, Role
from dataspace.model.records import JSON, RecordKind
from dataspace.model.sites import Site
from dataspace.service.join_requests import fingerprint, key_facts
from dataspace.service.joining import Joining, SiteState, check_host, site_principal

LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class Request:
    """A site that waits to be let in; its fingerprint is compared with the one that its own people read aloud."""

    site: SiteName
    title: str
    fingerprint: str
    asked: datetime
    replaces: bool
    """The name has joined already: new keys would take the place of those that it has."""


@dataclass(frozen=True, slots=True)
class Admitting:
    """Acts on one site; each is recorded, and none touches another site."""

    joining: Joining

    def requests(self, principal: Principal) -> Sequence[Request]:
        """Those that wait, the oldest first."""
        check_host(principal, "sees who asks to join")
        waiting = [(site, site.candidate) for site in self.joining.sites.all() if site.candidate is not None]
        return [
            Request(site.name, c.title, fingerprint(site.name, c), c.at, site.joined is not None)
            for site, c in sorted(waiting, key=lambda pair: pair[1].at)
        ]

    def admit(self, principal: Principal, name: str, said: str) -> SiteState:
        """Let a site in whose people read `said` aloud. Raises Conflict where that is not the request's fingerprint."""
        check_host(principal, "lets sites in")
        site = self._known(name)
        if site.candidate is None:
            raise Conflict(
                f"No request of {site.name} waits.", "`dataspace hub requests` lists those that do."
            )
        digits = "".join(character for character in said if character.isdigit())
        if not secrets.compare_digest(digits, fingerprint(site.name, site.candidate).replace("-", "")):
            raise Conflict(
                "That is not the fingerprint of the request that waits.",
                "Have it read aloud again. If it differs still, somebody else used the invitation: turn the request "
                f"down with `dataspace hub expel {site.name} --because …`, and invite anew.",
            )
        self.joining.admit(principal, site, site.candidate)
        return self._state(site.name)

    def expel(self, principal: Principal, name: str, because: str) -> SiteState:
        """End a site, or turn its request down: its node is refused and its tokens end. Its records stay."""
        check_host(principal, "expels sites")
        if not because.strip() or len(because) > LONGEST_REASON:
            raise InvalidRequest(
                f"A reason of 1 to {LONGEST_REASON} characters is needed.", 'Say it: --because "…".'
            )
        site = self._known(name)
        if site.joined is None and site.candidate is None:
            raise Conflict(f"{site.name} is no site of this hub any more.", "There is nothing to end.")
        facts: dict[str, JSON] = {"site": site.name, "because": because, "member": site.joined is not None}
        facts |= key_facts(site.name, site.candidate) if site.candidate else {}
        self.joining.enforcement.record(RecordKind.SITE_EXPELLED, principal, facts)
        return self._end(site, because)

    def leave(self, principal: Principal, name: str, because: str = "") -> SiteState:
        """A site goes by its own will; only it can say so."""
        site = self.joining.member(name)
        if principal.id != site_principal(site.name) or Role.SITE not in principal.roles:
            raise NotAllowed("Only the site itself leaves.", "`dataspace hub expel` ends it from here.")
        said = because[:LONGEST_REASON]
        self.joining.enforcement.record(RecordKind.SITE_LEFT, principal, {"site": site.name, "because": said})
        return self._end(site, said or "It left.")

    def _end(self, site: Site, because: str) -> SiteState:
        if site.joined is not None:
            self.joining.link().expel(site.name, site.node_key)
        now = self.joining.clock.now()
        self.joining.sites.put(
            replace(site, joined=None, candidate=None, node=0, datasets=(), ended=now, because=because)
        )
        return self._state(site.name)

    def _known(self, name: str) -> Site:
        site = self.joining.sites.get(SiteName(name))
        if site is None:
            raise UnknownName("site", name)
        return site

    def _state(self, name: SiteName) -> SiteState:
        return next(state for state in self.joining.states(()) if state.name == name)
