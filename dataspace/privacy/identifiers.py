"""Values that name a person: recognised by their form and, where the number has one, by its checksum.

A checksum that one in ten random numbers passes proves nothing for one value; it does for most values of a column.
Sources: ISO 13616 (IBAN), ISO/IEC 7812 (payment cards), and each country's published rule for its number.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date

SHARE = 0.8
"""Of a column's values that have to fit, before the column is said to hold such numbers."""
FEWEST = 5
"""Different values below which nothing is concluded."""


@dataclass(frozen=True, slots=True)
class Recognised:
    """What the values of a column are, and the share of them that fits."""

    what: str
    share: float


def recognise(values: Collection[str]) -> Recognised | None:
    """What most of these different values are; None where nothing fits, or they are too few to tell."""
    if len(values) < FEWEST:
        return None
    for what, fits in _TESTS.items():
        share = sum(map(fits, values)) / len(values)
        if share >= SHARE:
            return Recognised(what, share)
    return None


def is_email(text: str) -> bool:
    """An address of mail."""
    return re.fullmatch(r"[^@\s]{1,64}@[^@\s]+\.[A-Za-z]{2,}", text) is not None


def is_phone(text: str) -> bool:
    """A telephone number with its country, or with the marks that people write between the groups."""
    digits = re.sub(r"[ ()/.-]", "", text)
    if not re.fullmatch(r"(\+|00)?[0-9]{7,15}", digits):
        return False
    international = digits.startswith(("+", "00"))
    return international or (text.startswith(("0", "(")) and bool(re.search(r"[ ()/-]", text.strip())))


def is_iban(text: str) -> bool:
    """ISO 13616: moved by four, letters to numbers, remainder 1 by 97."""
    plain = text.replace(" ", "").upper()
    if not re.fullmatch(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}", plain):
        return False
    return int("".join(str(int(c, 36)) for c in plain[4:] + plain[:4])) % 97 == 1


def is_card(text: str) -> bool:
    """ISO/IEC 7812: 13 to 19 digits with Luhn's check digit."""
    plain = re.sub(r"[ -]", "", text)
    return re.fullmatch(r"[2-6][0-9]{12,18}", plain) is not None and _luhn(plain)


def is_nhs(text: str) -> bool:
    """United Kingdom: NHS number, ten digits, modulus 11."""
    plain = re.sub(r"[ -]", "", text)
    return _digits(plain, 10) and _weighted(plain[:9], range(10, 1, -1), 11) == (11 - int(plain[9])) % 11


def is_bsn(text: str) -> bool:
    """Netherlands: burgerservicenummer, nine digits, the test of eleven."""
    plain = text.zfill(9) if len(text) == 8 else text
    weights = (9, 8, 7, 6, 5, 4, 3, 2, -1)
    return _digits(plain, 9) and plain != "0" * 9 and _weighted(plain, weights, 11) == 0


def is_nir(text: str) -> bool:
    """France: numéro de sécurité sociale, 13 characters and a key, 97 less the remainder by 97."""
    plain = text.replace(" ", "").upper()
    if not re.fullmatch(r"[12378][0-9]{2}[0-9]{2}(?:[0-9]{2}|2[AB])[0-9]{6}[0-9]{2}", plain):
        return False
    number = plain[:13].replace("2A", "19").replace("2B", "18")
    return 97 - int(number) % 97 == int(plain[13:])


def is_german_tax(text: str) -> bool:
    """Germany: Identifikationsnummer, eleven digits, ISO/IEC 7064 modulus 11,10."""
    plain = text.replace(" ", "")
    if not _digits(plain, 11) or plain[0] == "0":
        return False
    product = 10
    for digit in plain[:10]:
        total = (int(digit) + product) % 10 or 10
        product = total * 2 % 11
    return (11 - product) % 10 == int(plain[10])


def is_kvnr(text: str) -> bool:
    """Germany: Krankenversichertennummer, a letter and nine digits, the last one checks."""
    if not re.fullmatch(r"[A-Z][0-9]{9}", text):
        return False
    number = f"{ord(text[0]) - 64:02d}{text[1:9]}"
    products = (int(digit) * (1 + at % 2) for at, digit in enumerate(number))
    return sum(product // 10 + product % 10 for product in products) % 10 == int(text[9])


def is_dni(text: str) -> bool:
    """Spain: DNI or NIE, eight digits and a letter, the remainder by 23."""
    plain = text.upper().replace("-", "")
    if not re.fullmatch(r"[0-9XYZ][0-9]{7}[A-Z]", plain):
        return False
    number = plain[:8].translate(str.maketrans("XYZ", "012"))
    return "TRWAGMYFPDXBNJZSQVHLCKE"[int(number) % 23] == plain[8]


def is_codice_fiscale(text: str) -> bool:
    """Italy: codice fiscale, 16 characters with a check letter."""
    plain = text.upper()
    if not re.fullmatch(
        r"[A-Z]{6}[0-9LMNPQRSTUV]{2}[A-EHLMPR-T][0-9LMNPQRSTUV]{2}[A-Z][0-9LMNPQRSTUV]{3}[A-Z]", plain
    ):
        return False
    odd = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)
    ranks = [int(c) if c.isdigit() else ord(c) - 65 for c in plain[:15]]
    return chr(sum(odd[r] if at % 2 == 0 else r for at, r in enumerate(ranks)) % 26 + 65) == plain[15]


def is_pesel(text: str) -> bool:
    """Poland: PESEL, eleven digits, weights 1, 3, 7, 9."""
    return _digits(text, 11) and _weighted(text, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1), 10) == 0


def is_belgian(text: str) -> bool:
    """Belgium: Rijksregisternummer, eleven digits; with a 2 in front for those born from 2000 on."""
    plain = re.sub(r"[ .-]", "", text)
    if not _digits(plain, 11) or not _month(plain[2:4]):
        return False
    return int(plain[9:]) in (97 - int(plain[:9]) % 97, 97 - int("2" + plain[:9]) % 97)


def is_swedish(text: str) -> bool:
    """Sweden: personnummer, ten or twelve digits, Luhn's check digit over the last ten."""
    plain = re.sub(r"[-+]", "", text)
    if not (_digits(plain, 10) or _digits(plain, 12)):
        return False
    return _month(plain[-8:-6]) and 1 <= int(plain[-6:-4]) % 60 <= 31 and _luhn(plain[-10:])


def is_finnish(text: str) -> bool:
    """Finland: henkilötunnus, date, sign, number and a check character."""
    if not re.fullmatch(r"[0-9]{6}[-+ABCDEFYXWVU][0-9]{3}[0-9A-Y]", text):
        return False
    return "0123456789ABCDEFHJKLMNPRSTUVWXY"[int(text[:6] + text[7:10]) % 31] == text[10]


def is_norwegian(text: str) -> bool:
    """Norway: fødselsnummer, eleven digits, two check digits by 11."""
    if not _digits(text, 11):
        return False
    first = _weighted(text[:10], (3, 7, 6, 1, 8, 9, 4, 5, 2, 1), 11) == 0
    return first and _weighted(text, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1), 11) == 0


def is_swiss(text: str) -> bool:
    """Switzerland: AHV number, 756 and ten digits, EAN-13."""
    plain = text.replace(".", "")
    return _digits(plain, 13) and plain.startswith("756") and _weighted(plain, (1, 3) * 6 + (1,), 10) == 0


def is_ssn(text: str) -> bool:
    """United States: social security number, written with its dashes; it has no checksum."""
    return re.fullmatch(r"(?!000|666|9)[0-9]{3}-(?!00)[0-9]{2}-(?!0000)[0-9]{4}", text) is not None


def is_coordinates(text: str) -> bool:
    """Latitude and longitude in degrees, with decimals, separated by a comma or blank."""
    match = re.fullmatch(r"\(?(-?\d{1,2}\.\d{3,})[,; ]+(-?\d{1,3}\.\d{3,})\)?", text)
    return match is not None and abs(float(match[1])) <= 90 and abs(float(match[2])) <= 180


def is_ip(text: str) -> bool:
    """An address of the internet, version 4."""
    parts = text.split(".")
    return len(parts) == 4 and all(part.isdigit() and len(part) < 4 and int(part) < 256 for part in parts)


def looks_like_births(earliest: date, latest: date) -> bool:
    """Whether dates spread as births do: over more than 40 years, the first between 1890 and 1970."""
    return 1890 < earliest.year < 1970 and latest.year - earliest.year > 40


_TESTS: Mapping[str, Callable[[str], bool]] = {
    "e-mail addresses": is_email,
    "IBANs": is_iban,
    "social security numbers (US)": is_ssn,
    "personal numbers (FR)": is_nir,
    "health insurance numbers (DE)": is_kvnr,
    "personal numbers (ES)": is_dni,
    "tax codes (IT)": is_codice_fiscale,
    "personal numbers (FI)": is_finnish,
    "insurance numbers (CH)": is_swiss,
    "personal numbers (BE)": is_belgian,
    "personal numbers (NO)": is_norwegian,
    "personal numbers (PL)": is_pesel,
    "tax numbers (DE)": is_german_tax,
    "NHS numbers (UK)": is_nhs,
    "personal numbers (SE)": is_swedish,
    "citizen service numbers (NL)": is_bsn,
    "payment cards": is_card,
    "coordinates": is_coordinates,
    "internet addresses": is_ip,
    "telephone numbers": is_phone,
}


def _digits(text: str, length: int) -> bool:
    return len(text) == length and text.isascii() and text.isdigit()


def _month(text: str) -> bool:
    return 1 <= int(text) % 20 <= 12


def _weighted(digits: str, weights: Collection[int], modulus: int) -> int:
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=True)) % modulus


def _luhn(digits: str) -> bool:
    doubled = (int(d) * (1 + at % 2) for at, d in enumerate(reversed(digits)))
    return sum(d // 10 + d % 10 for d in doubled) % 10 == 0
