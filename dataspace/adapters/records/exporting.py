"""One dataset in any of the forms in which others take it."""

from collections.abc import Callable
from dataclasses import dataclass

from dataspace.adapters.records.croissant import MEDIA as CROISSANT
from dataspace.adapters.records.croissant import croissant
from dataspace.adapters.records.writing import json_ld, statements, turtle
from dataspace.errors import InvalidRequest
from dataspace.model.datasets import Dataset, Version, VersionRef

FORMS = {"turtle": "text/turtle", "json-ld": "application/ld+json", "croissant": CROISSANT}
"""Each form with its media type."""


@dataclass(frozen=True, slots=True)
class Exporter:
    """`base` is the address of the hub, which records are named by; `version` finds the files of a version."""

    base: str
    version: Callable[[VersionRef], Version | None]

    def __call__(self, dataset: Dataset, form: str) -> str:
        """The record in `turtle`, `json-ld` or `croissant`. The same dataset gives the same statements."""
        match form:
            case "turtle":
                return turtle(statements(dataset, self.base))
            case "json-ld":
                return json_ld(statements(dataset, self.base))
            case "croissant":
                version = self.version(dataset.latest) if dataset.latest else None
                return croissant(dataset, version, self.base)
        raise InvalidRequest(f"'{form[:40]}' is no form of a record.", f"Say {', '.join(FORMS)}.")
