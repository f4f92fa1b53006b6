"""Before a site's people say yes to a permit: it is verified, it is for this site, and it says what they are shown."""

from datetime import datetime

from dataspace.errors import InvalidRequest, VerificationFailed
from dataspace.model.datasets import Dataset
from dataspace.model.names import PermitId, SiteName
from dataspace.model.permits import Permit
from dataspace.ports import Catalog, PermitSeal
from dataspace.service.permit_documents import key_digest, roster_digest


def permit_to_accept(
    jws: str,
    id: PermitId,
    site: SiteName,
    seal: PermitSeal,
    catalog: Catalog,
    now: datetime,
    key: bytes = b"",
) -> Permit:
    """The permit inside the signed document. `seal` knows the keys that this site pinned; `key` is its own.

    Raises VerificationFailed where another key signed it, InvalidRequest where it is not the one named, is for other
    sites, has ended, or is over nothing that this site holds.
    """
    permit = seal.verify(jws)
    if permit.id != id:
        raise VerificationFailed(
            f"The signed document is of {permit.id}, not of {id}.", "Name the one meant."
        )
    if permit.sites and site not in permit.sites:
        raise InvalidRequest(f"{id} is not for this site.", "Nothing is to be countersigned here.")
    alone = roster_digest({site: key_digest(key)})
    if permit.roster_sites and (
        site not in permit.roster_sites or (permit.roster_sites == {site} and permit.roster != alone)
    ):
        raise InvalidRequest(
            f"{id} was not granted for this site as it is now.",
            "The hub's steward can amend it, so that it is granted for the sites of today.",
        )
    if permit.expires <= now:
        raise InvalidRequest(f"{id} ended on {permit.expires:%Y-%m-%d}.", "Its holder applies again.")
    if not any(_held(catalog.get(grant.dataset)) for grant in permit.datasets):
        named = ", ".join(grant.dataset for grant in permit.datasets)
        raise InvalidRequest(
            f"{id} is over {named}, and this site holds none of it.",
            "Add the data first: `dataspace site data add`.",
        )
    return permit


def _held(dataset: Dataset | None) -> bool:
    return dataset is not None and dataset.latest is not None
