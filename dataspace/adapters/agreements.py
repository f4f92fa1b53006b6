"""A permit as an ODRL Agreement, so that others can read what was granted without knowing our nouns.

It is derived from the permit and says nothing of its own: a reader of ours derives it again and compares. A change
here therefore makes older permits unreadable; add to it only together with a new type of permit document.
"""

from functools import lru_cache
from typing import Any
from urllib.parse import quote

from dataspace.model.permits import DatasetGrant, Permit
from dataspace.model.policies import AnswerKind

_CONTEXT = ["http://www.w3.org/ns/odrl.jsonld", {"ds": "urn:dataspace:terms#"}]
_ACTIONS = {
    AnswerKind.ROWS: "read",
    AnswerKind.AGGREGATE: "ds:aggregate",
    AnswerKind.NOISY: "ds:noisy",
    AnswerKind.TRAIN: "ds:train",
}


def agreement(permit: Permit) -> dict[str, Any]:
    """The Agreement that a permit comes to (ODRL 2.2, section 2.6.3), as JSON-LD."""
    return {
        "@context": _CONTEXT,
        "@type": "Agreement",
        "uid": _iri("permit", permit.id),
        "assigner": _iri("issuer", permit.issued_by),
        "assignee": [_iri("person", person) for person in sorted(permit.persons)],
        "permission": [_permission(permit, grant) for grant in permit.datasets],
    }


def _permission(permit: Permit, grant: DatasetGrant) -> dict[str, Any]:
    rule: dict[str, Any] = {
        "target": _iri("dataset", grant.dataset, grant.version),
        "action": sorted(_ACTIONS[kind] for kind in permit.kinds),
        "constraint": [
            _constraint("purpose", "eq", permit.purpose),
            _constraint("dateTime", "gteq", _moment(permit.not_before.isoformat())),
            _constraint("dateTime", "lt", _moment(permit.expires.isoformat())),
        ],
    }
    if grant.columns is not None:
        rule["ds:columns"] = sorted(grant.columns)
    return rule


def _constraint(left: str, operator: str, right: object) -> dict[str, object]:
    return {"leftOperand": left, "operator": operator, "rightOperand": right}


def _moment(text: str) -> dict[str, str]:
    return {"@value": text, "@type": "xsd:dateTime"}


@lru_cache(maxsize=1024)  # the same issuers, persons and datasets stand in many permits
def _iri(*parts: str) -> str:
    return ":".join(["urn:dataspace", *(quote(part, safe="") for part in parts)])
