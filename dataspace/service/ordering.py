"""What a coordinator is ordered: which sites, on whose word, for how long."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from dataspace.errors import InvalidRequest, SiteUnavailable
from dataspace.model.codec import to_json
from dataspace.model.names import DatasetName, PermitId, RunId, SiteName
from dataspace.model.principals import Principal
from dataspace.model.runs import RunOrder
from dataspace.ports import Federation, PermitStore, Sites
from dataspace.service.permit_documents import holding, roster_of

LEAST_ROUND_SECONDS = 5.0
"""A shorter round would name sites as silent that are at work."""


@dataclass(frozen=True, slots=True)
class Ordering:
    """Makes the order of one run, before anything of it is announced."""

    permits: PermitStore
    sites: Sites
    federation: Federation
    round_seconds: float = 600.0
    """The longest that a site is waited for in one round."""

    def lasting(self, asked: float | None) -> float:
        """How long a site is waited for in each round. Raises InvalidRequest beyond the bounds of this hub."""
        if asked is None:
            return self.round_seconds
        if not LEAST_ROUND_SECONDS <= asked <= self.round_seconds:
            raise InvalidRequest(
                f"A round lasts {LEAST_ROUND_SECONDS:g} to {self.round_seconds:g} s at this hub.",
                "Its operator sets the longest by DATASPACE_ROUND_SECONDS.",
            )
        return asked

    def order(
        self,
        principal: Principal,
        permit: PermitId | None,
        dataset: DatasetName,
        plan: Mapping[str, Any],
        minimum: int,
        only: frozenset[SiteName] | None = None,
        round_seconds: float | None = None,
    ) -> RunOrder:
        """The order. `only`: where what was granted may be computed, None where anywhere.

        Raises SiteUnavailable where fewer than `minimum` sites are connected, InvalidRequest where none holds it.
        """
        signed = self.permits.permit(permit) if permit else None
        every = self.sites.all()
        named = signed.permit.roster_sites or signed.permit.sites if signed else frozenset[SiteName]()
        offering = holding(every, (dataset,), named)
        if only is not None and offering:
            offering = self._granted_at(offering, only, dataset)
        connected = {name: node for name, node in self.federation.sites().items() if name in offering}
        if not offering:
            self._not_held(dataset, bool(named))
        if len(connected) < minimum:
            raise SiteUnavailable(
                f"{len(connected)} of {len(offering)} sites that hold '{dataset}' are connected, {minimum} are needed.",
                "Try again later; `dataspace hub sites` shows who is connected. A site that its people stopped answers "
                "again once they run `dataspace site run --resume`. A hub that was opened by its folder reaches none: "
                "ask the one that is served, by connect(url, token=…).",
            )
        run = RunId(f"R-{secrets.token_hex(6)}")
        asker = {
            "id": principal.id,
            "name": principal.name,
            "organisation": principal.organisation,
            "roles": sorted(principal.roles),
            "claims": _claims(principal),
        }
        jws, roster = "", dict[SiteName, str]()
        if signed is not None:
            jws = signed.jws
            roster = dict(roster_of(every, signed.permit.roster_sites))
        absent = tuple(sorted(offering - connected.keys()))
        keys = {site.name: site.signing_key.hex() for site in every if site.name in connected}
        lasting = self.lasting(round_seconds)
        return RunOrder(
            run, plan, jws, asker, connected, minimum, lasting, roster=roster, keys=keys, absent=absent
        )

    @staticmethod
    def _granted_at(
        offering: frozenset[SiteName], only: frozenset[SiteName], dataset: DatasetName
    ) -> frozenset[SiteName]:
        """Of the sites that hold the dataset, those where it may be computed."""
        if not offering & only:
            raise InvalidRequest(
                f"'{dataset}' may be computed only at {', '.join(sorted(only)) or 'no site'}: none of them holds it.",
                "`dataspace explain` shows the policy that says so, and who can change it.",
            )
        return offering & only

    def _not_held(self, name: DatasetName, named: bool) -> NoReturn:
        if named:
            raise InvalidRequest(
                f"No site that the permit was granted for holds '{name}'.",
                "Its steward can amend it, so that it is granted for the sites of today.",
            )
        raise InvalidRequest(
            f"No site holds '{name}'.",
            "A site that has rows of it says so by `dataspace site data add`; `dataspace hub sites` shows who did.",
        )


def _claims(principal: Principal) -> Mapping[str, Any]:
    """What is known of the asker, each with who asserts it; where mail for them goes is no site's business."""
    return {name: to_json(fact) for name, fact in principal.claims.items() if name != "email"}
