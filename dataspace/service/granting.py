"""The permit that an application would come to, before anybody has signed it: for deciding, and for issuing."""

from dataclasses import dataclass, replace
from datetime import datetime

from dataspace.model.names import DatasetName, PermitId
from dataspace.model.permits import Application, DatasetGrant, Permit
from dataspace.model.policies import Obligations
from dataspace.planning.tracks import limits_of_track
from dataspace.policy.compose import compose
from dataspace.policy.duo import duties_of
from dataspace.ports import Catalog, Sites
from dataspace.service.permit_documents import holding, roster_digest, roster_of, schema_digest
from dataspace.service.pinned_version import at_version

UNSIGNED = PermitId("P-0")
"""The number of a permit that nobody has granted."""


@dataclass(frozen=True, slots=True)
class Granting:
    """What the hub knows when a permit is written. `sites` None means that none can hold the data."""

    catalog: Catalog
    sites: Sites | None
    issuer: str

    def permit(
        self,
        application: Application,
        conditions: Obligations,
        now: datetime,
        until: datetime,
        id: PermitId = UNSIGNED,
    ) -> Permit:
        """The permit: the track's limits, tightened by the conditions; the opt-out lists and the roster of now."""
        every = self.sites.all() if self.sites else ()
        owed = compose(limits_of_track(application.track).conditions, conditions)
        duties = owed.duties | self._duties(application)
        members = holding(every, application.datasets, application.sites)
        return Permit(
            id=id,
            application=application.id,
            basis=application.basis,
            issued_by=self.issuer,
            persons=application.persons | {application.applicant},
            organisation=application.organisation,
            title=application.title,
            purpose=application.purpose,
            purposes=application.purposes,
            legal_basis=application.legal_basis,
            ethics_vote=application.ethics_vote,
            datasets=tuple(self._given(application, name) for name in application.datasets),
            kinds=application.kinds,
            obligations=replace(owed, duties=duties),
            not_before=now,
            expires=until,
            sites=application.sites,
            roster=roster_digest(roster_of(every, members)),
            safeguards=application.safeguards,
            track=application.track,
            data_request=application.data_request,
            call=application.call,
            opt_outs={
                name: "+".join(found) for name in application.datasets if (found := self._left_out(name, now))
            },
            roster_sites=members,
            project=application.project,
            disease=application.disease,
        )

    def _given(self, application: Application, name: DatasetName) -> DatasetGrant:
        dataset, version = self.catalog.get(name), application.versions.get(name, "latest")
        columns = application.columns.get(name)
        schema = "" if dataset is None else schema_digest(at_version(self.catalog, dataset, version), columns)
        return DatasetGrant(name, version, columns, schema)

    def _duties(self, application: Application) -> frozenset[str]:
        known = [self.catalog.get(name) for name in application.datasets]
        return frozenset().union(*(duties_of(dataset.keywords) for dataset in known if dataset is not None))

    def _left_out(self, name: DatasetName, now: datetime) -> tuple[str, ...]:
        dataset = self.catalog.get(name)
        return dataset.left_out(now) if dataset is not None else ()
