"""What a graph says of a dataset, as far as a `Dataset` has fields for it."""

from collections.abc import Iterator, Sequence
from typing import Any

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from dataspace.adapters.records.words import word
from dataspace.model.datasets import Column, ColumnType, Dataset, Responsibility
from dataspace.model.descriptions import AccessRights, Description, Distribution, Domain
from dataspace.model.names import ColumnName, DatasetName
from dataspace.vocabulary.authorities import EHDS, Contact

_PLAIN = (Literal, NamedNode)


def dataset_in(triples: Sequence[Triple], subject: NamedNode, name: DatasetName) -> Dataset:
    """What a graph says of a dataset, as far as a `Dataset` has fields for it."""
    graph = Graph(triples)
    columns = tuple(_columns(graph, subject))
    return Dataset(
        name=name,
        title=graph.text(subject, "dct:title"),
        description=graph.text(subject, "dct:description"),
        columns=columns,
        privacy_unit=None,
        latest=None,
        theme=graph.text(subject, "dcat:theme"),
        keywords=graph.texts(subject, "dcat:keyword"),
        responsibility=_responsibility(graph, subject),
        about=_about(graph, subject),
    )


class Graph:
    """A graph that can be asked for what it says of a node."""

    def __init__(self, triples: Sequence[Triple]) -> None:
        self._said: dict[tuple[Any, NamedNode], list[Any]] = {}
        for triple in triples:
            self._said.setdefault((triple.subject, triple.predicate), []).append(triple.object)

    def objects(self, node: Any, name: str) -> Sequence[Any]:
        """All that a property of a node points to."""
        return self._said.get((node, word(name)), ())

    def first(self, node: Any, name: str) -> Any:
        """The first of them, or None."""
        return next(iter(self.objects(node, name)), None)

    def texts(self, node: Any, name: str) -> tuple[str, ...]:
        """The texts and IRIs of a property; English before other languages, one for each text."""
        said = self._said.get((node, word(name)))
        if said is None:  # most of what could be said is not
            return ()
        found = [o for o in said if isinstance(o, _PLAIN)]
        if len(found) == 1:
            return (found[0].value,)
        found.sort(key=lambda o: getattr(o, "language", None) not in (None, "en"))
        return tuple(dict.fromkeys(o.value for o in found))

    def text(self, node: Any, name: str) -> str:
        """The first of these, or empty."""
        found = self.texts(node, name)
        return found[0] if found else ""

    def described(self, node: Any, name: str) -> tuple[str, ...]:
        """IRIs as they are, and nameless parts by their description or label."""
        found = []
        for item in self.objects(node, name):
            said = self.text(item, "dct:description") or self.text(item, "rdfs:label")
            found.append(said or (item.value if not isinstance(item, BlankNode) else ""))
        return tuple(text for text in found if text)

    def number(self, node: Any, name: str) -> int | None:
        """A whole number, or None."""
        text = self.text(node, name)
        return int(text) if text.isascii() and text.isdigit() and len(text) <= 15 else None

    def agent(self, node: Any, name: str) -> str:
        """A person or body with its contact, as fields hold it."""
        agent = self.first(node, name)
        if agent is None or isinstance(agent, Literal):
            return agent.value if isinstance(agent, Literal) else ""
        point = self.first(agent, "cv:contactPoint")
        known = Contact(
            self.text(agent, "foaf:name"), self.text(point, "cv:email"), self.text(point, "cv:contactPage")
        )
        return str(known)

    def agents(self, node: Any, name: str) -> tuple[str, ...]:
        """Names of several."""
        return tuple(said for item in self.objects(node, name) if (said := self.text(item, "foaf:name")))

    def period(self, node: Any, name: str) -> str:
        """An ISO 8601 interval, or the words in its place."""
        span = self.first(node, name)
        start, end = self.text(span, "dcat:startDate")[:10], self.text(span, "dcat:endDate")[:10]
        return f"{start}/{end}" if start or end else self.text(span, "rdfs:label")


def _responsibility(graph: Graph, node: NamedNode) -> Responsibility:
    point = graph.first(node, "dcat:contactPoint")
    email = graph.text(point, "vcard:hasEmail").removeprefix("mailto:")
    law = next((o for o in graph.objects(node, "dpv:hasLegalBasis") if graph.first(o, "dct:source")), None)
    return Responsibility(
        controller=graph.agent(node, "dpv:hasDataController"),
        data_protection_officer=graph.agent(node, "dpv:hasDataProtectionOfficer"),
        contact=str(Contact(graph.text(point, "vcard:fn"), email, graph.text(point, "vcard:hasURL"))),
        cited_law=graph.text(law, "dct:source"),
        ethics_vote=graph.text(node, "ds:ethicsVote"),
        retention=graph.period(node, "healthdcatap:retentionPeriod"),
        licence=graph.text(node, "dct:license"),
        joint_controllers=graph.agents(node, "dpv:hasJointDataControllers"),
        processor=graph.agent(node, "dpv:hasDataProcessor"),
        ethics_expires=graph.text(node, "ds:ethicsVoteExpires"),
        dpia=graph.text(node, "ds:impactAssessment"),
        transfer_tool=graph.text(node, "ds:transferTool"),
        contract=graph.text(node, "ds:contract"),
        trade_secret=graph.text(node, "ds:tradeSecret"),
    )


def _about(graph: Graph, node: NamedNode) -> Description:
    access = graph.text(node, "dct:accessRights").rpartition("/")[2]
    structured = graph.text(node, "healthdcatap:hasStructuredData")
    bases = [
        o.value
        for o in graph.objects(node, "dpv:hasLegalBasis")
        if isinstance(o, NamedNode) and not graph.first(o, "dct:source")
    ]
    return Description(
        domain=_domain(graph, node),
        access=AccessRights(access) if access in set(AccessRights) else None,
        identifier=graph.text(node, "dct:identifier"),
        alternative=graph.text(node, "dct:alternative"),
        publisher=graph.agent(node, "dct:publisher"),
        custodian=graph.agent(node, "geodcatap:custodian"),
        hdab=graph.agent(node, "healthdcatap:hdab"),
        type=graph.text(node, "dct:type"),
        provenance=next(iter(graph.described(node, "dct:provenance")), ""),
        languages=graph.texts(node, "dct:language"),
        spatial=graph.described(node, "dct:spatial"),
        temporal=graph.period(node, "dct:temporal"),
        frequency=graph.text(node, "dct:accrualPeriodicity"),
        landing_page=graph.text(node, "dcat:landingPage"),
        conforms_to=graph.texts(node, "dct:conformsTo"),
        legislation=graph.texts(node, "dcatap:applicableLegislation"),
        issued=graph.text(node, "dct:issued")[:10],
        modified=graph.text(node, "dct:modified")[:10],
        distributions=tuple(_distributions(graph, node)),
        structured={"true": True, "1": True, "false": False, "0": False}.get(structured),
        records=graph.number(node, "healthdcatap:numberOfRecords"),
        individuals=graph.number(node, "healthdcatap:numberOfUniqueIndividuals"),
        health_categories=graph.texts(node, "healthdcatap:healthCategory"),
        health_themes=graph.described(node, "healthdcatap:healthTheme"),
        purposes=graph.described(node, "dpv:hasPurpose"),
        legal_basis=tuple(bases),
        personal_data=graph.described(node, "dpv:hasPersonalData"),
        coding_systems=graph.described(node, "healthdcatap:hasCodingSystem"),
        code_values=graph.texts(node, "healthdcatap:hasCodeValues"),
        population=graph.text(node, "healthdcatap:populationCoverage"),
        min_age=graph.number(node, "healthdcatap:minTypicalAge"),
        max_age=graph.number(node, "healthdcatap:maxTypicalAge"),
        iri=node.value,
    )


def _domain(graph: Graph, node: NamedNode) -> Domain:
    """Health where the record uses a word that health alone has, or names its law; a plant's by its own words."""
    words = ("healthCategory", "hdab", "healthTheme", "populationCoverage")
    if any(graph.first(node, f"healthdcatap:{name}") is not None for name in words):
        return Domain.HEALTH
    if EHDS in graph.texts(node, "dcatap:applicableLegislation"):
        return Domain.HEALTH
    of_a_plant = any(graph.first(node, f"ds:{name}") is not None for name in ("contract", "tradeSecret"))
    return Domain.PLANT if of_a_plant else Domain.GENERAL


def _distributions(graph: Graph, node: NamedNode) -> Iterator[Distribution]:
    for item in graph.objects(node, "dcat:distribution"):
        media = graph.text(item, "dcat:mediaType")
        yield Distribution(
            title=graph.text(item, "dct:title"),
            description=graph.text(item, "dct:description"),
            access_url=graph.text(item, "dcat:accessURL"),
            download_url=graph.text(item, "dcat:downloadURL"),
            format=graph.text(item, "dct:format"),
            media_type=media.removeprefix("http://www.iana.org/assignments/media-types/"),
            size=graph.number(item, "dcat:byteSize"),
            licence=graph.text(item, "dct:license"),
            legislation=graph.texts(item, "dcatap:applicableLegislation"),
        )


_COLUMN_TYPES = {
    "boolean": ColumnType.BOOLEAN,
    **dict.fromkeys(("integer", "int", "long", "nonNegativeInteger"), ColumnType.INTEGER),
    **dict.fromkeys(("double", "float", "decimal", "number"), ColumnType.NUMBER),
    "string": ColumnType.TEXT,
    "date": ColumnType.DATE,
    **dict.fromkeys(("dateTime", "datetime", "dateTimeStamp"), ColumnType.TIMESTAMP),
}


def _columns(graph: Graph, node: NamedNode) -> Iterator[Column]:
    for group in graph.objects(node, "healthdcatap:hasVariables"):
        for table in graph.objects(group, "csvw:table"):
            for item in graph.objects(table, "csvw:column"):
                kind = graph.text(item, "csvw:datatype")
                yield Column(
                    ColumnName(graph.text(item, "csvw:name")),
                    _COLUMN_TYPES.get(kind, ColumnType.OTHER),
                    title=graph.text(item, "csvw:title"),
                    description=graph.text(item, "dct:description"),
                )
