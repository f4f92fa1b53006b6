"""Where a version comes from, in the words of PROV-O."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from dataspace.model.curation import Provenance, Step, spelled
from dataspace.model.datasets import Version
from dataspace.model.names import PrincipalId

_CONTEXT = {
    "prov": "http://www.w3.org/ns/prov#",
    "dct": "http://purl.org/dc/terms/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}


def provenance_of(
    item: str, connector: str, earlier: Version | None, headers: Sequence[str], steps: Sequence[Step]
) -> Provenance:
    """What was used and done; who, when and how many rows is filled in by whoever saw to it.

    A version that was made of an earlier one keeps the source and the steps of that one before its own.
    """
    known = earlier.provenance if earlier else None
    return Provenance(
        source=earlier.source if earlier else item,
        connector=known.connector if known else connector,
        headers=known.headers if known else tuple(headers),
        steps=(*(known.steps if known else ()), *steps),
        rows_read=0,
        by=PrincipalId(""),
        at=datetime.min.replace(tzinfo=UTC),
        derived_from=earlier.ref.sha256 if earlier else "",
    )


def prov(version: Version) -> Mapping[str, object]:
    """The version as an entity that an activity made: what it used, its steps as a plan, when, and for whom.

    https://www.w3.org/TR/prov-o/; JSON-LD 1.1 without a remote context.
    """
    entity = f"urn:sha256:{version.ref.sha256}"
    known = version.provenance
    document: dict[str, object] = {
        "@context": _CONTEXT,
        "@id": entity,
        "@type": "prov:Entity",
        "dct:title": str(version.ref),
        "prov:generatedAtTime": {"@value": version.created.isoformat(), "@type": "xsd:dateTime"},
    }
    if known is None:
        return document
    if known.previous:
        document["prov:wasRevisionOf"] = {"@id": f"urn:sha256:{known.previous}"}
    used = f"urn:sha256:{known.derived_from}" if known.derived_from else f"urn:source:{known.source}"
    document["prov:wasDerivedFrom"] = {"@id": used}
    document["prov:wasAttributedTo"] = {"@id": f"urn:principal:{known.by}", "@type": "prov:Agent"}
    document["prov:wasGeneratedBy"] = {
        "@type": "prov:Activity",
        "prov:endedAtTime": {"@value": known.at.isoformat(), "@type": "xsd:dateTime"},
        "prov:used": {"@id": used, "@type": "prov:Entity", "dct:title": known.source},
        "prov:wasAssociatedWith": {
            "@id": f"urn:connector:{known.connector or 'unknown'}",
            "@type": "prov:SoftwareAgent",
        },
        "prov:qualifiedAssociation": {
            "@type": "prov:Association",
            "prov:hadPlan": {
                "@type": "prov:Plan",
                "dct:description": [spelled(step) for step in known.steps],
            },
        },
    }
    return document
