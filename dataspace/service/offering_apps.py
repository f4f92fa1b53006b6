"""Apps of researchers at the hub, which keeps them for the sites and runs none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dataspace.errors import NotAllowed, UnknownName
from dataspace.model.own_apps import OwnApp, PackedApp
from dataspace.model.principals import Principal, Role
from dataspace.model.records import RecordKind
from dataspace.ports import AppShelf
from dataspace.service.enforcing import Enforcement

AppFacts = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class OfferingApps:
    """From a researcher to the sites, by hash. What may run, each site decides."""

    shelf: AppShelf
    enforcement: Enforcement

    def offer(self, principal: Principal, archive: bytes) -> AppFacts:
        """Keep an app where sites find it. Raises NotAllowed, InvalidRequest for what is no app, VerificationFailed
        where its signature does not hold."""
        if not principal.roles & {Role.RESEARCHER, Role.STEWARD}:
            raise NotAllowed("Only a researcher or a steward may offer an app.", "Sign in as one.")
        app = self.shelf.put(archive)
        facts = {"app": app.hash, "name": app.manifest.name, "version": app.manifest.version}
        self.enforcement.record(RecordKind.APP_OFFERED, principal, facts)
        return _facts(app)

    def all(self) -> Sequence[AppFacts]:
        """What is here, by hash."""
        found = (self.shelf.get(hash) for hash in self.shelf.hashes())
        return [_facts(app) for app in found if app is not None]

    def app(self, hash: str) -> PackedApp:
        """One app. Raises UnknownName."""
        found = self.shelf.get(hash)
        if found is None:
            raise UnknownName(
                "app", hash[:64], hint="`dataspace app list` shows what is here; offer it first."
            )
        return found

    def for_plan(self, hash: str, features: int, classes: int, blocks: int) -> OwnApp:
        """What a plan of so many columns says of it. Raises UnknownName."""
        app = self.app(hash)
        return OwnApp(app.hash, app.manifest.weights_of(features, classes), blocks)


def _facts(app: PackedApp) -> AppFacts:
    said = app.manifest
    return {
        "app": app.hash,
        "name": said.name,
        "version": said.version,
        "licence": said.licence,
        "uses": said.uses.value,
        "summary": said.summary,
    }
