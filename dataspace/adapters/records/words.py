"""Prefixes of the vocabularies that a record is written in, and their terms as RDF nodes."""

from collections.abc import Mapping
from functools import lru_cache

from pyoxigraph import NamedNode

PREFIXES: Mapping[str, str] = {
    "adms": "http://www.w3.org/ns/adms#",
    "csvw": "http://www.w3.org/ns/csvw#",
    "cv": "http://data.europa.eu/m8g/",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dcatap": "http://data.europa.eu/r5r/",
    "dct": "http://purl.org/dc/terms/",
    "dpv": "https://w3id.org/dpv#",
    "ds": "urn:dataspace:record#",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "geodcatap": "http://data.europa.eu/930/",
    "healthdcatap": "http://healthdataportal.eu/ns/health#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
"""`ds` holds what no published vocabulary has a word for: an ethics vote, a contract, a trade-secret label."""


@lru_cache(maxsize=1024)
def word(compact: str) -> NamedNode:
    """The node of a compact name such as `dct:title`."""
    prefix, _, local = compact.partition(":")
    return NamedNode(PREFIXES[prefix] + local)


TYPE = word("rdf:type")
