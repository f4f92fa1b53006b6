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
from dataspace.vocabulary.terms import find, group, is_a
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


_TWO_BASES = (
    ("Art. 6 basis", "A6-1-c", "there is none of Art. 6(1), which every use of personal data needs"),
    ("Art. 9 basis", "A9-2-j", "there is none for special categories (Art. 9(2))"),
)
"""Health data rest on one of each (GDPR, recital 51): Art. 9 lifts its prohibition, and gives no basis by itself."""


def _across(dataset: Dataset, today: date) -> Iterator[tuple[str, str]]:
    """What can only be seen by looking at several fields, or at the day."""
    about, by = dataset.about, dataset.responsibility
    if about.legal_basis:
        yield from (("legal-basis", what) for _, what in _bases_lacking(dataset))
    if about.structured and not dataset.columns:
        yield "structured", "no column is described"
    if by.ethics_expires and by.ethics_expires < today.isoformat()[: len(by.ethics_expires)]:
        yield "ethics-expires", f"the vote ended on {by.ethics_expires}"
    for name, said in (("publisher", about.publisher), ("custodian", about.custodian)):
        # HealthDCAT-AP lets them be left out, but not be named without a contact point.
        if is_health(dataset) and said and not contact(said).reachable:
            yield name, "there is no mail address or page in <>"


def _bases_lacking(dataset: Dataset) -> list[tuple[str, str]]:
    """Of the two bases that health data need, those that are not there: an example of each, and what to say of it."""
    said = dataset.about.legal_basis
    return [
        (example, what)
        for name, example, what in _TWO_BASES
        if is_personal_health(dataset) and not any(is_a(one, basis) for one in said for basis in group(name))
    ]


def _typed(dataset: Dataset, field: Field) -> list[str]:
    """Values that would do for a field. What is typed replaces what was there, so that a basis keeps the others."""
    if field.name != "legal-basis" or not (lacking := _bases_lacking(dataset)):
        return [field.example]
    known = [term.name.partition(":")[2] for one in dataset.about.legal_basis if (term := find(one))]
    return [*known, *(example for example, _ in lacking)]


def _missing(dataset: Dataset, field: Field, said: str, required: bool = True) -> Missing:
    text = f"{field.name}: {field.what}" + ("" if said == "missing" else f" ({said})")
    values = (_quoted(f"{field.name}={one}") for one in _typed(dataset, field))
    command = " ".join([f"dataspace dataset edit {dataset.name}", *(f"--field {one}" for one in values)])
    return Missing(field.name, text, field.clause, command, required)


def _quoted(text: str) -> str:
    """As one word of a shell."""
    return text if fullmatch(r"[\w@%+=:,./-]+", text) else "'" + text.replace("'", "'\"'\"'") + "'"
