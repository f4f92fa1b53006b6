"""What a steward does from a notebook: register, decide, publish, invite."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from dataspace.client.curating import Curating, code_texts, registered_view
from dataspace.client.describing import Describing, as_lists
from dataspace.client.policymaking import Policymaking
from dataspace.client.registered import RegisteredView
from dataspace.client.sourcing import address_of, checked_file, pieces_of
from dataspace.client.tables import Grid
from dataspace.client.views import ApplicationView, DatasetView, Listing, PermitView
from dataspace.errors import InvalidRequest
from dataspace.model.codec import from_json, to_json
from dataspace.model.datasets import Dataset
from dataspace.model.permits import Application, Permit, SignedPermit
from dataspace.model.policies import Obligations

YAML = "application/yaml"


class Stewarding(Describing, Curating, Policymaking):
    """The part of a hub that only its stewards may use; others are refused by the hub."""

    def register(
        self,
        path: str | Path,
        name: str,
        title: str = "",
        description: str = "",
        dictionary: str = "",
        drop: Sequence[str] = (),
        privacy_unit: str = "",
        publish: bool = False,
        synthetic: bool = False,
        responsibility: Mapping[str, str] | None = None,
        **more: Any,
    ) -> RegisteredView:
        """Hand a CSV or Parquet file to the hub as a new version. Only stewards see it until it is published.

        More that may be said: `rename`, `cast`, `generalise`, `consent`, `codes`, `label` and `expect` (each a
        list of `column=…`), `duo` (codes, which become a policy), `accept_drift`, `theme`, `keywords`.

        Instead of a file, the address of a database, object store or folder that the hub reads itself:
        `"postgresql://reader@db.example/hospital"` with `item="stays"`, and `secret_file=` or `secret=`. With
        `in_place=True` the rows stay there, and are read anew for each cut.
        """
        address = address_of(path, more)
        if "codes" in more:
            more["codes"] = code_texts(more["codes"])
        if fields := more.pop("fields", None):
            more["fields"] = as_lists(fields)
        said = {
            "name": name,
            "title": title,
            "description": description,
            "dictionary": dictionary,
            "drop": list(drop),
            "privacy_unit": privacy_unit,
            "publish": publish,
            "synthetic": synthetic,
            "responsibility": dict(responsibility or {}),
            **more,
        }
        if address is None:
            file = checked_file(path)
            made = self._wire.upload("/datasets", pieces_of(file), filename=file.name, said=json.dumps(said))
        else:
            place = {"address": address.text, "item": address.item, "secret": address.secret}
            made = self._wire.post("/datasets/source", place | {"in_place": address.in_place, "said": said})
        return registered_view(made)

    def load_dictionary(self, text: str) -> str:
        """Load a dictionary from YAML; its `name@version`."""
        made = self._wire.post_text("/dictionaries", text, YAML)
        return f"{made['name']}@{made['version']}"

    def describe_federated(
        self,
        name: str,
        dictionary: str,
        title: str = "",
        fields: Mapping[str, str | Sequence[str]] | None = None,
        publish: bool = True,
    ) -> DatasetView:
        """Describe a dataset whose rows lie at the sites, by a dictionary that was loaded before.

        `fields` say who answers for it (`controller`, `contact`, …): a record that lacks them is refused, or is
        made a draft with `publish=False`, for `.check(name)` and `.edit(name, …)` to complete.
        """
        said = as_lists(fields or {})
        body = {"name": name, "dictionary": dictionary, "title": title, "fields": said, "publish": publish}
        return DatasetView(from_json(Dataset, self._wire.post("/datasets/federated", body)))

    def grant(
        self,
        application: str | ApplicationView,
        expires: datetime | None = None,
        revision: int | None = None,
        **conditions: Any,
    ) -> PermitView:
        """Grant an application. Conditions tighten the defaults: `cohort`, `epsilon_total`, `withheld`, …

        `revision` is the one that was read: a decision on an application that was changed since is refused.
        """
        try:
            demanded = Obligations(**conditions)
        except TypeError as error:
            known = ", ".join(Obligations.__dataclass_fields__)
            raise InvalidRequest("A condition is not known.", f"Known: {known}.") from error
        body = {
            "conditions": to_json(demanded),
            "expires": to_json(expires) if expires else None,
            "revision": revision,
        }
        signed = from_json(SignedPermit, self._wire.post(f"/applications/{_id(application)}/grant", body))
        return PermitView(signed.permit, signed.jws)

    def refuse(self, application: str | ApplicationView, reason: str) -> ApplicationView:
        """Refuse an application, with the reason that the applicant is told."""
        said = self._wire.post(f"/applications/{_id(application)}/refuse", {"reason": reason})
        return ApplicationView(from_json(Application, said))

    def revoke(self, permit: str | PermitView, reason: str = "") -> PermitView:
        """Take a permit back: at once here, at the sites with their next look at the list of revoked permits."""
        id = permit.id if isinstance(permit, PermitView) else permit
        noun = from_json(Permit, self._wire.post(f"/permits/{id}/revoke", {"reason": reason}))
        return PermitView(noun, "")

    def invite(self, site: str, at_once: bool = False) -> Mapping[str, Any]:
        """A single-use invitation for a site: its secret and until when it holds.

        `at_once` lets whoever brings it in, without a fingerprint that is compared.
        """
        body = {"site": site, "at_once": at_once}
        invitation: Mapping[str, Any] = self._wire.post("/sites/invite", body)
        return invitation

    def site_requests(self) -> Listing[Mapping[str, Any]]:
        """Sites that wait to be let in, with the fingerprints that their own people read aloud."""
        found = self._wire.get("/sites/requests")
        rows = tuple(
            (r["site"], r["fingerprint"], "new keys" if r["replaces"] else "new site", r["title"])
            for r in found
        )
        return Listing(found, Grid(("site", "fingerprint", "", ""), rows))

    def admit(self, site: str, fingerprint: str) -> Mapping[str, Any]:
        """Let a site in whose people read this fingerprint aloud."""
        state: Mapping[str, Any] = self._wire.post(f"/sites/{site}/admit", {"fingerprint": fingerprint})
        return state

    def expel(self, site: str, because: str) -> Mapping[str, Any]:
        """End a site, or turn its request down; recorded, with the reason."""
        state: Mapping[str, Any] = self._wire.post(f"/sites/{site}/expel", {"because": because})
        return state


def standing_of(site: Mapping[str, Any]) -> str:
    """How a site stands, in a word or two."""
    if site["joined"] is None:
        return "waits" if site["waiting"] else "ended" if site["ended"] else "invited"
    return "online" if site["online"] else "away"


def _id(application: str | ApplicationView) -> str:
    return application.id if isinstance(application, ApplicationView) else application
