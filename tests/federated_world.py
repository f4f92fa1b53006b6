"""Sites of one process that hold data of one dictionary, and a permit that each has accepted."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from dataspace.client.views import PermitView
from dataspace.connecting import EmbeddedFederation
from dataspace.model.names import PermitId
from dataspace.service.permit_documents import document_digest
from dataspace.service.registration import Registration


def held_by_all(
    federation: EmbeddedFederation,
    name: str,
    texts: tuple[str, str],
    record: Mapping[str, Any],
    made: Callable[[str, int], Path],
    kinds: Sequence[str],
    unit: str = "",
) -> PermitView:
    """The permit of ana over a dataset, and dictionary, of this name.

    `texts` are the dictionary and the policy, in force at the hub and everywhere; `made` writes the file of a site.
    """
    dictionary, policy = texts
    steward = federation.hub("sam")
    steward.load_dictionary(dictionary)
    steward.describe_federated(name, name, fields=record)
    steward.publish_policy(policy)
    for number, (place, site) in enumerate(federation.sites.items()):
        site.publishing.dictionary(site.steward, dictionary)
        said = Registration(name, dictionary=name, publish=True, privacy_unit=unit)
        site.depositing.register(site.steward, made(place, number), said)
        site.publishing.publish(site.steward, policy)
        federation.offer(place, [name])
    asked = federation.hub("ana").apply(name, purpose="scientific research", kinds=kinds)
    permit = steward.grant(asked)
    for site in federation.sites.values():
        site.will.accept(PermitId(permit.id), document_digest(permit.jws))
    return permit
