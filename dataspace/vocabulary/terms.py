"""What a word means: find a term by any of its spellings, and climb from a term to what it is a kind of."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from dataspace.errors import UnknownName
from dataspace.vocabulary import ehds, gdpr, purposes

PREFIXES: Mapping[str, str] = MappingProxyType(
    {
        "dpv": "https://w3id.org/dpv#",
        "ehds": "https://w3id.org/dpv/legal/eu/ehds#",
        "health": "https://w3id.org/dpv/sector/health#",
        "gdpr": "https://w3id.org/dpv/legal/eu/gdpr#",
        "ds": "urn:dataspace:purpose#",
    }
)
"""`ds` holds what DPV 2.3 has no word for; each such term is placed under a DPV one where there is one."""


@dataclass(frozen=True, slots=True)
class Term:
    """One concept. `name` is compact (`dpv:ScientificResearch`), `word` what people write (`scientific research`)."""

    name: str
    word: str
    broader: tuple[str, ...]

    @property
    def iri(self) -> str:
        """The full IRI, as exchanged with others."""
        prefix, _, local = self.name.partition(":")
        return PREFIXES[prefix] + local

    def __str__(self) -> str:
        return self.name


@lru_cache(maxsize=2048)
def find(text: str) -> Term | None:
    """The term of that compact name, IRI, label or short name; None where there is none. Raises nothing."""
    return _SPELLINGS.get(_plain(text))


def resolve(text: str) -> Term:
    """Like `find`, but raises UnknownName with the nearest valid word."""
    term = find(text)
    if term is None:
        raise UnknownName("term", text[:80], words(), "Purposes and legal bases are words of DPV 2.3.")
    return term


def is_a(term: Term | str, ancestor: Term | str) -> bool:
    """Whether a term is the other one or a kind of it, over any number of steps. An unknown word is no kind of any."""
    below, above = _known(term), _known(ancestor)
    return below is not None and above is not None and above.name in _ANCESTORS[below.name]


def group(text: str) -> tuple[Term, ...]:
    """Terms that a law lists together, such as `uses of Art. 54`; empty where the text names no such list."""
    return _GROUPS.get(_plain(text), ())


def words() -> tuple[str, ...]:
    """Every word that people may write, sorted, for suggestions and for help."""
    return tuple(sorted({term.word for term in TERMS.values()} | set(_ALIASES) | set(_GROUP_WORDS)))


def _known(term: Term | str) -> Term | None:
    return TERMS.get(term.name) if isinstance(term, Term) else find(term)


def _plain(text: str) -> str:
    """One spelling of a word: no case, no blanks, no punctuation but what tells a prefix from a name."""
    return re.sub(r"[^\w:/#]+", "", text.casefold()).replace("_", "")


def _word(label: str) -> str:
    """A label as one writes it in a sentence: lower case, but for abbreviations such as AI and Art."""
    return " ".join(part if part.isupper() or "." in part else part.lower() for part in label.split())


def _terms() -> dict[str, Term]:
    table: dict[str, Term] = {}
    short = {name: alias for alias, name in reversed(tuple(_ALIASES.items()))}
    for source in (purposes.PURPOSES, ehds.PURPOSES, gdpr.LEGAL_BASES, gdpr.DPIA):
        for line in source.strip().splitlines():
            name, label, *broader = (part.strip() for part in line.split("|"))
            word = short.get(name, _word(label)) if len(label) > _LONG else _word(label)
            table[name] = Term(name, word, tuple(broader[0].split()) if broader else ())
    return table


def _ancestors(name: str, terms: Mapping[str, Term]) -> frozenset[str]:
    seen: set[str] = set()
    rest = [name]
    while rest:
        current = rest.pop()
        if current not in seen:
            seen.add(current)
            rest += terms[current].broader
    return frozenset(seen)


def _spellings(terms: Mapping[str, Term], aliases: Mapping[str, str]) -> dict[str, Term]:
    table: dict[str, Term] = {}
    for alias, name in aliases.items():
        table[_plain(alias)] = terms[name]
    for term in terms.values():  # the more general table stands first, so `public policy making` is DPV's own
        for spelling in (term.name, term.iri, term.word, term.name.partition(":")[2]):
            table.setdefault(_plain(spelling), term)
    return table


_LONG = 36
"""A label longer than this gives way to its short name, where it has one."""
_ALIASES: Mapping[str, str] = {**purposes.ALIASES, **ehds.ALIASES, **gdpr.ALIASES}
_GROUP_WORDS: Mapping[str, tuple[str, ...]] = {**ehds.GROUPS, **gdpr.GROUPS}
TERMS: Mapping[str, Term] = MappingProxyType(_terms())
_ANCESTORS = {name: _ancestors(name, TERMS) for name in TERMS}
_SPELLINGS = _spellings(TERMS, _ALIASES)
_GROUPS = {_plain(word): tuple(TERMS[name] for name in names) for word, names in _GROUP_WORDS.items()}
