"""One page of the catalogue as a DCAT graph: records of this hub and records from elsewhere, in one document."""

from collections.abc import Iterable

import pyoxigraph as ox

_DCAT, _DCT = "http://www.w3.org/ns/dcat#", "http://purl.org/dc/terms/"
_HYDRA = "http://www.w3.org/ns/hydra/core#"
_TYPE = ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
_DATASET = ox.NamedNode(f"{_DCAT}Dataset")
_FORMS = {"turtle": ox.RdfFormat.TURTLE, "json-ld": ox.RdfFormat.JSON_LD}
_PREFIXES = {
    "dcat": _DCAT,
    "dct": _DCT,
    "dcatap": "http://data.europa.eu/r5r/",
    "healthdcatap": "http://healthdataportal.eu/ns/health#",
    "hydra": _HYDRA,
    "foaf": "http://xmlns.com/foaf/0.1/",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "csvw": "http://www.w3.org/ns/csvw#",
    "dpv": "https://w3id.org/dpv#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}


def catalogue_page(
    address: str,
    title: str,
    own: Iterable[str],
    brought: Iterable[tuple[str, str]],
    following: str,
    form: str,
) -> bytes:
    """The page in `turtle` or `json-ld`. `own` are records in Turtle, `brought` pairs of IRI and N-Triples.

    `address` is the catalogue's own, the same on each page; `following` the next page's, empty on the last one.
    """
    catalogue = ox.NamedNode(address)
    triples = [
        ox.Triple(catalogue, _TYPE, ox.NamedNode(f"{_DCAT}Catalog")),
        ox.Triple(catalogue, ox.NamedNode(f"{_DCT}title"), ox.Literal(title)),
    ]
    if following:
        triples.append(ox.Triple(catalogue, ox.NamedNode(f"{_HYDRA}next"), ox.NamedNode(following)))
    link = ox.NamedNode(f"{_DCAT}dataset")
    for text in own:
        record = _triples(text, ox.RdfFormat.TURTLE)
        triples += record
        named = {t.subject for t in record if t.predicate == _TYPE and t.object == _DATASET}
        triples += [ox.Triple(catalogue, link, subject) for subject in named]
    for iri, text in brought:
        triples += _triples(text, ox.RdfFormat.N_TRIPLES)
        triples.append(ox.Triple(catalogue, link, ox.NamedNode(iri)))
    return ox.serialize(triples, format=_FORMS[form], prefixes=_PREFIXES) or b""


def _triples(text: str, form: ox.RdfFormat) -> list[ox.Triple]:
    """Blank nodes get names of their own, so that those of two records never meet."""
    return [quad.triple for quad in ox.parse(text.encode(), format=form, rename_blank_nodes=True)]
