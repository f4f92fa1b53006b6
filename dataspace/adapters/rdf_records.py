"""Dataset records out of a page of DCAT: Turtle, N-Triples, JSON-LD or RDF/XML, in one pass with pyoxigraph.

Nothing that a page names is fetched: a remote context and an external entity are errors. What cannot be a record (no
IRI, too large) is left out; a page that cannot be read to its end gives none.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import urljoin

import pyoxigraph as ox

from dataspace.errors import SourceUnreadable
from dataspace.model.finding import EVERYONE, Entry, Facet, Harvested
from dataspace.ports import Fetched

FORMATS = {
    "text/turtle": ox.RdfFormat.TURTLE,
    "application/ld+json": ox.RdfFormat.JSON_LD,
    "application/n-triples": ox.RdfFormat.N_TRIPLES,
    "application/rdf+xml": ox.RdfFormat.RDF_XML,
}
MOST_TRIPLES = 20_000
"""Of one record."""
LONGEST = 20_000
"""Characters of one text that are searched; the triples keep it whole."""
_MANY = 200
_DCAT, _DCT = "http://www.w3.org/ns/dcat#", "http://purl.org/dc/terms/"
_TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
_NEXT = ("http://www.w3.org/ns/hydra/core#next", "http://www.w3.org/ns/hydra/core#nextPage")
_PURPOSE = "https://w3id.org/dpv#hasPurpose"
_LABEL = "http://www.w3.org/2000/01/rdf-schema#label"
_LANGUAGES = ("en", "")

Node = ox.NamedNode | ox.BlankNode
Term = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple
About = dict[str, list[tuple[ox.Triple, Term]]]
"""By predicate: each triple, and its object beside it, since every look into a triple makes a new one."""
Graph = dict[Node, About]


def read_records(page: Fetched, origin: str) -> tuple[Sequence[Harvested], str]:
    """`RecordReader`."""
    graph, next_page = _graph(page)
    subjects = [subject for subject, about in graph.items() if _is_dataset(about)]
    known = frozenset(subjects)
    records = [
        record
        for subject in subjects
        if isinstance(subject, ox.NamedNode) and (record := _record(graph, subject, known, origin))
    ]
    return records, urljoin(page.url, next_page) if next_page else ""


def _graph(page: Fetched) -> tuple[Graph, str]:
    form = FORMATS.get(page.media.partition(";")[0].strip().lower())
    if form is None:
        raise SourceUnreadable(
            f"'{page.url}' gives no RDF that can be read.", f"It has to be one of {', '.join(FORMATS)}."
        )
    if form is ox.RdfFormat.RDF_XML and (
        b"<!" in page.content.replace(b"<!--", b"") or b"\0" in page.content
    ):
        raise SourceUnreadable(
            f"The RDF/XML at '{page.url}' declares entities or a document type.", "Ask it for Turtle."
        )
    graph: Graph = {}
    next_page = ""
    try:
        for quad in ox.parse(page.content, format=form, base_iri=page.url):
            triple = quad.triple
            subject, predicate, about = triple.subject, triple.predicate.value, triple.object
            if isinstance(subject, ox.Triple):
                continue
            graph.setdefault(subject, {}).setdefault(predicate, []).append((triple, about))
            if predicate in _NEXT and isinstance(about, ox.NamedNode | ox.Literal):
                next_page = about.value
    except (SyntaxError, ValueError, OSError) as error:
        raise SourceUnreadable(
            f"What '{page.url}' gives cannot be read to its end as {page.media}.",
            "Nothing of this page was taken. Tell whoever runs it, or try again.",
        ) from error
    return graph, next_page


def _is_dataset(about: About) -> bool:
    return any(type(node) is ox.NamedNode and node.value in _DATASETS for _, node in about.get(_TYPE, ()))


_DATASETS = frozenset({f"{_DCAT}Dataset", f"{_DCAT}DatasetSeries"})


def _record(graph: Graph, subject: ox.NamedNode, known: frozenset[Node], origin: str) -> Harvested | None:
    lines: list[str] = []
    names: dict[Term, str] = {}
    waiting: list[Node] = [subject]
    seen: set[Term] = {subject}
    while waiting:
        node = waiting.pop()
        for pairs in graph[node].values():
            for triple, about in pairs:
                blank = type(about) is ox.BlankNode or type(node) is ox.BlankNode
                lines.append(_renamed(triple, names) if blank else f"{triple} .\n")
                if isinstance(about, ox.Literal | ox.Triple) or about in seen or about not in graph:
                    continue
                if about not in known and not _is_catalogue(graph[about]):
                    seen.add(about)
                    waiting.append(about)
        if len(lines) > MOST_TRIPLES:
            return None
    digest = hashlib.sha256("".join(sorted(lines)).encode()).hexdigest()
    return Harvested(_entry(graph, subject, origin), "".join(lines), digest)


def _is_catalogue(about: About) -> bool:
    return f"{_DCAT}dataset" in about or f"{_DCAT}record" in about


def _renamed(triple: ox.Triple, names: dict[Term, str]) -> str:
    """The blank nodes numbered as they are met: the names that a parser gives change with each reading."""

    def named(node: Term) -> str:
        return names.setdefault(node, f"_:b{len(names)}") if type(node) is ox.BlankNode else str(node)

    return f"{named(triple.subject)} {triple.predicate} {named(triple.object)} .\n"


def _entry(graph: Graph, subject: ox.NamedNode, origin: str) -> Entry:
    about = graph[subject]
    forms = [graph[node] for node in _nodes(about, f"{_DCAT}distribution") if node in graph]
    periods = [graph[node] for node in _nodes(about, f"{_DCT}temporal") if node in graph]
    facets: dict[str, Iterable[str]] = {
        Facet.THEME: _values(about, f"{_DCAT}theme"),
        Facet.ACCESS: map(_last, _values(about, f"{_DCT}accessRights")),
        Facet.PURPOSE: _values(about, _PURPOSE),
        Facet.FORMAT: {
            _last(value).upper()
            for form in forms
            for value in (*_values(form, f"{_DCT}format"), *_values(form, f"{_DCAT}mediaType"))
        },
        Facet.SPATIAL: _places(graph, about),
        Facet.TEMPORAL: {year for period in periods for year in _years(period)},
        Facet.ORIGIN: (origin,),
    }
    licences = [
        *_values(about, f"{_DCT}license"),
        *(v for form in forms for v in _values(form, f"{_DCT}license")),
    ]
    return Entry(
        id=f"{origin} {subject.value}",
        title=_text(about, f"{_DCT}title")[:1000] or subject.value,
        description=_text(about, f"{_DCT}description")[:LONGEST],
        audience=EVERYONE,
        keywords=tuple(value[:200] for value in _values(about, f"{_DCAT}keyword")[:_MANY]),
        facets={
            name: tuple(sorted({value[:500] for value in values if value})[:_MANY])
            for name, values in facets.items()
        },
        origin=origin,
        iri=subject.value,
        licence=licences[0] if licences else "",
        landing_page=next(iter(_values(about, f"{_DCAT}landingPage")), ""),
    )


def _nodes(about: About, predicate: str) -> Iterator[Node]:
    for _, node in about.get(predicate, ()):
        if isinstance(node, ox.NamedNode | ox.BlankNode):
            yield node


def _values(about: About, predicate: str) -> list[str]:
    pairs = about.get(predicate, ())
    return [node.value for _, node in pairs if isinstance(node, ox.NamedNode | ox.Literal)]


def _text(about: About, predicate: str) -> str:
    """In English, else in no language, else in the first one."""
    texts = [text for _, text in about.get(predicate, ()) if isinstance(text, ox.Literal)]
    for language in _LANGUAGES:
        for text in texts:
            if (text.language or "").partition("-")[0] == language:
                return text.value
    return texts[0].value if texts else ""


def _places(graph: Graph, about: About) -> Iterator[str]:
    yield from _values(about, f"{_DCT}spatial")
    for node in _nodes(about, f"{_DCT}spatial"):
        if isinstance(node, ox.BlankNode):
            yield from _values(graph.get(node, {}), _LABEL)


def _years(period: About) -> Iterator[str]:
    start = next(iter(_values(period, f"{_DCAT}startDate")), "")[:4]
    end = next(iter(_values(period, f"{_DCAT}endDate")), "")[:4] or start
    if start.isdigit() and end.isdigit() and 1500 <= int(start) <= int(end) <= 2200:
        yield from (str(year) for year in range(int(start), int(end) + 1))


def _last(iri: str) -> str:
    return iri.rstrip("/").rpartition("/")[2].rpartition("#")[2]
