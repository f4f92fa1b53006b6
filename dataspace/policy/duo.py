"""DUO codes of a dataset as a policy: what they restrict, as prohibitions that no permission outweighs.

Source: Data Use Ontology, http://purl.obolibrary.org/obo/duo.owl, terms DUO:0000001 to DUO:0000046 (25 terms). A code
takes away and never gives: who may use the data stands in a steward's policy. What a code wants people to do (return
results, publish, collaborate) is owed by whoever holds a permit, so these codes demand one, and each permit over the
dataset has them among its duties. The project and the disease are those that the permit was granted for; what a request
can show by itself is checked with each question.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from dataspace.errors import InvalidRequest, UnknownName
from dataspace.vocabulary.duo import BY_CODE, BY_SHORTHAND, DuoTerm
from dataspace.vocabulary.places import countries
from dataspace.vocabulary.terms import find

_LONGEST = 63
PREFIX = "duo-"
"""What the names of these policies begin with; nobody may write one by hand."""

_HEALTH = (
    "[health:HealthcareScientificResearch, improve healthcare, health:PublicInterestRelatedToHealth, "
    "health:DevelopPublicHealthProductsAndServices, train algorithms]"
)
_COMMERCIAL = "[commercial purpose, marketing]"
DISEASE = re.compile(r"MONDO:[0-9]{7}")
"""How a disease is written: an id of the Mondo Disease Ontology."""
DUTIES: Mapping[str, str] = {
    "DUO:0000029": "return the derived data to the database that the data came from",
    "DUO:0000019": "publish the results",
    "DUO:0000020": "work with the investigators of the study",
    "DUO:0000024": "publish nothing before the day that the data use conditions name",
}
"""What codes ask of whoever holds a permit over the dataset, in words."""
_PLAIN = re.compile(r"[^\x00-\x1f\x7f\"\\]{1,200}")


@dataclass(frozen=True, slots=True)
class DuoUse:
    """One code with what it needs: a country, a disease, a date, …; empty where it needs nothing."""

    term: DuoTerm
    detail: str = ""


def uses_of(texts: Sequence[str], today: date) -> tuple[DuoUse, ...]:
    """`DUO:0000022=DE,FR`, `NMDS`, `TS=24 months` as codes with details, sorted and each once.

    Raises UnknownName for a code that is none, and InvalidRequest where a detail is missing or does not fit.
    """
    found: dict[str, DuoUse] = {}
    for text in texts:
        code, _, detail = (part.strip() for part in text.partition("="))
        term = BY_CODE.get(code.upper()) or BY_SHORTHAND.get(code.upper())
        if term is None:
            known = [*BY_CODE, *BY_SHORTHAND]
            raise UnknownName("DUO code", code[:40], known, "`DUO:0000015` and `NMDS` are the same.")
        if not term.shorthand:
            raise InvalidRequest(
                f"{term.code} ({term.label}) is a heading, not a code.", "Say one of its kinds."
            )
        use = DuoUse(term, _detail(term, detail, today))
        if found.setdefault(term.code, use) != use:
            raise InvalidRequest(f"{term.code} is said twice, differently.", "Say it once.")
    return tuple(found[code] for code in sorted(found))


def duties_of(keywords: Iterable[str]) -> frozenset[str]:
    """What the codes among a dataset's keywords ask of whoever holds a permit over it."""
    return frozenset(DUTIES[word] for word in keywords if word in DUTIES)


def policy_name(dataset: str) -> str:
    """Of the policy that a dataset's codes come to. Datasets have no - in their names and policies no _, so that no two
    datasets share one; a name too long for a policy gives way to a part of its digest."""
    name = PREFIX + dataset.replace("_", "-")
    if len(name) <= _LONGEST:
        return name
    return f"{name[: _LONGEST - 17]}-{hashlib.sha256(dataset.encode()).hexdigest()[:16]}"


def duo_policy(dataset: str, uses: Sequence[DuoUse]) -> str:
    """The policy, as YAML that a steward can read; empty where no code restricts anything."""
    rules = [line for use in uses for line in _rules(use, uses)]
    if not rules:
        return ""
    codes = ", ".join(f"{use.term.shorthand} ({use.term.code})" for use in uses)
    head = [
        f"# Written from the DUO codes of {dataset}: {codes}. Register the dataset with other codes to change it.",
        f"policy: {policy_name(dataset)}",
        f"title: Data use conditions of {dataset}",
        "owner: the data steward who registered the dataset",
        f"on: {dataset}",
        "forbid:",
    ]
    return "\n".join([*head, *rules]) + "\n"


def _detail(term: DuoTerm, detail: str, today: date) -> str:
    if not term.needs:
        if detail:
            raise InvalidRequest(
                f"{term.code} ({term.label}) takes nothing after it.", f"Write `{term.code}`."
            )
        return ""
    if not detail and term.shorthand not in _MAY:
        raise InvalidRequest(f"{term.code} ({term.label}) needs {term.needs}.", f"Write `{term.code}=…`.")
    if detail and not _PLAIN.fullmatch(detail):
        raise InvalidRequest(f"The detail of {term.code} holds characters that it cannot.", "Retype it.")
    match term.shorthand:
        case "TS" | "MOR":
            return _day(term, detail, today)
        case "GS":
            return _places(term, detail)
        case "DS" if not DISEASE.fullmatch(detail):
            raise InvalidRequest(
                f"'{detail[:40]}' is no disease of MONDO.", f"Write `{term.code}=MONDO:0005148`."
            )
        case "RS":
            purpose = find(detail)
            if purpose is None:
                raise InvalidRequest(f"'{detail[:60]}' is no purpose.", "Purposes are words of DPV 2.3.")
            return purpose.name
        case _:
            return detail


def _day(term: DuoTerm, detail: str, today: date) -> str:
    months = re.fullmatch(r"([0-9]{1,3}) ?months?", detail, re.ASCII)
    try:
        if months is None:
            return date.fromisoformat(detail).isoformat()
        years, month = divmod(today.month - 1 + int(months[1]), 12)
        first = date(today.year + years, month + 1, 1)
        return (first + timedelta(days=min(today.day, 28) - 1)).isoformat()
    except (ValueError, OverflowError) as error:
        raise InvalidRequest(
            f"'{detail[:40]}' is neither a date nor a number of months.",
            f"Write `{term.code}=2027-12-31` or `{term.code}=24 months`.",
        ) from error


def _places(term: DuoTerm, detail: str) -> str:
    found = set[str]()
    for word in detail.split(","):
        codes = countries(word)
        if not codes:
            raise InvalidRequest(
                f"'{word.strip()[:40]}' is no country.", f"Write `{term.code}=DE,FR` or `=EEA`."
            )
        found |= codes
    return ", ".join(sorted(found))


def _rules(use: DuoUse, uses: Sequence[DuoUse]) -> list[str]:
    """One or two prohibitions: `rule`, what they turn on, and the sentence that a refusal shows."""
    name, detail = use.term.shorthand.lower(), use.detail
    says = f"{use.term.shorthand}, {use.term.code}"
    care = ", improve healthcare, healthcare management" if "CC" in {u.term.shorthand for u in uses} else ""
    table: Mapping[str, tuple[tuple[str, str], ...]] = {
        "GRU": ((_only(f"[research{care}]"), "Any research, and nothing else"),),
        "HMB": (
            (_only(_HEALTH.replace("]", f"{care}]")), "Health, medical and biomedical research only"),
            ("for: population origins research", "Not for research on population origins or ancestry"),
        ),
        "DS": ((f'unless: {{disease: "{detail}"}}', f"Only under a permit for research on {detail}"),),
        "POA": (
            (_only("population origins research"), "Only for research on population origins or ancestry"),
        ),
        "NPOA": (("for: population origins research", "Not for research on population origins or ancestry"),),
        "RS": ((_only(detail), "Only for the type of research that is named"),),
        "NMDS": (
            ("answers: train", "Not for the training of algorithms"),
            (
                "for: [train algorithms, methods research]",
                "Not for the development of methods, software or algorithms",
            ),
        ),
        "GSO": ((_only("genetic research"), "For genetic studies only"),),
        "NPUNCU": (
            (_NON_PROFIT, "For not-for-profit organisations only"),
            (f"for: {_COMMERCIAL}", "Not for commercial use"),
        ),
        "NPU": ((_NON_PROFIT, "For not-for-profit organisations only"),),
        "NCU": ((f"for: {_COMMERCIAL}", "Not for commercial use"),),
        "IRB": (("unless: {ethics vote: {is not: none}}", "Needs the approval of an ethics committee"),),
        "GS": ((f"unless: {{country: [{detail}]}}", f"Use is limited to {detail}"),),
        "IS": ((f'unless: {{affiliation: "{detail}"}}', f"Use is limited to {detail}"),),
        "PS": ((f'unless: {{project: "{detail}"}}', f"Only under a permit for the project {detail}"),),
        "TS": ((f"when: {{date: {{after: {detail}T23:59:59}}}}", f"Use ended on {detail}"),),
        "US": (
            (f"unless: {{person: [{_names(detail)}]}}" if detail else _PERMIT, "Only for approved persons"),
        ),
        "RTN": ((_PERMIT, "Only under a permit, whose holders return derived data to the source"),),
        "PUB": ((_PERMIT, "Only under a permit, whose holders publish their results"),),
        "COL": ((_PERMIT, "Only under a permit, whose holders work with the study's investigators"),),
        "MOR": ((_PERMIT, f"Only under a permit, whose holders publish nothing before {detail}"),),
    }
    many = table.get(use.term.shorthand, ())
    return [
        line
        for number, (turns_on, sentence) in enumerate(many, start=1)
        for line in (
            f"  - rule: {name}" + (f"-{number}" if len(many) > 1 else ""),
            f"    {turns_on}",
            f'    because: "{sentence} ({says})."',
        )
    ]


def _names(detail: str) -> str:
    return ", ".join(f'"{name.strip()}"' for name in detail.split(","))


def _only(purposes: str) -> str:
    return f"unless: {{purpose: {purposes}}}"


_MAY = frozenset({"US"})
"""Codes whose detail may be left out."""
_PERMIT = "unless: {permit: valid}"
_NON_PROFIT = "unless: {organisation kind: [non-profit organisation, public body]}"
UNRESTRICTED = frozenset({"NRES", "CC"})
"""Codes that forbid nothing by themselves: no restriction, and clinical care besides what another code names."""
