"""Put what a steward typed into a field of a record: checked, in its type, and nothing else changed."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

from dataspace.errors import InvalidRequest
from dataspace.model.datasets import Dataset
from dataspace.model.descriptions import AccessRights, Distribution, Domain
from dataspace.vocabulary.authorities import EHDS, FORMATS, contact
from dataspace.vocabulary.record_fields import BY_NAME, Field
from dataspace.vocabulary.terms import find
from dataspace.vocabulary.undecided import undecided

LONGEST = 10_000
"""Characters of one value."""

_WHOLE_NUMBERS = frozenset({"records", "individuals", "min-age", "max-age"})
_TERMS = frozenset({"legal-basis", "purpose"})
_SEVERAL = frozenset(
    {
        "keyword",
        "joint-controller",
        "legal-basis",
        "legislation",
        "health-category",
        "distribution",
        "health-theme",
    }
    | {"purpose", "personal-data", "coding-system", "code-value", "spatial", "language", "conforms-to"}
)


def edited(dataset: Dataset, fields: Mapping[str, Sequence[str]]) -> Dataset:
    """The record with these fields said anew. An empty text, or no value, clears a field.

    Raises InvalidRequest for a field that is not known, and for a value that it cannot hold. `domain=health` also fills
    in the law that makes health data available, which is the same for all of them.
    """
    for name, texts in fields.items():
        field = _known(name)
        dataset = _put(dataset, field.path, _typed(field, [text.strip() for text in texts if text.strip()]))
    if "domain" in fields and dataset.about.domain is Domain.HEALTH and not dataset.about.legislation:
        dataset = _put(dataset, "about.legislation", (EHDS,))
    return dataset


def _known(name: str) -> Field:
    if name not in BY_NAME:
        near = get_close_matches(name, BY_NAME, n=1)
        question = f" Did you mean '{near[0]}'?" if near else ""
        raise InvalidRequest(
            f"A record has no field '{name[:60]}'.{question}", f"Known: {', '.join(BY_NAME)}."
        )
    return BY_NAME[name]


def _put(dataset: Dataset, path: str, value: Any) -> Dataset:
    part, _, name = path.rpartition(".")
    if not part:
        return replace(dataset, **{name: value})
    return replace(dataset, **{part: replace(getattr(dataset, part), **{name: value})})


def _typed(field: Field, texts: Sequence[str]) -> Any:
    for text in texts:
        if len(text) > LONGEST or any(ord(c) < 32 and c not in "\n\t" for c in text):
            raise InvalidRequest(f"What was typed for '{field.name}' is too long, or no text.", "Shorten it.")
        if not undecided(text) and (wrong := field.wrong(text)):
            raise InvalidRequest(f"'{field.name}' cannot be that: {wrong}.", f"For example: {field.example}")
    if field.name in _SEVERAL:
        return tuple(_one(field, text) for text in texts)
    if len(texts) > 1:
        raise InvalidRequest(f"'{field.name}' was given several times.", "It holds one value.")
    return _one(field, texts[0]) if texts else _empty(field)


def _empty(field: Field) -> Any:
    match field.name:
        case "access":
            return AccessRights.NON_PUBLIC
        case "domain":
            return Domain.GENERAL
        case "structured":
            return None
        case name:
            return None if name in _WHOLE_NUMBERS else ""


def _one(field: Field, text: str) -> Any:
    try:
        match field.name:
            case "domain":
                return Domain(text.casefold())
            case "access":
                return AccessRights(text.upper().replace("-", "_"))
            case "structured":
                return {"true": True, "false": False}[text.casefold()]
            case "distribution":
                return _distribution(text)
            case name if name in _WHOLE_NUMBERS:
                return _whole(text)
            case name if name in _TERMS:
                found = find(text)
                return found.iri if found else text
    except (ValueError, KeyError) as error:
        raise InvalidRequest(
            f"'{field.name}' cannot be that: it is {field.what}.", f"For example: {field.example}"
        ) from error
    return text


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise ValueError("not a whole number")
    return int(text)


def _distribution(text: str) -> Distribution:
    """`Title <address> FORMAT`; the format may be left out."""
    head, _, form = text.rpartition(">")
    said = contact(head + ">")
    if not said.page or (form.strip() and not FORMATS.iri(form)):
        raise ValueError("not `Title <address> FORMAT`")
    return Distribution(title=said.name, access_url=said.page, format=form.strip())
