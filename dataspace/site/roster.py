"""With whom a site computes: the sites that a permit was granted for, each with the key that it joined with."""

from collections.abc import Mapping
from typing import Any

from dataspace.model.names import SiteName
from dataspace.model.permits import Permit
from dataspace.service.permit_documents import key_digest, roster_digest

_HINT = "Its steward can amend it, so that it is granted for the sites of today."


def outside_roster(permit: Permit, document: Mapping[str, Any], site: SiteName, key: bytes) -> str:
    """Why a message is not one among the sites of the permit, as a sentence; empty where it is, or the permit names
    none. `key` is the site's own public key, which the roster has to have under the site's name.
    """
    if not permit.roster:
        return ""
    said, together = _roster(document.get("roster")), document.get("sites")
    if roster_digest(said) != permit.roster:
        return f"The permit was granted for other sites, or for other keys of theirs. {_HINT}"
    if said.get(site) != key_digest(key):
        return f"The permit was not granted for this site as it is now. {_HINT}"
    if not isinstance(together, list) or not all(isinstance(one, str) and one in said for one in together):
        return f"The run is with sites that the permit was not granted for. {_HINT}"
    return ""


def _roster(said: Any) -> Mapping[SiteName, str]:
    """What a message says of it; nobody where that is no roster, which is never what a permit was granted for."""
    fits = isinstance(said, dict) and all(isinstance(part, str) for pair in said.items() for part in pair)
    return said if fits else {}
