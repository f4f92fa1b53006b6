"""Whether a permit covers a request, and if not, which part of it does not."""

from collections.abc import Iterator
from datetime import datetime

from dataspace.model.permits import Permit
from dataspace.model.policies import AnswerKind
from dataspace.model.requests import AccessRequest
from dataspace.policy.compose import reveals_more
from dataspace.policy.kleene import Truth, any_of
from dataspace.policy.moments import as_utc
from dataspace.vocabulary.terms import Term, find, is_a


def gaps(permit: Permit, request: AccessRequest, now: datetime) -> tuple[str, ...]:
    """What the permit does not cover, one phrase each; empty where it covers the request."""
    return tuple(_gaps(permit, request, as_utc(now)))


def purposes_of(permit: Permit) -> tuple[Term | None, ...]:
    """The purposes that a permit grants; None for a word that the vocabulary does not know."""
    return tuple(find(purpose) for purpose in permit.purposes or (permit.purpose,))


def kind_of(term: Term, wanted: Term) -> Truth:
    """Whether a stated purpose is of the wanted kind; None where it is wider, as it may mean the wanted one."""
    if is_a(term, wanted):
        return True
    return None if is_a(wanted, term) else False


def _gaps(permit: Permit, request: AccessRequest, now: datetime) -> Iterator[str]:
    if permit.revoked is not None:
        yield f"it was revoked on {permit.revoked:%Y-%m-%d}"
    if permit.suspended is not None:
        yield f"it is suspended since {permit.suspended:%Y-%m-%d}"
    if permit.closed is not None:
        yield f"it was closed on {permit.closed:%Y-%m-%d}"
    if now < as_utc(permit.not_before):
        yield f"it begins on {permit.not_before:%Y-%m-%d}"
    if now >= as_utc(permit.expires):
        yield f"it expired on {permit.expires:%Y-%m-%d}"
    if request.principal.id not in permit.persons:
        yield "you are not one of its named persons"
    yield from _data_gaps(permit, request)
    if request.kind not in permit.kinds:
        yield f"it gives {_kinds(permit.kinds)}, not {request.kind.value}"
    if reveals_more(request.kind, permit.obligations.answer):
        yield f"it gives nothing that tells more than {permit.obligations.answer} answers"
    if not _here(permit, request):
        yield "it does not name this site"
    if request.purpose and not _covers_purpose(permit, request.purpose):
        yield "it is for another purpose"


def _here(permit: Permit, request: AccessRequest) -> bool:
    """A permit that names sites holds at none that is not known; one that is limited to some by what it demands
    leaves it to whoever knows the site."""
    owed = permit.obligations.sites
    if request.relayed:
        return True
    if owed is not None and request.site is not None and request.site not in owed:
        return False
    return not permit.sites or request.site in permit.sites


def _data_gaps(permit: Permit, request: AccessRequest) -> Iterator[str]:
    grants = [grant for grant in permit.datasets if grant.dataset == request.dataset.dataset]
    if not grants:
        yield f"it does not give {request.dataset.dataset}"
        return
    grants = [grant for grant in grants if grant.version in ("latest", request.dataset.sha256)]
    if not grants:
        yield "it gives another version of the data"
        return
    names = {column.name for column in request.columns}
    missing = [names - grant.columns if grant.columns is not None else set() for grant in grants]
    least = min(missing, key=lambda left_out: (len(left_out), sorted(left_out)))
    if least:
        yield f"it does not give column {', '.join(sorted(least))}"


def _covers_purpose(permit: Permit, purpose: str) -> bool:
    """Every purpose stated is of a kind that the permit names; a word not known is covered by none."""
    allowed = [term for term in purposes_of(permit) if term is not None]
    stated = find(purpose)
    return stated is not None and any_of([kind_of(stated, wanted) for wanted in allowed]) is True


def _kinds(kinds: frozenset[AnswerKind]) -> str:
    return " and ".join(sorted(kind.value for kind in kinds)) or "no answers"
