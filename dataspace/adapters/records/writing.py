"""Statements as Turtle and as JSON-LD, and a record together with what it brought from outside."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, Triple, parse, serialize

from dataspace.adapters.records.graph_fields import dataset_in
from dataspace.adapters.records.saying import say, subject_of
from dataspace.adapters.records.words import PREFIXES, TYPE, word
from dataspace.model.datasets import Dataset

_XSD_STRING = PREFIXES["xsd"] + "string"
_LANGUAGE_STRING = PREFIXES["rdf"] + "langString"


def statements(dataset: Dataset, base: str = "") -> list[Triple]:
    """All statements of a record: ours, and those that it came with.

    Where a field says what it said when the record came in, the words that it came in stay, to the letter; where it was
    edited since, ours take their place. What we have no field for stays as it is.
    """
    if not dataset.about.brought:
        return [statement for group in say(dataset, base).values() for statement in group]
    brought = [quad.triple for quad in parse(dataset.about.brought, format=RdfFormat.N_TRIPLES)]
    subject = NamedNode(subject_of(dataset, base))
    came = dataset_in(brought, subject, dataset.name)
    if _said(came) == _said(dataset):
        return brought
    if (came.columns, came.title) == (dataset.columns, dataset.title):
        # Most of a record is its columns; where they are as they came, nothing has to be said of them.
        came, dataset = replace(came, columns=()), replace(dataset, columns=())
    then = say(came, base)
    ours = say(dataset, base)
    changed = {name for name in ours.keys() | then.keys() if ours.get(name) != then.get(name)}
    kept = _without(brought, subject, {word(name) for name in changed})
    added = [statement for name in ours if name in changed for statement in ours[name]]
    return list(dict.fromkeys([*kept, *added]))


def _said(dataset: Dataset) -> tuple[object, ...]:
    """All that the statements about a dataset are made from."""
    words = dataset.title, dataset.description, dataset.theme, dataset.keywords
    facts = dataset.columns, dataset.latest, dataset.synthetic
    return *words, *facts, dataset.responsibility, replace(dataset.about, brought="")


def _without(brought: Sequence[Triple], subject: NamedNode, predicates: set[NamedNode]) -> list[Triple]:
    """The graph without some statements about its subject, and without nameless parts that nothing points to then."""
    kept = [s for s in brought if s.subject != subject or s.predicate not in predicates]
    pointed = {s.object for s in brought if isinstance(s.object, BlankNode)}
    # Of nameless nodes only those go that lost the last one to point to them: others came alone, and stay.
    while orphans := pointed - {s.object for s in kept}:
        if not any(s.subject in orphans for s in kept):
            break
        kept = [s for s in kept if s.subject not in orphans]
    return kept


def turtle(triples: Iterable[Triple]) -> str:
    """Turtle, with the prefixes that are used."""
    held = list(triples)
    return (serialize(held, format=RdfFormat.TURTLE, prefixes=_used(held)) or b"").decode()


def json_ld(triples: Iterable[Triple]) -> str:
    """JSON-LD with its context inside: parts nested where they are named once, so that people can follow it."""
    return json.dumps(json_ld_document(list(triples)), ensure_ascii=False)


def json_ld_document(triples: Sequence[Triple]) -> dict[str, Any]:
    """The same as a document."""
    writer = _JsonLd(triples)
    top = writer.tops()  # first: it is what finds out which prefixes are used
    used = {prefix: PREFIXES[prefix] for prefix in sorted(writer.used)}
    return {"@context": used, **top[0]} if len(top) == 1 else {"@context": used, "@graph": top}


def _used(triples: Sequence[Triple]) -> dict[str, str]:
    names = {s.predicate.value for s in triples} | {
        s.object.value for s in triples if isinstance(s.object, NamedNode)
    }
    names |= {s.object.datatype.value for s in triples if isinstance(s.object, Literal)}
    text = "\n".join(names)
    return {prefix: iri for prefix, iri in PREFIXES.items() if iri in text}


class _JsonLd:
    """Nodes by subject, nested into whoever names them once."""

    def __init__(self, triples: Sequence[Triple]) -> None:
        self.used: set[str] = set()
        self._about: dict[Any, list[Triple]] = {}
        for statement in triples:
            self._about.setdefault(statement.subject, []).append(statement)
        named = Counter(s.object for s in triples if s.object in self._about)
        self._inner = {node for node, times in named.items() if times == 1}
        self._open: set[Any] = set()
        self._done: set[Any] = set()

    def tops(self) -> list[dict[str, Any]]:
        """The nodes that nothing else holds; of those that name each other in a ring, the first one."""
        tops = [self._node(node) for node in self._about if node not in self._inner]
        tops += [self._node(node) for node in self._about if node not in self._done]
        return tops

    def _node(self, node: Any) -> dict[str, Any]:
        self._done.add(node)
        self._open.add(node)
        document: dict[str, Any] = {"@id": _id(node)}
        for statement in self._about[node]:
            if statement.predicate == TYPE and isinstance(statement.object, NamedNode):
                key, value = "@type", self._compact(statement.object.value)
            else:
                key, value = self._compact(statement.predicate.value), self._value(statement.object)
            if key in document:
                earlier = document[key]
                document[key] = [*earlier, value] if isinstance(earlier, list) else [earlier, value]
            else:
                document[key] = value
        self._open.discard(node)
        return document

    def _value(self, value: Any) -> Any:
        if not isinstance(value, Literal):
            nested = value in self._inner and value not in self._done
            return self._node(value) if nested else {"@id": _id(value)}
        if value.language:
            return {"@value": value.value, "@language": value.language}
        kind = value.datatype.value
        if kind in (_XSD_STRING, _LANGUAGE_STRING):
            return value.value
        return {"@value": value.value, "@type": self._compact(kind)}

    def _compact(self, iri: str) -> str:
        prefix, text = _compacted(iri)
        if prefix:
            self.used.add(prefix)
        return text


@lru_cache(maxsize=8192)
def _compacted(iri: str) -> tuple[str, str]:
    """The prefix and the compact form of an IRI; no prefix, and the IRI itself, where none fits."""
    for prefix, base in PREFIXES.items():
        local = iri[len(base) :]
        if iri.startswith(base) and local and not local.startswith("/"):
            return prefix, f"{prefix}:{local}"
    return "", iri


def _id(node: Any) -> str:
    return f"_:{node.value}" if isinstance(node, BlankNode) else str(node.value)
