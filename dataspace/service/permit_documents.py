"""What pins a permit to its document, to the shape of the data and to the sites: three digests."""

import hashlib
from collections.abc import Collection, Iterable, Mapping

from dataspace.model.datasets import Dataset
from dataspace.model.names import ColumnName, DatasetName, SiteName
from dataspace.model.sites import Site
from dataspace.transparency.canonical import digest


def document_digest(jws: str) -> str:
    """SHA-256 of a permit's signed document, in hex: what a countersignature is bound to."""
    return hashlib.sha256(jws.encode()).hexdigest()


def schema_digest(dataset: Dataset, columns: frozenset[ColumnName] | None) -> str:
    """SHA-256 over names and types of the columns given; of all where `columns` is None, so that a new one shows."""
    shape = sorted((c.name, c.type.value) for c in dataset.columns if columns is None or c.name in columns)
    return digest([list(pair) for pair in shape])


def holding(
    sites: Iterable[Site], datasets: Collection[DatasetName], named: Collection[SiteName]
) -> frozenset[SiteName]:
    """The sites that hold some of the datasets; only those named, where some are."""
    return frozenset(
        site.name
        for site in sites
        if any(name in site.datasets for name in datasets) and (not named or site.name in named)
    )


def roster_of(sites: Iterable[Site], members: Collection[SiteName]) -> Mapping[SiteName, str]:
    """The members with the digest of the key that each signs with: a site that joined anew is another one."""
    return {site.name: key_digest(site.signing_key) for site in sites if site.name in members}


def key_digest(public: bytes) -> str:
    """SHA-256 of a raw public key, in hex."""
    return hashlib.sha256(public).hexdigest()


def roster_digest(roster: Mapping[SiteName, str]) -> str:
    """SHA-256 over who may compute together, in hex; empty for nobody."""
    return digest(dict(sorted(roster.items()))) if roster else ""
