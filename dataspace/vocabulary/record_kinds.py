"""Of which records a field is asked: those about persons, about health, of a plant, open to everybody."""

from collections.abc import Callable

from dataspace.model.datasets import Dataset, Label
from dataspace.model.descriptions import AccessRights, Domain
from dataspace.vocabulary.terms import is_a
from dataspace.vocabulary.undecided import undecided

When = Callable[[Dataset], bool]


def never(_: Dataset) -> bool:
    """Asked of no record."""
    return False


def always(_: Dataset) -> bool:
    """Asked of every record."""
    return True


def is_health(dataset: Dataset) -> bool:
    """Electronic health data: HealthDCAT-AP applies."""
    return dataset.about.domain is Domain.HEALTH


def is_closed_health(dataset: Dataset) -> bool:
    """Health data that are not public: the strictest part of HealthDCAT-AP."""
    return is_health(dataset) and dataset.about.access is not AccessRights.PUBLIC


def is_plant(dataset: Dataset) -> bool:
    """Data of machines."""
    return dataset.about.domain is Domain.PLANT


def is_public(dataset: Dataset) -> bool:
    """Anybody may have it."""
    return dataset.about.access is AccessRights.PUBLIC


_OF_PERSONS = {Label.DIRECT_IDENTIFIER, Label.QUASI_IDENTIFIER, Label.SPECIAL_CATEGORY, Label.FREE_TEXT}


def is_personal(dataset: Dataset) -> bool:
    """About persons: health data, or columns labelled so, or categories of personal data named; never made-up rows."""
    labelled = any(column.labels & _OF_PERSONS for column in dataset.columns)
    named = bool(dataset.about.personal_data or dataset.about.legal_basis)
    return not dataset.synthetic and (is_health(dataset) or labelled or named)


def is_personal_health(dataset: Dataset) -> bool:
    """Special categories: Art. 9 GDPR applies."""
    return is_health(dataset) and is_personal(dataset)


_REST_ON_LAW = tuple(f"gdpr:{name}" for name in ("A6-1-c", "A6-1-e", "A9-2-g", "A9-2-i", "A9-2-j"))


def rests_on_law(dataset: Dataset) -> bool:
    """One of its legal bases needs the law that it rests on."""
    return any(is_a(said, basis) for said in dataset.about.legal_basis for basis in _REST_ON_LAW)


def has_vote(dataset: Dataset) -> bool:
    """There is an ethics vote, rather than a reason why none is needed."""
    vote = dataset.responsibility.ethics_vote
    return (
        is_personal_health(dataset) and not undecided(vote) and not vote.casefold().startswith("not required")
    )
