"""Numbers that name persons are told from others by the published rule of each, with examples that are public."""

from datetime import date

import pytest

from dataspace.privacy import identifiers
from dataspace.privacy.identifiers import looks_like_births, recognise

VALID = {
    "is_email": "ada@example.org",
    "is_iban": "DE89 3704 0044 0532 0130 00",
    "is_nhs": "943 476 5919",
    "is_bsn": "111222333",
    "is_nir": "255081416802538",
    "is_german_tax": "86095742719",
    "is_kvnr": "A123456780",
    "is_dni": "12345678Z",
    "is_codice_fiscale": "RSSMRA85T10A562S",
    "is_pesel": "44051401359",
    "is_belgian": "85.07.30-033 28",
    "is_swedish": "811228-9874",
    "is_finnish": "131052-308T",
    "is_norwegian": "01010750160",
    "is_swiss": "756.9217.0769.85",
    "is_ssn": "123-45-6789",
    "is_card": "4111 1111 1111 1111",
    "is_coordinates": "48.1371, 11.5754",
    "is_ip": "192.0.2.17",
    "is_phone": "+49 89 1234567",
}
WITHOUT_CHECKSUM = {"is_email", "is_ssn", "is_coordinates", "is_ip", "is_phone"}


@pytest.mark.parametrize("name", VALID)
def test_a_valid_example_is_recognised(name: str) -> None:
    assert getattr(identifiers, name)(VALID[name])


@pytest.mark.parametrize("name", sorted(VALID.keys() - WITHOUT_CHECKSUM))
def test_any_other_last_digit_or_letter_is_not(name: str) -> None:
    text = VALID[name]
    others = "0123456789" if text[-1].isdigit() else "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    wrong = [text[:-1] + last for last in others if last != text[-1]]
    assert not [one for one in wrong if getattr(identifiers, name)(one)]


@pytest.mark.parametrize("text", ["", "12", "word", "2024-01-01", "ⅣⅤⅥ", "٣٤٥", "1e5", "-"])
def test_ordinary_words_and_odd_digits_are_nothing(text: str) -> None:
    assert not [name for name in VALID if getattr(identifiers, name)(text)]


def test_most_values_have_to_fit_and_a_few_are_too_few() -> None:
    mails = [f"p{i}@example.org" for i in range(8)]
    assert recognise([*mails, "?", "none"]) is not None
    assert recognise([*mails[:5], "?", "none"]) is None
    assert recognise(mails[:4]) is None


def test_measurements_are_not_taken_for_numbers_of_persons() -> None:
    assert recognise([str(100_000_000 + 37 * i) for i in range(500)]) is None
    assert recognise([str(i) for i in range(1_000)]) is None


def test_births_spread_over_a_life_and_admissions_do_not() -> None:
    assert looks_like_births(date(1931, 5, 1), date(2004, 1, 1))
    assert not looks_like_births(date(2011, 1, 1), date(2015, 12, 31))
    assert not looks_like_births(date(1900, 1, 1), date(1901, 1, 1))
