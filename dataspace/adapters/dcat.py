"""A dataset as a DCAT-AP record, with the HealthDCAT-AP description of its columns: Turtle or JSON-LD.

What nobody stated is left out rather than guessed, so a draft stays visibly incomplete.
"""

from dataspace.model.datasets import Column, ColumnType, Dataset

_PREFIXES = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "dcatap": "http://data.europa.eu/r5r/",
    "healthdcatap": "http://healthdataportal.eu/ns/health#",
    "csvw": "http://www.w3.org/ns/csvw#",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "foaf": "http://xmlns.com/foaf/0.1/",
}
_ACCESS = "http://publications.europa.eu/resource/authority/access-right/"
_DATATYPES = {
    ColumnType.BOOLEAN: "boolean",
    ColumnType.INTEGER: "integer",
    ColumnType.NUMBER: "double",
    ColumnType.TEXT: "string",
    ColumnType.DATE: "date",
    ColumnType.TIMESTAMP: "dateTime",
    ColumnType.OTHER: "any",
}


def describe(dataset: Dataset, form: str) -> str:
    """The record in `turtle` or `json-ld`. The same dataset gives the same graph."""
    import rdflib  # half a second to import, and needed for this alone

    graph = rdflib.Graph()
    spaces = {prefix: rdflib.Namespace(iri) for prefix, iri in _PREFIXES.items()}
    for prefix, space in spaces.items():
        graph.bind(prefix, space)
    dcat, dct, csvw, health = (spaces[name] for name in ("dcat", "dct", "csvw", "healthdcatap"))
    subject = rdflib.URIRef(f"urn:dataspace:dataset:{dataset.name}")

    def say(predicate: rdflib.URIRef, text: str, of: rdflib.URIRef | rdflib.BNode = subject) -> None:
        if text:
            graph.add((of, predicate, rdflib.Literal(text)))

    graph.add((subject, rdflib.RDF.type, dcat.Dataset))
    say(dct.title, dataset.title)
    say(dct.description, dataset.description)
    say(dct.identifier, dataset.name)
    for keyword in dataset.keywords:
        say(dcat.keyword, keyword)
    if dataset.theme.startswith(("http://", "https://")):
        graph.add((subject, dcat.theme, rdflib.URIRef(dataset.theme)))
    access = "RESTRICTED" if dataset.published else "NON_PUBLIC"
    graph.add((subject, dct.accessRights, rdflib.URIRef(_ACCESS + access)))
    said = dataset.responsibility
    if said.cited_law.startswith(("http://", "https://")):
        graph.add((subject, spaces["dcatap"].applicableLegislation, rdflib.URIRef(said.cited_law)))
    if said.controller:
        publisher = rdflib.BNode("publisher")
        graph.add((subject, dct.publisher, publisher))
        graph.add((publisher, rdflib.RDF.type, spaces["foaf"].Agent))
        say(spaces["foaf"].name, said.controller, publisher)
    if said.contact:
        contact = rdflib.BNode("contact")
        graph.add((subject, dcat.contactPoint, contact))
        graph.add((contact, rdflib.RDF.type, spaces["vcard"].Kind))
        say(spaces["vcard"].fn, said.contact, contact)
    if dataset.latest is not None:
        say(dcat.version, dataset.latest.sha256)
    graph.add((subject, health.hasStructuredData, rdflib.Literal(True)))
    _columns(graph, subject, dataset.columns, csvw, health, dct)
    return str(graph.serialize(format=form))


def _columns(graph, subject, columns, csvw, health, dct) -> None:  # type: ignore[no-untyped-def]
    """As tables of CSV on the Web: name, title, type and description of each column."""
    import rdflib

    group, table, schema = (rdflib.BNode(name) for name in ("variables", "table", "schema"))
    graph.add((subject, health.hasVariables, group))
    graph.add((group, rdflib.RDF.type, csvw.TableGroup))
    graph.add((group, csvw.table, table))
    graph.add((table, rdflib.RDF.type, csvw.Table))
    graph.add((table, csvw.tableSchema, schema))
    graph.add((schema, rdflib.RDF.type, csvw.Schema))
    for number, column in enumerate(columns):
        node = rdflib.BNode(f"column{number}")
        graph.add((schema, csvw.column, node))
        graph.add((node, rdflib.RDF.type, csvw.Column))
        graph.add((node, csvw.name, rdflib.Literal(column.name)))
        graph.add((node, csvw.title, rdflib.Literal(column.title or column.name)))
        graph.add((node, csvw.datatype, rdflib.Literal(_DATATYPES[column.type])))
        graph.add((node, dct.description, rdflib.Literal(_words(column))))


def _words(column: Column) -> str:
    codes = ", ".join(
        f"{value} = {meaning}" for value, meaning in zip(column.values, column.meanings, strict=False)
    )
    return " ".join(part for part in (column.description, codes) if part) or column.title or column.name
