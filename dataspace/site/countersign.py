"""Before a site's people say yes to a permit: it is verified, it is for this site, and it says what they are shown."""

from datetime import datetime

from dataspace.errors import InvalidRequest, VerificationFailed
from dataspace.model.datasets import Dataset
from dataspace.model.names import PermitId, SiteName
from dataspace.model.permits import Permit
from dataspace.ports import Catalog, PermitSeal


def permit_to_accept(
    jws: str, id: PermitId, site: SiteName, seal: PermitSeal, catalog: Catalog, now: datetime
) -> Permit:
    """The permit inside the signed document. `seal` knows the key that this site pinned when it joined.

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
