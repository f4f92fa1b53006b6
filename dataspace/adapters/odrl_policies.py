"""Our compact policies as ODRL text and back, and what an ODRL document brought that they cannot say."""

import hashlib
import re
from collections.abc import Mapping

from dataspace.adapters.odrl_graph import parse, write
from dataspace.adapters.odrl_read import Graph, read_odrl, read_statements
from dataspace.errors import PolicyUnreadable
from dataspace.model.names import DatasetName, site_name
from dataspace.model.odrl import Document, Iri, Statement
from dataspace.model.policies import Policy
from dataspace.policy.odrl.exporting import POLICY, export
from dataspace.policy.odrl.importing import Imported, NoTarget, imports
from dataspace.policy.odrl.terms import Knowledge

_OWL = "http://www.w3.org/2002/07/owl#"
_WIDER = (
    "http://www.w3.org/2004/02/skos/core#broader",
    "http://www.w3.org/2000/01/rdf-schema#subClassOf",
    "https://www.geonames.org/ontology#parentFeature",
    "http://www.geonames.org/ontology#parentFeature",
    "http://purl.org/dc/terms/isPartOf",
    "http://www.w3.org/ns/odrl/2/partOf",
    "http://www.w3.org/ns/odrl/2/includedIn",
)
_BOUND = "# imported as the policy whose text has the SHA-256 "
_APART = (_OWL + "disjointWith", _OWL + "differentFrom")


def export_policy(policy: Policy, form: str, brought: str = "") -> str:
    """The policy in `turtle` or `jsonld`. `brought` is the document it was imported from: all of it is given back.

    Raises PolicyUnreadable where `brought` cannot be read.
    """
    return write(parse(brought, "the document that was imported") if brought else export(policy), form)


def import_policy(
    text: str, name: str, names: Mapping[str, DatasetName] | None = None, owner: str = "imported"
) -> Imported:
    """The one policy of a document, as our compact one. Raises PolicyUnreadable, also for a rule without a target."""
    document = read_odrl(text, name)
    if len(document.policies) > 1:
        raise PolicyUnreadable(
            f"{name}: it holds {len(document.policies)} policies.", "Import one at a time."
        )
    policy = document.policies[0]
    try:
        found = imports(document, policy, names or {}, _called(policy.id, name), owner)
    except NoTarget as missing:
        raise PolicyUnreadable(
            f"{name}: {missing} names no target, which in ODRL would mean any.", "Name its target."
        ) from missing
    if not found.policy.rules:
        raise PolicyUnreadable(f"{name}: the policy has no rule.", "It permits and forbids nothing.")
    return found


def beside(document: str, yaml: str) -> str:
    """The document (Turtle) as it is kept beside the policy that it was imported as, and bound to that very text."""
    return f"{_BOUND}{hashlib.sha256(yaml.encode()).hexdigest()}\n{document}"


def came_with(document: str, yaml: str) -> bool:
    """Whether a kept document still says what the policy beside it does: its text was not changed since the import."""
    first = document.partition("\n")[0]
    return first == f"{_BOUND}{hashlib.sha256(yaml.encode()).hexdigest()}"


def is_ours(text: str, name: str) -> bool:
    """Whether a document is an export of ours, so that nothing beside the compact policy has to be kept."""
    return all(policy.id.startswith(POLICY) for policy in read_odrl(text, name).policies)


def read_knowledge(texts: Mapping[str, str]) -> Knowledge:
    """Hierarchies and what is declared disjoint, from documents by name. Raises PolicyUnreadable."""
    wider: dict[str, list[str]] = {}
    disjoint: set[frozenset[str]] = set()
    for number, (name, text) in enumerate(texts.items()):
        statements = parse(text, name, f"k{number}x")
        graph = Graph(name, statements)
        for s in statements:
            if s.predicate in _WIDER and isinstance(s.object, Iri):
                wider.setdefault(s.subject, []).append(s.object.text)
            elif s.predicate in _APART and isinstance(s.object, Iri):
                disjoint.add(frozenset({s.subject, s.object.text}))
            elif s.predicate in (_OWL + "distinctMembers", _OWL + "members"):
                disjoint |= _pairs(graph, s)
    return Knowledge({term: tuple(above) for term, above in wider.items()}, frozenset(disjoint))


def read_document(text: str, name: str, mark: str) -> Document:
    """A document for comparing, its blank nodes apart from those of another one. Raises PolicyUnreadable."""
    return read_statements(parse(text, name, mark), name)


def _pairs(graph: Graph, statement: Statement) -> set[frozenset[str]]:
    if not isinstance(statement.object, Iri):
        return set()
    members = [item.text for item in graph.items(statement.object.text)][:500]
    return {frozenset({a, b}) for place, a in enumerate(members) for b in members[place + 1 :]}


def _called(iri: str, name: str) -> str:
    """A name in our grammar for a policy that has none: the last part of its IRI, else the file's."""
    for said in (
        re.split(r"[#/:]", iri)[-1] if not iri.startswith("_:") else "",
        name.partition(".")[0],
        "imported",
    ):
        plain = re.sub(r"[^a-z0-9]+", "-", said.lower()).strip("-")
        try:
            return site_name(plain[:60])
        except ValueError:
            continue
    return "imported"
