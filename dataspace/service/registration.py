"""What a steward says when data becomes a version."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from dataspace.model.datasets import Responsibility
from dataspace.service.curation import Wishes


@dataclass(frozen=True, slots=True)
class Registration:
    """What a steward says beside the bytes. `drop` names columns that must not become part of the version.

    What is left empty stays as it was where the name has a version already.
    """

    name: str
    title: str = ""
    description: str = ""
    dictionary: str = ""
    drop: tuple[str, ...] = ()
    privacy_unit: str = ""
    """A column's name, or `row` where each row is its own unit; empty: as before, else `row`."""
    synthetic: bool = False
    publish: bool = False
    theme: str = ""
    keywords: tuple[str, ...] = ()
    responsibility: Responsibility = field(default_factory=Responsibility)
    rename: tuple[str, ...] = ()
    cast: tuple[str, ...] = ()
    generalise: tuple[str, ...] = ()
    consent: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    """`column=here:code,…`, as `code_maps` reads it: what the codes of this source mean."""
    label: tuple[str, ...] = ()
    """`column=label`; `column=none` takes the labels away."""
    expect: tuple[str, ...] = ()
    """Rules for this version and all that follow, as `parse_expectation` reads them."""
    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Fields of the catalogue record, by the names that `dataspace dataset edit` knows."""
    duo: tuple[str, ...] = ()
    """DUO codes, each as `DUO:0000015` or `DUO:0000022=DE,FR`: they become a policy of this dataset."""
    accept_drift: bool = False
    """Make the version although columns are gone or changed their type."""

    @property
    def wishes(self) -> Wishes:
        """The curation that was typed."""
        return Wishes(self.drop, self.rename, self.cast, self.generalise, self.consent, self.codes)
