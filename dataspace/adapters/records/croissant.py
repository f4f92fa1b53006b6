"""A dataset as a Croissant record (MLCommons, 1.0), so that tools for machine learning can read its description.

What is not public has no address from which bytes could be had: the files are named by content hash, and their address
is where access is asked for.
"""

import json
from typing import Any

from dataspace.adapters.records.saying import subject_of, words_of
from dataspace.model.datasets import Column, ColumnType, Dataset, File, Label, Version
from dataspace.vocabulary import authorities
from dataspace.vocabulary.authorities import contact, is_iri, period

VERSION = "http://mlcommons.org/croissant/1.0"
MEDIA = f'application/ld+json; profile="{VERSION}"'
_PARQUET = "application/vnd.apache.parquet"

_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    **{
        name: f"cr:{name}"
        for name in (
            "citeAs", "column", "equivalentProperty", "extract", "field", "fileProperty", "fileObject", "fileSet",
            "format", "includes", "isLiveDataset", "jsonPath", "key", "md5", "parentField", "path", "recordSet",
            "references", "regex", "repeated", "replace", "samplingRate", "separator", "source", "subField",
            "transform",
        )
    },
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
}  # fmt: skip

_TYPES = {
    ColumnType.BOOLEAN: "sc:Boolean",
    ColumnType.INTEGER: "sc:Integer",
    ColumnType.NUMBER: "sc:Float",
    ColumnType.TEXT: "sc:Text",
    ColumnType.DATE: "sc:Date",
    ColumnType.TIMESTAMP: "sc:DateTime",
    ColumnType.OTHER: "sc:Text",
}


def croissant(dataset: Dataset, version: Version | None, base: str = "") -> str:
    """The record as JSON-LD, its context inside. Without a version here it describes no files, only the columns."""
    return json.dumps(_document(dataset, version, base), ensure_ascii=False)


def _document(dataset: Dataset, version: Version | None, base: str) -> dict[str, Any]:
    about, by = dataset.about, dataset.responsibility
    address = subject_of(dataset, base)
    licence = authorities.LICENCES.iri(by.licence) or by.licence
    publisher = contact(about.publisher)
    document = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "@id": address,
        "conformsTo": VERSION,
        "name": dataset.title or dataset.name,
        "alternateName": dataset.name,
        "identifier": about.identifier,
        "description": dataset.description,
        "url": about.landing_page if is_iri(about.landing_page) else address,
        "license": licence,
        "keywords": list(dataset.keywords),
        "version": _version(dataset),
        "citeAs": _citation(dataset),
        "datePublished": about.issued,
        "dateModified": about.modified,
        "inLanguage": [language for language in about.languages if not is_iri(language)],
        "temporalCoverage": about.temporal if period(about.temporal) else "",
        "isAccessibleForFree": about.access == "PUBLIC" or None,
        "publisher": _organisation(publisher.name, publisher.email, publisher.page),
        "creator": _organisation(by.controller),
        "rai:personalSensitiveInformation": _sensitive(dataset),
        "rai:dataLimitations": "Synthetic: the rows are made up." if dataset.synthetic else "",
        "distribution": [_file(file, address) for file in version.files] if version else [],
        "recordSet": [_records(dataset, version)] if dataset.columns and version else [],
    }
    return {key: value for key, value in document.items() if value not in ("", [], None)}


def _version(dataset: Dataset) -> str:
    """As Croissant wants it (major.minor.patch): which version of its lineage it is, and the start of its hash."""
    if dataset.latest is None:
        return ""
    here = dataset.chapter(dataset.latest.sha256)
    return f"{here.number if here else 1}.0.0+{dataset.latest.sha256[:12]}"


def _citation(dataset: Dataset) -> str:
    who = contact(dataset.about.publisher).name or dataset.responsibility.controller
    version = f" Version sha256:{dataset.latest.sha256}." if dataset.latest else ""
    return f"{who}: {dataset.title or dataset.name}.{version}" if who else ""


def _organisation(name: str, email: str = "", page: str = "") -> dict[str, str] | None:
    said = {"@type": "sc:Organization", "name": name, "email": email, "url": page}
    return {key: value for key, value in said.items() if value} if name else None


def _sensitive(dataset: Dataset) -> list[str]:
    """The columns about persons, by label: names of columns, never values."""
    labels = (Label.DIRECT_IDENTIFIER, Label.QUASI_IDENTIFIER, Label.SPECIAL_CATEGORY, Label.FREE_TEXT)
    named = {label: [c.name for c in dataset.columns if label in c.labels] for label in labels}
    return [f"{label.value}: {', '.join(columns)}" for label, columns in named.items() if columns]


def _file(file: File, address: str) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": file.name,
        "name": file.name,
        "contentUrl": address,
        "contentSize": f"{file.size} B",
        "encodingFormat": _PARQUET,
        "sha256": file.sha256,
    }


def _records(dataset: Dataset, version: Version) -> dict[str, Any]:
    return {
        "@type": "cr:RecordSet",
        "@id": dataset.name,
        "name": dataset.name,
        "field": [_field(dataset, column, version.files[0]) for column in dataset.columns],
    }


def _field(dataset: Dataset, column: Column, file: File) -> dict[str, Any]:
    return {
        "@type": "cr:Field",
        "@id": f"{dataset.name}/{column.name}",
        "name": f"{dataset.name}/{column.name}",
        "description": words_of(column),
        "dataType": _TYPES[column.type],
        "source": {"fileObject": {"@id": file.name}, "extract": {"column": column.name}},
    }
