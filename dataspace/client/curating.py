"""A dataset's versions, profile and dictionary from a notebook, and dummy rows to write code against."""

from collections.abc import Mapping, Sequence
from typing import Any

from dataspace.client.dummies import Dummy
from dataspace.client.registered import (
    HistoryView,
    MatchingView,
    ProfileView,
    RegisteredView,
    StillHeld,
    still_held,
)
from dataspace.client.tables import Grid
from dataspace.client.views import DatasetView, Listing
from dataspace.client.wire import Wire
from dataspace.model import code_maps
from dataspace.model.codec import from_json
from dataspace.model.curation import Chapter, Standing
from dataspace.model.datasets import Dataset, Profile, Version
from dataspace.model.matching import Matching

Codes = Sequence[str] | Mapping[str, Mapping[str, str | int]]
"""What local codes mean, by column."""


class Curating:
    """The part of a hub that is about versions. All but `dummy` and `versions` is for stewards."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def dummy(self, name: str, n: int = 500, seed: int = 0) -> Dummy:
        """`n` made-up rows, from the published description alone: to write code before any permit, at no ε."""
        return Dummy(name, self._wire.get_bytes(f"/datasets/{name}/dummy", n=n, seed=seed))

    def fix(
        self,
        name: str,
        drop: Sequence[str | int] = (),
        rename: Sequence[str] = (),
        cast: Sequence[str] = (),
        generalise: Sequence[str] = (),
        consent: Sequence[str] = (),
        codes: Codes = (),
        label: Sequence[str] = (),
        privacy_unit: str = "",
    ) -> RegisteredView:
        """A new version of the latest one. `drop` takes names or places, the others `column=…`.

        `codes` may also be said as `{"type": {"Notfall": 3}}`.
        """
        said = {
            "drop": [str(column) for column in drop],
            "rename": list(rename),
            "cast": list(cast),
            "generalise": list(generalise),
            "consent": list(consent),
            "codes": code_texts(codes),
            "label": list(label),
            "privacy_unit": privacy_unit,
        }
        return registered_view(self._wire.post(f"/datasets/{name}/fix", said))

    def versions(self, name: str) -> HistoryView:
        """Every version, oldest first, and whether it may still be asked."""
        found = self._wire.get(f"/datasets/{name}/versions")
        latest = from_json(Dataset, self._wire.get(f"/datasets/{name}")).latest
        chapters = tuple(from_json(Chapter, chapter) for chapter in found)
        return HistoryView(name, chapters, latest.sha256 if latest else "")

    def still_held(self, name: str) -> Listing[StillHeld]:
        """What earlier versions, not erased yet, hold of columns that later ones left out or made coarser."""
        history = self.versions(name)
        kept = [
            c for c in history.chapters if c.standing is not Standing.ERASED and c.sha256 != history.latest
        ]
        if not (kept and history.latest):
            return Listing((), Grid((), ()))
        latest = self._version(name, history.latest)
        found = still_held(name, latest, [(c.number, self._version(name, c.sha256)) for c in kept])
        rows = tuple((str(one.number), ", ".join(one.columns)) for one in found)
        return Listing(found, Grid(("version", "still holds"), rows))

    def _version(self, name: str, which: str) -> Version:
        return from_json(Version, self._wire.get(f"/datasets/{name}/versions/{which}"))

    def provenance(self, name: str, version: str | int) -> Mapping[str, Any]:
        """Where a version comes from, as PROV-O in JSON-LD."""
        found: Mapping[str, Any] = self._wire.get(f"/datasets/{name}/versions/{version}/provenance")
        return found

    def profile(self, name: str, version: str | int = "") -> ProfileView:
        """What one pass over a version told, and its difference to the one before."""
        found = self._wire.get(f"/datasets/{name}/profile", version=str(version))
        return ProfileView(name, from_json(Profile, found))

    def deprecate(self, name: str, version: str | int, reason: str = "") -> Chapter:
        """Say that there is something better; the version may still be asked."""
        return self._settle(name, version, "deprecated", reason)

    def withdraw_version(self, name: str, version: str | int, reason: str = "") -> Chapter:
        """No new access to a version; its bytes stay."""
        return self._settle(name, version, "withdrawn", reason)

    def erase_version(self, name: str, version: str | int, reason: str = "") -> Chapter:
        """Destroy the bytes of a version; the record of it stays."""
        return self._settle(name, version, "erased", reason)

    def expect(self, name: str, rules: Sequence[str]) -> DatasetView:
        """Replace the rules for every version: `los=1..120`, `id=unique`, `sex=f|m`, `site->sites.id`, …"""
        found = self._wire.post(f"/datasets/{name}/expectations", {"rules": list(rules)})
        return DatasetView(from_json(Dataset, found))

    def match(self, name: str, dictionary: str, apply: bool = False, codes: Codes = ()) -> MatchingView:
        """The latest version against a dictionary; the mapping is kept, and with `apply` a version made by it.

        `codes` say what those mean that it does not know: `{"type": {"Notfall": 3}}`, or `["type=Notfall:3"]`.
        """
        said = {"dictionary": dictionary, "apply": apply, "codes": code_texts(codes)}
        found = self._wire.post(f"/datasets/{name}/dictionary", said)
        made = registered_view(found["made"]) if found["made"] else None
        return MatchingView(name, from_json(Matching, found["matching"]), made)

    def _settle(self, name: str, version: str | int, standing: str, reason: str) -> Chapter:
        said = self._wire.post(f"/datasets/{name}/versions/{version}/{standing}", {"reason": reason})
        return from_json(Chapter, said)


def registered_view(made: Mapping[str, Any]) -> RegisteredView:
    """What a hub replies to registering and curating."""
    return RegisteredView(
        from_json(Dataset, made["dataset"]),
        from_json(Version, made["version"]),
        from_json(Profile, made["profile"]),
        from_json(Matching, made["matching"]) if made.get("matching") else None,
    )


def code_texts(codes: Codes) -> list[str]:
    """What local codes mean, as a hub is told it."""
    if not isinstance(codes, Mapping):
        return list(codes)
    return [
        code_maps.said(column, [(str(here), str(code)) for here, code in pairs.items()])
        for column, pairs in codes.items()
    ]
