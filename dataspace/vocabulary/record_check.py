"""What a record lacks, in plain words: our own check, which the catalogue applies before it publishes.

It asks for what the SHACL shapes of DCAT-AP 3.0.1 and HealthDCAT-AP Release 8 ask for, and for what the law wants to be
known of a dataset besides; `tests/conformance` holds the first half against the shapes.
"""

from collections.abc import Iterator
from datetime import date
from re import fullmatch
from typing import Any

from dataspace.model.datasets import Dataset
from dataspace.model.descriptions import Completeness, Missing
from dataspace.vocabulary.authorities import contact
from dataspace.vocabulary.record_fields import BY_NAME, FIELDS, Field
from dataspace.vocabulary.record_kinds import is_health, is_personal_health
from dataspace.vocabulary.terms import group, is_a
from dataspace.vocabulary.undecided import undecided


def check(dataset: Dataset, today: date) -> Completeness:
    """All that is missing of what is required, and what is recommended. `today` is for votes that have ended."""
    required = [field for field in FIELDS if field.needed(dataset)]
    missing = [_missing(dataset, field, said) for field in required if (said := complaint(dataset, field))]
    missing += [_missing(dataset, BY_NAME[name], said) for name, said in _across(dataset, today)]
    advised = [field for field in FIELDS if field.advised(dataset) and field not in required]
    recommended = [
        _missing(dataset, field, said, required=False)
        for field in advised
        if (said := complaint(dataset, field))
    ]
    about = dataset.about
    return Completeness(
        dataset.name, about.domain, about.access, len(required), tuple(missing), tuple(recommended)
    )


def value(dataset: Dataset, field: Field) -> Any:
    """What the record says in that field."""
    found: Any = dataset
    for name in field.path.split("."):
        found = getattr(found, name)
    return found


def complaint(dataset: Dataset, field: Field) -> str:
    """What is wrong with a field, or empty."""
    found = value(dataset, field)
    if found is None or found == ():
        return "missing"
    for text in found if isinstance(found, tuple) else (found,):
        if isinstance(text, str):
            if undecided(text):
                return "left open" if text.strip() else "missing"
            if wrong := field.wrong(text):
                return wrong
    return ""


def _across(dataset: Dataset, today: date) -> Iterator[tuple[str, str]]:
    """What can only be seen by looking at several fields, or at the day."""
    about, by = dataset.about, dataset.responsibility
    special = group("Art. 9 basis")
    bases = about.legal_basis
    if is_personal_health(dataset) and bases and not any(is_a(b, s) for b in bases for s in special):
        yield "legal-basis", "there is none for special categories (Art. 9(2))"
    if about.structured and not dataset.columns:
        yield "structured", "no column is described"
    if by.ethics_expires and by.ethics_expires < today.isoformat()[: len(by.ethics_expires)]:
        yield "ethics-expires", f"the vote ended on {by.ethics_expires}"
    for name, said in (("publisher", about.publisher), ("custodian", about.custodian)):
        # HealthDCAT-AP lets them be left out, but not be named without a contact point.
        if is_health(dataset) and said and not contact(said).reachable:
            yield name, "there is no mail address or page in <>"


def _missing(dataset: Dataset, field: Field, said: str, required: bool = True) -> Missing:
    text = f"{field.name}: {field.what}" + ("" if said == "missing" else f" ({said})")
    command = f"dataspace dataset edit {dataset.name} --field {_quoted(f'{field.name}={field.example}')}"
    return Missing(field.name, text, field.clause, command, required)


def _quoted(text: str) -> str:
    """As one word of a shell."""
    return text if fullmatch(r"[\w@%+=:,./-]+", text) else "'" + text.replace("'", "'\"'\"'") + "'"
