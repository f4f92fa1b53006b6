"""What is known about a request: its own statements first, then the facts that came with it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from dataspace.model.permits import Permit
from dataspace.model.policies import Operand
from dataspace.model.principals import Fact
from dataspace.model.requests import AccessRequest
from dataspace.policy.coverage import gaps, purposes_of
from dataspace.policy.moments import as_utc
from dataspace.policy.operands import CLAIMED
from dataspace.vocabulary.terms import find

VALID, NONE = "valid", "none"
NOT_STATED = "not stated"


@dataclass(frozen=True, slots=True)
class Observation:
    """What is known of one operand. Each world is a set of values that hold together; several are alternatives,
    none means unknown. `text` says it to people."""

    worlds: tuple[frozenset[str], ...]
    text: str


UNKNOWN = Observation((), "not known")


class Observed(dict[Operand, Observation]):
    """All operands of a request, each looked at when a rule first asks for it. What is absent is unknown."""

    __slots__ = ("_uncovered", "now", "request")

    def __init__(self, request: AccessRequest, now: datetime) -> None:
        self.request = request
        self.now = now
        self._uncovered: tuple[str, ...] | None = None

    def __missing__(self, operand: Operand) -> Observation:
        look, given = _OWN.get(operand), self.request.facts.get(operand)
        seen = UNKNOWN if look is None else look(self)
        # A fact fills what the request leaves unknown; it never overrules what the request itself says.
        if given is not None and not seen.worlds:
            seen = _fact(given)
        self[operand] = seen
        return seen

    def get(self, operand: Operand, default: object = None) -> Observation:
        """The observation, never the default: to this mapping every operand is a key."""
        return self[operand]

    @property
    def uncovered(self) -> tuple[str, ...]:
        """What the permit that came with the request does not cover of it, one phrase each."""
        if self._uncovered is None:
            permit = self.request.permit
            self._uncovered = () if permit is None else gaps(permit, self.request, self.now)
        return self._uncovered

    @property
    def covered(self) -> bool:
        """Whether a permit came with the request, and covers it."""
        return self.request.permit is not None and not self.uncovered


def observe(request: AccessRequest, now: datetime) -> Observed:
    """What is known about a request. Raises nothing, and nothing that is asked of it does."""
    return Observed(request, now)


def _purpose(facts: Observed) -> Observation:
    """As stated; where nothing is, one of those of a permit that covers the request, without saying which."""
    request = facts.request
    if request.purpose:
        return _stated(request.purpose)
    if request.permit is None or not facts.covered:
        return Observation((), NOT_STATED)
    terms = purposes_of(request.permit)
    if not terms or None in terms:
        return Observation((), NOT_STATED)
    names = [term for term in terms if term is not None]
    return Observation(
        tuple(frozenset({term.name}) for term in names),
        " or ".join(term.word for term in names) + (" (not stated which)" if len(names) > 1 else ""),
    )


@lru_cache(maxsize=1024)
def _stated(purpose: str) -> Observation:
    term = find(purpose)
    if term is None:
        return Observation((), f"not known ('{purpose[:60]}' is not in the vocabulary)")
    return Observation((frozenset({term.name}),), term.word)


def _permit(facts: Observed) -> Observation:
    permit = facts.request.permit
    if permit is None:
        return Observation((frozenset({NONE}),), "none came with the question")
    if facts.uncovered:
        return Observation(
            (frozenset({NONE}),), f"{permit.id} does not cover this: {' and '.join(facts.uncovered)}"
        )
    return Observation((frozenset({VALID}),), f"{permit.id} covers this")


def _from_permit(read: Callable[[Permit], Iterable[str]]) -> Callable[[Observed], Observation]:
    """What a permit that covers the request brings with it."""

    def look(facts: Observed) -> Observation:
        permit = facts.request.permit
        return _values(read(permit)) if permit is not None and facts.covered else UNKNOWN

    return look


def _site(facts: Observed) -> Observation:
    return UNKNOWN if facts.request.site is None else _values((facts.request.site,))


def _labels(facts: Observed) -> Observation:
    return _values(sorted({label.value for column in facts.request.columns for label in column.labels}))


def _affiliation(facts: Observed) -> Observation:
    """What the principal's issuer says of the organisation goes before any claim, so that leaving a claim out
    changes nothing that is known."""
    principal = facts.request.principal
    if principal.organisation:
        return _fact(Fact(principal.organisation, principal.asserted_by))
    return _claim(Operand.AFFILIATION.value)(facts)


def _claim(name: str) -> Callable[[Observed], Observation]:
    def look(facts: Observed) -> Observation:
        claim = facts.request.principal.claims.get(name)
        return UNKNOWN if claim is None else _fact(claim)

    return look


def _fact(fact: Fact) -> Observation:
    return _said(fact.value, fact.asserted_by)


@lru_cache(maxsize=1024, typed=True)  # 1, 1.0 and True are equal, and are not written alike
def _said(value: str | int | float | bool | tuple[str, ...], asserted_by: str) -> Observation:
    if isinstance(value, tuple):
        said = _values(value)
    elif isinstance(value, bool):
        said = _values((str(value).lower(),))
    else:
        try:
            said = _values((str(value),))
        except ValueError:  # a whole number with more digits than Python writes
            return Observation((), f"not a number that can be read (says {asserted_by})")
    return Observation(said.worlds, f"{said.text} (says {asserted_by})")


def _values(values: Iterable[str]) -> Observation:
    members = tuple(values)
    return Observation((frozenset(members),), ", ".join(_word(member) for member in members) or "none")


def _word(value: str) -> str:
    term = find(value) if ":" in value else None
    return term.word if term else value


_OWN: Mapping[Operand, Callable[[Observed], Observation]] = {
    **{operand: _claim(name) for name, operand in CLAIMED.items()},
    Operand.AFFILIATION: _affiliation,
    Operand.PURPOSE: _purpose,
    Operand.ANSWER_KIND: lambda facts: _values((facts.request.kind.value,)),
    Operand.SITE: _site,
    Operand.PERSON: lambda facts: _values((facts.request.principal.id,)),
    Operand.LABEL: _labels,
    Operand.ROLE: lambda facts: _values(sorted(role.value for role in facts.request.principal.roles)),
    Operand.PERMIT: _permit,
    Operand.DATE_TIME: lambda facts: _values((as_utc(facts.now).isoformat(),)),
    Operand.LEGAL_BASIS: _from_permit(lambda permit: permit.legal_basis),
    Operand.ETHICS_VOTE: _from_permit(lambda permit: (permit.ethics_vote or NONE,)),
    Operand.PROJECT: _from_permit(lambda permit: (permit.project or NONE,)),
    Operand.DISEASE: _from_permit(lambda permit: (permit.disease or NONE,)),
}
