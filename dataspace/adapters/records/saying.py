"""A dataset as statements of DCAT-AP 3.0.1 and HealthDCAT-AP Release 8, grouped by what they say of it.

What nobody stated is left out rather than guessed, so a draft stays visibly incomplete. Parts of a record (its
contact, its columns) are named by a fragment of the record's own name, so that two records can stand in one graph.

Long, because each group of statements has a function of its own.
"""

from collections.abc import Iterable, Sequence
from re import sub

from pyoxigraph import Literal, NamedNode, Triple

from dataspace.adapters.records.parts import Groups, Part, Statements
from dataspace.adapters.records.words import TYPE, word
from dataspace.model.datasets import Column, ColumnType, Dataset
from dataspace.model.descriptions import Distribution
from dataspace.vocabulary import authorities
from dataspace.vocabulary.authorities import contact, is_date, is_iri, period
from dataspace.vocabulary.terms import find

DATATYPES = {
    ColumnType.BOOLEAN: "boolean",
    ColumnType.INTEGER: "integer",
    ColumnType.NUMBER: "double",
    ColumnType.TEXT: "string",
    ColumnType.DATE: "date",
    ColumnType.TIMESTAMP: "dateTime",
    ColumnType.OTHER: "any",
}
_MEDIA = "http://www.iana.org/assignments/media-types/"


def subject_of(dataset: Dataset, base: str) -> str:
    """The name of a record: the one that it came with, else its address at this hub."""
    if dataset.about.iri:
        return dataset.about.iri
    return f"{base}/datasets/{dataset.name}" if base else f"urn:dataspace:dataset:{dataset.name}"


def say(dataset: Dataset, base: str = "") -> Groups:
    """All that can be said of a dataset. The same dataset gives the same statements, in the same order."""
    record = Statements(subject_of(dataset, base))
    record.groups["rdf:type"] = [Triple(record.subject, TYPE, word("dcat:Dataset"))]
    _what(record, dataset)
    _who(record, dataset)
    _law(record, dataset)
    _when_and_where(record, dataset)
    _health(record, dataset)
    for number, distribution in enumerate(dataset.about.distributions):
        _distribution(record, "dcat:distribution", f"distribution-{number + 1}", distribution, dataset, base)
    if dataset.columns:
        _columns(record, dataset)
    return record.groups


def _what(record: Statements, dataset: Dataset) -> None:
    about = dataset.about
    record.text("dct:title", dataset.title)
    record.text("dct:alternative", about.alternative)
    record.text("dct:description", dataset.description)
    record.text("dct:identifier", about.identifier)
    record.text("dcat:keyword", *dataset.keywords)
    record.code("dcat:theme", authorities.THEMES, dataset.theme)
    if about.access is not None:
        record.code("dct:accessRights", authorities.ACCESS, about.access.value)
    types = (about.type, "synthetic" if dataset.synthetic else "")
    record.code("dct:type", authorities.TYPES, *types)
    record.code("dct:language", authorities.LANGUAGES, *about.languages)
    record.code("dct:accrualPeriodicity", authorities.FREQUENCIES, about.frequency)
    record.add("dct:conformsTo", *(NamedNode(iri) for iri in about.conforms_to if is_iri(iri)))
    record.add("dcat:landingPage", *(NamedNode(iri) for iri in (about.landing_page,) if is_iri(iri)))
    if about.provenance:
        record.part("dct:provenance", "provenance", "dct:ProvenanceStatement").text(
            "rdfs:label", about.provenance
        )
    if dataset.latest is not None:
        record.text("dcat:version", dataset.latest.sha256)


def _who(record: Statements, dataset: Dataset) -> None:
    about, by = dataset.about, dataset.responsibility
    for name, fragment, said in (
        ("dct:publisher", "publisher", about.publisher),
        ("geodcatap:custodian", "custodian", about.custodian),
        ("healthdcatap:hdab", "hdab", about.hdab),
        ("dpv:hasDataController", "controller", by.controller),
        ("dpv:hasDataProcessor", "processor", by.processor),
        ("dpv:hasDataProtectionOfficer", "data-protection-officer", by.data_protection_officer),
        *(
            ("dpv:hasJointDataControllers", f"joint-controller-{number + 1}", said)
            for number, said in enumerate(by.joint_controllers)
        ),
    ):
        if said:
            _agent(record.part(name, fragment, "foaf:Agent"), said)
    if by.contact:
        _vcard(record.part("dcat:contactPoint", "contact", "vcard:Kind"), by.contact)


def _agent(part: Part, said: str) -> None:
    known = contact(said)
    part.text("foaf:name", known.name or known.email or known.page)
    if known.reachable:
        point = part.part("cv:contactPoint", "contact", "cv:ContactPoint")
        point.text("cv:email", known.email)
        if known.page:
            point.add("cv:contactPage", NamedNode(known.page))


def _vcard(part: Part, said: str) -> None:
    known = contact(said)
    part.text("vcard:fn", known.name)
    if known.email:
        part.add("vcard:hasEmail", NamedNode(f"mailto:{known.email}"))
    if known.page:
        part.add("vcard:hasURL", NamedNode(known.page))


def _law(record: Statements, dataset: Dataset) -> None:
    about, by = dataset.about, dataset.responsibility
    record.add("dcatap:applicableLegislation", *(NamedNode(iri) for iri in about.legislation if is_iri(iri)))
    bases = [known.iri if (known := find(said)) else said for said in about.legal_basis]
    record.add("dpv:hasLegalBasis", *(NamedNode(iri) for iri in bases if is_iri(iri)))
    if by.cited_law:
        law = record.part("dpv:hasLegalBasis", "law", "dpv:LegalBasis")
        law.add("dct:source", NamedNode(by.cited_law)) if is_iri(by.cited_law) else law.text(
            "dct:description", by.cited_law
        )
    purposes = [known.iri if (known := find(said)) else said for said in about.purposes]
    record.add("dpv:hasPurpose", *(NamedNode(iri) for iri in purposes if is_iri(iri)))
    _named(record, "dpv:hasPersonalData", "personal-data", "dpv:PersonalData", about.personal_data)
    for name, said in (
        ("ds:ethicsVote", by.ethics_vote),
        ("ds:impactAssessment", by.dpia),
        ("ds:transferTool", by.transfer_tool),
        ("ds:contract", by.contract),
        ("ds:tradeSecret", by.trade_secret),
    ):
        record.text(name, said)
    if by.ethics_expires:
        record.add("ds:ethicsVoteExpires", *_dates(by.ethics_expires))
    if by.licence:
        record.add("dct:license", *_licence(by.licence))


def _named(record: Statements, name: str, fragment: str, kind: str, texts: Sequence[str]) -> None:
    """IRIs as they are; words as parts that are described by the word."""
    for number, text in enumerate(texts):
        if is_iri(text):
            record.add(name, NamedNode(text))
        else:
            record.part(name, f"{fragment}-{number + 1}", kind).text("dct:description", text)


def _licence(said: str) -> Iterable[NamedNode]:
    # A licence in words of its own has no name to point to.
    iri = authorities.LICENCES.iri(said)
    return [NamedNode(iri)] if iri else []


def _when_and_where(record: Statements, dataset: Dataset) -> None:
    about = dataset.about
    for number, place in enumerate(about.spatial):
        if iri := authorities.COUNTRIES.iri(place):
            record.add("dct:spatial", NamedNode(iri))
        else:
            record.part("dct:spatial", f"place-{number + 1}", "dct:Location").text("rdfs:label", place)
    _period(record, "dct:temporal", "covered", about.temporal)
    _period(record, "healthdcatap:retentionPeriod", "kept", dataset.responsibility.retention)
    record.add("dct:issued", *_dates(about.issued))
    record.add("dct:modified", *_dates(about.modified))


def _period(record: Statements, name: str, fragment: str, said: str) -> None:
    if not said:
        return
    part = record.part(name, fragment, "dct:PeriodOfTime")
    known = period(said)
    if known is None:
        part.text("rdfs:label", said)
        return
    for end, text in zip(("dcat:startDate", "dcat:endDate"), known, strict=True):
        for date in _dates(text):
            part.add(end, date)


_DATE_TYPES = {4: "xsd:gYear", 7: "xsd:gYearMonth", 10: "xsd:date"}


def _dates(text: str) -> list[Literal]:
    return [Literal(text, datatype=word(_DATE_TYPES[len(text)]))] if text and is_date(text) else []


def _health(record: Statements, dataset: Dataset) -> None:
    about = dataset.about
    record.code("healthdcatap:healthCategory", authorities.HEALTH_CATEGORIES, *about.health_categories)
    record.code("healthdcatap:healthTheme", authorities.HEALTH_THEMES, *about.health_themes)
    record.code("healthdcatap:hasCodingSystem", authorities.CODING_SYSTEMS, *about.coding_systems)
    record.text("healthdcatap:hasCodeValues", *about.code_values)
    record.text("healthdcatap:populationCoverage", about.population)
    if about.structured is not None:
        record.add("healthdcatap:hasStructuredData", Literal(about.structured))
    for name, number in (
        ("healthdcatap:minTypicalAge", about.min_age),
        ("healthdcatap:maxTypicalAge", about.max_age),
        ("healthdcatap:numberOfRecords", about.records),
        ("healthdcatap:numberOfUniqueIndividuals", about.individuals),
    ):
        if number is not None:
            record.add(name, _count(number))
    if about.analytics:
        report = Distribution(title="Analytics", access_url=about.analytics)
        _distribution(record, "healthdcatap:analytics", "analytics", report, dataset, "")


def _count(number: int) -> Literal:
    return Literal(str(number), datatype=word("xsd:nonNegativeInteger"))


def _distribution(
    record: Statements, name: str, fragment: str, said: Distribution, dataset: Dataset, base: str
) -> None:
    part = record.part(name, fragment, "dcat:Distribution")
    part.text("dct:title", said.title)
    part.text("dct:description", said.description)
    address = said.access_url if is_iri(said.access_url) else subject_of(dataset, base)
    part.add("dcat:accessURL", NamedNode(address))
    if is_iri(said.download_url):
        part.add("dcat:downloadURL", NamedNode(said.download_url))
    if iri := said.format and authorities.FORMATS.iri(said.format):
        part.add("dct:format", NamedNode(iri))
    if said.media_type:
        part.add("dcat:mediaType", NamedNode(_MEDIA + sub(r"[^A-Za-z0-9./+-]", "", said.media_type)))
    if said.size is not None:
        part.add("dcat:byteSize", _count(said.size))
    for iri in said.legislation or dataset.about.legislation:
        if is_iri(iri):
            part.add("dcatap:applicableLegislation", NamedNode(iri))
    for licence in _licence(said.licence or dataset.responsibility.licence):
        part.add("dct:license", licence)


def _columns(record: Statements, dataset: Dataset) -> None:
    """As tables of CSV on the Web: name, title, type and description of each column."""
    group = record.part("healthdcatap:hasVariables", "variables", "csvw:TableGroup")
    group.text("dct:title", f"Variables of {dataset.title or dataset.name}")
    table = group.part("csvw:table", "table", "csvw:Table")
    table.text("dct:title", dataset.title or dataset.name)
    for number, column in enumerate(dataset.columns):
        part = table.part("csvw:column", str(number + 1), "csvw:Column")
        part.text("csvw:name", column.name)
        part.text("csvw:title", column.title or column.name)
        part.text("csvw:datatype", DATATYPES[column.type])
        part.text("dct:description", words_of(column))


def words_of(column: Column) -> str:
    """What is known of a column, in words: its description, its codes, its unit."""
    codes = ", ".join(
        f"{value} = {meaning}" for value, meaning in zip(column.values, column.meanings, strict=False)
    )
    unit = f"[{column.unit}]" if column.unit else ""
    return " ".join(part for part in (column.description, codes, unit) if part) or column.title or column.name
