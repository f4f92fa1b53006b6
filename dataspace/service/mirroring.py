"""The hub keeps what sites tell of their ledgers: signed, added and never changed, and no authority over anything.

The site's own ledger decides what may be spent on its persons. What is kept here lets the people at the hub see it: as
the site asserts it, as of when it last told.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dataspace.errors import InvalidRequest, NotAllowed, NotAuthenticated
from dataspace.model.mirrored import Held, SiteEntry, Told
from dataspace.model.names import DatasetName
from dataspace.model.principals import Principal, Role
from dataspace.model.sites import Site
from dataspace.ports import Mirror
from dataspace.privacy.purses import cost_of
from dataspace.service.joining import Joining, site_principal
from dataspace.service.site_entries import stands

MOST = 200
"""Entries at once."""


@dataclass(frozen=True, slots=True)
class Mirroring:
    """Ledgers of sites, as the sites tell of them."""

    joining: Joining
    mirror: Mirror

    def held(self, principal: Principal, name: str) -> Mapping[DatasetName, Held]:
        """What is kept of a site, by lineage that it offers."""
        site = self._itself(principal, name)
        key = site.signing_key.hex()
        return {lineage: self.mirror.held(site.name, key, lineage) for lineage in site.datasets}

    def keep(self, principal: Principal, name: str, entries: Sequence[SiteEntry]) -> None:
        """Keep what a site tells. What is kept already is not kept twice.

        Raises NotAuthenticated where its own key has not signed an entry, Conflict where an entry says something else
        than before, InvalidRequest for what is no entry of it.
        """
        site = self._itself(principal, name)
        if len(entries) > MOST:
            raise InvalidRequest(f"These are more than {MOST} entries.", "Tell them in parts.")
        for entry in entries:
            _check(site, entry)
            if not stands(entry, site.signing_key):
                raise NotAuthenticated(
                    "The site's own key has not signed this entry.", "`dataspace site run` tells anew."
                )
        self.mirror.keep(site.signing_key.hex(), entries)

    def _itself(self, principal: Principal, name: str) -> Site:
        site = self.joining.member(name)
        if principal.id != site_principal(site.name) or Role.SITE not in principal.roles:
            raise NotAllowed("Only the site itself tells of its ledger.", "`dataspace site run` does it.")
        return site


def _check(site: Site, entry: SiteEntry) -> None:
    """Raises InvalidRequest where an entry is not of this site, of a lineage that it does not offer, or of no sense."""
    shape = {
        Told.SEEN: entry.charge is None and entry.raised is None and entry.number == 0,
        Told.RAISED: entry.charge is None and entry.raised is not None and entry.number > 0,
    }.get(entry.told, entry.charge is not None and entry.raised is None and entry.number > 0)
    if entry.site != site.name or entry.account.lineage not in site.datasets or not shape:
        raise InvalidRequest("This is no entry of a ledger of this site.", "Tell what the ledger says.")
    if entry.charge is not None:
        cost_of(entry.charge)
    if entry.raised is not None and (entry.raised.account != entry.account or not entry.raised.epsilon > 0):
        raise InvalidRequest("This is no top-up of this account.", "Tell what the ledger says.")
