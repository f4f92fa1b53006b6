"""Statements about one dataset and its parts, while they are gathered."""

from pyoxigraph import Literal, NamedNode, Triple

from dataspace.adapters.records.words import TYPE, word
from dataspace.vocabulary.authorities import Authority

Groups = dict[str, list[Triple]]
"""By the property of the dataset: its statements, with those about the parts that they name."""


class Statements:
    """Statements about one dataset while they are gathered."""

    def __init__(self, subject: str) -> None:
        self.subject = NamedNode(subject)
        self.groups: Groups = {}

    def add(self, name: str, *values: NamedNode | Literal) -> None:
        """Statements about the dataset itself."""
        if values:
            kept = self.groups.setdefault(name, [])
            kept += [Triple(self.subject, word(name), value) for value in values]

    def text(self, name: str, *texts: str) -> None:
        """The same with texts; empty ones say nothing."""
        self.add(name, *(Literal(text) for text in texts if text))

    def code(self, name: str, authority: Authority, *texts: str) -> None:
        """The same with terms of a list that others keep; what is none stays out."""
        self.add(name, *(NamedNode(iri) for text in texts if text and (iri := authority.iri(text))))

    def part(self, name: str, fragment: str, kind: str) -> "Part":
        """A part of the record, stated under the dataset's property `name`."""
        node = NamedNode(f"{self.subject.value}#{fragment}")
        self.add(name, node)
        return Part(node, kind, self.groups[name])


class Part:
    """Statements about a part."""

    def __init__(self, node: NamedNode, kind: str, into: list[Triple]) -> None:
        self.node, self._into = node, into
        into.append(Triple(node, TYPE, word(kind)))

    def add(self, name: str, value: NamedNode | Literal) -> None:
        """One statement."""
        self._into.append(Triple(self.node, word(name), value))

    def text(self, name: str, text: str) -> None:
        """One statement with a text; an empty one says nothing."""
        if text:
            self.add(name, Literal(text))

    def part(self, name: str, fragment: str, kind: str) -> "Part":
        """A part of the part."""
        node = NamedNode(f"{self.node.value}-{fragment}")
        self.add(name, node)
        return Part(node, kind, self._into)
