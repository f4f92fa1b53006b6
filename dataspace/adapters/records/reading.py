"""Records that come from outside: RDF in, a `Dataset` out, with the whole graph that it brought.

Nothing is fetched and nothing is expanded: a remote context, an external entity and a name that points into a machine
are refused, and so is more than a bounded number of statements.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pyoxigraph import NamedNode, RdfFormat, Triple, parse, serialize

from dataspace.adapters.records.graph_fields import dataset_in
from dataspace.adapters.records.refusing import refuse_hostile, refuse_remote, refuse_xml
from dataspace.adapters.records.words import TYPE, word
from dataspace.errors import InvalidRequest
from dataspace.model.datasets import Dataset
from dataspace.model.names import DatasetName

LARGEST = 1 << 20
"""Bytes of one text."""
MOST_STATEMENTS = 200_000
FORMS = {"turtle": RdfFormat.TURTLE, "json-ld": RdfFormat.JSON_LD, "n-triples": RdfFormat.N_TRIPLES}


def read_graph(text: str, form: str) -> list[Triple]:
    """All statements of a text in `turtle`, `json-ld` or `n-triples`. Raises InvalidRequest; fetches nothing."""
    if len(text) > LARGEST:
        raise InvalidRequest(f"A record larger than {LARGEST >> 20} MB is not taken.", "Send one at a time.")
    refuse_xml(text)
    if form == "json-ld":
        refuse_remote(text)
    triples: list[Triple] = []
    try:
        for quad in parse(text, format=FORMS[form]):
            if len(triples) == MOST_STATEMENTS:
                raise InvalidRequest(f"There are more than {MOST_STATEMENTS:,} statements.", "Send fewer.")
            triples.append(quad.triple)
    except SyntaxError as error:
        where = f", line {error.lineno}" if error.lineno else ""
        raise InvalidRequest(f"The record is not {form}{where}.", "Check it, or name its form.") from error
    except (ValueError, RecursionError) as error:
        raise InvalidRequest(f"The record is not {form}.", "Check it, or name its form.") from error
    for triple in triples:
        refuse_hostile(triple)
    return triples


def datasets_in(triples: Sequence[Triple]) -> list[NamedNode]:
    """The datasets that a graph describes and names, in the order in which they stand there."""
    found = (t.subject for t in triples if t.predicate == TYPE and t.object == word("dcat:Dataset"))
    return list(dict.fromkeys(node for node in found if isinstance(node, NamedNode)))


def read_record(text: str, form: str, name: str, iri: str = "") -> Dataset:
    """One record as a draft of that name; `iri` says which, where the text holds several.

    What the record does not say stays unsaid, so that `check` can ask for it.
    """
    triples = read_graph(text, form)
    known = datasets_in(triples)
    if not known:
        raise InvalidRequest("There is no named dcat:Dataset in the record.", "Is it a record of DCAT?")
    chosen = [node for node in known if node.value == iri] if iri else known
    if len(chosen) != 1:
        raise InvalidRequest(f"The record describes {len(known)} datasets.", "Say which one: its IRI.")
    subject = chosen[0]
    held = triples if len(known) == 1 else reachable(triples, subject)
    return brought_dataset(held, subject, DatasetName(name))


def brought_dataset(triples: Sequence[Triple], subject: NamedNode, name: DatasetName) -> Dataset:
    """A dataset that remembers its graph."""
    dataset = dataset_in(triples, subject, name)
    graph = (serialize(triples, format=RdfFormat.N_TRIPLES) or b"").decode()
    return replace(dataset, about=replace(dataset.about, brought=graph))


def reachable(triples: Sequence[Triple], subject: NamedNode) -> list[Triple]:
    """What a graph says of one dataset and its parts, without the other datasets and catalogues in it."""
    about: dict[Any, list[Triple]] = {}
    for triple in triples:
        about.setdefault(triple.subject, []).append(triple)
    others = {word("dcat:Dataset"), word("dcat:Catalog"), word("dcat:CatalogRecord")}
    closed = {t.subject for t in triples if t.predicate == TYPE and t.object in others} - {subject}
    seen: set[Any] = {subject}
    waiting: list[Any] = [subject]
    held: list[Triple] = []
    while waiting:
        for triple in about.get(waiting.pop(), ()):
            held.append(triple)
            if triple.object in about and triple.object not in seen and triple.object not in closed:
                seen.add(triple.object)
                waiting.append(triple.object)
    return held
