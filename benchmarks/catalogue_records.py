"""Made-up catalogue records for the benchmarks: words as frequent as in a language, facets as uneven."""

import random
import re
from collections.abc import Iterator

from dataspace.model.finding import EVERYONE, STEWARDS, Entry, Facet

SEED = 20260901
VOCABULARY = 60_000
_SYLLABLES = re.findall(
    r"\w+", "ba co di fe gu ha ji ke lo mu na pe qui ro sa te vu wi xa ze bri clo dra fle gri pla ste tru"
)
_THEMES = tuple(
    f"http://publications.europa.eu/resource/authority/data-theme/{code}"
    for code in [
        "AGRI",
        "ECON",
        "EDUC",
        "ENER",
        "ENVI",
        "GOVE",
        "HEAL",
        "INTR",
        "JUST",
        "REGI",
        "SOCI",
        "TECH",
        "TRAN",
    ]
)
_ACCESS = ("PUBLIC", "RESTRICTED", "NON_PUBLIC")
_FORMATS = ("CSV", "PARQUET", "JSON", "XML", "XLSX", "NETCDF", "FHIR")
_LABELS = ("direct-identifier", "quasi-identifier", "special-category", "free-text", "trade-secret")
_PURPOSES = tuple(f"dpv:Purpose{number}" for number in range(40))
_PLACES = tuple(f"place-{number}" for number in range(300))
_SITES = tuple(f"site-{number}" for number in range(200))


def words(count: int = VOCABULARY) -> list[str]:
    """Different words, the first ones meant to be the most frequent."""
    source, made = random.Random(SEED), dict[str, None]()  # noqa: S311 - made-up text
    while len(made) < count:
        made["".join(source.choices(_SYLLABLES, k=source.choice((2, 3, 3, 4))))] = None
    return list(made)


def weights(count: int = VOCABULARY) -> list[float]:
    """Zipf's law, cumulated as `random.choices` takes it."""
    total, cumulated = 0.0, []
    for rank in range(1, count + 1):
        total += 1 / (rank + 2.7)
        cumulated.append(total)
    return cumulated


def entries(count: int) -> Iterator[Entry]:
    """The first `count` records: the same in every run."""
    source, known, cumulated = random.Random(SEED), words(), weights()  # noqa: S311
    for number in range(count):
        text = source.choices(known, cum_weights=cumulated, k=44)
        start = source.randrange(1990, 2026)
        yield Entry(
            id=f"https://catalogue.example/dataset/{number}",
            title=" ".join(text[:6]),
            description=" ".join(text[10:]),
            audience=STEWARDS if number % 20 == 0 else EVERYONE,
            keywords=tuple(text[6:10]),
            facets={
                Facet.THEME: (uneven(source, _THEMES),),
                Facet.ACCESS: (uneven(source, _ACCESS),),
                Facet.PURPOSE: tuple({uneven(source, _PURPOSES), uneven(source, _PURPOSES)}),
                Facet.LABEL: (uneven(source, _LABELS),),
                Facet.SITE: (uneven(source, _SITES),),
                Facet.FORMAT: (uneven(source, _FORMATS),),
                Facet.SPATIAL: (uneven(source, _PLACES),),
                Facet.TEMPORAL: tuple(str(year) for year in range(start, min(2026, start + 3))),
            },
            licence="https://creativecommons.org/licenses/by/4.0/",
        )


def uneven(source: random.Random, values: tuple[str, ...]) -> str:
    """The earlier ones more often."""
    return values[min(int(source.expovariate(4 / len(values))), len(values) - 1)]
