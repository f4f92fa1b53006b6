"""What policy says of an application that a call approves: decided before it is granted, for all that it asks for.

A call approves beforehand what a steward read; it does not overrule the policies in force. The permit that the
application would come to is put to `decide` with every dataset, purpose and kind of answer. The columns are those
applied for, all of a dataset where none are named.
"""

from collections.abc import Iterator
from dataclasses import replace

from dataspace.errors import AccessDenied
from dataspace.model.datasets import Dataset
from dataspace.model.decisions import Deny
from dataspace.model.names import HUB, ColumnName
from dataspace.model.permits import Application, Permit
from dataspace.model.policies import AnswerKind
from dataspace.model.principals import Principal
from dataspace.model.records import JSON, RecordKind
from dataspace.model.requests import AccessRequest
from dataspace.policy.decide import decide
from dataspace.ports import Catalog
from dataspace.service.access_requests import access_request
from dataspace.service.enforcing import Enforcement
from dataspace.service.pinned_version import permitted_version


def check_policies(
    permit: Permit, application: Application, principal: Principal, catalog: Catalog, enforcement: Enforcement
) -> None:
    """Raises AccessDenied, recorded as a refused application, where policy does not allow all of it."""
    now, policies = enforcement.clock.now(), enforcement.policies.current()
    # The hub passes on what sites hold, so that a permit for sites alone is decided on here for them.
    passed_on = replace(permit, sites=permit.sites | {HUB}) if permit.sites else permit
    for request in _requests(passed_on, application, principal, catalog):
        decision = decide(request, policies, now)
        if isinstance(decision, Deny):
            refused: dict[str, JSON] = {
                "application": application.id,
                "call": application.call,
                "dataset": request.dataset.dataset,
                "purpose": request.purpose,
                "kind": request.kind.value,
                "policies": policies.digest,
                "reasons": [f"{reason.policy}/{reason.rule}" for reason in decision.reasons],
                "missing": [operand.value for operand in decision.missing],
            }
            enforcement.record(RecordKind.APPLICATION_REJECTED, principal, refused)
            raise AccessDenied(request.dataset.dataset, decision)


def _requests(
    permit: Permit, application: Application, principal: Principal, catalog: Catalog
) -> Iterator[AccessRequest]:
    for name in application.datasets:
        found = catalog.get(name)
        if found is None:
            continue  # it was visible a moment ago; without it nothing is given
        dataset = permitted_version(catalog, found, permit)
        columns = application.columns.get(name) or _all(dataset)
        for purpose in application.purposes:
            for kind in sorted(application.kinds, key=list(AnswerKind).index):
                yield access_request(principal, kind, purpose, dataset, columns, permit, HUB)


def _all(dataset: Dataset) -> frozenset[ColumnName]:
    return frozenset(column.name for column in dataset.columns)
