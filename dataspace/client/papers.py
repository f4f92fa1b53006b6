"""A permit as the document that people sign on paper: the same lines as text and as one page that prints."""

import hashlib
from collections.abc import Iterator

from dataspace.client.refusals import conditions
from dataspace.client.tables import escaped, printable, term
from dataspace.model.permits import Basis, Permit, SignedPermit

_BASES = {
    Basis.EHDS: "Data permit under Regulation (EU) 2025/327 (EHDS)",
    Basis.NATIONAL: "Data permit under national law",
    Basis.CONTRACT: "Contract on access to data (not an EHDS permit)",
}
_UNDERTAKINGS = (
    "We use the data for the purposes named, and for no other.",
    "We do not try to identify anyone, nor link the data with other data.",
    "We pass the data on to nobody who is not named above.",
    "We delete what we hold when the permit ends, and attest it.",
)
_STYLE = (
    "body{font:11pt/1.5 serif;max-width:42em;margin:2em auto;padding:0 1em}"
    "th{text-align:left;vertical-align:top;padding-right:1.5em;font-weight:normal;white-space:nowrap}"
    "h1{font-size:1.4em}code{word-break:break-all;font-size:.8em}"
    ".sign td{height:4em;border-bottom:1px solid;width:20em}@media print{body{margin:0}}"
)


def paper(signed: SignedPermit, html: bool = False) -> str:
    """The paper of a permit. It names the SHA-256 of the signed document, which alone is what holds."""
    permit, fields = signed.permit, list(_fields(signed.permit))
    digest = hashlib.sha256(signed.jws.encode()).hexdigest()
    months = permit.publication_months
    undertakings = [*_UNDERTAKINGS, f"We publish the results within {months} months after the end."]
    return (
        _page(permit, fields, undertakings, digest) if html else _text(permit, fields, undertakings, digest)
    )


def _fields(permit: Permit) -> Iterator[tuple[str, str]]:
    yield "Number", f"{permit.id}, revision {permit.revision}" if permit.revision else permit.id
    yield "Issued by", permit.issued_by
    yield "Title", permit.title
    yield "Named persons", ", ".join(sorted(permit.persons))
    yield "Organisation", permit.organisation or "none stated"
    yield "Purposes", ", ".join(_termed(purpose) for purpose in permit.purposes or (permit.purpose,))
    yield "Legal basis", ", ".join(map(_termed, permit.legal_basis)) or "none stated"
    yield "Ethics vote", permit.ethics_vote or "none stated"
    yield "Project", permit.project or "none stated"
    yield "Disease", permit.disease or "none in particular"
    for grant in permit.datasets:
        columns = ", ".join(sorted(grant.columns)) if grant.columns is not None else "all columns as of today"
        yield f"Dataset {grant.dataset}", f"version {grant.version}: {columns}"
        if frozen := permit.opt_outs.get(grant.dataset):
            yield "", f"without the persons of the opt-out list {frozen[:16]}…"
    yield (
        "Kinds of answers",
        ", ".join(sorted(permit.kinds))
        + (" (data request: no access to data)" if permit.data_request else ""),
    )
    yield "Sites", ", ".join(sorted(permit.sites)) or "each that accepts the permit"
    if permit.roster_sites:
        yield "Computing together", ", ".join(sorted(permit.roster_sites))
    yield "Track", permit.track.value if permit.track else "none"
    yield "Conditions", "; ".join(conditions(permit.obligations)) or "none beyond the policies"
    yield "Safeguards", "; ".join(permit.safeguards) or "none beyond the policies"
    yield "Valid", f"{permit.not_before:%d %B %Y} to {permit.expires:%d %B %Y}"
    if permit.revoked or permit.suspended or permit.closed:
        yield "NOT IN FORCE", "revoked, suspended or closed when this was printed"


def _termed(iri: str) -> str:
    return f"{term(iri)} ({iri})" if "://" in iri else iri


def _text(permit: Permit, fields: list[tuple[str, str]], undertakings: list[str], digest: str) -> str:
    lines = [_BASES[permit.basis], "=" * len(_BASES[permit.basis]), ""]
    lines += [f"{printable(name):22}{printable(value)}" for name, value in fields]
    lines += ["", *(f"* {sentence}" for sentence in undertakings), ""]
    lines += [f"Signed document (SHA-256): {digest}", ""]
    for who in ("For the issuer", *sorted(permit.persons)):
        lines += ["", f"{'_' * 30}   {'_' * 30}", f"{printable(who):33}place, date"]
    return "\n".join(lines) + "\n"


def _page(permit: Permit, fields: list[tuple[str, str]], undertakings: list[str], digest: str) -> str:
    rows = "".join(f"<tr><th>{escaped(name)}<td>{escaped(value)}" for name, value in fields)
    said = "".join(f"<li>{escaped(sentence)}" for sentence in undertakings)
    people = ("For the issuer", *sorted(permit.persons))
    signs = "".join(f"<tr class=sign><td><td><tr><td>{escaped(who)}<td>place, date" for who in people)
    head = escaped(_BASES[permit.basis])
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{escaped(permit.id)}</title>"
        f"<style>{_STYLE}</style><h1>{head}</h1><table>{rows}</table><ul>{said}</ul>"
        f"<p>Signed document (SHA-256): <code>{digest}</code></p><table>{signs}</table></html>\n"
    )
