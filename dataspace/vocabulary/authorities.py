"""Words that a record uses from lists which others keep: the EU's authority tables, their codes and their IRIs.

Sources: EU Vocabularies (publications.europa.eu/resource/authority), the HealthData@EU tables that HealthDCAT-AP
Release 8 names, and ISO 639 and ISO 3166 as the former use them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from dataspace.vocabulary.health_categories import CATEGORIES

_EU = "http://publications.europa.eu/resource/authority/"
_HEALTH = "https://hdeu-dcat.data.health.europa.eu/resource/authority/"
_IRI = re.compile(r"(?:https?://[^\s/<>\"{}|\\^`]+|urn:[A-Za-z0-9][A-Za-z0-9-]{0,31}:)[^\s<>\"{}|\\^`]*")

EHDS = "http://data.europa.eu/eli/reg/2025/327/oj"
DATA_ACT = "http://data.europa.eu/eli/reg/2023/2854/oj"


@dataclass(frozen=True, slots=True)
class Authority:
    """A list of terms. `words` are what people may write instead of a code; `code` is what a code looks like."""

    base: str
    code: str = r"[A-Z][A-Z0-9_-]*"
    words: Mapping[str, str] = field(default_factory=dict)
    closed: bool = False
    """Nothing but the words counts, and the codes that they stand for."""

    def iri(self, text: str) -> str:
        """The IRI of a term given as IRI, code or word; empty where the text is none of these."""
        text = text.strip()
        if is_iri(text):
            known_here = text.removeprefix(self.base) in self.words.values()
            return "" if self.closed and text.startswith(self.base) and not known_here else text
        if known := self.words.get(text.casefold()):
            return self.base + known
        upper = text.upper()
        if self.closed:
            return self.base + upper if upper in self.words.values() else ""
        return self.base + text if re.fullmatch(self.code, text) else ""


def is_iri(text: str) -> bool:
    """Whether the text is an address or a name that RDF can take: http, https or urn."""
    return bool(_IRI.fullmatch(text))


THEMES = Authority(
    _EU + "data-theme/",
    words={
        "agriculture": "AGRI",
        "economy": "ECON",
        "education": "EDUC",
        "energy": "ENER",
        "environment": "ENVI",
        "government": "GOVE",
        "health": "HEAL",
        "international": "INTR",
        "justice": "JUST",
        "regions": "REGI",
        "society": "SOCI",
        "technology": "TECH",
        "science": "TECH",
        "transport": "TRAN",
    },
    closed=True,
)
ACCESS = Authority(_EU + "access-right/")
LANGUAGES = Authority(
    _EU + "language/",
    r"[A-Z]{3}",
    {
        "bg": "BUL", "cs": "CES", "da": "DAN", "de": "DEU", "el": "ELL", "en": "ENG", "es": "SPA", "et": "EST",
        "fi": "FIN", "fr": "FRA", "ga": "GLE", "hr": "HRV", "hu": "HUN", "it": "ITA", "lt": "LIT", "lv": "LAV",
        "mt": "MLT", "nl": "NLD", "pl": "POL", "pt": "POR", "ro": "RON", "sk": "SLK", "sl": "SLV", "sv": "SWE",
    },
)  # fmt: skip
COUNTRIES = Authority(_EU + "country/", r"[A-Z]{3}")
TYPES = Authority(
    _EU + "dataset-type/",
    words={"statistical": "STATISTICAL", "synthetic": "SYNTHETIC_DATA"},
)
FREQUENCIES = Authority(
    _EU + "frequency/",
    words={
        word.lower(): word
        for word in ("CONT", "DAILY", "WEEKLY", "MONTHLY", "QUARTERLY", "ANNUAL", "IRREG", "NEVER")
    },
)
FORMATS = Authority(
    _EU + "file-type/", words={word.lower(): word for word in ("CSV", "JSON", "XML", "PARQUET")}
)
LICENCES = Authority(
    _EU + "licence/",
    words={"cc0": "CC0", "cc by 4.0": "CC_BY_4_0", "cc-by-4.0": "CC_BY_4_0", "cc-by-sa-4.0": "CC_BYSA_4_0"},
)
HEALTH_CATEGORIES = Authority(_HEALTH + "healthcategories/", words=CATEGORIES, closed=True)
HEALTH_THEMES = Authority(_HEALTH + "health-theme/")
CODING_SYSTEMS = Authority(_HEALTH + "coding-system/", r"[A-Z][A-Z0-9-]*")


@dataclass(frozen=True, slots=True)
class Contact:
    """A person or body, and how to reach it."""

    name: str = ""
    email: str = ""
    page: str = ""

    @property
    def reachable(self) -> bool:
        """There is an address to write to, or a page to open."""
        return bool(self.email or self.page)

    def __str__(self) -> str:
        return " ".join(
            part
            for part in (self.name, self.email and f"<{self.email}>", self.page and f"<{self.page}>")
            if part
        )


_MAIL = re.compile(r"[^\s<>@\"]+@[^\s<>@\"]+\.[^\s<>@\"]+")


def contact(text: str) -> Contact:
    """Read `Name <mail>`, `Name <page>`, both, or one of them alone. What is neither belongs to the name."""
    email = page = ""
    name = []
    for part in re.split(r"[<>]", text) if "<" in text else [text]:
        part = part.strip()
        bare = part.removeprefix("mailto:")
        if _MAIL.fullmatch(bare):
            email = email or bare
        elif part.startswith(("http://", "https://")) and is_iri(part):
            page = page or part
        elif part:
            name.append(part)
    return Contact(" ".join(name), email, page)


_DATE = r"\d{4}(?:-\d{2}(?:-\d{2})?)?"
_PERIOD = re.compile(rf"({_DATE})?/({_DATE})?")


def period(text: str) -> tuple[str, str] | None:
    """Start and end of an ISO 8601 interval, either may be open; None for a text that is none."""
    found = _PERIOD.fullmatch(text.strip())
    return (found[1] or "", found[2] or "") if found and (found[1] or found[2]) else None


def is_date(text: str) -> bool:
    """A year, a month or a day, ISO 8601."""
    return bool(re.fullmatch(_DATE, text))
