"""Axes without an order: languages, places, purposes and names, as hierarchies under an open world.

That one term is no kind of another follows only from what is known: two languages by their tags, two countries by
the map, anything else where it is declared. Otherwise it stays unknown, also for siblings of one hierarchy.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dataspace.model.odrl import ODRL, Comparison, Iri
from dataspace.policy.comparing import Comparing, Terms, of_terms
from dataspace.policy.kleene import Truth
from dataspace.vocabulary import terms
from dataspace.vocabulary.geonames import PART_OF
from dataspace.vocabulary.odrl import Sort
from dataspace.vocabulary.places import COUNTRIES, WORDS, within

OTHER = "any other value"
_KIND = "an unlisted kind of "
_TAG = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
_PLACES = COUNTRIES | {word.upper() for word in WORDS}
MOST = 300
"""Terms to try on one axis."""

Point = frozenset[str]


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What is known of terms: the next wider ones of each, and pairs that have nothing in common."""

    wider: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    disjoint: frozenset[frozenset[str]] = frozenset()

    def above(self, term: str) -> frozenset[str]:
        """The term and everything wider, over any number of steps."""
        seen, rest = {term}, [term]
        while rest:
            current = rest.pop()
            for wider in (*self.wider.get(current, ()), *_wider(current)):
                if wider not in seen:
                    seen.add(wider)
                    rest.append(wider)
        return frozenset(seen)

    def below(self, wanted: frozenset[str]) -> frozenset[str]:
        """Every known term that is one of the wanted or narrower."""
        names = {*self.wider, *PART_OF, *(term.iri for term in terms.TERMS.values())}
        return frozenset(name for name in names if self.above(name) & wanted)


def _wider(term: str) -> tuple[str, ...]:
    known = terms.find(term)
    if known is not None and known.iri == term:
        return tuple(terms.TERMS[name].iri for name in known.broader)
    return PART_OF.get(term, ())


@dataclass(frozen=True, slots=True)
class Named:
    """An axis of terms."""

    sort: Sort
    knowledge: Knowledge
    literals: frozenset[str] = frozenset()

    def points(self, found: Sequence[Comparison]) -> tuple[Point, ...]:
        """What stands for every case: the terms named, their known kinds, unlisted kinds of them, and another one."""
        named = frozenset(self._plain(value.text) for one in found for value in one.right)
        single = set(named) | {OTHER}
        if self.sort is Sort.LANGUAGE:
            single |= {f"{tag}-x-other" for tag in named} | {
                "-".join(tag.split("-")[:size]) for tag in named for size in range(1, tag.count("-") + 1)
            }
        else:
            related = self.knowledge.below(named).union(*map(self.knowledge.above, named)) if named else ()
            single |= set(sorted(related)[:MOST]) | {_KIND + term for term in named - self.literals}
        sets = {
            frozenset(self._plain(value.text) for value in one.right)
            for one in found
            if one.operator == ODRL + Comparing.IS_ALL_OF
        }
        together = sets | ({frozenset().union(*sets)} if sets else set())
        return (
            *(frozenset({term}) for term in sorted(single)),
            *sorted(together - {frozenset()}, key=sorted),
        )

    def truth(self, comparison: Comparison, point: Point) -> Truth:
        """Whether the constraint holds for the terms of a point, as far as that is known."""
        local = comparison.operator.removeprefix(ODRL)
        if local not in set(Comparing):
            return None
        required = tuple(self._plain(value.text) for value in comparison.right)
        return of_terms(Comparing(local), required, Terms(self._same, self._kind))(point)

    def certain(self, point: Point) -> bool:
        """Whether the terms of a point are known to exist."""
        return not any(term.startswith(_KIND) for term in point)

    def _plain(self, text: str) -> str:
        if self.sort is Sort.LANGUAGE:
            tag = re.split(r"[#/]", text)[-1]
            return tag.lower() if _TAG.fullmatch(tag) else text
        if self.sort is Sort.TERM and (known := terms.find(text)) is not None:
            return known.iri
        return text.upper() if self.sort is Sort.PLACE and text.upper() in _PLACES else text

    def _same(self, one: str, other: str) -> Truth:
        """Whether two terms are one; a term that is not listed is by that none of those that are."""
        if one == other:
            return True
        if OTHER in (one, other) or one.startswith(_KIND) or other.startswith(_KIND):
            return False
        if self.sort is Sort.LANGUAGE:
            return False if _TAG.fullmatch(one) and _TAG.fullmatch(other) else None
        if self.sort is Sort.PLACE and one in _PLACES and other in _PLACES:
            return False
        mine, theirs = self.knowledge.above(one), self.knowledge.above(other)
        proper = other in mine or one in theirs
        literal = one in self.literals and other in self.literals
        return False if proper or literal or self._apart(mine, theirs) else None

    def _kind(self, one: str, other: str) -> Truth:
        """Whether a term is another one, or a kind or a part of it."""
        if one == other:
            return True
        if OTHER in (one, other):
            return False
        if one.startswith(_KIND):
            return self._kind(one.removeprefix(_KIND), other)
        if self.sort is Sort.LANGUAGE:
            return one.startswith(f"{other}-") if _TAG.fullmatch(one) and _TAG.fullmatch(other) else None
        if self.sort is Sort.PLACE and one in _PLACES and other in _PLACES:
            return within(one, other)
        mine, theirs = self.knowledge.above(one), self.knowledge.above(other)
        if other in mine:
            return True
        literal = one in self.literals and other in self.literals
        return False if literal or self._apart(mine, theirs) else None

    def _apart(self, mine: frozenset[str], theirs: frozenset[str]) -> bool:
        """Whether something wider than either is declared to share nothing."""
        together = mine | theirs
        return any(
            pair <= together and not pair <= mine and not pair <= theirs for pair in self.knowledge.disjoint
        )


def named(sort: Sort, knowledge: Knowledge, found: Sequence[Comparison]) -> Named:
    """The axis for these constraints."""
    plain = {v.text for one in found for v in one.right if not isinstance(v, Iri) and not terms.find(v.text)}
    return Named(sort, knowledge, frozenset(plain))
