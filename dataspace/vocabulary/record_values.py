"""What a field of a record may hold: each check gives what is wrong with a text, or nothing."""

from collections.abc import Callable

from dataspace.vocabulary.authorities import Authority, contact, is_date, is_iri, period
from dataspace.vocabulary.terms import find

Complaint = Callable[[str], str]
"""What is wrong with a text, as the end of a sentence; empty where nothing is."""


def fine(_: str) -> str:
    """Any text will do."""
    return ""


def one_of(authority: Authority) -> Complaint:
    """A term of a list that others keep."""
    return lambda text: (
        "" if authority.iri(text) else f"'{text[:60]}' is neither an IRI nor a code of that list"
    )


def reachable(text: str) -> str:
    """A contact with an address."""
    return "" if contact(text).reachable else "there is no mail address or page in <>"


def address(text: str) -> str:
    """An IRI."""
    return "" if is_iri(text) else f"'{text[:60]}' is not an address"


def interval(text: str) -> str:
    """A period."""
    return "" if period(text) else f"'{text[:60]}' is not a period such as 2020-01-01/2024-12-31"


def day(text: str) -> str:
    """A date."""
    return "" if is_date(text) else f"'{text[:60]}' is not a date such as 2028-12-31"


def term(text: str) -> str:
    """A word of the vocabulary."""
    return "" if find(text) or is_iri(text) else f"'{text[:60]}' is no word of the Data Privacy Vocabulary"
