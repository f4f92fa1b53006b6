"""Apps of researchers at a site: which may run, and what a steward sees before one is approved."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

from dataspace.adapters.apps.scanning import Finding, scanned
from dataspace.adapters.apps.signing import fingerprint
from dataspace.errors import Conflict, DataspaceError
from dataspace.model.limits import SiteLimits
from dataspace.model.own_apps import PackedApp, Uses
from dataspace.model.plans import TrainingPlan
from dataspace.model.runs import SiteMessage
from dataspace.ports import AppShelf
from dataspace.site.refused import Refused
from dataspace.site.will import FileWill

LACKS = {
    "torch": "This site has no torch, which the app is written with.",
    "isolation": "This site's machine cannot confine foreign code: its kernel lacks Landlock or seccomp.",
}


@dataclass(frozen=True, slots=True)
class OwnApps:
    """The apps of one site, and what its people said of them."""

    shelf: AppShelf
    will: FileWill
    limits: SiteLimits

    def for_plan(self, plan: TrainingPlan) -> PackedApp | None:
        """The app that the plan names, whole and approved; None where it names none. Raises Refused."""
        if plan.app is None:
            return None
        if not self.limits.foreign_apps:
            raise Refused("app.foreign", "This site runs no foreign apps.")
        if not self.will.approved(plan.app.hash):
            asked = f"`dataspace site approve {plan.app.hash}`"
            raise Refused(
                "app.unknown", f"This site has not approved the app of this run: ask it for {asked}."
            )
        try:
            app = self.shelf.get(plan.app.hash)
        except DataspaceError as error:
            raise Refused(
                "app.altered", "The app at this site is not the one that its hash names."
            ) from error
        if app is None:
            raise Refused("app.altered", "The app is not at this site any more.")
        if app.manifest.weights_of(len(plan.terms()) - 1, len(plan.values())) != plan.app.weights:
            raise Refused("app.shape", "The plan has other weights than the app's manifest declares.")
        if app.manifest.uses is Uses.TORCH and find_spec("torch") is None:
            raise lacking("torch")
        return app

    def review(self, app: PackedApp, new_signer: bool = False) -> "Review":
        """What to look at before it is approved. Raises Conflict where another key signed the version before, unless
        `new_signer`."""
        approved = [self.shelf.get(known) for known in self.will.apps()]
        same = [
            one for one in approved if one and one.manifest.name == app.manifest.name and one.hash != app.hash
        ]
        before = same[-1] if same else None
        if before is not None and before.signer != app.signer and not new_signer:
            raise Conflict(
                f"'{app.manifest.name}' was signed by {fingerprint(before.signer)} before, and is now by "
                f"{fingerprint(app.signer)}.",
                "Ask its authors by another way whether that is theirs; then say --new-signer.",
            )
        return Review(app, scanned(app.files), before, difference(before, app))


def lacking(what: str) -> Refused:
    """Why an app cannot run at all here."""
    return Refused(f"app.{what}", LACKS[what])


def named_app(message: SiteMessage) -> str:
    """The hash that a message gives for its app, as it stands there; empty where it gives none."""
    plan = message.document.get("plan")
    app: Any = plan.get("app") if isinstance(plan, dict) else None
    said = app.get("hash") if isinstance(app, dict) else None
    return said[:64] if isinstance(said, str) else ""


@dataclass(frozen=True, slots=True)
class Review:
    """One app as a steward sees it."""

    app: PackedApp
    findings: Sequence[Finding]
    before: PackedApp | None
    """The version of it that was approved last."""
    changed: Sequence[str] = field(default=())
    """Lines of a unified difference to it; of a first version all of its lines."""

    def lines(self) -> list[str]:
        """For the steward to read. What the app's authors wrote comes without control characters."""
        said = self.app.manifest
        key = fingerprint(self.app.signer)
        head = f"{said.name} {said.version} · {said.licence} · {said.uses.value} · signed by {key}"
        found = [f"  {finding}" for finding in self.findings] or ["  nothing out of the ordinary"]
        since = (
            f"Since version {self.before.manifest.version}:"
            if self.before
            else "Never approved before. All of it:"
        )
        return [
            _plain(line)
            for line in (head, self.app.hash, "What the scan found:", *found, since, *self.changed)
        ]


def difference(before: PackedApp | None, after: PackedApp) -> list[str]:
    """From one version to the other, file by file."""
    old, lines = before.files if before else {}, list[str]()
    for path in sorted({*old, *after.files}):
        was, now = old.get(path, ""), after.files.get(path, "")
        lines += difflib.unified_diff(
            was.splitlines(), now.splitlines(), f"a/{path}", f"b/{path}", lineterm=""
        )
    return lines


def _plain(line: str) -> str:
    """A line that no terminal reads as an order, and that shows in the direction that it runs in."""
    return "".join(
        letter if letter.isprintable() or letter == "\t" else f"\\x{ord(letter):02x}" for letter in line
    )
