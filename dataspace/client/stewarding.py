"""What a steward does from a notebook: register, decide, publish, invite."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from dataspace.client.curating import Curating
from dataspace.client.describing import Describing, as_lists
from dataspace.client.registered import RegisteredView
from dataspace.client.views import ApplicationView, DatasetView, PermitView
from dataspace.errors import InvalidRequest, SourceUnreadable
from dataspace.model.codec import from_json, to_json
from dataspace.model.datasets import Dataset, Profile, Version
from dataspace.model.permits import Application, Permit, SignedPermit
from dataspace.model.policies import Obligations

PIECE_BYTES = 1 << 20
YAML = "application/yaml"


class Stewarding(Describing, Curating):
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

        More that may be said: `rename`, `cast`, `generalise`, `consent`, `label` and `expect` (each a list of
        `column=…`), `accept_drift`, `theme`, `keywords`.
        """
        file = Path(path)
        if file.is_symlink():  # what it leads to may change between a person's look and the reading
            raise InvalidRequest(f"'{file.name}' is a symbolic link.", "Name the file that it leads to.")
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
        made = self._wire.upload("/datasets", _pieces(file), filename=file.name, said=json.dumps(said))
        return RegisteredView(
            from_json(Dataset, made["dataset"]),
            from_json(Version, made["version"]),
            from_json(Profile, made["profile"]),
        )

    def load_dictionary(self, text: str) -> str:
        """Load a dictionary from YAML; its `name@version`."""
        made = self._wire.post_text("/dictionaries", text, YAML)
        return f"{made['name']}@{made['version']}"

    def describe_federated(self, name: str, dictionary: str, title: str = "") -> DatasetView:
        """Describe a dataset whose rows lie at the sites, by a dictionary that was loaded before."""
        body = {"name": name, "dictionary": dictionary, "title": title}
        return DatasetView(from_json(Dataset, self._wire.post("/datasets/federated", body)))

    def publish_policy(self, text: str) -> str:
        """Put a policy (YAML) in force; its name."""
        return str(self._wire.post_text("/policies", text, YAML)["id"])

    def withdraw_policy(self, id: str) -> None:
        """Take a policy out of force: what it alone permitted is denied from now on."""
        self._wire.post(f"/policies/{id}/withdraw", {})

    def policies(self) -> list[Mapping[str, Any]]:
        """Policies in force, as JSON."""
        return list(self._wire.get("/policies"))

    def grant(
        self, application: str | ApplicationView, expires: datetime | None = None, **conditions: Any
    ) -> PermitView:
        """Grant an application. Conditions tighten the defaults: `cohort`, `epsilon_total`, `withheld`, …"""
        try:
            demanded = Obligations(**conditions)
        except TypeError as error:
            known = ", ".join(Obligations.__dataclass_fields__)
            raise InvalidRequest("A condition is not known.", f"Known: {known}.") from error
        body = {"conditions": to_json(demanded), "expires": to_json(expires) if expires else None}
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

    def invite(self, site: str) -> Mapping[str, Any]:
        """A single-use invitation for a site: its secret and until when it holds."""
        invitation: Mapping[str, Any] = self._wire.post("/sites/invite", {"site": site})
        return invitation


def _id(application: str | ApplicationView) -> str:
    return application.id if isinstance(application, ApplicationView) else application


def _pieces(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while piece := file.read(PIECE_BYTES):
                yield piece
    except OSError as error:
        raise SourceUnreadable(
            f"'{path.name}' cannot be read ({error.strerror}).", "Check the path."
        ) from error
