"""What is known about a request: its own statements first, then the facts that came with it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from dataspace.model.policies import Operand
from dataspace.model.principals import Fact
from dataspace.model.requests import AccessRequest
from dataspace.policy.coverage import gaps, purposes_of
from dataspace.policy.moments import as_utc
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


def observe(request: AccessRequest, now: datetime) -> Mapping[Operand, Observation]:
    """All operands of a request. Raises nothing; what is absent here is unknown."""
    uncovered = () if request.permit is None else gaps(request.permit, request, now)
    covered = request.permit is not None and not uncovered
    own = {
        Operand.PURPOSE: _purpose(request, covered),
        Operand.ANSWER_KIND: _values((request.kind.value,)),
        Operand.SITE: UNKNOWN if request.site is None else _values((request.site,)),
        Operand.LABEL: _values(
            sorted({label.value for column in request.columns for label in column.labels})
        ),
        Operand.ROLE: _values(sorted(role.value for role in request.principal.roles)),
        Operand.PERMIT: _permit(request, uncovered),
        Operand.DATE_TIME: _values((as_utc(now).isoformat(),)),
        **_claims(request),
    }
    if request.permit is not None and covered:
        own[Operand.LEGAL_BASIS] = _values(request.permit.legal_basis)
        own[Operand.ETHICS_VOTE] = _values((request.permit.ethics_vote or NONE,))
    given = {operand: _fact(fact) for operand, fact in request.facts.items()}
    # A fact fills what the request leaves unknown; it never overrules what the request itself says.
    return {
        **given,
        **{operand: seen for operand, seen in own.items() if seen.worlds or operand not in given},
    }


def _purpose(request: AccessRequest, covered: bool) -> Observation:
    """As stated; where nothing is, one of those of a permit that covers the request, without saying which."""
    if request.purpose:
        term = find(request.purpose)
        if term is None:
            return Observation((), f"not known ('{request.purpose[:60]}' is not in the vocabulary)")
        return Observation((frozenset({term.name}),), term.word)
    if request.permit is None or not covered:
        return Observation((), NOT_STATED)
    terms = purposes_of(request.permit)
    if not terms or None in terms:
        return Observation((), NOT_STATED)
    names = [term for term in terms if term is not None]
    return Observation(
        tuple(frozenset({term.name}) for term in names),
        " or ".join(term.word for term in names) + (" (not stated which)" if len(names) > 1 else ""),
    )


def _permit(request: AccessRequest, uncovered: tuple[str, ...]) -> Observation:
    if request.permit is None:
        return Observation((frozenset({NONE}),), "none came with the question")
    if uncovered:
        return Observation(
            (frozenset({NONE}),), f"{request.permit.id} does not cover this: {' and '.join(uncovered)}"
        )
    return Observation((frozenset({VALID}),), f"{request.permit.id} covers this")


def _claims(request: AccessRequest) -> dict[Operand, Observation]:
    """Affiliation and the like. What the principal's issuer says of the organisation goes before any claim, so that
    leaving a claim out changes nothing that is known."""
    named = {operand.value: operand for operand in (Operand.AFFILIATION, Operand.COUNTRY, Operand.RECIPIENT)}
    claims = {named[name]: _fact(fact) for name, fact in request.principal.claims.items() if name in named}
    if request.principal.organisation:
        claims[Operand.AFFILIATION] = _fact(
            Fact(request.principal.organisation, request.principal.asserted_by)
        )
    return claims


def _fact(fact: Fact) -> Observation:
    value = fact.value
    if isinstance(value, tuple):
        said = _values(value)
    elif isinstance(value, bool):
        said = _values((str(value).lower(),))
    else:
        said = _values((str(value),))
    return Observation(said.worlds, f"{said.text} (says {fact.asserted_by})")


def _values(values: Iterable[str]) -> Observation:
    members = tuple(values)
    return Observation((frozenset(members),), ", ".join(_word(member) for member in members) or "none")


def _word(value: str) -> str:
    term = find(value) if ":" in value else None
    return term.word if term else value
